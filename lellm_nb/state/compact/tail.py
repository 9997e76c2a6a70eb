"""A list that only grows: its versions share one buffer."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable
from typing import Any

from lellm_nb.state.containers.fingerprint import Reads
from lellm_nb.state.containers.handed import handed, list_for
from lellm_nb.state.containers.read_only import FrozenList, frozen_list

__all__ = ["Tail"]


class _Log(list[Any]):
    """A buffer that knows the state around a level when that was entered."""

    __slots__ = ("around",)
    around: Any


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

    @classmethod
    def log(cls, around: Any) -> Tail:
        """Start what an inner level writes, entered from a state in its compact form."""
        buffer = _Log()
        buffer.around = around
        return cls(buffer, 0)

    @property
    def around(self) -> Any:
        """The state that the level was entered from; `None` where that is not known any more."""
        return getattr(self._buffer, "around", None)

    def extended(self, items: Collection[Any]) -> Tail:
        """Return a tail with `items` (frozen already) after the ones of this one."""
        buffer, length = self._buffer, self.length
        if len(buffer) == length:
            buffer.extend(items)
            if len(buffer) == length + len(items):  # else another thread was first
                return Tail(buffer, len(buffer))
        buffer = buffer[:length]
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
