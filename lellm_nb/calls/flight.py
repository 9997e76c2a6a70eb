"""A request under way: whether it is worth waiting for (CALLS.md, K2, K13)."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter
from typing import Any, Final

__all__ = ["IDLE", "SENDING", "Flight", "task_here"]

SENDING: Final = 600.0
"""Seconds that a stop waits for a client that waits for its server: clients' own limit."""

IDLE: Final = 1.0
"""Seconds that a stop waits for a stream that nobody reads: whoever would may wait for the stop."""

_WORKING: Final = 30.0
"""Seconds that a stop waits for a function: what it called may be what waits for the stop."""


class Flight:
    """A request that was sent, or a function that was called, and is not answered yet.

    Attributes:
        began: When, on the clock of `time.perf_counter`.
        moved: When something of its answer came last.
        patience: Seconds from then on for which it is waited for.
        thread, task: Whose it is: who sent it, then who reads its answer.
    """

    __slots__ = ("began", "moved", "patience", "task", "thread")

    def __init__(self) -> None:
        self.began = self.moved = perf_counter()
        self.patience = _WORKING
        self.taken_over()

    def taken_over(self) -> None:
        """Belong to whoever calls this."""
        self.thread = threading.get_ident()
        self.task = task_here()

    def awaited(self, since: float) -> bool:
        """Tell whether it is still waited for by a stop that began to wait at `since`."""
        return perf_counter() < max(since, self.moved) + self.patience


def task_here() -> asyncio.Task[Any] | None:
    """Return the task that runs here, `None` where there is none."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
