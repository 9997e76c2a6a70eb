"""Checkpoints that retention leaves alone: barriers, pins and fork points (SEMANTICS C4)."""

from __future__ import annotations

from dataclasses import replace

from lellm_nb.errors import CheckpointNotFoundError
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.checkpoint import CheckpointStore

__all__ = ["RetentionGuard"]


class RetentionGuard:
    """Protects checkpoints of one run that were saved before.

    What is protected says so in the checkpoint itself, and every store's `prune` looks there:
    so one is protected, or let go, by saving it again under its id.

    Args:
        store: Any `CheckpointStore`.
        trace_id: The run.
    """

    def __init__(self, store: CheckpointStore, trace_id: TraceId) -> None:
        self.store = store
        self.trace_id = trace_id
        self._reasons: dict[CheckpointId, set[str]] = {}

    def protect(self, checkpoint_id: CheckpointId, reason: str, on: bool = True) -> bool:
        """Protect a checkpoint for a reason, or for that reason no more.

        Returns:
            Whether it is there: one that was pruned before is gone.
        """
        try:
            found = self.store.load(checkpoint_id)
        except CheckpointNotFoundError:
            return False
        reasons = self._reasons.get(checkpoint_id)
        if reasons is None:  # a barrier's was protected from the beginning, and stays so
            reasons = self._reasons[checkpoint_id] = {"itself"} if found.protected else set()
        (reasons.add if on else reasons.discard)(reason)
        if bool(reasons) != found.protected:
            newest = self.store.load_latest(self.trace_id)
            self.store.save(self.trace_id, replace(found, protected=bool(reasons)))
            if newest is not None and newest.checkpoint_id != checkpoint_id:
                # a store may take what is saved last for the newest, also where it knows the id
                self.store.save(self.trace_id, newest)
        return True
