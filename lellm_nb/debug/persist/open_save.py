"""From a store or a file to a debugger, and back; loaded when a run is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from lellm_nb.debug.persist.breakpoint_form import stops_form
from lellm_nb.debug.persist.code_form import code_form
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CorruptedCheckpointError,
    DebuggerError,
    GraphMismatchError,
    listed,
)
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.graph import graph_facts, read_fingerprint, read_graph
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.session.session import (
    ExecutionSession,
    GraphHashMode,
    SessionCheckpoint,
    check_exists,
)
from lellm_nb.state.state import keep
from lellm_nb.store.archive import read_archive, write_archive
from lellm_nb.store.checkpoint_writer import CheckpointWriter
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.rows import RunInfo, RunRows, RunStore
from lellm_nb.store.run_reader import RunReader
from lellm_nb.store.run_writer import RunWriter
from lellm_nb.store.sqlite.store import SqliteStore

__all__ = ["keeper_for", "load_archive", "open_store", "save_archive"]

MAX_STEPS = 1000


def keeper_for(
    store: Any,
    trace_id: TraceId,
    name: str,
    graph: Graph,
    max_steps: int,
    redact: Redactor | None = None,
) -> Any:
    """Return who writes a new run into a store.

    Args:
        redact: What is secret, where the store itself does not say.

    Raises:
        DebuggerError: It is no store.
        CheckpointStoreError: The store did not take the run.
    """
    own = isinstance(store, (str, os.PathLike))
    if own:
        store = SqliteStore(store, redact=redact)
    if isinstance(store, RunStore):
        facts = {**graph_facts(graph), "max_steps": max_steps}
        keeper = RunWriter(store.begin_run(trace_id, name, facts), graph, _codec_of(store))
        keeper.closes = store if own else None
        return keeper
    if hasattr(store, "save") and hasattr(store, "load_latest"):
        return CheckpointWriter(store, trace_id, graph, _codec_of(store, redact))
    raise DebuggerError(f"{store!r:.80} is no store, and no path of a file.")


def open_store(
    cls: Any,
    store: Any,
    run: str | None,
    graph: Graph | None,
    mode: Any,
    redact: Redactor | None = None,
) -> Any:
    """Return a debugger of a stored run; see `Keeping.open`."""
    if isinstance(store, (str, os.PathLike)):
        store = SqliteStore(store, readonly=graph is None, redact=redact)
    codec = _codec_of(store, redact)
    if isinstance(store, RunStore):
        info = _find_run(store, run)
        rows = store.run_rows(info.trace_id)
        writes = graph is not None
        made = _open_rows(cls, rows, info.name, graph, mode, writes=writes, codec=codec)
    else:
        made = _open_checkpoint(cls, store, run, graph, mode, codec)
    made._redact = redact
    return made


def _codec_of(store: Any, redact: Redactor | None = None) -> Codec:
    """Return the codec for a store's runs: it takes out what the store calls secret."""
    own = getattr(store, "redact", None)
    return Codec(redactor=own if isinstance(own, Redactor) else redact or Redactor())


def load_archive(cls: Any, path: Any, graph: Graph | None, mode: Any) -> Any:
    """Return a debugger of a file; see `Keeping.load`."""
    rows, name = read_archive(path)
    made = _open_rows(cls, rows, name, graph, mode, writes=False)
    made._marking = True
    return made


def _open_rows(
    cls: Any,
    rows: RunRows,
    name: str,
    graph: Graph | None,
    mode: Any,
    *,
    writes: bool,
    codec: Codec | None = None,
) -> Any:
    facts = rows.facts
    number = _hash_of(facts)
    if graph is not None:
        _compare(facts, number, graph, mode)
    if writes:
        rows.claim()  # first of all: nobody may write while this reads
    try:
        stored = RunReader(rows, reducers=None if graph is None else _reducers_of(graph))
        shown = graph or read_graph(facts.get("outline"), number)
        session = ExecutionSession.of_history(shown, stored.history, stored.line, stored.head)
        if graph is not None:
            check_exists(session.scope, session.position)
        limit = facts.get("max_steps", MAX_STEPS)
        made = _made(cls, session, name, limit if type(limit) is int else MAX_STEPS)
        made._stored = stored
        made._reopened = True
        made.trace_id = rows.trace_id
        made._reading = graph is None
        made._restore_marks(stored)
        if writes:
            keeper = RunWriter(rows, graph, codec)
            keeper.resume(stored.numbers)
            made._attach(keeper)
    except BaseException:
        if writes:
            rows.release()
        raise
    return made


def _made(cls: Any, session: ExecutionSession, name: str, max_steps: int) -> Any:
    from lellm_nb.debug.codegen.step_to_code import Writing

    made = cls.__new__(cls)
    Writing.__init__(made, session, name, max_steps)
    made._family = {}
    return made


def _open_checkpoint(
    cls: Any, store: Any, run: str | None, graph: Graph | None, mode: GraphHashMode, codec: Codec
) -> Any:
    """Go on at the newest checkpoint of a plain store: the past is not in it."""
    if not hasattr(store, "load_latest"):
        raise DebuggerError(f"{store!r:.80} is no store, and no path of a file.")
    if run is None or graph is None:
        raise DebuggerError(
            f"{type(store).__name__} keeps single checkpoints: give the run's id and its graph."
        )
    found = store.load_latest(TraceId(run))
    if found is None:
        raise CheckpointNotFoundError(run)
    position = found.position
    if position is None:  # a store that keeps the JSON form only
        position = Position.begin(found.current_node or graph.end, keep(found.state))
        position.node = found.current_node or None
    kept = SessionCheckpoint(found.state, FrameStack(), found.graph_hash, position)
    session = ExecutionSession.restore(kept, graph, mode)
    made = _made(cls, session, graph.name, MAX_STEPS)
    made.trace_id = TraceId(run)
    made._reopened = True
    keeper = CheckpointWriter(store, made.trace_id, graph, codec)
    keeper.resume(session.head, found.checkpoint_id)
    made._attach(keeper)
    return made


def save_archive(dbg: Any, path: Any) -> None:
    """Write a debugger's whole run to a file; see `Keeping.save`."""
    session = dbg._session
    stored = dbg._stored
    facts = dict(stored.rows.facts) if stored and dbg._reading else graph_facts(dbg.graph)
    rows = MemoryRows(dbg.trace_id, {**facts, "max_steps": dbg.max_steps})
    codec = getattr(session.history.keeper, "codec", None)
    keeper = RunWriter(rows, dbg.graph, codec, strict=True)
    history = session.history
    for line in list(history.lines.values()):
        keeper.number(line)
        for frame in line.own:
            keeper.keep(line, frame)
    keeper.moved(session.line, session.head)
    for frame, text in history.notes.items():
        keeper.noted(history.line_of(frame), frame, text)
    for frame in history.pins:
        keeper.pinned(history.line_of(frame), frame, True)
    for kind, value in _beside(dbg).items():
        keeper.mark(kind, "", value)
    for name, beside in _beside_others(dbg).items():
        for kind, value in beside.items():
            keeper.mark(kind, str(keeper.number(history.lines[name])), value)
    write_archive(path, rows, dbg.name)


def _beside(dbg: Any) -> dict[str, Any]:
    """Return what a debugger has beside frames, by kind."""
    beside = {"stops": stops_form(dbg.breakpoints), "modes": dict(dbg._modes)}
    code = code_form(dbg)
    return {**beside, "code": code} if code else beside


def _beside_others(dbg: Any) -> dict[str, dict[str, Any]]:
    """Return what those of the other lines have, by the line's name; and where they stand."""
    found = dict(dbg._by_line or {})
    for one in dbg._everyone():
        line, head = one._session.line, one._session.head
        found[line.name] = _beside(one)
        if head.index != line.tip:
            found[line.name]["head"] = head.index
    found.pop(dbg.line, None)
    return found


# -- which run, and which graph -------------------------------------------------------


def _find_run(store: RunStore, run: str | None) -> RunInfo:
    infos = store.runs()
    if run is None and infos:
        return infos[0]
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


def _hash_of(facts: dict[str, Any]) -> int:
    try:
        return int(facts["hash"], 16)
    except (KeyError, TypeError, ValueError):
        raise CorruptedCheckpointError("The run says nothing of its graph.") from None


def _compare(facts: dict[str, Any], expected: int, graph: Graph, mode: GraphHashMode) -> None:
    """Look whether a run belongs to a graph of this shape.

    Raises:
        GraphMismatchError: It does not, and the mode is STRICT.
    """
    if expected == graph.canonical_hash or mode is GraphHashMode.FORCE:
        return
    words = read_fingerprint(facts.get("shape")).diff(graph.fingerprint)
    changed = str(words) or "only the hash"
    raise GraphMismatchError(expected, graph.canonical_hash, changed)


def _levels(graph: Graph) -> Iterator[Graph]:
    yield graph
    for node in graph.nodes.values():
        for one in node.branches.values() if isinstance(node, Parallel) else [node]:
            if isinstance(one, Subgraph):
                yield from _levels(one.graph)


def _reducers_of(graph: Graph) -> Callable[[str, Any], Any]:
    """Return how custom reducers of a graph are found by name and key."""
    known: dict[Any, Any] = {}
    for level in _levels(graph):
        for key, reducer in level.reducers.items():
            known.setdefault((reducer.name, key), reducer)
            known.setdefault(reducer.name, reducer)
    return lambda name, key: known.get((name, key)) or known.get(name)
