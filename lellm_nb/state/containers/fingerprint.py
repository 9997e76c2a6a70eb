"""Whether something that is held by reference is still what it was.

Arrays, tables and objects with fields stand in frames as themselves: a change in place shows
in every frame that has them, and all that can be done is to say so. A fingerprint is cheap, not
complete: of an array the first `ELEMENTS` are looked at one by one and a larger one by that many
spread over it, of a table `ROWS` rows, of all else `ITEMS` values.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable
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
        return _Look().at(value) if _way(type(value))[1] else None
    except Exception:  # a foreign class may raise anything when it is looked at
        return None


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
        return (_ways.get(kind) or _way(kind))[0](self, value)

    def mapping(self, value: Any) -> Any:
        return id(value), *[(k, self.at(v)) for k, v in self._some(dict.items(value))]

    def sequence(self, value: Any) -> Any:
        return id(value), len(value), *[self.at(item) for item in self._some(value)]

    def wrapper(self, value: Any) -> Any:
        return id(value), *[(name, self.at(item)) for name, item in list(vars(value).items())]

    def model(self, value: Any) -> Any:
        extra = getattr(value, "__pydantic_extra__", None)
        more = [] if not extra else [self.at(extra)]
        held, at = vars(value), self.at  # what a model caches there is no field of it
        return id(value), *more, *[at(held.get(name)) for name in type(value).__pydantic_fields__]

    def _some(self, items: Iterable[Any]) -> Iterable[Any]:
        for item in items:
            if self.left < 0:
                return
            yield item


def _way(kind: type) -> tuple[Callable[[_Look, Any], Any], bool]:
    """Return how values of a class are looked at, and whether they are data by themselves."""
    found = _ways.get(kind)
    if found is None:
        found = _ways[kind] = _way_of(kind)
    return found


_ways: dict[type, tuple[Callable[[_Look, Any], Any], bool]] = {}


def _way_of(kind: Any) -> tuple[Callable[[_Look, Any], Any], bool]:
    if hasattr(kind, "__array_interface__") or hasattr(kind, "data_ptr"):
        return lambda _, value: _of_array(value), True
    if kind.__module__.partition(".")[0] == "pandas" and hasattr(kind, "iloc"):
        return lambda _, value: _of_table(value), True
    if issubclass(kind, (collections.UserDict, collections.UserList, collections.ChainMap)):
        return _Look.wrapper, True
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_validate"):
        return _Look.model, True
    if dataclasses.is_dataclass(kind):
        return _fields(tuple(field.name for field in dataclasses.fields(kind))), True
    if hasattr(kind, "__attrs_attrs__"):
        return _fields(tuple(attribute.name for attribute in kind.__attrs_attrs__)), True
    if issubclass(kind, dict):
        return _Look.mapping, False
    if issubclass(kind, (list, tuple, set, collections.deque)):
        return _Look.sequence, False
    if kind is bytearray:
        return lambda _, value: (id(value), bytes(value)), False
    return lambda _, value: id(value), False


def _fields(names: tuple[str, ...]) -> Callable[[_Look, Any], Any]:
    return lambda look, value: (
        id(value),
        *[look.at(getattr(value, name, None)) for name in names],
    )


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
