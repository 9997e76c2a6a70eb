"""What steps wrote that nobody captured: it is nobody's, and no node is named for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.debug.history.stored_values import kept_at, kept_items
from lellm_nb.debug.names.value_path import touches
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.state.compact import MISSING, draft
from lellm_nb.state.mutation import Reduce
from lellm_nb.state.sameness import same

__all__ = ["NotCaptured", "gap_before", "was_not_captured"]


@dataclass(frozen=True, slots=True)
class NotCaptured:
    """That steps of which nothing is known led to a value.

    Attributes:
        value: What was there after them, as far as that can be told; `None` for nothing.
    """

    value: Any


def gap_before(frame: Frame) -> Frame:
    """Return what stands for the steps before a frame that were not captured; of no history."""
    made = make_frame(
        *(Place(frame.graph_id, "", ""), "gap", 0, frame.position, frame.position, (), None),
        *(frame.started, 0.0, None),
    )
    made.index, made.parent, made.trace_id = frame.index, frame.parent, frame.trace_id
    return made


def was_not_captured(frame: Frame, path: tuple[Any, ...], before: Any, after: Any) -> bool:
    """Tell whether what is at a path differs beyond what a frame itself wrote.

    Args:
        before, after: The compact states of a level; before the captured one, and after it.
    """
    new = kept_at(after, path)
    if before is None:
        return new is not MISSING
    if same(kept_at(before, path), new):
        return False
    own = [m for m in frame.mutations if (key := getattr(m, "key", None)) and touches(key, path)]
    if any(getattr(m, "key", None) is None for m in frame.mutations):
        return False  # a typed state's own mutation may have written anything
    if not own:
        return True
    folded = draft(kept_items(before))
    try:
        for m in own:
            if isinstance(m, Reduce) and not m.reducer.ready_made:
                return False  # only the user's code could tell
            m.write(folded)
    except Exception:  # what was there before is not what it was written onto
        return True
    return not same(kept_at(folded, path), new)
