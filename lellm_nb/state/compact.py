"""The compact form of a state, as frames keep it.

A level's state is a plain dict of frozen values, never changed once a frame
holds it. Two forms make it cheap to keep a version per step: a list that only
grows is a `Tail` of a shared buffer, and a state with many keys is a `Wide`.
Neither is ever seen by user code: `view` makes real what is read.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from lellm_nb.errors.safe_text import safe_length
from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.handed import handed, list_for
from lellm_nb.state.containers.read_only import FrozenList, frozen_list

__all__ = [
    "MISSING",
    "WIDE",
    "Data",
    "Tail",
    "Wide",
    "draft",
    "real",
    "size_of",
    "view_items",
    "whole",
]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value, where `None` could be one."""

WIDE: Final = 48
"""States with more keys than this are kept as a base and what changed."""


class Tail:
    """The first `length` items of a buffer that later versions share and extend.

    The one who appends at the very end of the buffer extends it for free; anyone
    else (a fork, a preview that was thrown away) copies first.

    Example:
        >>> one = Tail.of(["a"]); two = one.extended(["b"]); other = one.extended(["c"])
        >>> list(one.real()), list(two.real()), list(other.real())
        (['a'], ['a', 'b'], ['a', 'c'])
    """

    __slots__ = ("_buffer", "_made", "length")

    def __init__(self, buffer: list[Any], length: int) -> None:
        self._buffer = buffer
        self.length = length
        self._made: weakref.ref[FrozenList] | None = None

    @classmethod
    def of(cls, items: Iterable[Any]) -> Tail:
        """Start a buffer of its own."""
        buffer = list(items)
        return cls(buffer, len(buffer))

    def extended(self, items: Iterable[Any]) -> Tail:
        """Return a tail with `items` (frozen already) after the ones of this one."""
        buffer = self._buffer
        if len(buffer) != self.length:
            buffer = buffer[: self.length]
        buffer.extend(items)
        return Tail(buffer, len(buffer))

    def real(self, key: str = "", reads: Reads | None = None) -> Any:
        """Return the list that user code reads.

        Args:
            key: The state key that it is at.
            reads: As of `handed`: without it there is one for all, while somebody has it.
        """
        if reads is not None:
            return list_for(reads, self.since(0), self, key)
        return handed(self.whole(key))

    def whole(self, key: str = "") -> FrozenList:
        """Return the list in one piece, as a frame could keep it: made once, while it lives."""
        made = self._made() if self._made is not None else None
        if made is None:
            made = frozen_list(self._buffer[: self.length], key)
            self._made = weakref.ref(made)
        return made

    def __getitem__(self, index: int) -> Any:
        if not -self.length <= index < self.length:
            raise IndexError(index)
        return self._buffer[index if index >= 0 else self.length + index]

    def since(self, start: int) -> list[Any]:
        """Return the items from `start` to the end of this version."""
        return self._buffer[start : self.length]

    @property
    def buffer_id(self) -> int:
        """The identity of the buffer: all versions of one list share it while one of them lives."""
        return id(self._buffer)

    def grew_from(self, old: Any) -> bool:
        """Tell whether `old` is an earlier version in the same buffer."""
        return isinstance(old, Tail) and old._buffer is self._buffer and old.length <= self.length

    def __reduce__(self) -> Any:
        return Tail.of, (self.since(0),)

    def __len__(self) -> int:
        return self.length

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Tail):
            same = other._buffer is self._buffer and other.length == self.length
            return same or self.since(0) == other.since(0)
        return isinstance(other, list) and self.since(0) == other

    __hash__ = None  # type: ignore[assignment]  # equal to a list, so unhashable like one

    def __repr__(self) -> str:
        return f"Tail({self.length} items)"


class Wide:
    """A state of many keys: a shared base, and the few keys changed since.

    `copy` costs about the square root of the number of keys, in time and in
    memory, where copying the dict would cost all of them.
    """

    __slots__ = ("_base", "_length", "_over")

    def __init__(self, base: dict[str, Any], over: dict[str, Any], length: int) -> None:
        self._base = base
        self._over = over
        self._length = length

    @classmethod
    def of(cls, items: dict[str, Any]) -> Wide:
        """Start from a dict that nobody else will change."""
        return cls(items, {}, len(items))

    def copy(self) -> Wide:
        """Return a version to change; this one stays as it is."""
        over = self._over
        if len(over) * len(over) > 2 * len(self._base):
            whole = {**self._base, **over}
            if len(whole) != self._length:  # something was deleted
                whole = dict(self.items())
            return Wide(whole, {}, self._length)
        return Wide(self._base, over.copy(), self._length)

    def differing(self, old: Wide) -> list[str] | None:
        """Return the keys that hold another object than in `old`; `None` without a shared base.

        Example:
            >>> one = Wide.of({"a": 1, "b": 2}); two = one.copy(); two["b"] = 3
            >>> two.differing(one), two.differing(Wide.of({}))
            (['b'], None)
        """
        if self._base is not old._base:
            return None
        keys = {**self._over, **old._over}
        return [key for key in keys if old.get(key, old) is not self.get(key, old)]

    def get(self, key: str, default: Any = None) -> Any:
        value = self._over.get(key, self)
        if value is self:
            return self._base.get(key, default)
        return default if value is MISSING else value

    def __getitem__(self, key: str) -> Any:
        value = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key, MISSING) is not MISSING

    def __setitem__(self, key: str, value: Any) -> None:
        over = self._over
        old = over.get(key, self)
        if old is MISSING or (old is self and key not in self._base):
            self._length += 1
        over[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._length -= 1
        self._over[key] = MISSING

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.items())

    def items(self) -> Iterator[tuple[str, Any]]:
        """Walk the keys, the older first."""
        over = self._over
        for key, value in self._base.items():
            value = over.get(key, value)
            if value is not MISSING:
                yield key, value
        for key, value in over.items():
            if value is not MISSING and key not in self._base:
                yield key, value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Wide):
            if other._base is self._base and other._over == self._over:
                return True
            other = dict(other.items())
        return isinstance(other, dict) and dict(self.items()) == other

    __hash__ = None  # type: ignore[assignment]  # equal to a dict, so unhashable like one


Data = dict[str, Any] | Wide
"""A level's state as frames keep it. Never changed in place once a frame holds it."""


def draft(data: Data) -> Data:
    """Return a version of `data` that may be changed until a frame holds it."""
    if type(data) is dict and len(data) > WIDE:
        return Wide.of(data).copy()
    return data.copy()


def real(value: Any, key: str = "") -> Any:
    """Return what somebody who looks is given of a kept value."""
    return value.real(key) if type(value) is Tail else handed(value)


def whole(value: Any, key: str = "") -> Any:
    """Return a kept value in one piece; user code is not to be given it."""
    return value.whole(key) if type(value) is Tail else value


def view_items(data: Data) -> dict[str, Any]:
    """Return a dict of kept values in one piece, or `data` itself when it is that already."""
    kept: Callable[[], Iterable[tuple[str, Any]]] = data.items
    for _, value in kept():
        if type(value) is Tail:
            break
    else:
        return data if type(data) is dict else dict(kept())
    return {key: v.whole(key) if type(v) is Tail else v for key, v in kept()}


def size_of(value: Any) -> int | None:
    """Return how many characters, bytes or items a value has; `None` where it has no size.

    Example:
        >>> size_of("abc"), size_of([1, 2]), size_of(7)
        (3, 2, None)
    """
    return value.length if type(value) is Tail else safe_length(value)
