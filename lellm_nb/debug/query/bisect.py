"""Finding the step that made something true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.debug.names.level_frames import by_level, level_name
from lellm_nb.debug.query.evaluate import absent, as_function, told
from lellm_nb.errors import NoSuchFrameError
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.record.frame import Frame

__all__ = ["first_holding"]


def first_holding(frames: Sequence[Frame], predicate: Any, level: str | None = None) -> Frame:
    """Return the frame from which on a predicate holds, asking about log2(n) frames.

    Args:
        frames: Those on the way to the head; of one level where `level` is given.
        level: Whose state the names in an expression mean; the outermost by default.

    Raises:
        NoSuchFrameError: It does not hold at the last frame.
        DebuggerError: A text is no expression.
    """
    holds = _Asked(as_function(predicate, inside=level is not None), level)
    if not frames:
        problem = f"no step of level {level!r} is on the way to the head."
        raise NoSuchFrameError(predicate, problem, shown=_SHOWN)
    last = len(frames) - 1
    if not holds(_committed(frames, last)):
        problem = holds.explain(frames[last])
        hint = "" if level is not None else _of_another_level(frames, predicate)
        raise NoSuchFrameError(predicate, problem + hint, shown=_SHOWN)
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


_SHOWN = "from which it holds"


def _committed(frames: Sequence[Frame], index: int) -> Frame:
    """Return a frame, or the one before it that committed something: a failure did not."""
    frame = frames[index]
    while frame.kind == "error" and frame.route is None and index > 0:
        index -= 1
        frame = frames[index]
    return frame


def _of_another_level(frames: Sequence[Frame], predicate: Any) -> str:
    """Say where it does hold: at the last frame of another level than the head's."""
    head, own = frames[-1].index, level_name(frames[-1])
    holds = _Asked(as_function(predicate, inside=True))
    for name, inside in by_level(frames).items():
        if name and name != own and holds(_committed(inside, len(inside) - 1)):
            first, last = inside[0].index, inside[-1].index
            at = f"frames {first} to {last} are" if first < last else f"frame {first} is"
            return (
                f" Frame {head} is of {f'level {own}' if own else 'the outermost level'}; {at}"
                f" of level {name}, where it holds in the end: bisect(…, level={name!r})."
            )
    return ""


class _Asked:
    """A predicate that does not hold where it raises; what it raised last is kept."""

    def __init__(self, predicate: Callable[[Frame], Any], level: str | None = None) -> None:
        self._predicate = predicate
        self._level = level
        self._error: tuple[Frame, BaseException] | None = None

    def __call__(self, frame: Frame) -> bool:
        try:
            return bool(self._predicate(frame))
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._error = (frame, error)
            return False

    def explain(self, last: Frame) -> str:
        """Say that it does not hold at the last frame, and why."""
        if self._error is None:
            what = "the head" if self._level is None else f"the last of level {self._level!r}"
            hint = absent(self._predicate, last, inside=self._level is not None)
            return f"the predicate does not hold at frame {last.index}, {what}.{hint}"
        at, error = self._error
        text = told(error, at, self._predicate, inside=self._level is not None)
        end = "" if text.endswith((".", "?")) else "."
        return f"at frame {at.index} the predicate raised {text}{end}"
