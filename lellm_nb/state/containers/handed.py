"""What user code is given of a kept value: a copy of its own.

The methods of a frozen container refuse to change it, but C code does not ask them:
`heapq`, `exec`, `list.append(x, 1)` write into the storage. So a frame's own containers are
never given away. Whoever reads gets copies, each made when it is touched and not before, so
that a look costs what was looked at; what happens to a copy reaches no frame, and a commit
sees that it happened (`check_unchanged`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.read_only import (
    ATOMS,
    FrozenDict,
    FrozenList,
    FrozenProxy,
    FrozenSet,
    plain_new,
    thaw,
    tuple_like,
    unchanged,
)
from lellm_nb.state.refusal import refusing

__all__ = ["HandedDict", "HandedList", "HandedSet", "LazyDict", "LazyList", "handed"]

_item_of_dict = dict.__getitem__
_get_of_dict = dict.get
_item_of_list = list.__getitem__
_set_item = list.__setitem__


class LazyDict(FrozenDict):
    """A copy of a kept dict, for one reader. `copy()` and pickling give plain dicts.

    Its values are copied as they are read.

    Attributes:
        of: The kept dict.
        reads: Where to note what is read; `None` for somebody who only looks, and shares
            one copy with everybody else who does.
    """

    __slots__ = ("__weakref__", "of", "reads")
    of: Any
    reads: Any
    __new__ = plain_new(dict)

    def __getitem__(self, key: Any) -> Any:
        value = _item_of_dict(self, key)
        return value if type(value) in ATOMS else self._give(key, value)

    def _give(self, key: Any, value: Any) -> Any:
        made = handed(value, self.reads)
        if made is not value:
            dict.__setitem__(self, key, made)
        return made

    def _fill(self) -> None:
        if not ATOMS.issuperset(map(type, dict.values(self))):
            for key, value in dict.items(self):
                if type(value) not in ATOMS:
                    self._give(key, value)
        self._filled()

    def _filled(self) -> None:
        self.__class__ = HandedDict

    def get(self, key: Any, default: Any = None) -> Any:
        value = _get_of_dict(self, key, default)
        if type(value) in ATOMS:
            return value
        return self[key] if key in self else default  # noqa: SIM401  # this is get

    def __iter__(self) -> Iterator[Any]:
        # that this is not dict's own has {**x}, dict(x) and f(**x) ask __getitem__
        return dict.__iter__(self)

    def values(self) -> Any:
        self._fill()
        return dict.values(self)

    def items(self) -> Any:
        self._fill()
        return dict.items(self)

    def copy(self) -> dict[Any, Any]:
        """Return a plain dict with the same (still read-only) values."""
        self._fill()
        return {key: value for key, value in dict.items(self)}  # noqa: C416  # dict(self) would ask __getitem__

    __copy__ = copy

    def __reduce__(self) -> Any:
        return dict, (thaw(self),)

    def __or__(self, other: Any) -> Any:
        return self.copy() | other if isinstance(other, dict) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return dict(other) | self.copy() if isinstance(other, dict) else NotImplemented


class HandedDict(LazyDict):
    """One of which everything was read: what is read again comes straight from the storage."""

    __slots__ = ()

    __getitem__ = dict.__getitem__
    __iter__ = dict.__iter__
    get = dict.get  # type: ignore[assignment]  # the same, with overloads
    values = dict.values
    items = dict.items

    def _fill(self) -> None:
        pass


class LazyList(FrozenList):
    """A copy of a kept list, for one reader. `copy()`, slices and pickling give plain lists.

    Its items are copied as they are read.

    Attributes:
        of, reads: As of a `LazyDict`.
    """

    __slots__ = ("of", "reads")
    of: Any
    reads: Any
    __new__ = plain_new(list)

    def __getitem__(self, index: Any) -> Any:
        if type(index) is slice:
            self._fill()
            return _item_of_list(self, index)
        value = _item_of_list(self, index)
        if type(value) in ATOMS:
            return value
        made = handed(value, self.reads)
        if made is not value:
            list.__setitem__(self, index, made)
        return made

    def _fill(self) -> None:
        if not ATOMS.issuperset(map(type, list.__iter__(self))):
            reads, givers = self.reads, GIVERS
            for index, value in enumerate(list.__iter__(self)):
                if type(value) not in ATOMS:
                    give = givers.get(type(value))
                    made = handed(value, reads) if give is None else give(value, reads)
                    _set_item(self, index, made)
        self.__class__ = HandedList

    def __iter__(self) -> Iterator[Any]:
        self._fill()
        return list.__iter__(self)

    def __reversed__(self) -> Iterator[Any]:
        self._fill()
        return list.__reversed__(self)

    def __reduce__(self) -> Any:
        return list, (thaw(self),)

    def __add__(self, other: Any) -> Any:
        self._fill()
        return list.__add__(self, other)

    def __radd__(self, other: Any) -> Any:
        return list.__add__(other, list(self)) if isinstance(other, list) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        self._fill()
        return list.__mul__(self, times)

    __rmul__ = __mul__


class HandedList(LazyList):
    """One of which everything was read, as a `HandedDict`."""

    __slots__ = ()

    __getitem__ = list.__getitem__
    __iter__ = list.__iter__
    __reversed__ = list.__reversed__

    def _fill(self) -> None:
        pass


@refusing(set)
class HandedSet(set[Any]):
    """A copy of a kept set, for one reader. `copy()`, operators and pickling give plain sets.

    Attributes:
        of, key: The kept set, and the state key it is at.
    """

    __slots__ = ("key", "of")
    of: Any
    key: str
    __new__ = plain_new(set)

    def copy(self) -> set[Any]:
        """Return a plain set with the same items."""
        return set(self)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Any:
        return set(self)

    def __reduce__(self) -> Any:
        return set, (list(self),)

    def __repr__(self) -> str:
        return safe_repr(set(self))


HANDED: dict[type, Any] = dict.fromkeys((HandedDict, LazyDict, HandedList, LazyList, HandedSet))
"""Types of copies, which somebody has already."""

GIVERS: dict[type, Callable[[Any, Reads | None], Any]] = {}
"""How a copy of a kept value is made, by its type."""


def handed(value: Any, reads: Reads | None = None) -> Any:
    """Return what a reader is given of a kept value.

    Args:
        reads: Where to note what is read, for a copy that nobody else gets. Without it
            everybody who looks at the value is given one copy, while somebody has it.

    Example:
        >>> from lellm_nb.state.frozen import freeze
        >>> kept = freeze([3, 1])
        >>> list.append(handed(kept), 2); kept, handed(kept)
        ([3, 1], [3, 1])
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    give = GIVERS.get(kind)
    if give is not None:
        return give(value, reads)
    if issubclass(kind, tuple):
        return tuple_like(value, [handed(v, reads) for v in value])
    if reads is not None and kind not in HANDED:
        reads.note(value)
    return value


_looked_at: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
"""The copies of those who only look, by the identity of the kept container.

A copy has its container, so the identity is nobody else's while the entry is there.
"""


def shared(value: Any, give: Callable[[Any, Any], Any]) -> Any:
    """Return the copy that everybody who looks at a kept container is given.

    One that was changed past its guard is given to nobody any more.
    """
    made = _looked_at.get(id(value))
    if made is None or not unchanged(value, made):
        made = _looked_at[id(value)] = give(value, LOOKING)
    return made


LOOKING: Final = Reads()
"""Stands for what those were given who share a copy; nothing is noted there."""


def _dict(value: Any, reads: Reads | None) -> Any:
    if reads is None:
        return shared(value, _dict)
    made = dict.__new__(LazyDict)
    dict.update(made, value)
    made.of = value
    made.key = value.key
    made.reads = reads if reads is not LOOKING else None
    return made


def _list(value: Any, reads: Reads | None) -> Any:
    if reads is None:
        return shared(value, _list)
    return list_for(reads if reads is not LOOKING else None, value, value, value.key)


def list_for(reads: Reads | None, items: list[Any], of: Any, key: str) -> LazyList:
    """Return a copy for one reader; `of` is what it is a copy of."""
    made: LazyList = list.__new__(LazyList)
    list.extend(made, items)
    made.of = of
    made.key = key
    made.reads = reads
    return made


def _set(value: Any, _reads: Reads | None) -> Any:
    made = set.__new__(HandedSet)
    set.update(made, value)
    made.of = value
    made.key = value.key
    return made


GIVERS.update({FrozenDict: _dict, FrozenList: _list, FrozenSet: _set})
GIVERS[FrozenProxy] = lambda value, reads: MappingProxyType(_dict(value, reads))
