"""Columns of the matrix: every way out of a run, and all that came out there as bytes."""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lellm_nb import (
    DiskSink,
    ExecutionEngine,
    FolderStore,
    InMemoryStore,
    NoopBarrierSink,
    SqliteMutationLog,
    SqliteStore,
    StoreSink,
    to_json,
)
from tests.record.redaction.matrix.own_store import Own, unpacked, walked
from tests.record.redaction.matrix.run import Run
from tests.record.redaction.matrix.shown import (
    cells,
    code,
    export,
    logged,
    notebook,
    printed,
    raised,
    stream,
    warned,
    widget,
)
from tests.record.redaction.matrix.story import Story


def sqlite_file(run: Run) -> bytes:
    path = run.folder / "runs.db"
    dbg = run.told(store=SqliteStore(path, redact=run.story.redactor()))
    open_ = unpacked(path)
    dbg.close()
    return open_ + unpacked(path)


def folder_of_runs(run: Run) -> bytes:
    """Runs and single checkpoints as text; the names of the files as well."""
    place = run.folder / "runs"
    store = FolderStore(place, redact=run.story.redactor())
    run.told(store=store).close()
    graph = run.story.graph()
    run.headless(checkpoint=StoreSink(store, graph.canonical_hash, graph=graph))
    store.close()
    found = sorted(place.iterdir())
    return b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in found)


def file_by_path(run: Run) -> bytes:
    """A store that the debugger makes, and one that was told nothing of what is secret."""
    path = run.folder / "path.db"
    run.told(store=path, redact=run.story.redactor()).close()
    other = run.folder / "other.db"
    run.told(store=SqliteStore(other), redact=run.story.redactor()).close()
    return unpacked(path) + unpacked(other)


def memory_store(run: Run) -> bytes:
    store = InMemoryStore(redact=run.story.redactor())
    run.told(store=store)
    return b"\n".join(walked(store))


def own_store(run: Run) -> bytes:
    store = Own()
    run.told(store=store, redact=run.story.redactor())
    return store.told()


def own_store_by_sink(run: Run) -> bytes | None:
    store, graph = Own(), run.story.graph()
    sink = StoreSink(store, graph.canonical_hash, redact=run.story.redactor(), graph=graph)
    return store.told() if run.headless(checkpoint=sink) else None


def stored_checkpoints(run: Run) -> bytes | None:
    path = run.folder / "checkpoints.db"
    store = SqliteStore(path, redact=run.story.redactor())
    graph = run.story.graph()
    went = run.headless(checkpoint=StoreSink(store, graph.canonical_hash, graph=graph))
    store.close()
    return unpacked(path) if went else None


def archive(run: Run) -> bytes:
    path = run.folder / "run.lellm"
    with run.hearing():
        try:
            run.shown().save(path)
        except Exception as error:  # what cannot be written is refused there, in words
            run.raised.append(str(error))
            return b""
    return path.read_bytes() + gzip.decompress(path.read_bytes())


def folder(run: Run) -> bytes | None:
    graph = run.story.graph()
    sink = DiskSink(run.folder / "disk", redact=run.story.redactor(), graph=graph)
    if not run.headless(checkpoint=sink):
        return None
    return b"\n".join(p.name.encode() + p.read_bytes() for p in (run.folder / "disk").iterdir())


def spans(run: Run) -> bytes | None:
    from lellm_nb.store.network import NetworkSink

    sink = NetworkSink(
        "http://127.0.0.1:9/v1/traces",
        values=True,
        timeout=0.1,
        redact=run.story.redactor(),
        graph=run.story.graph(),
    )
    sent: list[Any] = []

    class Exporter:
        def export(self, spans: Any) -> Any:
            sent.extend(span.to_json() for span in spans)
            return sink._sender._success

        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

        def shutdown(self) -> None: ...

    sink._sender._exporter = Exporter()
    went = run.headless(checkpoint=sink)
    sink.close(timeout=30)
    return "\n".join(map(str, sent)).encode("utf-8", "replace") if went else None


def mutation_log(run: Run) -> bytes | None:
    path = run.folder / "log.db"
    store = SqliteStore(path, redact=run.story.redactor())
    if not run.story.headless:
        return None
    graph = run.story.graph()
    log = SqliteMutationLog(store, graph=graph)
    with run.hearing():
        engine = ExecutionEngine(run.story.state(), log=log, barrier=NoopBarrierSink())
        try:
            asyncio.run(graph.run_inline(engine, 100))
        except Exception as error:
            run.raised.append(str(error))
    store.close()
    return unpacked(path)


def records(run: Run) -> bytes:
    """Every frame and the last stop, as JSON data."""
    dbg, redactor = run.shown(), run.story.redactor()
    told = [to_json(frame, redact=redactor) for frame in dbg.frames]
    told.append(to_json(dbg.diff(0, -1), redact=redactor))
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


WAYS: dict[str, Callable[[Run], bytes | None]] = {
    "SQLite file": sqlite_file,
    "folder of runs": folder_of_runs,
    "file of a path": file_by_path,
    "memory store": memory_store,
    "own store": own_store,
    "own store, sink": own_store_by_sink,
    "checkpoints": stored_checkpoints,
    ".lellm": archive,
    "snapshots": folder,
    "OTLP": spans,
    "mutation log": mutation_log,
    "to_json": records,
    "printed (CLI)": printed,
    "raised": raised,
    "cells": cells,
    "stream": stream,
    "widget": widget,
    "notebook": notebook,
    "export": export,
    "test": code,
    "logged": logged,
    "warned": warned,
}
"""In the order in which they are taken: the last two hear all before them."""


def found(story: Story) -> dict[str, list[str] | None]:
    """Return for each way out in which forms the secret came out; `None` where none leads."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(story, Path(folder))
        made: dict[str, list[str] | None] = {}
        for name, way in WAYS.items():
            try:
                told = way(run)
            except Exception as error:
                raise AssertionError(f"{name}: {error!r}") from error
            made[name] = None if told is None else story.leaks(told)
    return made
