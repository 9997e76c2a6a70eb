"""From a store or a file to a debugger's context."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from lellm_nb.adapters.recognize import NOT_CALLED, foreign_reopening, is_foreign
from lellm_nb.arguments import answered, plain_function, refusal, speaking, text
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.family import Family
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.persist.begin import codec_of, no_store, parts_of
from lellm_nb.debug.persist.from_checkpoint import MAX_STEPS, open_captured
from lellm_nb.debug.persist.keeping import (
    check_keeping,
    check_policies_given,
    with_checkpoints,
)
from lellm_nb.debug.persist.open_checkpoints import ids_of, open_checkpoints
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
    DebuggerError,
    listed,
)
from lellm_nb.graph.graph import built_graph
from lellm_nb.record.codec.graph import read_fingerprint, read_graph
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.native.parts import AS_STORED
from lellm_nb.record.past.known_reducers import reducers_of
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.session.checkpoint import (
    GraphHashMode,
    check_graph,
    forced_text,
)
from lellm_nb.state.edits import edits_of
from lellm_nb.state.sameness import same
from lellm_nb.store.archive import read_archive
from lellm_nb.store.rows import RunInfo, RunRows, RunStore
from lellm_nb.store.run.run_reader import RunReader
from lellm_nb.store.run.run_writer import RunWriter
from lellm_nb.store.store_at import PathKind, kind_of_path, store_at

__all__ = ["load_archive", "open_store"]

Migrate = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Given the root state, returns what it is to be for another graph."""


def open_store(
    family: Family,
    native: Any,
    store: Any,
    run: str | None,
    graph: Any,
    mode: GraphHashMode,
    redact: Redactor | None = None,
    migrate: Migrate | None = None,
    policy: Any = None,
    retention: Any = None,
    called: Mapping[str, Any] = NOT_CALLED,
) -> DebugContext:
    """Return the context of a stored run; see `Debugger.open`.

    Args:
        native: The class of the sessions of our own engine.
        called: What else a graph of another library is called with.
    """
    engine = _engine(graph, called)
    if redact is not None:
        speaking(redact, "redact", DebuggerError, "apply", "a Redactor")
    if migrate is not None:
        plain_function(migrate, "migrate", DebuggerError, "state")
    if run is not None:
        text(run, "run", DebuggerError, "a run's id or name")
    check_policies_given(policy, retention, "graph=" if graph is None else "")
    if isinstance(store, (str, os.PathLike)) and kind_of_path(store) is PathKind.SNAPSHOTS:
        _check_whole(engine)
        check_policies_given(policy, retention, "a store")  # a sink's folder takes no more
        made = open_captured(family, native, store, graph, None, mode, redact)
        if migrate is not None and graph is not None:
            _migrated(made, migrate)
        return made
    check_keeping(store, policy, retention)
    with ExitStack() as undo:
        if isinstance(store, (str, os.PathLike)):
            store = store_at(store, readonly=graph is None, redact=redact)
            undo.callback(store.close)
        codec = codec_of(store, redact)
        infos = store.runs() if isinstance(store, RunStore) else []
        if run is None and not infos:
            run = _newest_of_checkpoints(store)
        if isinstance(store, RunStore) and not _has_checkpoints_only(store, infos, run):
            info = _find_run(infos, run)
            rows = store.run_rows(info.trace_id)
            beside = partial(with_checkpoints, store=store, policy=policy, retention=retention)
            made = _open_rows(
                undo, family, native, rows, info.name, graph, mode, codec, engine, beside=beside
            )
        else:
            if not hasattr(store, "load_latest"):
                raise no_store(store)
            _check_whole(engine)
            made = open_checkpoints(
                family, native, store, run, graph, mode, codec, policy, retention
            )
        made.redact = redact
        if migrate is not None and graph is not None:
            _migrated(made, migrate)
        undo.pop_all()
        return made


def load_archive(
    family: Family,
    native: Any,
    path: Any,
    graph: Any,
    mode: GraphHashMode,
    called: Mapping[str, Any] = NOT_CALLED,
) -> DebugContext:
    """Return the context of a file; see `Debugger.load`."""
    engine = _engine(graph, called)
    rows, name = read_archive(path)
    with ExitStack() as undo:
        made = _open_rows(undo, family, native, rows, name, graph, mode, None, engine, marking=True)
        undo.pop_all()
        return made


def _engine(graph: Any, called: Mapping[str, Any]) -> Any:
    """Return what goes on with a run of another library's graph; `None` for one of ours, or none.

    Raises:
        DebuggerError: It is no graph, or what else it is called with is not for it.
    """
    if graph is not None and is_foreign(graph):
        return foreign_reopening(graph, **called)
    if called["config"] is not None or called["context"] is not None:
        raise DebuggerError("config= and context= are for graphs of LangGraph: give graph= too.")
    if graph is not None:
        built_graph(graph, DebuggerError)
    return None


def _check_whole(engine: Any) -> None:
    """Refuse to go on with another library's run from single checkpoints.

    Raises:
        DebuggerError: That is what is asked.
    """
    if engine is not None:
        raise DebuggerError(
            "Single checkpoints have the states of a LangGraph run, and not all that LangGraph"
            " goes on from. Leave graph= out to look at them; a store of whole runs (a path,"
            " SqliteStore, InMemoryStore) keeps what it takes."
        )


def _open_rows(
    undo: ExitStack,
    family: Family,
    native: Any,
    rows: RunRows,
    name: str,
    graph: Any,
    mode: GraphHashMode,
    codec: Codec | None,
    engine: Any = None,
    marking: bool = False,
    beside: Callable[[RunWriter], Any] = lambda writer: writer,
) -> DebugContext:
    writes = graph is not None and not marking
    facts = rows.facts
    graph = graph if engine is None else engine.graph
    number = _hash_of(facts)
    changed = "" if graph is None else _compare(facts, number, graph, mode)
    if writes:
        undo.callback(_let_go, rows)
        rows.claim()  # first of all: nobody may write while this reads
    reducers = None if graph is None else reducers_of(graph)
    parts = AS_STORED if engine is None else engine.parts
    stored = RunReader(rows, reducers=reducers, parts=parts)
    noted = stored.marks.pop(("outline", ""), None) or facts.get("outline")
    shown = graph or read_graph(noted, number)
    stands = stored.history, stored.line, stored.head
    if engine is None:
        session = native.of_history(shown, *stands, check=graph is not None)
    else:
        session = engine.session(*stands, learned=read_graph(noted, number))
    if changed:
        caution(forced_text(changed))
    limit = facts.get("max_steps")
    storage = Storage(rows.trace_id)
    storage.stored, storage.reopened, storage.reading = stored, True, graph is None
    storage.marking = marking
    limit = limit if type(limit) is int else MAX_STEPS
    made = DebugContext(session, name, limit, family, storage)
    seed = facts.get("seed")
    made.seed = seed if type(seed) in (int, str) else None
    storage.take_marks(made, stored)
    if writes:
        writer = RunWriter(rows, graph, codec, parts=parts_of(session))
        writer.resume(stored.numbers)
        storage.attach(session, beside(writer))
    return made


def _let_go(rows: RunRows) -> None:
    with suppress(CheckpointStoreError):
        rows.release()


def _migrated(context: DebugContext, migrate: Migrate) -> None:
    """Write what the root state is to be for this graph, as a frame of kind *edit*.

    Raises:
        DebuggerError: It returned no mapping.
    """
    before = dict(context.session.state)
    after = answered(migrate(dict(before)))
    if not isinstance(after, Mapping):
        raise refusal(after, "what migrate returns", "a mapping", DebuggerError)
    put = {k: v for k, v in after.items() if k not in before or not same(before[k], v)}
    gone = [k for k in before if k not in after]
    if put or gone:
        context.session.edit(edits_of(put, gone))
        if context.storage.writer is not None:
            context.storage.writer.check()


# -- which run, and which graph -------------------------------------------------------


def _find_run(infos: list[RunInfo], run: str | None) -> RunInfo:
    if run is None and infos:
        # one without a frame was begun by a process that was killed at once
        return next((info for info in infos if info.frames), infos[0])
    for info in infos:
        if run in (info.trace_id, info.name):
            return info
    found = [info for info in infos if run and info.trace_id.startswith(run)]
    if len(found) == 1:
        return found[0]
    known = listed((f"{info.trace_id[:8]} {info.name}" for info in infos), 10)
    several = (
        f"{run!r} begins the ids of {len(found)} runs" if found else f"There is no run {run!r}"
    )
    raise CheckpointNotFoundError(run, f"{several if run else 'There are no runs'}. Runs: {known}.")


def _has_checkpoints_only(store: RunStore, infos: list[RunInfo], run: str | None) -> bool:
    """Tell whether a store has nothing of a run but what a sink or a person saved of it."""
    if run is None or any(run in (info.trace_id, info.name) for info in infos):
        return False
    return bool(ids_of(store, run))


def _newest_of_checkpoints(store: Any) -> str | None:
    """Return the run of which single checkpoints were the last to begin, if the store tells."""
    found = store.traces() if isinstance(store, RunStore) and hasattr(store, "traces") else []
    return found[0] if found else None


def _hash_of(facts: dict[str, Any]) -> int:
    try:
        return int(facts["hash"], 16)
    except (KeyError, TypeError, ValueError):
        raise CorruptedCheckpointError("The run says nothing of its graph.") from None


def _compare(facts: dict[str, Any], expected: int, graph: Any, mode: GraphHashMode) -> str:
    """Return what a graph has differently from a run's own, in words.

    Raises:
        GraphMismatchError: It does not, and the mode is STRICT.
    """
    same = expected == graph.canonical_hash
    looked = None if same else read_fingerprint(facts.get("shape"))
    return check_graph(expected, looked, graph, mode)
