"""Where a run stood that ended in an error: what the error knows of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position

__all__ = ["StoppedRun", "held_weakly", "last_stopped", "stopped_at"]


@dataclass(frozen=True, slots=True, eq=False)
class StoppedRun:
    """What is needed to stand where a run failed; made when it fails, and not before.

    An error keeps nobody's history alive: what has one is held weakly.

    Attributes:
        graph: What ran.
        at: When it stopped, in seconds since the epoch.
        position: Where.
        start: Where it began; `None` where a session knows.
        last: The last frame that it made, or `None`.
        sink: Returns the checkpoint sink that was told of its commits; `None` for none.
        session: Returns the session that ran it; `None` for none.
        index: The place of the last frame on the session's line.
    """

    graph: Any
    at: float
    position: Position
    start: Position | None = None
    last: Frame | None = None
    sink: Callable[[], Any] = lambda: None
    session: Callable[[], Any] = lambda: None
    index: int = 0


class _Last:
    """The error that ended a run last, held weakly."""

    error: Callable[[], Any] = staticmethod(lambda: None)


def stopped_at(error: BaseException, stopped: StoppedRun) -> None:
    """Have an error know of the run that it ended."""
    error.stopped = stopped  # type: ignore[attr-defined]  # of a RunError, which has room for it
    _Last.error = staticmethod(held_weakly(error))


def last_stopped() -> BaseException | None:
    """Return the error that ended a run last, as long as somebody has it."""
    found: BaseException | None = _Last.error()
    return found


def held_weakly(given: Any) -> Callable[[], Any]:
    """Return what gives something back as long as somebody else holds it."""
    try:
        return weakref.ref(given)
    except TypeError:  # `None`, or a class with slots
        return lambda: None
