"""The read-only containers that frames hold, and their plain copies.

They are real `dict` and `list` objects with the items in their own storage, because
orjson, msgspec and pydantic look there.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import uuid
from collections.abc import Callable, Iterable
from operator import is_
from types import MappingProxyType
from typing import Any

from lellm_nb.errors.safe_text import dict_text, list_text, set_text
from lellm_nb.state.containers.container_walk import children
from lellm_nb.state.refusal import put, put_inside, refusal, refusing

__all__ = [
    "ATOMS",
    "PLAIN",
    "FrozenDict",
    "FrozenList",
    "FrozenProxy",
    "FrozenSet",
    "freezers",
    "frozen_dict",
    "frozen_list",
    "frozen_proxy",
    "frozen_set",
    "has_way_to_freeze",
    "is_written",
    "opaque_paths",
    "plain_new",
    "thaw",
    "thawers",
    "tuple_like",
    "unchanged",
]

ATOMS: set[type] = {
    *(type(None), bool, int, float, complex, str, bytes, range, type, frozenset),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone),
    *(pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath),
}
"""Types whose values cannot change."""

PLAIN: set[type] = set(ATOMS)
"""Types whose values are kept as they are: they cannot change, or are frozen already."""

freezers: dict[type, Callable[[Any], Any]] = {}
"""How objects of other types are frozen, where somebody said it."""

thawers: dict[type, Callable[[Any], Any]] = {}
"""How objects that refuse to be changed are copied into ones that do not."""


@refusing(dict)
class FrozenDict(dict[Any, Any]):
    """A dict that refuses every change. `copy()` gives a plain dict."""

    __slots__ = ("key",)
    key: str

    __repr__ = dict_text

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        _print_pretty(printer, self, dict(self))

    def copy(self) -> dict[Any, Any]:
        """Return a plain dict with the same (still frozen) values."""
        return dict(self)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Any:
        return thaw(self)

    def __reduce__(self) -> Any:
        return frozen_dict, (dict(self), self.key)


@refusing(list)
class FrozenList(list[Any]):
    """A list that refuses every change. `copy()` and slices give plain lists."""

    __slots__ = ("__weakref__", "key")
    key: str

    append = refusal("append", lambda key: f"ctx.append({key}, item)")
    extend = refusal("extend", lambda key: f"ctx.reduce({key}, items, Reducer.APPEND)")
    __iadd__ = refusal("+=", lambda key: f"ctx.reduce({key}, items, Reducer.APPEND)")
    __imul__ = refusal("*=", put)
    clear = refusal("clear", lambda key: f"ctx.put({key}, [])")
    __setitem__ = refusal("__setitem__", put_inside)

    __repr__ = list_text

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        _print_pretty(printer, self, list(self))

    def copy(self) -> list[Any]:
        """Return a plain list with the same (still frozen) items."""
        return list(self)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Any:
        return thaw(self)

    def __reduce__(self) -> Any:
        return frozen_list, (list(self), self.key)


class FrozenSet(frozenset[Any]):
    """A frozenset that knows its key, so that `.add` can say what to do instead."""

    __slots__ = ("key",)
    key: str

    add = refusal("add", put)
    discard = refusal("discard", put)
    remove = refusal("remove", put)
    update = refusal("update", put)
    pop = refusal("pop", put)
    clear = refusal("clear", put)

    __repr__ = set_text

    def __reduce__(self) -> Any:
        return frozen_set, (list(self), self.key)


class FrozenProxy(FrozenDict):
    """What frames keep of a `MappingProxyType`, which shows a dict that others may change."""

    __slots__ = ()
    __lellm_class__ = MappingProxyType

    def __lellm_thaw__(self, each: Callable[[Any], Any]) -> Any:
        return MappingProxyType({k: each(v) for k, v in dict.items(self)})

    def __reduce__(self) -> Any:
        return frozen_proxy, (dict(self), self.key)


PLAIN |= {FrozenDict, FrozenList, FrozenProxy, FrozenSet}


def frozen_list(items: Iterable[Any], key: str = "") -> FrozenList:
    """Wrap items that are frozen already."""
    made = FrozenList(items)
    made.key = key
    return made


def frozen_set(items: Iterable[Any], key: str = "") -> FrozenSet:
    """Wrap items that are frozen already."""
    made = FrozenSet(items)
    made.key = key
    return made


def frozen_dict(items: Any, key: str = "") -> FrozenDict:
    """Wrap a mapping whose values are frozen already."""
    made = FrozenDict(items)
    made.key = key
    return made


def frozen_proxy(items: Any, key: str = "") -> FrozenProxy:
    """Wrap a mapping whose values are frozen already."""
    made = FrozenProxy(items)
    made.key = key
    return made


def thaw(value: Any) -> Any:
    """Return a private, changeable deep copy of a frozen value.

    Example:
        >>> messages = thaw(frozen_list(["a"]))
        >>> messages.append("b"); messages
        ['a', 'b']
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    typed = getattr(kind, "__lellm_thaw__", None)
    if typed is not None:
        return typed(value, thaw)
    if issubclass(kind, dict):
        return {k: thaw(v) for k, v in dict.items(value)}
    if issubclass(kind, list):
        return [thaw(v) for v in list.__iter__(value)]
    if issubclass(kind, tuple):
        return tuple_like(value, [thaw(v) for v in value])
    if issubclass(kind, (set, FrozenSet)):
        return set(value)
    how = thawers.get(kind)
    return value if how is None else how(value)


def plain_new(base: type) -> Any:
    """Return the ``__new__`` of a class whose name makes a plain container, as asdict does it."""

    def new(_cls: type, *args: Any, **named: Any) -> Any:
        return base(*args, **named)

    return new


def tuple_like(value: Any, items: list[Any]) -> Any:
    """Return `items` as a tuple of the same type, or `value` itself where they are its own.

    What a tuple of a class of its own holds beside its items stays with it.
    """
    if len(items) == len(value) and all(map(is_, items, value)):
        return value
    kind: Any = type(value)
    if kind is tuple or not is_written(kind):
        return tuple(items)
    made = tuple.__new__(kind, items)
    if own := getattr(value, "__dict__", None):
        made.__dict__.update(own)
    return made


def is_written(cls: type) -> bool:
    """Tell whether Python code made a class."""
    return bool(cls.__flags__ & 1 << 9)


def unchanged(kept: Any, given: Any) -> bool:
    """Tell whether what was given away is still what was kept."""
    try:
        if kept is given or bool(kept == given):
            return True
    except Exception:  # an array's == is no truth value; a foreign __eq__ may raise anything
        pass
    return False


def has_way_to_freeze(kind: type) -> bool:
    """Tell whether values of a type cannot change, or somebody said how they are frozen."""
    return kind in PLAIN or kind in freezers


def opaque_paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of values that are kept by reference and could change (S1).

    Example:
        >>> opaque_paths({"client": object(), "n": 1})
        [('client',)]
    """
    kind = type(value)
    if issubclass(kind, (dict, list, tuple)):
        return [path for k, v in children(value) for path in opaque_paths(v, (*at, k))]
    return [] if has_way_to_freeze(kind) or issubclass(kind, _STABLE) else [at]


_STABLE = (frozenset, str, int, float, bytes, enum.Enum)
"""Classes whose values stay what they are, subclasses included."""


def _print_pretty(printer: Any, value: Any, plain: Any) -> None:
    """Show a container in a cell, over several lines where nothing in it may refuse."""
    text = repr(value)
    try:
        quiet = not opaque_paths(value) and repr(plain) == text
    except ValueError:  # an integer of more digits than Python writes
        quiet = False
    if quiet:
        printer.pretty(plain)
    else:
        printer.text(text)
