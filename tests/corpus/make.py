"""Make the files of this version, to be opened by every later one.

    python -m tests.corpus.make 0.1.0

A released file is never made again: what an old version wrote has to stay readable.
"""

from __future__ import annotations

import datetime
import decimal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.ids import TraceId
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.mutation_log import entries_of
from lellm_nb.store import DiskSink, SqliteMutationLog, SqliteStore

HERE = Path(__file__).parent


def work(ctx: Any) -> None:
    """Note the path."""
    ctx.append("log", ctx.path)


def fail(ctx: Any) -> None:
    """Fail."""
    raise ValueError("as planned")


def graph() -> Any:
    """A task, a subgraph with a barrier, and branches; the last node fails."""
    inner = GraphBuilder("inner").node("one", work).barrier("ok").node("two", work)
    inner.edge("one", "ok").edge("ok", "two").start("one").end("two")
    g = GraphBuilder("corpus").node("a", work).subgraph("b", inner.build())
    g.parallel("c", {"x": work, "y": work}).node("z", fail)
    g.edge("a", "b").edge("b", "c").edge("c", "z")
    return g.start("a").end("z").build()


def state() -> dict[str, Any]:
    """Values of many types."""
    return {
        "log": [],
        "tuple": (1, (2,)),
        "set": {1, 2},
        "bytes": b"\x00\xff",
        "at": datetime.datetime(2026, 11, 20, 9, tzinfo=datetime.UTC),
        "cost": decimal.Decimal("1.20"),
        "by number": {1: "one"},
        "$": "a key that looks like a tag",
        "long": "x" * 2000,
    }


def run(store: Any) -> Debugger:
    """Run to the barrier, decide, run into the failure; with a fork, a note, a pin, stops."""
    dbg = Debugger(graph(), state(), store=store, name="corpus")
    dbg.run()
    dbg.modify("word", "hello")
    dbg.run()
    dbg.fork(at=1, put={"forked": True}, name="what if").step()
    dbg.note(1, "look here")
    dbg.pin(2)
    dbg.break_at("a")
    dbg.watch("log")
    return dbg


def main(version: str) -> None:
    """Write one file of each kind."""
    folder = HERE / version
    if folder.exists():
        raise CheckpointStoreError(f"{folder} is there already, and is never made again.")
    folder.mkdir()
    with mock.patch("traceback.format_exception", return_value=["(left out)\n"]):
        _write(folder)  # a traceback names the machine it was made on


def _write(folder: Path) -> None:
    store = SqliteStore(folder / "store.db")
    dbg = run(store)
    dbg.save(folder / "saved.lellm")
    dbg.close()
    store.save("checkpoint", Checkpoint.of(dbg.frames[3], dbg.graph.canonical_hash))
    log = SqliteMutationLog(store)
    for step, frame in enumerate(dbg.frames):
        log.append_batch(entries_of(frame, TraceId("corpus"), step))
    small = GraphBuilder("small").node("a", work).start("a").end("a").build()
    small.run({"n": (1, 2)}, checkpoint=DiskSink(folder / "disk"))
    store.compact()
    store.db.execute("pragma journal_mode = delete")
    store.close()


if __name__ == "__main__":
    main(sys.argv[1])
