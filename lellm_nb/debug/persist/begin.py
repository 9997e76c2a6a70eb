"""A new run in a store: all of its beginning, or nothing of it."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.persist.keeping import check_keeping, with_checkpoints
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.errors import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    DebuggerError,
    LellmError,
)
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.graph import graph_facts
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.native.parts import AS_STORED, NativeParts
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.session.protocol import Capability
from lellm_nb.store.arguments import redactor_of
from lellm_nb.store.checkpoint_writer import CheckpointWriter
from lellm_nb.store.rows import RunStore
from lellm_nb.store.run.run_writer import RunWriter
from lellm_nb.store.store_at import store_at

__all__ = ["begin_in", "codec_of", "no_store", "parts_of"]


def begin_in(
    context: DebugContext, storage: Storage, store: Any, policy: Any = None, retention: Any = None
) -> None:
    """Start a run in a store: a path, a store that keeps runs, or any `CheckpointStore`.

    Args:
        policy, retention: Which checkpoints are kept in it, and how long; see `Debugger`.

    Raises:
        CheckpointStoreError: The store did not take the first frame.
        DebuggerError: It is no store, or this engine's runs cannot be kept.
    """
    context.need(Capability.STORE, "store=")
    check_keeping(store, policy, retention)
    session = context.session
    with ExitStack() as undo:
        if isinstance(store, (str, os.PathLike)):
            store = store_at(store, redact=context.redact)
            undo.callback(store.close)
            _begin_in(undo, context, storage, store, policy, retention).closes = store
        else:
            _begin_in(undo, context, storage, store, policy, retention)
        for frame in list(session.line)[: session.head.index + 1]:
            storage.writer.keep(session.line, frame, leads=True)
        storage.writer.check()
        undo.pop_all()


def _begin_in(
    undo: ExitStack,
    context: DebugContext,
    storage: Storage,
    store: Any,
    policy: Any,
    retention: Any,
) -> Any:
    """Have a new run written into a store, and return who does; the store says what is secret."""
    session, trace_id = context.session, storage.trace_id
    graph, codec = session.graph, codec_of(store, context.redact)
    if isinstance(store, RunStore):
        facts = {**graph_facts(graph), "max_steps": context.max_steps, "seed": context.seed}
        if not _has_run(store, trace_id):
            undo.callback(_drop, store, trace_id)
        undo.callback(storage.detach, session, session.history.writer)
        rows = store.begin_run(trace_id, codec.clean(context.name), codec.cleaned(facts))
        writer: Any = RunWriter(rows, graph, codec, parts=parts_of(session))
        storage.attach(session, with_checkpoints(writer, store, policy, retention))
    elif hasattr(store, "save") and hasattr(store, "load_latest"):
        writer = CheckpointWriter(store, trace_id, graph, codec, policy, retention)
        storage.attach(session, writer)
    else:
        raise no_store(store)
    return writer


def parts_of(session: Any) -> NativeParts:
    """Return how stores take apart what the positions of a session's engine have beside them."""
    found: NativeParts = getattr(session, "parts", AS_STORED)
    return found


def _has_run(store: RunStore, trace_id: TraceId) -> bool:
    try:
        store.run_rows(trace_id)
    except CheckpointNotFoundError:
        return False
    return True


def _drop(store: RunStore, trace_id: TraceId) -> None:
    with suppress(CheckpointStoreError):
        store.drop_run(trace_id)


def codec_of(store: Any, redact: Redactor | None = None) -> Codec:
    """Return the codec for a store's runs: what store or run call secret, it takes out."""
    return Codec(redactor=redactor_of(store, redact))


def no_store(store: Any) -> LellmError:
    return refusal(store, "store", "a store, or the path of a file", DebuggerError)
