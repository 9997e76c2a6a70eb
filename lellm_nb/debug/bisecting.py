"""Finding the step that made something true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.debug.evaluate import as_function
from lellm_nb.errors import NoSuchFrameError
from lellm_nb.record.frame import Frame

__all__ = ["first_holding"]


def first_holding(frames: Sequence[Frame], predicate: Any) -> Frame:
    """Return the frame from which on a predicate holds, asking about log2(n) frames.

    Raises:
        NoSuchFrameError: It does not hold at the last frame.
        DebuggerError: An expression has a syntax error.
    """
    holds = _Asked(as_function(predicate))
    last = len(frames) - 1
    if not holds(_committed(frames, last)):
        raise NoSuchFrameError("from which it holds", holds.explain(frames[last]))
    low, high = -1, last  # it does not hold at `low`, and it holds at `high`
    if holds(frames[0]):
        return frames[0]
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        if holds(_committed(frames, middle)):
            high = middle
        else:
            low = middle
    return frames[high]


def _committed(frames: Sequence[Frame], index: int) -> Frame:
    """Return a frame, or the one before it that committed something: a failure did not."""
    frame = frames[index]
    while frame.kind == "error" and frame.route is None and index > 0:
        index -= 1
        frame = frames[index]
    return frame


class _Asked:
    """A predicate that does not hold where it raises; what it raised last is kept."""

    def __init__(self, predicate: Callable[[Frame], Any]) -> None:
        self._predicate = predicate
        self._error: tuple[Frame, Exception] | None = None

    def __call__(self, frame: Frame) -> bool:
        try:
            return bool(self._predicate(frame))
        except Exception as error:
            self._error = (frame, error)
            return False

    def explain(self, last: Frame) -> str:
        """Say that it does not hold at the last frame, and why."""
        if self._error is None:
            return f"the predicate does not hold at frame {last.index}, the head."
        at, error = self._error
        return f"at frame {at.index} the predicate raised {type(error).__name__}: {error}."
