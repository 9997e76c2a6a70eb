"""A new run in a store: all of its beginning, or nothing of it."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.core.context import DebugContext
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
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.session.protocol import Capability
from lellm_nb.store.checkpoint_writer import CheckpointWriter
from lellm_nb.store.rows import RunStore
from lellm_nb.store.run_writer import RunWriter
from lellm_nb.store.store_at import store_at

__all__ = ["begin_in", "codec_of", "no_store"]


def begin_in(context: DebugContext, storage: Storage, store: Any) -> None:
    """Start a run in a store: a path, a store that keeps runs, or any `CheckpointStore`.

    Raises:
        CheckpointStoreError: The store did not take the first frame.
        DebuggerError: It is no store, or this engine's runs cannot be kept.
    """
    context.need(Capability.STORE, "store=")
    session = context.session
    with ExitStack() as undo:
        if isinstance(store, (str, os.PathLike)):
            store = store_at(store, redact=context.redact)
            undo.callback(store.close)
            _begin_in(undo, context, storage, store)
            storage.writer.closes = store
        else:
            _begin_in(undo, context, storage, store)
        storage.writer.keep(session.line, session.head, leads=True)
        storage.writer.check()
        undo.pop_all()


def _begin_in(undo: ExitStack, context: DebugContext, storage: Storage, store: Any) -> None:
    """Have a new run written into a store; it says itself what is secret, if it does."""
    session, trace_id = context.session, storage.trace_id
    graph = session.graph
    if isinstance(store, RunStore):
        facts = {**graph_facts(graph), "max_steps": context.max_steps, "seed": context.seed}
        if not _has_run(store, trace_id):
            undo.callback(_drop, store, trace_id)
        undo.callback(storage.detach, session, session.history.writer)
        rows = store.begin_run(trace_id, context.name, facts)
        storage.attach(session, RunWriter(rows, graph, codec_of(store)))
    elif hasattr(store, "save") and hasattr(store, "load_latest"):
        codec = codec_of(store, context.redact)
        storage.attach(session, CheckpointWriter(store, trace_id, graph, codec))
    else:
        raise no_store(store)


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
    """Return the codec for a store's runs: it takes out what the store calls secret."""
    own = getattr(store, "redact", None)
    return Codec(redactor=own if isinstance(own, Redactor) else redact or Redactor())


def no_store(store: Any) -> LellmError:
    return refusal(store, "store", "a store, or the path of a file", DebuggerError)
