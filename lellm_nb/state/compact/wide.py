"""A state of many keys: its versions share a base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lellm_nb.state.compact.missing import MISSING

__all__ = ["WIDE", "Wide"]

WIDE: Final = 48
"""States with more keys than this are kept as a base and what changed."""


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
        value = self._over.get(key, self)  # `get`, without the call: branches are found by it
        if value is self:
            return self._base[key]
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
