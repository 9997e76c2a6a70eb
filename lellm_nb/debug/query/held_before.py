"""Where a condition that was refused had held before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.arguments import answered
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.graph.placeholder import unknown_code
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import level_at
from lellm_nb.state.state import view

__all__ = ["held_before"]

MOST = 5000
"""So many states are asked, the newest first: a look at one frame is no walk through a million."""


def held_before(
    frame: Frame, key: str, conditions: Sequence[Callable[[Any], Any] | None]
) -> list[int | None]:
    """Return for each condition the nearest frame before one at which it held.

    Args:
        key: The key of the frame's level, whose states are asked since it was entered.
        conditions: `None` for what is not to be asked.
    """
    found: list[int | None] = [None] * len(conditions)
    open_ones = {
        place: condition
        for place, condition in enumerate(conditions)
        if condition is not None and condition is not unknown_code
    }
    at, last, left = frame.parent, frame.level.data, MOST
    while at is not None and open_ones and left:
        level = level_at(at.position, key)
        if level is None:
            break  # it was entered after this frame
        if level.data is not last:
            last, left = level.data, left - 1
            state = view(last)
            held = [place for place, condition in open_ones.items() if _holds(condition, state)]
            for place in held:
                found[place] = at.index
                del open_ones[place]
        at = at.parent
    return found


def _holds(condition: Callable[[Any], Any], state: Any) -> bool:
    try:
        answer = condition(state)
        return bool(answer) and bool(answered(answer))
    except BaseException as error:  # what raises does not hold
        if is_interrupt(error):
            raise
        return False
