"""Which value a user means: a key, a path, or ``"level:key"`` for an inner level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.errors import path_text
from lellm_nb.errors.safe_text import safe_item
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.state.compact import MISSING, Wide, real
from lellm_nb.state.mutation import Key, check_key
from lellm_nb.state.typed import Typed

__all__ = ["ValuePath", "level_in", "touches"]


class ValuePath:
    """A value's place: a level of the nest, and a path of keys within its state.

    Args:
        what: A key, a path tuple, or ``"agent:key"`` where ``agent`` is a level.
        levels: The paths of the levels there are, without visits.
        entered: Gives the state with which the level of a frame was entered, where the
            frame is the level's first.

    Example:
        >>> ValuePath("plan", []).parts, ValuePath("agent:plan", ["agent"]).level
        (('plan',), 'agent')
    """

    __slots__ = ("entered", "level", "parts", "text")

    def __init__(
        self,
        what: Any,
        levels: Sequence[str],
        entered: Callable[[Frame], Any] | None = None,
    ) -> None:
        self.entered = entered
        level = ""
        key = check_key(what)
        if isinstance(key, str) and ":" in key:
            before, _, after = key.partition(":")
            if before in levels and after:
                level, key = before, after
        self.level = level
        self.parts: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
        self.text = what if isinstance(what, str) else path_text(what)

    def may_change(self, frame: Frame) -> bool:
        """Tell whether a frame wrote at, above or below this place."""
        if self.level:
            if frame.static_path.rpartition("/")[0] != self.level:
                return False
        elif frame.level is not frame.position:
            return False
        top = self.parts[0]
        for m in frame.mutations:
            key = getattr(m, "key", None)  # a typed state's own mutation may write anything
            if key == top or (type(key) is not str and (key is None or touches(key, self.parts))):
                return True
        return False

    def value(self, frame: Frame, near: Frame) -> Any:
        """Return the value after a frame, `MISSING` where there is none.

        Args:
            near: A frame of the level that is meant, where the nest has the level.
        """
        level: Position | None = frame.position
        if self.level:
            is_own = frame is near and frame.static_path.rpartition("/")[0] == self.level
            level = frame.level if is_own else level_in(frame.position, self.level)
        if level is not None:
            data: Any = level.data
        elif self.level and frame is not near and self.entered is not None:
            data = self.entered(near)
        else:
            data = None
        if data is None:
            return MISSING
        content: dict[str, Any] | Wide = data.data if isinstance(data, Typed) else data
        top = content.get(self.parts[0], MISSING)
        if top is MISSING or len(self.parts) == 1:
            return top if top is MISSING else real(top, str(self.parts[0]))
        return _below(real(top), self.parts[1:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValuePath):
            return NotImplemented
        return (self.level, self.parts) == (other.level, other.parts)

    def __hash__(self) -> int:
        return hash((self.level, self.parts))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ValuePath({self.text!r})"


def _below(value: Any, parts: tuple[Any, ...]) -> Any:
    for part in parts:
        value = safe_item(value, part, MISSING)
    return value


def touches(written: Key, asked: Key) -> bool:
    """Tell whether a write at one path changes what is at another."""
    if type(written) is str and type(asked) is str:
        return written == asked
    a = written if isinstance(written, tuple) else (written,)
    b = asked if isinstance(asked, tuple) else (asked,)
    shared = min(len(a), len(b))
    return a[:shared] == b[:shared]


def level_in(root: Position, path: str) -> Position | None:
    """Return a level of a position by its path without visits; `None` where it is not entered."""
    level = root
    segments = path.split("/")
    for i, segment in enumerate(segments):
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
