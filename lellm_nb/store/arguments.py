"""What stores and sinks are given, looked at before anything is written."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["check_saving", "checked_redactor"]


def check_saving(trace_id: Any, checkpoint: Any) -> None:
    """Look whether something is a checkpoint, and something the id of a run.

    Raises:
        CheckpointStoreError: One is not.
    """
    text(trace_id, "trace_id", CheckpointStoreError, "the id of a run")
    if not isinstance(checkpoint, Checkpoint):
        raise refusal(checkpoint, "checkpoint", "a Checkpoint", CheckpointStoreError)


def checked_redactor(given: Redactor | None) -> Redactor | None:
    """Return what takes secrets out, or `None` for none.

    Raises:
        CheckpointStoreError: It is something else.
    """
    found: Any = given
    if found is not None and not isinstance(found, Redactor):
        raise refusal(found, "redact", "a Redactor", CheckpointStoreError)
    return given
