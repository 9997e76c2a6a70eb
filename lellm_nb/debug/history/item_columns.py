"""The branches of maps as rows: for which item each step was, and what it made of it (P6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.graph.item_branches import EACH
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import MapItems
from lellm_nb.record.rows.item_result import item_result
from lellm_nb.state.compact import real

__all__ = ["item_columns", "items_of"]


def item_columns(frames: Sequence[Frame]) -> dict[str, list[Any]]:
    """Return the columns ``item`` and ``result``; none where no step was in a map.

    The result stands where a branch has ended: what its function returned, the end state of its
    graph, or without `into` what it wrote.
    """
    if not any(_in_map(frame) for frame in frames):
        return {}
    rows = [_row(frame) if _in_map(frame) else (None, None) for frame in frames]
    return {"item": [item for item, _ in rows], "result": [result for _, result in rows]}


def items_of(frame: Frame) -> tuple[MapItems | None, int]:
    """Return the items of the map that ran a frame's node for one of them, and its number."""
    if not _in_map(frame):
        return None, 0
    fan, branch = _innermost(frame)
    own = fan is not None and fan.branches[branch] is frame.level
    return (fan.items, int(branch)) if own else (None, 0)


def _in_map(frame: Frame) -> bool:
    return EACH in frame.static_path.split("/") and frame.static_path != frame.path


def _row(frame: Frame) -> tuple[Any, Any]:
    fan, branch = _innermost(frame)
    if fan is None:
        return None, None
    items: MapItems = fan.items
    number = int(branch)
    item = items.values[number] if number < len(items.values) else None
    level = fan.branches[branch]
    ended = frame.level is level and level.node is None and not frame.failed
    return real(item), real(item_result(items, level)) if ended else None


def _innermost(frame: Frame) -> tuple[Any, str]:
    """Return the branches of the innermost map that a frame is in, and its own."""
    level: Position = frame.position
    found: tuple[Any, str] = (None, "")
    segments = frame.path.split("/")
    for segment in segments[1:]:
        inner = level.inner
        if isinstance(inner, Position):
            level = inner
        elif isinstance(inner, Fan) and segment in inner.branches:
            level = inner.branches[segment]
            if inner.items is not None:
                found = inner, segment
        else:
            break
    return found
