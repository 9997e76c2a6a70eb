"""Keeping a run in a store of somebody else's: one checkpoint per commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lellm_nb.errors import CheckpointStoreError, sentence
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import Checkpoint, CheckpointStore
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.record.redaction.checkpoint import redacted
from lellm_nb.store.retention_guard import RetentionGuard
from lellm_nb.store.retry_on_refusal import RetryOnRefusal

__all__ = ["CheckpointWriter"]


class CheckpointWriter(RetryOnRefusal):
    """Keeps one checkpoint per commit in a store of somebody else's.

    Such a store has no lines, notes or breakpoints: only where the run stands. Checkpoints
    at pins and at fork points are protected from its `prune`, and none has a secret in it.

    Args:
        store: Any `CheckpointStore`.
        trace_id: The run's id.
        graph: The graph that runs.
        codec: Its redactor says what is secret.
    """

    def __init__(self, store: CheckpointStore, trace_id: TraceId, graph: Any, codec: Codec) -> None:
        self.store = store
        self.trace_id = trace_id
        self.graph = graph
        self.codec = codec
        self.leader: Any = None
        self._pending: list[Callable[[], Any]] = []
        self._ids: dict[Frame, CheckpointId] = {}
        self._protector = RetentionGuard(store, trace_id)

    def resume(self, frame: Frame, checkpoint_id: CheckpointId) -> None:
        """Go on at a frame whose checkpoint is saved already."""
        self._ids[frame] = checkpoint_id

    def keep(self, line: Line, frame: Frame, leads: bool = False) -> bool:
        """Save the checkpoint of a frame; tell whether the store has it."""
        if not leads or frame.kind == "error":
            return self.error is None
        made = Checkpoint.of(frame, self.graph.canonical_hash)
        if self.codec.redactor is not None:
            made = redacted(made, self.codec.redactor)
        self._ids[frame] = made.checkpoint_id
        self._pending.append(partial(self._save, made))
        return self.flush()

    def _save(self, checkpoint: Checkpoint) -> None:
        self.store.save(self.trace_id, checkpoint)

    def flush(self) -> bool:
        """Save what is pending, in order; tell whether the store has everything."""
        self.error = None
        while self._pending:
            try:
                self._pending[0]()
            except Exception as error:  # the store is somebody else's
                self.error = _as_store_error(error, self.store)
                return False
            del self._pending[0]
        return True

    def opened(self, line: Line) -> None:
        """Protect the checkpoint at which a line was forked."""
        if line.base is not None:
            self._protect(line.base[line.first - 1], f"fork {line.name}", True)

    def _protect(self, frame: Frame, reason: str, on: bool) -> None:
        found = self._ids.get(frame)
        if found is not None and hasattr(self.store, "load"):
            self._pending.append(partial(self._protector.protect, found, reason, on))
            self.flush()

    def moved(self, line: Line, frame: Frame, leads: bool = True) -> None:
        """Save where the run stands now."""
        self.keep(line, frame, leads)

    def went(self, session: Any, old: Line, new: Line) -> None:
        """Do nothing: such a store has no lines."""

    def mark_of(self, session: Any, kind: str, value: Any) -> None:
        """Do nothing: such a store has no place for it."""

    def mark(self, kind: str, key: str, value: Any) -> None:
        """Do nothing: such a store has no place for it."""

    def noted(self, line: Line | None, frame: Frame, text: str | None) -> None:
        """Do nothing, as above."""

    def pinned(self, line: Line | None, frame: Frame, on: bool | None) -> None:
        """Protect the checkpoint of a frame, or let it go."""
        self._protect(frame, "pin", bool(on))

    def close(self) -> None:
        """Save what is pending."""
        self.flush()


def _as_store_error(error: Exception, store: Any) -> CheckpointStoreError:
    if isinstance(error, CheckpointStoreError):
        return error
    made = CheckpointStoreError(
        f"{safe_repr(store, 80)} could not save: {sentence(error_line(error))}"
    )
    made.__cause__ = error
    return made
