"""Is a frame the very next step after a position, as far as the two can tell?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.record.frame import LEAVING, RAN, Frame
from lellm_nb.record.level_key import LevelKeys, steps_of
from lellm_nb.record.position import Fan, Position, SuperStep, ToRoute, Waiting, has_finished
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
    segments = frame.path.split("/")
    for (node, branch), segment in zip(steps_of(LevelKeys().of(frame)), segments, strict=False):
        if entered and new.step:
            return False  # something ran in the level around since it was entered
        if not entered and not _rests(old, new):
            return False
        if isinstance(new.inner, SuperStep):
            task = new.inner.entered_by(segment)
            name = next((n for n, one in new.inner.branches.items() if one is task), "")
            tasks = _at_task(None if entered else old, new, name)
            if tasks is None:
                return False
            old, new = tasks
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


def _at_task(old: Position | None, new: Position, name: str) -> tuple[Position, Position] | None:
    """Return both levels at one task of a super-step; `None` where the others did not rest."""
    fan, before = new.inner, None if old is None else old.inner
    if not isinstance(fan, SuperStep) or (old is not None and not isinstance(before, SuperStep)):
        return None
    task = fan.branches.get(name)
    was = before.branches.get(name) if isinstance(before, SuperStep) else task
    if task is None or was is None:
        return None
    return (was, task) if _siblings_rest([before] if before else [], fan, name) else None


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
            begun = level.step if type(fan) is Fan else level.node is None
            if begun or level.inner is not None:
                return False
            continue
        if name not in before[0].branches:
            return False
        old = before[0].branches[name]
        if type(fan) is not Fan:  # what they have of the level is what the level has
            if (old.node, old.hold, old.inner) != (level.node, level.hold, level.inner):
                return False
        elif old is not level and old != level:
            return False
    return True


def _begins(level: Position, frame: Frame) -> bool:
    """Tell whether a frame's step is the first of a level that was entered for it."""
    if frame.kind in LEAVING and not _left_empty(frame):
        return False  # there were steps inside
    wrote = 0 if level.wrote is None else len(level.wrote)
    alone, joined = True, len(frame.mutations)
    if isinstance(level.inner, SuperStep) and has_finished(level, frame.path):
        alone = _siblings_rest([], level.inner, frame.path.rpartition("/")[2])
        joined = 0
    return alone and level.step == _counts(frame) and wrote == joined


def _left_empty(frame: Frame) -> bool:
    """Tell whether a frame may be the join of a map of no items: left where it is entered."""
    return frame.kind == "join" and all(
        getattr(write, "value", None) == [] for write in frame.mutations
    )


def _counts(frame: Frame) -> bool:
    return frame.kind in RAN or frame.kind == "error"


def _is_next(old: Position, new: Position, frame: Frame) -> bool:
    writes = frame.mutations
    together, joins = isinstance(old.inner, SuperStep), frame.kind == "join"
    if new.step != old.step + (_counts(frame) and not (together and joins)):  # its tasks counted
        return False
    joined = joins or not together
    inside = joined and new.wrote is not None and old.wrote is not None
    if inside and len(new.wrote) != len(old.wrote) + len(writes):  # type: ignore[arg-type]  # inside
        return False
    return _fits(old, new, frame) and _only_wrote(old.data, new.data, writes)


def _fits(old: Position, new: Position, frame: Frame) -> bool:
    """Tell whether a step of this kind can be made where a level stands."""
    hold, inner, kind = old.hold, old.inner, frame.kind
    if isinstance(inner, SuperStep) and kind not in ("join", "edit", "error"):
        tasks = _at_task(old, new, frame.path.rpartition("/")[2])
        return tasks is not None and _fits(*tasks, frame)
    if kind == "decision":
        decided = frame.decision
        if not isinstance(hold, Waiting) or decided is None:
            return False
        return decided.barrier_id == hold.barrier_id
    if kind == "route":
        return isinstance(hold, ToRoute)
    if kind == "edit":
        return (hold, old.node) == (new.hold, new.node)
    if kind == "input":
        return hold is None and inner is None and frame.level is frame.position
    if hold is not None or old.node != frame.node:
        return False
    if kind in LEAVING and (frame.mocked or frame.skipped):
        return inner is None
    if kind == "exit":
        return isinstance(inner, Position) and inner.node is None
    if kind == "join":
        if inner is None:
            return _left_empty(frame)
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
