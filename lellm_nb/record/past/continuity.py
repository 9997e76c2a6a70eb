"""Is a frame the very next step after a position, as far as the two can tell?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.record.frame import LEAVING, RAN, Frame
from lellm_nb.record.level_key import LevelKeys, steps_of
from lellm_nb.record.position import Fan, Position, ToRoute, Waiting
from lellm_nb.state.compact import MISSING
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.sameness import equal, same
from lellm_nb.state.typed import Typed

__all__ = ["follows"]


def follows(before: Position, frame: Frame) -> bool:
    """Tell whether nothing can have happened between a position and a frame's step.

    Steps are counted level by level, and what differs beside the frame's own writes would have
    been written by somebody else. No code of the user's is called.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: {"m": 2})
        >>> dbg = Debugger(g.edge("a", "b").start("a").end("b").build()); stop = dbg.run()
        >>> start, a, b = dbg.frames
        >>> follows(start.position, a), follows(a.position, b), follows(start.position, b)
        (True, True, False)
    """
    if frame.kind == "error" and frame.route is None:
        return before == frame.position
    old, new = before, frame.position
    entered = False
    for node, branch in steps_of(LevelKeys().of(frame)):
        if entered and new.step:
            return False  # something ran in the level around since it was entered
        if not entered and not _rests(old, new):
            return False
        if new.node != node or new.inner is None:
            return False
        entered = entered or old.inner is None
        if not entered and type(old.inner) is not type(new.inner):
            return False
        if isinstance(new.inner, Position):
            new = new.inner
            old = old if entered else old.inner  # type: ignore[assignment]  # of one type
            continue
        others = [] if entered else [old.inner]
        if not _siblings_rest(others, new.inner, branch):
            return False
        new = new.inner.branches[branch]
        old = old if entered else old.inner.branches[branch]  # type: ignore[union-attr]  # as above
    return _begins(new, frame) if entered else _is_next(old, new, frame)


def _rests(old: Position, new: Position) -> bool:
    """Tell whether a level, but what is inside of it, is as it was."""
    return old is new or (
        (old.node, old.step, old.hold) == (new.node, new.step, new.hold)
        and (old.data is new.data or equal(old.data, new.data))
    )


def _siblings_rest(before: Sequence[Any], fan: Fan, branch: str) -> bool:
    """Tell whether the other branches are as they were, or have not begun."""
    for name, level in fan.branches.items():
        if name == branch:
            continue
        if not before:
            if level.step or level.inner is not None:
                return False
            continue
        if name not in before[0].branches:
            return False
        old = before[0].branches[name]
        if old is not level and old != level:
            return False
    return True


def _begins(level: Position, frame: Frame) -> bool:
    """Tell whether a frame's step is the first of a level that was entered for it."""
    if frame.kind in LEAVING:
        return False  # there were steps inside
    wrote = 0 if level.wrote is None else len(level.wrote)
    return level.step == _counts(frame) and wrote == len(frame.mutations)


def _counts(frame: Frame) -> bool:
    return frame.kind in RAN or frame.kind == "error"


def _is_next(old: Position, new: Position, frame: Frame) -> bool:
    writes = frame.mutations
    if new.step != old.step + _counts(frame):
        return False
    inside = new.wrote is not None and old.wrote is not None
    if inside and len(new.wrote) != len(old.wrote) + len(writes):  # type: ignore[arg-type]  # inside
        return False
    return _fits(old, new, frame) and _only_wrote(old.data, new.data, writes)


def _fits(old: Position, new: Position, frame: Frame) -> bool:
    """Tell whether a step of this kind can be made where a level stands."""
    hold, inner, kind = old.hold, old.inner, frame.kind
    if kind == "decision":
        decided = frame.decision
        if not isinstance(hold, Waiting) or decided is None:
            return False
        return decided.barrier_id == hold.barrier_id
    if kind == "route":
        return isinstance(hold, ToRoute)
    if kind == "edit":
        return (hold, old.node) == (new.hold, new.node)
    if hold is not None or old.node != frame.node:
        return False
    if kind == "exit":
        return isinstance(inner, Position) and inner.node is None
    if kind == "join":
        return isinstance(inner, Fan) and (inner.open == 0 or frame.decision is not None)
    return inner is None or kind == "error"


def _only_wrote(old: Any, new: Any, writes: Sequence[Any]) -> bool:
    """Tell whether two states of a level differ in nothing but what is written there."""
    if old is new:
        return True
    named = set()
    for mutation in writes:
        key = getattr(mutation, "key", None)
        if key is None:
            return True  # a typed state's own mutation says nothing of what it writes
        named.add(parts_of(key)[0])
    before, after = _items(old), _items(new)
    for key, value in after.items():
        if key not in named and not same(before.get(key, MISSING), value):
            return False
    return all(key in named or key in after for key in before)


def _items(data: Any) -> Any:
    return data.data if isinstance(data, Typed) else data
