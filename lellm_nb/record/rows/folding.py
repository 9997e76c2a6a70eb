"""What a reader of rows gets again without the user's code."""

from __future__ import annotations

from typing import Any

from lellm_nb.graph.node import Map, Parallel, Subgraph
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import begin_branches, begin_items
from lellm_nb.state import sameness
from lellm_nb.state.compact import MISSING
from lellm_nb.state.lens import IdentityLens, KeyLens, entered
from lellm_nb.state.mutation import Delete, Put, Reduce, apply
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.structs.struct import struct_of
from lellm_nb.state.typed import Typed

__all__ = ["can_be_folded", "enter", "is_foreseen", "kept_of", "writes_all"]

_READY = {
    id(reducer)
    for reducer in (
        *(Reducer.ERROR, Reducer.REPLACE, Reducer.APPEND, Reducer.MERGE_OBJECT),
        *(Reducer.SUM, Reducer.MAX, Reducer.MIN),
    )
}


def can_be_folded(mutation: Any, data: Any) -> bool:
    """Tell whether a reader gets the same of a mutation without the user's code."""
    kind = type(mutation)
    if kind is Put and type(data) is not Typed and type(mutation.key) is str:
        return True  # most are
    if kind is Reduce:
        if id(mutation.reducer) not in _READY:
            return False
    elif kind is not Put and kind is not Delete:
        return False
    key = mutation.key
    if isinstance(data, Typed) and data.struct is not None:
        own = data.struct.assigns or kind is Delete or type(key) is not str
        return not own and key in data.data
    return type(key) is str or not _leads_into_struct(data, key)


def _leads_into_struct(data: Any, path: tuple[Any, ...]) -> bool:
    held: Any = data.data if isinstance(data, Typed) else data
    value = held.get(path[0])
    for part in path[1:]:
        if struct_of(value) is not None:
            return True
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return False


def enter(
    node: Any, level: Position, now: Any, branch: str, like: Position
) -> tuple[Position | Fan, list[Any]] | None:
    """Return what a composite is entered with, and how a reader makes it again.

    Args:
        now: What is inside after the first step there: it has the items of a map.
        branch: The branch that is entered of it.
        like: The level of a step that failed in there, so that nothing was committed.
    """
    if isinstance(node, Map):
        key = node.item_key
        if isinstance(now, Fan) and now.items is not None:
            return begin_items(now.items, level.data), ["map"]
        item = MISSING if key is None else kept_of(like.data).get(key, MISSING)
        if key is None or item is MISSING:
            return begin_branches([branch], level.data), ["fan", [branch]]
        fan = Fan.begin({branch: apply(level.data, (Put(key, item),))})
        return fan, ["one", branch, key, {"item": item}]
    if isinstance(node, Parallel):
        return begin_branches(node.branches, level.data), ["fan", list(node.branches)]
    if not isinstance(node, Subgraph):
        return None
    start = node.graph.start
    if isinstance(node.lens, IdentityLens):
        return Position.begin(start, level.data, inner=True), ["same", start]
    data = entered(node.lens, level.data)
    made = Position.begin(start, data, inner=True)
    plain = type(data) is dict and not isinstance(level.data, Typed)
    if isinstance(node.lens, KeyLens) and plain:
        return made, ["key", start, node.lens.key]
    return made, ["data", start, {"data": data}]


def kept_of(data: Any) -> Any:
    """Return what a level's state holds, as it is kept: nothing is made whole for it."""
    return data.data if isinstance(data, Typed) else data


def writes_all(frame: Frame, before: Any) -> bool:
    """Tell whether the mutations of a frame are all that its level's state has differently.

    With another engine's frames they need not be: a channel may be emptied by itself.
    """
    old, new = kept_of(before), kept_of(frame.level.data)
    wrote = {mutation.key: getattr(mutation, "kept", MISSING) for mutation in frame.mutations}
    changed = [key for key, value in new.items() if old.get(key, MISSING) is not value]
    return all(key in new for key in old) and all(
        key in wrote and _same(wrote[key], new[key]) for key in changed
    )


def _same(wrote: Any, value: Any) -> bool:
    return wrote is value or (type(wrote) is type(value) and bool(sameness.same(wrote, value)))


def is_foreseen(frame: Frame, before: Position | None) -> bool:
    """Tell whether the position after a frame of another engine is what a reader folds.

    Args:
        before: The frame's level before it.
    """
    level, parent = frame.level, frame.parent
    if before is None or parent is None or (frame.kind == "error" and frame.route is None):
        return False
    if level.inner is not (before.inner if frame.kind == "edit" else None):
        return False
    node, counts = before.node or "", frame.kind in RAN or frame.kind == "error"
    if level.visits.count(node, level.step) != before.visits.count(node, before.step) + counts:
        return False
    return _same_around(parent.position, frame.position, before, level)


def _same_around(old: Position, new: Position, before: Position, level: Position) -> bool:
    """Tell whether the levels around one are as they were."""
    while old is not before or new is not level:
        same = (old.node, old.step, old.hold) == (new.node, new.step, new.hold)
        a, b = old.inner, new.inner
        if not same or old.data is not new.data:
            return False
        if not (isinstance(a, Position) and isinstance(b, Position)):
            return False
        old, new = a, b
    return True
