"""Whether something that is held by reference is still what it was.

Arrays, tables and objects with fields stand in frames as themselves: a change in place shows
in every frame that has them, and all that can be done is to say so. A fingerprint is cheap, not
complete: of an array the first `ELEMENTS` are looked at one by one and a larger one by that many
spread over it, of a table `ROWS` rows, of all else `ITEMS` values.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable
from typing import Any

from lellm_nb.state.containers.read_only import ATOMS

__all__ = ["Glance", "Reads", "fingerprint"]

ELEMENTS = 16_384
"""Elements of an array that are looked at; about 30 us."""

ROWS = 512
"""Rows of a table that are looked at."""

ITEMS = 1_000
"""Values inside an object that are looked at."""


def fingerprint(value: Any) -> Any:
    """Return what is equal as long as a value was not changed in place; `None` where none is taken.

    Taken are arrays, tables, instances of dataclasses, attrs classes and pydantic models, and
    `UserDict`, `UserList` and `ChainMap`. Other objects (a client, a connection) live a life of
    their own.

    Example:
        >>> notes = collections.UserList([1]); before = fingerprint(notes)
        >>> notes.append(2); fingerprint(notes) == before
        False
        >>> fingerprint(object()) is None
        True
    """
    try:
        return _Look().at(value) if _is_data(value) else None
    except Exception:  # a foreign class may raise anything when it is looked at
        return None


def _is_data(value: Any) -> bool:
    return _is_array(value) or _is_table(value) or _fields(value) is not None


def _is_array(value: Any) -> bool:
    return hasattr(type(value), "__array_interface__") or hasattr(type(value), "data_ptr")


def _is_table(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "iloc")


def _fields(value: Any) -> Iterable[tuple[str, Any]] | None:
    """Return what an object of data consists of; `None` for an object of another kind."""
    kind = type(value)
    if isinstance(value, (collections.UserDict, collections.UserList, collections.ChainMap)):
        return list(vars(value).items())
    if dataclasses.is_dataclass(kind):
        names = [f.name for f in dataclasses.fields(kind)]
    elif hasattr(kind, "__attrs_attrs__"):
        names = [a.name for a in kind.__attrs_attrs__]
    elif hasattr(kind, "model_fields") and hasattr(kind, "model_validate"):
        return list(vars(value).items())
    else:
        return None
    return [(name, getattr(value, name, None)) for name in names]


class _Look:
    """One look, which ends when it has seen enough."""

    def __init__(self) -> None:
        self.left = ITEMS

    def at(self, value: Any) -> Any:
        kind = type(value)
        if kind in ATOMS:
            return kind, value
        self.left -= 1
        if self.left < 0:
            return id(value)
        if _is_array(value):
            return _of_array(value)
        if _is_table(value):
            return _of_table(value)
        fields = _fields(value)
        if fields is not None:
            return id(value), *[(name, self.at(item)) for name, item in fields]
        if isinstance(value, dict):
            return id(value), *[(k, self.at(v)) for k, v in self._some(dict.items(value))]
        if isinstance(value, (list, tuple, set, collections.deque)):
            return id(value), len(value), *[self.at(item) for item in self._some(value)]
        return (id(value), bytes(value)) if kind is bytearray else id(value)

    def _some(self, items: Iterable[Any]) -> Iterable[Any]:
        for item in items:
            if self.left < 0:
                return
            yield item


def _of_array(value: Any) -> Any:
    if hasattr(type(value), "data_ptr"):  # a tensor counts its changes itself
        return id(value), tuple(value.shape), value._version
    step = max(1, value.size // ELEMENTS)
    sample = value.flat[::step].tobytes()
    return value.shape, str(value.dtype), hash(sample), hash(value.flat[-1:].tobytes())


def _of_table(value: Any) -> Any:
    rows = value.iloc[:: max(1, len(value) // ROWS)]
    columns = [rows] if value.ndim == 1 else [rows.iloc[:, i] for i in range(rows.shape[1])]
    names = (value.name,) if value.ndim == 1 else tuple(value.columns)
    return value.shape, names, *map(_of_column, columns)


def _of_column(column: Any) -> Any:
    values = column.array
    if getattr(column.dtype, "kind", "O") in "biufcmM" and not hasattr(column.dtype, "tz"):
        return str(column.dtype), hash(column.to_numpy().tobytes())
    return tuple(map(_weak, values))


def _weak(item: Any) -> Any:
    """Return a number for a cell, the same for the same content where it has one."""
    if item != item:  # NaN, of which each look makes another
        return "nan"
    try:
        return type(item).__name__, hash(item)
    except TypeError:
        return id(item)


class Reads:
    """What one reader was given of a state.

    Attributes:
        keys: The state's keys under which a container was read, as they were.
        objects: What is held by reference and was met on the way, by its identity, and its
            fingerprint.
        of: The kept form of the typed state that was read; `None` for another.
    """

    __slots__ = ("keys", "objects", "of")

    def __init__(self, of: Any = None) -> None:
        self.of = of
        self.keys: dict[str, None] = {}
        self.objects: dict[int, tuple[Any, Any]] = {}

    def note(self, value: Any) -> None:
        """Note what is held by reference, as it is now."""
        if id(value) not in self.objects:
            self.objects[id(value)] = value, fingerprint(value)


class Glance(Reads):
    """What one reader was given whom nobody asks afterwards whether it is as it was."""

    __slots__ = ()

    def note(self, value: Any) -> None:
        """Take no fingerprint."""
