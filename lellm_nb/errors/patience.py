"""Code of the user's that takes long while somebody only looks (SEMANTICS S10).

A text that takes seconds to make, of a client that asks its server or a table that is computed
when it is printed, would hold every look at every frame. On the main thread it is given up
after `MOST` seconds; elsewhere nothing can end it, but whoever took long twice is not asked a
third time.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from threading import current_thread, main_thread
from typing import Any, TypeVar

__all__ = ["TakesLongError", "patiently"]

T = TypeVar("T")

MOST = 2.0
"""Seconds that a single look may take on the main thread."""

LONG = 0.25
"""Seconds from which a look counts as one that took long."""

TWICE = 2

_counts: dict[int, tuple[type, int]] = {}
"""How often each type took long, one time after the other; the type is held, and so is its id."""

_timed: list[bool] = []
"""Whether a look is timed on the main thread now."""


class TakesLongError(BaseException):
    """A look took too long; no `Exception`, for it has to pass what the user's code catches."""


def patiently(ask: Callable[[Any], T], value: Any, *, blame: bool = True) -> T:
    """Return ``ask(value)``, unless that takes long.

    Args:
        blame: Whether it is the value's type that takes long then, and not what is inside.

    Raises:
        TakesLongError: It does, or did whenever it was asked.

    Example:
        >>> patiently(repr, [1])
        '[1]'
    """
    kind = type(value)
    if _counts and blame and _counts.get(id(kind), (kind, 0))[1] >= TWICE:
        raise TakesLongError
    armed = not _timed and _may_be_timed()
    begun, most = time.monotonic(), 0
    try:
        if armed:
            _timed.append(True)
            signal.signal(signal.SIGALRM, _heard)
            signal.setitimer(signal.ITIMER_REAL, MOST)
        return ask(value)
    except TakesLongError:
        most = TWICE
        raise
    finally:
        if armed:
            _timed.clear()  # an alarm that comes now is heard by nobody
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        if blame:
            _note(kind, time.monotonic() - begun, most)


def _note(kind: type, took: float, most: int) -> None:
    if took >= LONG:
        before = _counts.get(id(kind), (kind, 0))[1]
        _counts[id(kind)] = (kind, max(before + 1, most))
    elif _counts:
        _counts.pop(id(kind), None)


def _may_be_timed() -> bool:
    """Tell whether an alarm may be set: on the main thread, where nobody else uses it."""
    return (
        current_thread() is main_thread()
        and hasattr(signal, "setitimer")
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        and not any(signal.getitimer(signal.ITIMER_REAL))
    )


def _heard(_number: int, _frame: Any) -> None:
    if _timed:
        raise TakesLongError
