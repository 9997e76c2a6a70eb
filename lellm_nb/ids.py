"""Typed ids."""

from __future__ import annotations

import hashlib
import uuid
from typing import NewType

__all__ = ["BarrierId", "CheckpointId", "SpanId", "TraceId", "new_trace_id", "span_id"]
__all__ += ["step_name"]

TraceId = NewType("TraceId", str)
"""One run: 32 hex digits."""

SpanId = NewType("SpanId", str)
"""One step of a run: 16 hex digits."""

CheckpointId = NewType("CheckpointId", str)
"""One stored checkpoint: a uuid."""

BarrierId = NewType("BarrierId", str)
"""One wait: ``<path>#<occurrence>`` (SEMANTICS B2)."""


def new_trace_id() -> TraceId:
    """Return a fresh trace id."""
    return TraceId(uuid.uuid4().hex)


def step_name(path: str, visit: int, step: int) -> str:
    """Return what tells a run's steps apart: a node's path and visit, and its level's cursor."""
    return f"{path} {visit} {step}"


def span_id(trace: TraceId, step: str) -> SpanId:
    """Return the span id of one step: the same run and step give the same id.

    Example:
        >>> span_id(TraceId("0" * 32), "agent/llm 3") == span_id(TraceId("0" * 32), "agent/llm 3")
        True
    """
    return SpanId(hashlib.blake2b(f"{trace}/{step}".encode(), digest_size=8).hexdigest())
