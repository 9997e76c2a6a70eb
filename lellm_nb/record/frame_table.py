"""One frame as a table: what its state holds, and who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lellm_nb.errors.safe_text import has_kind, safe_str, safe_type
from lellm_nb.errors.safe_value import safe_column
from lellm_nb.record.level_key import LevelKeys, enclosing, level_at
from lellm_nb.record.place import Located
from lellm_nb.record.position import Position
from lellm_nb.state.compact import (
    MISSING,
    EditedDict,
    EditedList,
    Tail,
    kept_inside,
    real,
    size_of,
    whole,
)
from lellm_nb.state.containers.handed import HandedSet
from lellm_nb.state.containers.read_only import FrozenProxy
from lellm_nb.state.frozen import FrozenDict, FrozenList, FrozenSet
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.sameness import same
from lellm_nb.state.typed import Typed

if TYPE_CHECKING:
    import pandas

__all__ = ["keys_that_differ", "state_table", "type_name"]


class WrittenStep(Located, Protocol):
    """A step that wrote something, with the one before it; a frame."""

    @property
    def kind(self) -> str:
        """Of what kind it is."""

    @property
    def index(self) -> int:
        """Its place on its line."""

    @property
    def parent(self) -> WrittenStep | None:
        """The step before it."""

    @property
    def gap(self) -> bool:
        """Whether steps before it were not captured."""

    @property
    def mutations(self) -> Sequence[Any]:
        """What it wrote at its level, in order."""


def state_table(frame: WrittenStep) -> pandas.DataFrame:
    """Return one row per key of a frame's own level; see `Frame.to_pandas`."""
    import pandas

    content = _content(frame.level)
    writers = _writers(frame, list(content))
    found = [writers.get(key) for key in content]
    return pandas.DataFrame(
        {
            "key": pandas.array(list(map(safe_str, content)), dtype="string"),
            "value": safe_column(real(v, k) for k, v in content.items()),
            "type": pandas.array([type_name(v) for v in content.values()], dtype="string"),
            "size": pandas.array([size_of(v) for v in content.values()], dtype="Int64"),
            "written_by": pandas.array(
                [None if w is None else _name_of(w) for w in found], dtype="string"
            ),
            "at": pandas.array([None if w is None else w.index for w in found], dtype="Int64"),
        }
    )


def keys_that_differ(frame: WrittenStep) -> list[str]:
    """Return the keys of a frame's own level that differ from the frame before."""
    before = None
    if frame.parent is not None:
        before = level_at(frame.parent.position, LevelKeys().of(frame))
    old, new = {} if before is None else _content(before), _content(frame.level)
    return [key for key, value in new.items() if not same(old.get(key, MISSING), value)]


def _content(level: Position) -> dict[str, Any]:
    data: Any = level.data
    return dict((data.data if isinstance(data, Typed) else data).items())


def type_name(value: Any) -> str:
    """Return the name of a value's type as users know it.

    Example:
        >>> from lellm_nb.state import freeze
        >>> type_name(freeze([1])), type_name("x")
        ('list', 'str')
    """
    kind = type(value)
    if hasattr(kind, "shape"):
        return safe_type(value)
    if kind in (Tail, EditedList) or has_kind(value, FrozenList):
        return "list"
    if kind is EditedDict or has_kind(value, FrozenDict):
        return "mappingproxy" if kind is FrozenProxy else "dict"
    return "set" if kind is FrozenSet or kind is HandedSet else safe_type(value)


class _Lost:
    """The steps before a frame that were not captured."""

    def __init__(self, before: WrittenStep) -> None:
        self.index = before.index


def _name_of(writer: WrittenStep | _Lost) -> str:
    if isinstance(writer, _Lost):
        return "(not captured)"
    return writer.place.path or writer.kind


class _Search:
    """Whose key at which path of the level that is looked at is still without a writer."""

    def __init__(self, level: str, names: list[str], content: dict[str, Any]) -> None:
        self.level = level
        self.open: dict[str, tuple[Any, ...]] = {name: (name,) for name in names}
        self.content = content
        self.found: dict[str, WrittenStep | _Lost] = {}

    def look(self, frame: WrittenStep) -> None:
        """Give every key that the frame wrote to it."""
        for m in frame.mutations:
            key = getattr(m, "key", None)
            if key is None:
                self._compare(frame)
                continue
            written = parts_of(key)
            for name, path in list(self.open.items()):
                shared = min(len(path), len(written))
                if path[:shared] == written[:shared]:
                    self.found[name] = frame
                    del self.open[name]

    def _compare(self, frame: WrittenStep) -> None:
        """A typed state's own mutation says nothing of what it writes: look."""
        before = None if frame.parent is None else level_at(frame.parent.position, self.level)
        old = {} if before is None else _content(before)
        new = _content(frame.level)
        for name, path in list(self.open.items()):
            if not same(old.get(path[0], MISSING), new.get(path[0], MISSING)):
                self.found[name] = frame
                del self.open[name]

    def lose(self, frame: WrittenStep) -> None:
        """Give every key that differs since the step before to the steps that nobody captured."""
        before = None if frame.parent is None else level_at(frame.parent.position, self.level)
        after = level_at(frame.position, self.level)
        old = {} if before is None else _content(before)
        new = {} if after is None else _content(after)
        for name, path in list(self.open.items()):
            if not same(old.get(path[0], MISSING), new.get(path[0], MISSING)):
                self.found[name] = _Lost(frame)
                del self.open[name]

    def leave(self, outside: WrittenStep) -> None:
        """Go on in the level around, for the values that came in from there.

        A lens is not known here; what it let through is the very same object, under the
        same key or inside one.
        """
        self.level = enclosing(self.level)
        around = level_at(outside.position, self.level)
        outer = {} if around is None else _content(around)
        for name, path in list(self.open.items()):
            value = self.content[name]
            if len(path) == 1 and _let_through(outer.get(name, MISSING), value):
                continue
            for key, held in outer.items():
                if _let_through(kept_inside(held, (name,)), value):
                    self.open[name] = (key, *path)
                    break
            else:
                del self.open[name]


def _let_through(outer: Any, value: Any) -> bool:
    """Tell whether a value is what a lens has let through: of what is compact a copy."""
    if outer is value:
        return True
    outer, value = whole(outer), whole(value)
    return type(value) in (FrozenList, FrozenDict) and bool(outer == value)


def _writers(frame: WrittenStep, names: list[str]) -> dict[str, WrittenStep | _Lost]:
    """Return the frame that wrote each key last, on the way to `frame`."""
    keys = LevelKeys()
    search = _Search(keys.of(frame), names, _content(frame.level))
    at = frame
    while search.open:
        if at.mutations and keys.of(at) == search.level:
            search.look(at)
        if at.gap:
            search.lose(at)
        if at.parent is None:
            break
        while search.level and level_at(at.parent.position, search.level) is None:
            search.leave(at.parent)
        at = at.parent
    if at.parent is None and not search.level:
        search.found |= dict.fromkeys(search.open, at)
    return search.found
