"""From a store of single checkpoints to a debugger's context."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.family import Family
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.persist.from_checkpoint import Captured, context_of, loaded
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.errors import CheckpointNotFoundError, CheckpointStoreError, DebuggerError
from lellm_nb.graph.graph import Graph
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
from lellm_nb.session.checkpoint import GraphHashMode
from lellm_nb.store.checkpoint_writer import CheckpointWriter

__all__ = ["captured_in", "ids_of", "open_checkpoints"]

Kept = Checkpoint | SessionCheckpoint


def ids_of(store: Any, run: str | None) -> list[CheckpointId]:
    """Return the ids of a run's checkpoints, newest first; of no run there are none."""
    return list(store.list(TraceId(run))) if run is not None and hasattr(store, "list") else []


def open_checkpoints(
    family: Family,
    native: Any,
    store: Any,
    run: str | None,
    graph: Graph | None,
    mode: GraphHashMode,
    codec: Codec,
    policy: TriggerPolicy | CheckpointPolicy | None = None,
    retention: RetentionPolicy | None = None,
) -> DebugContext:
    """Return the context of the run of which a store has checkpoints: each is a frame of it.

    Raises:
        CheckpointNotFoundError: It has none.
        DebuggerError: It is not said of which run.
    """
    if run is None:
        raise DebuggerError(
            f"{type(store).__name__} keeps single checkpoints: give the run's id, run=."
        )
    found, ids, newest = captured_in(store, run)
    storage = Storage(TraceId(run))
    made = context_of(family, native, found, graph, storage, mode)
    if graph is not None:
        session = made.session
        writer = CheckpointWriter(store, storage.trace_id, graph, codec, policy, retention)
        for frame, checkpoint_id in ids.items():
            writer.resume(session.history.own(frame), checkpoint_id)
        writer.resume(session.head, newest)
        storage.attach(session, writer)
    return made


def captured_in(store: Any, run: str) -> tuple[Captured, dict[Frame, CheckpointId], CheckpointId]:
    """Return what a store's checkpoints of a run know, which frame is of which, and the newest.

    Raises:
        CheckpointNotFoundError: It has none.
    """
    kept = _kept(store, run)
    frames: list[Frame] = []
    ids: dict[Frame, CheckpointId] = {}
    for checkpoint in kept:
        found = Captured.of(checkpoint)
        own = [*found.frames, *(() if found.last is None else (found.last,))]
        frames += own
        if own:
            ids[own[-1]] = checkpoint.checkpoint_id
    newest = Captured.of(kept[-1])
    found = Captured(frames, newest.position, None, newest.hash, newest.looked)
    return found, ids, kept[-1].checkpoint_id


def _kept(store: Any, run: str) -> list[Kept]:
    """Return a run's checkpoints, oldest first; a damaged one is left out, unless it is the newest.

    Raises:
        CheckpointNotFoundError: There is none.
    """
    ids = ids_of(store, run)
    kept: list[Kept] = []
    for checkpoint_id in ids:
        try:
            kept.append(loaded(store, checkpoint_id))
        except CheckpointNotFoundError:
            continue  # it was pruned meanwhile
        except CheckpointStoreError as error:
            if not kept:
                raise
            caution(f"Checkpoint {checkpoint_id} is left out: {error}")
    if not kept:
        newest = store.load_latest(TraceId(run))
        if newest is None:
            raise CheckpointNotFoundError(run, f"There is no checkpoint of run {run!r}.")
        kept.append(newest)
    kept.reverse()
    return kept
