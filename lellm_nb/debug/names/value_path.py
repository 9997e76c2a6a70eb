"""Which value a user means: a key, a path, or ``"level:key"`` for an inner level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.debug.names.written_path import written_path
from lellm_nb.errors import path_text
from lellm_nb.errors.safe_text import safe_item
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, level_at, without_visits
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.state.compact import MISSING, Wide, real, whole
from lellm_nb.state.containers.read_only import ATOMS
from lellm_nb.state.mutation import Key, Put, check_key, parts_of
from lellm_nb.state.typed import Typed

__all__ = ["ValuePath", "level_in", "touches"]


class ValuePath:
    """A value's place: a level of the nest, and a path of keys within its state.

    Args:
        what: A key, a path tuple, or ``"agent:key"`` where ``agent`` is a level.
        levels: The paths of the levels there are, without visits.
        entered: Gives the state with which the level of a frame was entered, where the
            frame is the level's first.
        static: Gives the path of a level for one of the items that it is entered for.

    Example:
        >>> ValuePath("plan", []).parts, ValuePath("agent:plan", ["agent"]).level
        (('plan',), 'agent')

    Attributes:
        one: The level of one item of a map (P6), where one is meant: ``check/3``; else empty.
        inside: What a text means where no key is called so: ``plan.steps[2]`` as a path.
    """

    __slots__ = ("entered", "inside", "level", "one", "parts", "text")

    def __init__(
        self,
        what: Any,
        levels: Sequence[str],
        entered: Callable[[Frame], Any] | None = None,
        static: Callable[[str], str] = str,
    ) -> None:
        self.entered = entered
        level = one = ""
        key = check_key(what)
        if isinstance(key, str) and ":" in key:
            before, _, after = key.partition(":")
            found = before if "#" in before else static(before)
            if found in levels and after:
                level, one, key = found, before if found != before else "", after
        self.level = level
        self.one = one
        self.parts = parts_of(key)
        self.inside = written_path(key)
        self.text = what if isinstance(what, str) else path_text(what)

    def may_change(self, frame: Frame) -> bool:
        """Tell whether a frame wrote at, above or below this place."""
        wrote = frame.wrote  # `mutations`, without the call: a watch asks this of every frame
        simple = type(wrote) is Put and type(wrote.key) is str and self.inside is None
        if simple and wrote.key != self.parts[0]:
            return False
        if self.level:
            if not self._has(frame):
                return False
        elif frame.level is not frame.position:
            return False
        top, inside = self.parts[0], self.inside
        for m in wrote if type(wrote) is tuple else (wrote,):
            key = getattr(m, "key", None)  # a typed state's own mutation may write anything
            if key == top or (type(key) is not str and (key is None or touches(key, self.parts))):
                return True
            if inside is not None and touches(key, inside):
                return True
        return False

    def _has(self, frame: Frame) -> bool:
        """Tell whether a frame is of the level that is meant: inside it, or the branch itself."""
        static, wanted = frame.static_path, self.one or self.level
        path = without_visits(frame.path) if self.one else static
        if path == wanted:  # a task's branch, or what is around it when it has left
            return level_in(frame.position, without_visits(frame.path)) is frame.level
        return path.rpartition("/")[0] == wanted

    def _level(self, frame: Frame, near: Frame) -> Position | None:
        """Return the level after a frame: of several that were entered side by side, that of
        `near`, where that is of one of them."""
        if not self._has(near):
            return level_in(frame.position, self.one or self.level)
        return near.level if frame is near else level_at(frame.position, LevelKeys().of(near))

    def value(self, frame: Frame, near: Frame) -> Any:
        """Return the value after a frame, `MISSING` where there is none.

        Args:
            near: A frame of the level that is meant, where the nest has the level.
        """
        level: Position | None = frame.position
        if self.level:
            level = self._level(frame, near)
        if level is not None:
            data: Any = level.data
        elif self.level and frame is not near and self.entered is not None:
            data = self.entered(near)
        else:
            data = None
        if data is None:
            return MISSING
        content: dict[str, Any] | Wide = data.data if isinstance(data, Typed) else data
        found = _at(content, self.parts)
        if found is MISSING and self.inside is not None:
            return _at(content, self.inside)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValuePath):
            return NotImplemented
        mine, its = (self.level, self.one, self.parts), (other.level, other.one, other.parts)
        return mine == its

    def __hash__(self) -> int:
        return hash((self.level, self.one, self.parts))

    def __deepcopy__(self, memo: Any) -> ValuePath:
        return self  # nothing in it changes, and `entered` holds the whole run

    def __reduce__(self) -> Any:
        return _place_again, (self.level, self.parts, self.text, self.one)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ValuePath({self.text!r})"


def _place_again(level: str, parts: tuple[Any, ...], text: str, one: str = "") -> ValuePath:
    place = ValuePath("", ())
    place.level, place.parts, place.text, place.one = level, parts, text, one
    place.inside = written_path(parts[0]) if len(parts) == 1 else None
    return place


def _at(content: dict[str, Any] | Wide, parts: tuple[Any, ...]) -> Any:
    top = content.get(parts[0], MISSING)
    if top is MISSING or (len(parts) == 1 and type(top) in ATOMS):
        return top
    if len(parts) == 1:
        return real(top, str(parts[0]))
    return real(_below(whole(top), parts[1:]))


def _below(value: Any, parts: tuple[Any, ...]) -> Any:
    for part in parts:
        value = safe_item(value, part, MISSING)
    return value


def touches(written: Key, asked: Key) -> bool:
    """Tell whether a write at one path changes what is at another."""
    if type(written) is str and type(asked) is str:
        return written == asked
    a = parts_of(written)
    b = parts_of(asked)
    shared = min(len(a), len(b))
    return a[:shared] == b[:shared]


def level_in(root: Position, path: str) -> Position | None:
    """Return a level of a position by its path without visits; `None` where it is not entered."""
    level = root
    segments = path.split("/")
    for i, segment in enumerate(segments):
        if isinstance(level.inner, SuperStep):
            tasks = level.inner.of_node(segment)
            level = next((task for task in tasks if task.inner is not None), level)
        if level.node != segment or level.inner is None:
            return None
        if isinstance(level.inner, Fan):
            if i + 1 == len(segments) or segments[i + 1] not in level.inner.branches:
                return None
            branch: Position = level.inner.branches[segments[i + 1]]
            level = branch
            if i + 2 == len(segments) and branch.inner is None:
                return branch  # a task's branch is a level of its own
        else:
            level = level.inner
    return level
