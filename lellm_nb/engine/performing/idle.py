"""Hearing whether an attempt still does something: `idle_timeout` (SEMANTICS R8)."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine.output_capture import RUNNING, overhearing
from lellm_nb.record.outcome import Outcome

__all__ = ["IdleLimit"]

_LOOKS = 8
"""So often it is looked, in the time in which it must be heard of."""

_PACE = 1.0
"""Seconds between two looks at most."""


class IdleLimit(AbstractContextManager[None]):
    """Ends what is awaited where nothing was heard for too long.

    It is looked now and then whether anything came in: whoever emits or prints pays nothing.

    Args:
        idle: Seconds in which something must be heard.
        limit: What is expired then.
        ctx: What the attempt emits into.

    Attributes:
        is_up: Whether the time passed in silence.
    """

    def __init__(self, idle: float, limit: asyncio.Timeout, clock: Clock, ctx: Outcome) -> None:
        self.is_up = False
        self._idle = idle
        self._limit = limit
        self._clock = clock
        self._ctx = ctx
        self._ear = overhearing()

    def __enter__(self) -> None:
        self._ear.__enter__()
        self._last, self._since = self._heard(), self._clock.tick()
        self._look_soon()

    def __exit__(self, *_raised: object) -> None:
        self._next.cancel()
        self._ear.__exit__(None, None, None)

    def _look_soon(self) -> None:
        pace = min(self._idle / _LOOKS, _PACE)
        self._next = asyncio.get_running_loop().call_later(pace, self._look)

    def _look(self) -> None:
        heard, now = self._heard(), self._clock.tick()
        if heard != self._last:
            self._last, self._since = heard, now
        elif now - self._since >= self._idle:
            self.is_up = True
            self._limit.reschedule(asyncio.get_running_loop().time())
            return
        self._look_soon()

    def _heard(self) -> tuple[Any, ...]:
        """Return what differs once the attempt has emitted, said or asked something."""
        catch = RUNNING.get()
        return len(self._ctx.stream or ()), None if catch is None else catch.heard
