"""A base and what changed since, in place of a whole snapshot each time (SEMANTICS C6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.state.mutation import Mutation, apply
from lellm_nb.state.state import keep, view

__all__ = ["IncrementalSnapshots", "StateSnapshot"]


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """A state as a base and the mutations since; `restore` folds them."""

    base: Any
    deltas: tuple[Mutation, ...]

    def restore(self) -> Any:
        """Return the state."""
        return view(apply(keep(self.base), self.deltas))


class IncrementalSnapshots:
    """Collects mutations and gives snapshots; compacts past a threshold.

    Example:
        >>> from lellm_nb import Put
        >>> kept = IncrementalSnapshots({"n": 0}, threshold=2)
        >>> kept.record([Put("n", 1)]); kept.snapshot()
        StateSnapshot(base=State({'n': 0}), deltas=(Put('n', 1),))
        >>> kept.record([Put("n", 2), Put("n", 3)]); kept.snapshot()
        StateSnapshot(base=State({'n': 3}), deltas=())
    """

    def __init__(self, initial: Any, threshold: int = 20) -> None:
        self.threshold = whole(threshold, "threshold", CheckpointStoreError)
        self._base = keep(initial)
        self._deltas: list[Mutation] = []

    def record(self, mutations: Sequence[Mutation]) -> None:
        """Take the mutations of a commit."""
        self._deltas += mutations
        if len(self._deltas) > self.threshold:
            self._base = apply(self._base, self._deltas)
            self._deltas = []

    def snapshot(self) -> StateSnapshot:
        """Return the state so far."""
        return StateSnapshot(view(self._base), tuple(self._deltas))
