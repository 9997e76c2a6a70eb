"""Make files that hold all that a version can keep, to be opened by every later one.

    python -m tests.corpus.everything 0.1.0

`make` is of one small run, compared with the same run of today; this is of many, each looked at
by `test_corpus_everything`. The files of 0.1.0 were made by putting this module into a checkout
of that version (commit fbab9f0) and running it there: it calls nothing that only later ones
have. A released file is never made again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import decimal
import enum
import sys
import uuid
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy
import pandas
import pydantic

import lellm_nb
from lellm_nb import (
    Debugger,
    ExecutionEngine,
    GraphBuilder,
    Redactor,
    Reducer,
    register_type,
    typed_state,
)
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.store import DiskSink, SqliteMutationLog, SqliteStore

HERE = Path(__file__).parent / "everything"
SECRET = "sk-" + "a1" * 16


@register_type
class Mood(enum.Enum):
    """A registered enum."""

    GOOD = 1
    BAD = 2


@register_type
class Spot(NamedTuple):
    """A registered named tuple."""

    x: int
    y: int


@register_type
@dataclasses.dataclass(frozen=True)
class Price:
    """A registered dataclass."""

    net: float
    currency: str = "EUR"


@register_type
class Author(pydantic.BaseModel):
    """A registered model."""

    name: str
    born: datetime.date | None = None


class Handle:
    """A class with a stored form of its own."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other.number == self.number

    def __hash__(self) -> int:
        return self.number


register_type(Handle, name="handle", write=lambda h: h.number, read=Handle)


class Client:
    """Of this a store can only say that it was there."""

    def __repr__(self) -> str:
        return "Client()"


@typed_state
@dataclasses.dataclass
class Review:
    """A typed state, as a dataclass."""

    topic: str
    drafts: list[str] = dataclasses.field(default_factory=list)
    score: float = 0.0


@typed_state
class Order(pydantic.BaseModel):
    """A typed state, as a model."""

    number: int
    lines: list[str] = []
    paid: bool = False


def values() -> dict[str, Any]:
    """Values of every kind that a store keeps."""
    return {
        "text": "ä\U0001f9a6\n" + "x" * 3000,
        "half": "\ud800",
        "numbers": [0, -1, 2**63, 10**400, 1.5, -0.0],
        "nan": [float("nan"), float("inf"), float("-inf")],
        "complex": 1 + 2j,
        "none": None,
        "yes": True,
        "bytes": b"\x00\xff",
        "tuple": (1, (2, [3])),
        "set": {1, "a", (2,)},
        "frozenset": frozenset({1, 2}),
        "by number": {1: "one", (1, 2): "pair"},
        "$": "a key that looks like a tag",
        "tagged": {"$": "date", "v": "not one"},
        "at": datetime.datetime(2026, 11, 20, 9, 30, 0, 5, tzinfo=datetime.UTC),
        "local": datetime.datetime(2026, 11, 20, 9),
        "day": datetime.date(2026, 11, 20),
        "time": datetime.time(9, 30),
        "took": datetime.timedelta(days=1, microseconds=3),
        "cost": decimal.Decimal("1.20"),
        "id": uuid.UUID(int=7),
        "range": range(1, 9, 2),
        "array": numpy.arange(6, dtype="int16").reshape(2, 3),
        "floats": numpy.array([1.5, float("nan")]),
        "times": numpy.array(["2026-11-20", "NaT"], dtype="datetime64[D]"),
        "table": pandas.DataFrame({"n": [1, 2], "s": ["a", None]}),
        "series": pandas.Series([1.0, 2.0], name="s"),
        "mood": Mood.BAD,
        "spot": Spot(1, 2),
        "price": Price(9.5),
        "author": Author(name="Ada", born=datetime.date(1815, 12, 10)),
        "handle": Handle(3),
        "long": list(range(200)),
        "deep": {"a": [{"b": ({"c": {1}},)}]},
    }


def wide() -> dict[str, int]:
    """A state of more keys than one that is a plain mapping inside."""
    return {f"k{n}": n for n in range(80)}


# -- graphs ------------------------------------------------------------------------


def note(ctx: Any) -> None:
    """Note the path."""
    ctx.append("log", ctx.path)


def talk(ctx: Any) -> None:
    """Print, emit, and change what is there in every way."""
    print("talking at", ctx.visit)
    ctx.emit(lellm_nb.TextDelta("once upon "))
    ctx.emit(lellm_nb.TextDelta("a time"))
    ctx.set_token_cost(3)
    ctx.put(("deep", "a", 0, "d"), "written inside")
    ctx.reduce("total", 2, Reducer.SUM)
    for n in range(40):
        ctx.append("long", n)
    ctx.delete("yes")
    ctx.append("log", ctx.path)


def fail(ctx: Any) -> None:
    """Fail."""
    raise ValueError("as planned")


def leaf(name: str) -> Any:
    """A graph with a barrier."""
    g = GraphBuilder(name).node("one", note).barrier("ok").node("two", note)
    return g.edge("one", "ok").edge("ok", "two").start("one").end("two").build()


def graph() -> Any:
    """Tasks, a loop, a nested graph with a barrier, and branches of which two wait."""
    g = GraphBuilder("everything").node("talk", talk).subgraph("agent", leaf("agent"))
    g.parallel("fan", {"x": note, "y": leaf("y"), "z": leaf("z")})
    g.node("broken", fail).node("last", note)
    g.edge_if("talk", "talk", lambda s: s["total"] < 4)
    g.edge_fallback("talk", "agent")
    g.edge("agent", "fan").edge("fan", "broken").edge("broken", "last")
    return g.start("talk").end("last").build()


def typed_graph() -> Any:
    """One task that puts a field, and one that fails."""
    g = GraphBuilder("typed").node("write", write).node("broken", fail)
    return g.edge("write", "broken").start("write").end("broken").build()


def write(ctx: Any) -> None:
    """Put one field of either typed state."""
    if isinstance(ctx.state, Review):
        ctx.put("score", 0.5)
        ctx.append("drafts", "first")
    else:
        ctx.put("lines", ["tea"])
        ctx.put("paid", True)


def small_graph() -> Any:
    """Two tasks."""
    g = GraphBuilder("small").node("a", note).node("b", note)
    return g.edge("a", "b").start("a").end("b").build()


# -- runs --------------------------------------------------------------------------


def start_state() -> dict[str, Any]:
    """All values, and what the nodes write to."""
    return {
        **values(),
        **wide(),
        "log": [],
        "total": 0,
        "config": {"password": "hunter2!", "host": "h"},
        "said": f"the key is {SECRET}",
    }


def run_everything(store: Any, *, clients: bool) -> Debugger:
    """Two turns of a loop, a nested barrier, and branches in flight; with lines and marks."""
    state = start_state() | ({"tools": [{"client": Client()}]} if clients else {})
    redact = Redactor(paths=["config.password"])
    dbg = Debugger(graph(), state, store=store, name="everything", redact=redact)
    dbg.run()
    dbg.modify("word", ("said", 1))
    dbg.run()  # to the two branches that wait
    dbg.approve("fan/y/ok#0")
    dbg.step()
    dbg.fork(at=1, put={"forked": True}, name="what if").step()
    dbg.fork(at=2, delete=["text"]).step()
    dbg.note(1, "look here")
    dbg.pin(2)
    dbg.break_at("last")
    dbg.break_at("talk", visit=3)
    dbg.break_on(edge=("fan", "broken"))
    dbg.break_on_error()
    dbg.watch("total")
    dbg.watch(lambda state: len(state["log"]))
    dbg.mode("last", "recorded")
    dbg.mode("broken", "ask")
    return dbg


def run_to_failure(store: Any) -> Debugger:
    """One that failed after a rejected and an approved barrier, and was tried again."""
    state = {"log": [], "total": 4, "long": [], "deep": {"a": [{}]}}
    dbg = Debugger(graph(), state, store=store, name="failed")
    dbg.run()
    dbg.reject("not yet")
    dbg.run()
    for pending in list(dbg.pending):
        dbg.approve(pending.id)
    dbg.run()
    dbg.retry()
    return dbg


def run_typed(state: Any, store: Any, name: str) -> Debugger:
    """A typed state, written and then failed with."""
    dbg = Debugger(typed_graph(), state, store=store, name=name)
    dbg.run()
    return dbg


def main(version: str) -> None:
    """Write the files of one version."""
    folder = HERE / version
    if folder.exists():
        raise CheckpointStoreError(f"{folder} is there already, and is never made again.")
    folder.mkdir(parents=True)
    with mock.patch("traceback.format_exception", return_value=["(left out)\n"]):
        _write(folder)  # a traceback names the machine it was made on


def _write(folder: Path) -> None:
    store = SqliteStore(folder / "runs.db", redact=Redactor(paths=["config.password"]))
    runs = {
        "everything": run_everything(store, clients=True),
        "failed": run_to_failure(store),
        "dataclass": run_typed(Review("otters"), store, "dataclass"),
        "model": run_typed(Order(number=7), store, "model"),
    }
    for name, dbg in runs.items():
        if name != "everything":  # what cannot be saved may be in a store only
            dbg.save(folder / f"{name}.lellm")
    run_everything(None, clients=False).save(folder / "everything.lellm")
    blobs = folder / "checkpoints"
    blobs.mkdir()
    for name, dbg in runs.items():
        checkpoint = lellm_nb.Checkpoint.of(dbg.frames[-1], dbg.graph.canonical_hash)
        store.save(name, checkpoint)
        without_secrets = store.load_latest(name)
        (blobs / name).write_bytes(lellm_nb.CheckpointCodec().encode(without_secrets))
    for dbg in runs.values():
        dbg.close()
    log = SqliteMutationLog(store)
    engine = ExecutionEngine(
        {"log": [], "n": (1, 2)}, log=log, checkpoint=DiskSink(folder / "disk")
    )
    asyncio.run(small_graph().run_inline(engine, 10))
    (folder / "log_trace").write_text(str(engine.trace_id))
    store.compact()
    store.db.execute("pragma journal_mode = delete")
    store.close()


if __name__ == "__main__":
    from tests.corpus import everything  # the classes are to be of this module, and of no script

    everything.main(sys.argv[1])
