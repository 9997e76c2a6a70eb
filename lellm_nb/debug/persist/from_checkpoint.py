"""From any checkpoint to a debugger's context: captured frames become its history (C11)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lellm_nb.arguments import path_of, refusal, speaking, whole
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.family import Family
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CorruptedCheckpointError,
    DebuggerError,
    GraphMismatchError,
    LellmError,
)
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.graph.shapes.canonical_hash import canonical_hash
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.graph.walk import node_at
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.codec.checkpoint import CheckpointCodec
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.past.captured import Past, known_past
from lellm_nb.record.past.known_reducers import bind_reducers
from lellm_nb.record.past.seen_graph import graph_of, seen_graph
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.sinks import MemorySink, SessionCheckpointSink
from lellm_nb.session.checkpoint import GraphHashMode, check_graph, forced_text
from lellm_nb.store.disk import DiskSink

__all__ = ["MAX_STEPS", "Captured", "captured_by", "context_of", "loaded", "open_captured"]

MAX_STEPS = 1000

WANTED = (
    "a SessionCheckpoint (session.checkpoint()), a Checkpoint, a checkpoint's id (with store=),"
    " the bytes of a checkpoint, a MemorySink, a FrameStack, a list of frames, or a DiskSink or"
    " its folder"
)


class Captured(NamedTuple):
    """What is known of a run.

    Attributes:
        frames: Oldest first.
        position: Where it stands, where that is known beside the frames.
        last: The frame that led there, where it is none of those that were captured.
        hash: That of its graph, where it is known.
        looked: What its graph looked like, where that is known.
    """

    frames: list[Frame]
    position: Position | None = None
    last: Frame | None = None
    hash: int | None = None
    looked: Fingerprint | None = None

    @classmethod
    def of(cls, checkpoint: Any) -> Captured:
        """Return what a checkpoint of either kind knows."""
        if isinstance(checkpoint, Checkpoint):
            checkpoint = SessionCheckpoint.of(checkpoint)
        position = checkpoint.position
        if not isinstance(position, Position):
            raise refusal(position, "the checkpoint's position", "a Position", DebuggerError)
        whole(checkpoint.graph_hash, "graph_hash", DebuggerError)
        frames = checkpoint.frames
        return cls(
            list(frames.frames if isinstance(frames, FrameStack) else ()),
            position,
            checkpoint.last,
            checkpoint.graph_hash,
            checkpoint.fingerprint,
        )


def open_captured(
    family: Family,
    native: Any,
    what: Any,
    graph: Graph | None,
    store: Any,
    mode: GraphHashMode,
    redact: Redactor | None = None,
) -> DebugContext:
    """Return the context of what was captured; see `Debugger.from_checkpoint`."""
    if graph is not None:
        built_graph(graph, DebuggerError)
    if redact is not None:
        speaking(redact, "redact", DebuggerError, "apply", "a Redactor")
    by_id = isinstance(what, str) and store is not None and not os.path.isdir(what)
    keeps = store is not None and not by_id
    if keeps and graph is None:
        raise DebuggerError(
            "Without its graph a run can only be looked at, and nothing is kept of it: give the"
            " graph, or leave store= out."
        )
    storage = Storage()
    storage.how = "Debugger.from_checkpoint(what, graph)"
    made = context_of(family, native, _found(what, store, by_id), graph, storage, mode)
    made.redact = redact
    if keeps:
        from lellm_nb.debug.persist.begin import begin_in  # a run that is not kept loads no store

        begin_in(made, storage, store)
    return made


def context_of(
    family: Family,
    native: Any,
    found: Captured,
    graph: Graph | None,
    storage: Storage,
    mode: GraphHashMode = GraphHashMode.STRICT,
) -> DebugContext:
    """Return the context of a run of which this is known.

    Args:
        graph: Its graph; without it the run can only be looked at.
        storage: Where it will be kept, if it is.

    Raises:
        GraphMismatchError: The graph has another hash, and the mode is STRICT.
        CheckpointStoreError: The position is not in the graph.
        DebuggerError: Nothing is known at all.
    """
    if not found.frames and found.position is None:
        raise DebuggerError("There is not one frame in it: there is nothing to open.")
    changed = ""
    if graph is not None and found.hash is not None:
        changed = check_graph(found.hash, found.looked, graph, mode)
    name = "" if graph is None else graph.name
    past = known_past(
        found.frames,
        found.position,
        last=found.last,
        graph=name,
        now=time.time(),
        trace_id=storage.trace_id,
    )
    if graph is not None:
        if found.hash is None and mode is GraphHashMode.STRICT:
            _check_ran(past, graph)
        bind_reducers(past.history, graph)
    shown = graph or _shown(found, past)
    session = native.of_history(shown, *past, check=graph is not None)
    if changed:
        caution(forced_text(changed))
    storage.reopened, storage.reading = True, graph is None
    return DebugContext(session, shown.name, MAX_STEPS, family, storage)


def _check_ran(past: Past, graph: Graph) -> None:
    """Look whether a graph has the nodes that ran: frames alone do not say of which graph they are.

    Raises:
        GraphMismatchError: It has not.
    """
    ran = [f.static_path for f in past.line if f.node and f.kind != "decision"]
    gone = [path for path in dict.fromkeys(ran) if node_at(graph, path) is None]
    if gone:
        seen = seen_graph(past.line, past.head.position, "")
        changed = "; ".join(f"node `{path}` gone" for path in gone)
        expected = canonical_hash(seen.nodes, seen.edges)
        raise GraphMismatchError(expected, graph.canonical_hash, changed)


def _shown(found: Captured, past: Past) -> Graph:
    frames = list(past.line)
    if found.looked is not None:
        named = [f.graph_id for f in frames if f.graph_id and f.level is f.position]
        return graph_of(found.looked, named[0] if named else "run", found.hash or 0)
    return seen_graph(frames, past.head.position, "", found.hash or 0)


# -- what was given ---------------------------------------------------------------------


def _found(what: Any, store: Any, by_id: bool) -> Captured:
    if by_id:
        return Captured.of(loaded(store, what))
    if isinstance(what, bytes | bytearray | memoryview):
        return Captured.of(CheckpointCodec().decode(bytes(what)))
    if isinstance(what, Checkpoint | SessionCheckpoint):
        return Captured.of(what)
    frames = captured_by(what)
    if frames is not None:
        return Captured(_newest_run(frames))
    if isinstance(what, str | os.PathLike):
        return Captured(_newest_run(_of_folder(what)))
    raise refusal(what, "what", WANTED, _helpful(what))


def _helpful(what: Any) -> Callable[[str], LellmError]:
    """Return how what cannot be opened is refused, with the call that was probably meant."""
    hint = ""
    if hasattr(type(what), "checkpoint") and hasattr(type(what), "frame_stack"):
        hint = " Give session.checkpoint()."
    elif hasattr(type(what), "load_latest"):
        hint = " A store is opened by Debugger.open(store, run, graph=…)."
    elif hasattr(type(what), "save_now"):
        hint = " What a StoreSink kept: Debugger.open(sink.store, sink.trace_id, graph=…)."
    elif isinstance(what, BaseException):
        hint = " A failed run: Debugger.post_mortem(error)."
    return lambda said: DebuggerError(said + hint)


def captured_by(what: Any) -> list[Frame] | None:
    """Return the frames that a sink, a stack or a list has; `None` for something else.

    Raises:
        DebuggerError: It is a list with something else in it.
    """
    if isinstance(what, SessionCheckpointSink):
        return what.stack.frames
    if isinstance(what, MemorySink):
        return _frames(what.frames)
    if isinstance(what, FrameStack):
        return what.frames
    if isinstance(what, DiskSink):
        return what.frames()
    if isinstance(what, Frame):
        return [what]
    return _frames(what) if isinstance(what, list | tuple) else None


def _newest_run(frames: list[Frame]) -> list[Frame]:
    """Return the frames of the run that the last one is of: a sink may have heard several."""
    run = frames[-1].trace_id if frames else ""
    found = [frame for frame in frames if frame.trace_id in (run, "")] if run else frames
    if len(found) < len(frames):
        caution(
            f"There are frames of several runs in it: {len(found)} of {len(frames)} are of the"
            " newest one, which is opened. Give a list of the others' frames to open those."
        )
    return found


def _frames(given: Any) -> list[Frame]:
    frames = list(given)
    for frame in frames:
        if not isinstance(frame, Frame):
            raise refusal(frame, "each of the list", "a Frame", DebuggerError)
    return frames


def _of_folder(path: Any) -> list[Frame]:
    folder = Path(os.fspath(path))
    if not folder.is_dir():
        what = f"{os.fspath(path)!r}"
        raise DebuggerError(
            f"what is {what}, which is no folder of a DiskSink. A checkpoint's id needs the store"
            " that it is in: store=. Debugger.open opens a store, Debugger.load a file that save"
            " wrote."
        )
    return DiskSink(folder).frames()


def _loads(store: Any) -> bool:
    try:
        return callable(store.load)
    except Exception:  # __getattr__ may raise anything
        return False


def loaded(store: Any, checkpoint_id: str) -> Checkpoint | SessionCheckpoint:
    """Return a checkpoint of a store, whoever's it is.

    Raises:
        CheckpointNotFoundError: There is none under that id.
        CorruptedCheckpointError: What the store gives is none.
        DebuggerError: It is no store.
    """
    from lellm_nb.store.store_at import store_at

    if isinstance(store, str | os.PathLike):
        store = store_at(path_of(store, "store", DebuggerError), readonly=True)
    if not _loads(store):
        raise refusal(store, "store", "a store that has the checkpoint", DebuggerError)
    try:
        found = store.load(checkpoint_id)
    except LookupError as error:  # a store of somebody's own
        raise CheckpointNotFoundError(checkpoint_id) from error
    if found is None:
        raise CheckpointNotFoundError(checkpoint_id)
    if not isinstance(found, Checkpoint | SessionCheckpoint):
        raise CorruptedCheckpointError(
            f"{type(store).__name__} gives {type(found).__name__} for {checkpoint_id},"
            " which is no checkpoint."
        )
    return found
