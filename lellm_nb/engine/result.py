"""What a finished run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lellm_nb.ids import TraceId, new_trace_id

if TYPE_CHECKING:
    import pandas

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
        trace: What the run's trace sink kept, if it has a `trace`.
    """

    state: Any
    execution_log: list[LogEntry] = field(default_factory=list)
    duration: float = 0.0
    trace_id: TraceId = field(default_factory=new_trace_id)
    trace: Any = None

    def to_pandas(self) -> pandas.DataFrame:
        """Return the execution log as rows: step, path, node, start, duration, success, error.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> g.run({}).to_pandas()[["step", "path", "success"]]
               step path  success
            0     1    a     True
        """
        from lellm_nb.record.trace import execution_table

        return execution_table(self.execution_log)
