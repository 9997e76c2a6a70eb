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
    """A store has no checkpoint under that id."""

    def __init__(self, checkpoint_id: object) -> None:
        self.checkpoint_id = checkpoint_id
        super().__init__(f"There is no checkpoint {checkpoint_id}.")


class CorruptedCheckpointError(CheckpointStoreError):
    """Stored bytes are not a checkpoint, or are damaged."""


class SerializationError(CheckpointStoreError):
    """A value cannot be written; `path` says which."""

    def __init__(self, message: str, *, path: str = "") -> None:
        self.path = path
        super().__init__(message)


class GraphMismatchError(CheckpointStoreError):
    """A checkpoint belongs to a graph of another shape (SEMANTICS C2)."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(f"graph hash mismatch: expected {expected:#018x}, got {actual:#018x}")
