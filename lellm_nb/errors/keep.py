"""Why something cannot be kept, or not be read again."""

from __future__ import annotations

from lellm_nb.errors.base import LellmError

__all__ = [
    "CheckpointNotFoundError",
    "CheckpointStoreError",
    "CorruptedCheckpointError",
    "GraphMismatchError",
    "SerializationError",
]


class CheckpointStoreError(LellmError):
    """A store could not do what it was asked."""


class CheckpointNotFoundError(CheckpointStoreError):
    """A store has no checkpoint, or no run, under that id."""

    def __init__(self, checkpoint_id: object, text: str = "") -> None:
        self.checkpoint_id = checkpoint_id
        super().__init__(text or f"There is no checkpoint {checkpoint_id}.")


class CorruptedCheckpointError(CheckpointStoreError):
    """Stored bytes are not a checkpoint, or are damaged."""


class SerializationError(CheckpointStoreError):
    """A value cannot be written; `path` says which."""

    def __init__(self, message: str, *, path: str = "") -> None:
        self.path = path
        super().__init__(message)


class GraphMismatchError(CheckpointStoreError):
    """A checkpoint belongs to a graph of another shape (SEMANTICS C2).

    Attributes:
        expected, actual: The two hashes.
        changed: What changed, in words, where that is known.
    """

    def __init__(self, expected: int, actual: int, changed: str = "") -> None:
        self.expected = expected
        self.actual = actual
        self.changed = changed
        text = f"graph hash mismatch: expected {expected:#018x}, got {actual:#018x}"
        if changed:
            text += (
                f". What changed: {changed}. mode=GraphHashMode.FORCE goes on where the"
                " position still exists."
            )
        super().__init__(text)
