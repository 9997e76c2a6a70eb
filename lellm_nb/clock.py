"""Time as a parameter, so that a test or a replay can set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the engine reads time.

    Attributes:
        wall: Seconds since the epoch, kept in frames as `started`.
        tick: Seconds on a clock that never goes back, for durations.
    """

    wall: Callable[[], float] = time.time
    tick: Callable[[], float] = time.perf_counter
