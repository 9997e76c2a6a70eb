"""What a finished run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lellm_nb.ids import TraceId, new_trace_id

__all__ = ["GraphResult", "LogEntry"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of an execution log."""

    step: int
    node: str
    path: str
    start: float
    end: float
    success: bool = True
    error: str | None = None


@dataclass(frozen=True, slots=True)
class GraphResult:
    """The end of a run (SEMANTICS C8).

    Attributes:
        state: The final state.
        execution_log: One entry per committed step.
        duration: Seconds.
        trace_id: The run's id.
    """

    state: Any
    execution_log: list[LogEntry] = field(default_factory=list)
    duration: float = 0.0
    trace_id: TraceId = field(default_factory=new_trace_id)
    trace: Any = None
