"""Backward: going into the past never runs user code."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.breakpoints.condition_hint import note_absent
from lellm_nb.debug.breakpoints.triggers import Until, aim, check_count
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop, stop_at
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.history.frames import Frames, find_frame
from lellm_nb.record.frame import Frame

__all__ = ["back", "frame_of", "rewind", "run_back"]


def back(context: DebugContext, n: int = 1) -> Stop:
    """Go `n` frames into the past. At the first frame: START."""
    n = check_count(n)
    index = context.session.head.index
    _go(context, context.session.line[max(0, index - n)])
    return stop(context, StopReason.STEP if index >= n else StopReason.START)


async def run_back(context: DebugContext, until: Until = None) -> Stop:
    """Go into the past to the last breakpoint passed, or to the start."""
    target, predicate = aim(context.session.graph, until)
    note_absent(predicate, context.session)
    triggers = context.triggers
    frame = context.session.head
    while frame.parent is not None:
        left, frame = frame, frame.parent
        hit = triggers.going_back(left, frame, target, predicate)
        if hit is not None:
            _go(context, frame)
            triggers.stand_before(hit, left)
            return stop_at(context, hit)
    _go(context, frame)
    return stop(context, StopReason.START)


def rewind(context: DebugContext, frame: Any) -> Stop:
    """Move the head to any frame.

    Raises:
        NoSuchFrameError: There is no such frame.
    """
    _go(context, frame_of(context, frame))
    return stop(context, StopReason.STEP)


def frame_of(context: DebugContext, which: Any) -> Frame:
    """Return the frame that an index, a `Frame` or ``(node, visit)`` means.

    Raises:
        NoSuchFrameError: There is no such frame; says what there is.
    """
    session = context.session
    return find_frame(Frames(session.line), session.history, which)


def _go(context: DebugContext, frame: Frame) -> None:
    context.triggers.forget()
    context.modes.left(context.session.line)
    context.calls.left()
    context.storage.calls_left(context)
    context.session.rewind(frame)
