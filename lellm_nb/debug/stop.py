"""Why a command came back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from lellm_nb.debug.breakpoints import Stopper, Watch
from lellm_nb.record.frame import Frame

__all__ = ["Pending", "Stop", "StopReason"]


class StopReason(Enum):
    """Why a command came back."""

    START = "start"
    STEP = "step"
    BREAKPOINT = "breakpoint"
    WATCH = "watch"
    BARRIER = "barrier"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    LIMIT = "limit"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Pending:
    """A barrier that waits for a decision.

    Attributes:
        id: ``approve#0``, or ``agent/approve#0``.
        path: The id without its occurrence.
        node: The last segment of the path.
        timeout: Seconds after which the default action would be taken, or `None`.
        since: When it came to wait, in seconds since the epoch.
        frame: The index of the frame that made it wait.
    """

    id: str
    path: str
    node: str
    timeout: float | None
    since: float
    frame: int

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Stop:
    """What a command of the debugger came back with.

    Attributes:
        reason: One of `StopReason`.
        frame: Where the run stands now.
        error: The failure, when `FAILED` (or when a condition of a stop raised).
        pending: What waits for a decision.
        breakpoint: The stop that was hit; also where the last step or a failure hit one, and
            the reason is `COMPLETED` or `FAILED`.
        old, new: The value before and after, when a watch was hit.
    """

    reason: StopReason
    frame: Frame
    error: BaseException | None = None
    pending: tuple[Pending, ...] = ()
    breakpoint: Stopper | None = None
    old: Any = None
    new: Any = None

    def __repr__(self) -> str:
        more = ""
        if self.error is not None:
            more += f", error={type(self.error).__name__}: {str(self.error)[:200]}"
        if self.pending:
            more += f", pending={', '.join(p.id for p in self.pending)}"
        if self.breakpoint is not None:
            more += f", breakpoint={self.breakpoint.label}"
            if self.error is not None and self.reason in (StopReason.BREAKPOINT, StopReason.WATCH):
                more += f" (its condition raised: dbg.breakpoints.disable({self.breakpoint.id}))"
        if isinstance(self.breakpoint, Watch):
            more += f", {self.old!r:.60} -> {self.new!r:.60}"
        at = f" {self.frame.path}" if self.frame.path else ""
        return f"Stop({self.reason.name}, frame {self.frame.index}{at}{more})"
