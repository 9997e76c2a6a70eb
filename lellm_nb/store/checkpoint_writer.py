"""Keeping a run in a store of somebody else's: checkpoints of its commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from lellm_nb.errors import CheckpointStoreError, sentence
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import CheckpointStore
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
from lellm_nb.store.checkpoint_keeper import CheckpointKeeper
from lellm_nb.store.retry_on_refusal import RetryOnRefusal

__all__ = ["CheckpointWriter"]


class CheckpointWriter(RetryOnRefusal):
    """Keeps a checkpoint of each commit that a policy wants in a store of somebody else's.

    Such a store has no lines, notes or breakpoints: only where the run stands. Checkpoints
    at pins and at fork points are protected from its `prune`, and none has a secret in it.

    Args:
        store: Any `CheckpointStore`.
        trace_id: The run's id.
        graph: The graph that runs.
        codec: Its redactor says what is secret.
        policy: Which commits are kept; every one by default.
        retention: How long they are; for good by default.
    """

    def __init__(
        self,
        store: CheckpointStore,
        trace_id: TraceId,
        graph: Any,
        codec: Codec,
        policy: TriggerPolicy | CheckpointPolicy | None = None,
        retention: RetentionPolicy | None = None,
    ) -> None:
        self.store = store
        self.trace_id = trace_id
        self.graph = graph
        self.codec = codec
        self.leader: Any = None
        self._pending: list[Callable[[], Any]] = []
        self._ids: dict[Frame, CheckpointId] = {}
        self._newest: Frame | None = None
        self._keeper = CheckpointKeeper(store, trace_id, codec, policy, retention, graph)

    def resume(self, frame: Frame, checkpoint_id: CheckpointId) -> None:
        """Go on at a frame whose checkpoint is saved already."""
        self._ids[frame] = checkpoint_id
        self._newest = frame

    def keep(self, line: Line, frame: Frame, leads: bool = False) -> bool:
        """Save the checkpoint of a frame, if the policy wants it; tell whether the store has it."""
        if not leads or frame.kind == "error" or not self._keeper.wants(frame):
            return self.error is None
        self._add(frame)
        return self.flush()

    def _add(self, frame: Frame) -> CheckpointId:
        made = self._keeper.made(frame, self.graph.canonical_hash)
        self._ids[frame] = made.checkpoint_id
        self._newest = frame
        self._pending.append(partial(self._keeper.save, made))
        return made.checkpoint_id

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
            self._pending.append(partial(self._guard, frame, found, reason, on))
            self.flush()

    def _guard(self, frame: Frame, checkpoint_id: CheckpointId, reason: str, on: bool) -> None:
        protect = self._keeper.guard.protect
        if not protect(checkpoint_id, reason, on) and on and self._keeper.drops:
            # dropped before anybody needed it: the frame is here still
            self._put_aside(frame, checkpoint_id)
            protect(checkpoint_id, reason, on)

    def _put_aside(self, frame: Frame, checkpoint_id: CheckpointId | None = None) -> None:
        """Save the checkpoint of a frame that the run has left, or that its policy left out."""
        made = self._keeper.made(frame, self.graph.canonical_hash)
        if checkpoint_id is not None:
            made = replace(made, checkpoint_id=checkpoint_id)
        self._ids[frame] = made.checkpoint_id
        # without a look at the retention: it is to be protected first
        self.store.save(self.trace_id, made)
        newest = self._newest
        if newest is None or _follows(frame, newest):
            self._newest = frame
        else:
            self._add(newest)  # a reopened run goes on at the one that was saved last

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
        """Protect the checkpoint of a frame, or let it go.

        One that the policy left out is saved as it is pinned.
        """
        if on and line is not None and frame.kind != "error" and frame not in self._ids:
            self._pending.append(partial(self._keep_asked, frame))
            self.flush()
        self._protect(frame, "pin", bool(on))

    def _keep_asked(self, frame: Frame) -> None:
        if frame not in self._ids:
            self._put_aside(frame)

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


def _follows(frame: Frame, other: Frame) -> bool:
    """Tell whether one frame came after another, on whatever line."""
    at: Frame | None = frame
    while at is not None and at.index > other.index:
        at = at.parent
    return at is other
