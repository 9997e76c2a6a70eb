"""What is done where a store refuses: nothing moves on until it has taken what it was given."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import CheckpointStoreError

__all__ = ["RetryOnRefusal"]


class RetryOnRefusal:
    """Writes to a store that may refuse.

    Attributes:
        error: Why the store did not take the last write; `None` when it has everything.
    """

    error: CheckpointStoreError | None = None

    def flush(self) -> bool:
        """Write what waits; tell whether the store took it."""
        raise NotImplementedError

    def call_ended(self, session: Any, call: Any) -> None:
        """Write a call of a node that still runs; where only checkpoints are kept, nothing is."""

    def calls_left(self, session: Any, node: str = "") -> None:
        """Drop the calls of nodes that are not gone on with: of one, or of all."""

    def give_up(self) -> None:
        """Let the run go, though the store may not have everything."""

    def check(self) -> None:
        """Try again what was refused.

        Raises:
            CheckpointStoreError: It still is; nothing may move on.
        """
        if self.error is not None and not self.flush():
            raise self.error
