"""What stores and sinks are given, looked at before anything is written."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["check_saving", "checked_redactor", "redactor_of"]


def redactor_of(store: Any, redact: Redactor | None) -> Redactor:
    """Return what takes out of what is written what a store, or who writes, calls secret."""
    own = getattr(store, "redact", None)
    return own.with_those_of(redact) if isinstance(own, Redactor) else redact or Redactor()


def check_saving(trace_id: Any, checkpoint: Any) -> Checkpoint:
    """Return the checkpoint that is to be kept for a run; that of a session will do as well.

    Raises:
        CheckpointStoreError: It is none, or what is given for the run no id.
    """
    text(trace_id, "trace_id", CheckpointStoreError, "the id of a run")
    if isinstance(checkpoint, SessionCheckpoint):
        return Checkpoint.of_session(checkpoint)
    if not isinstance(checkpoint, Checkpoint):
        wanted = "a Checkpoint, or a SessionCheckpoint"
        raise refusal(checkpoint, "checkpoint", wanted, CheckpointStoreError)
    return checkpoint


def checked_redactor(given: Redactor | None) -> Redactor | None:
    """Return what takes secrets out, or `None` for none.

    Raises:
        CheckpointStoreError: It is something else.
    """
    found: Any = given
    if found is not None and not isinstance(found, Redactor):
        raise refusal(found, "redact", "a Redactor", CheckpointStoreError)
    return given
