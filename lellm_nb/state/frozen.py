"""Values that refuse to be changed: the only cheap history that is right.

A dict, list, tuple or set is frozen when it is recorded, not later, so a frame
keeps showing what was there when it was made. Frozen containers are real `dict`
and `list` objects with the items in their own storage, because orjson, msgspec
and pydantic look there.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from lellm_nb.errors import StateError, path_text
from lellm_nb.errors.safe_text import dict_text, list_text, set_text
from lellm_nb.state.container_walk import children, is_cyclic
from lellm_nb.state.refusal import delete_inside, put, put_inside, refusal

__all__ = [
    "FrozenDict",
    "FrozenList",
    "FrozenSet",
    "freeze",
    "opaque_paths",
    "register_freeze",
    "thaw",
]

T = TypeVar("T")

PLAIN: set[type] = {
    *(type(None), bool, int, float, complex, str, bytes, range, type),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone),
    *(pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath),
}
"""Types whose values cannot change, or are known to be frozen already."""

_freezers: dict[type, Callable[[Any], Any]] = {}


thawers: dict[type, Callable[[Any], Any]] = {}
"""How objects that refuse to be changed are copied into ones that do not."""


class FrozenDict(dict[Any, Any]):
    """A dict that refuses every change. `copy()` gives a plain dict."""

    __slots__ = ("key",)
    key: str

    __setitem__ = refusal("__setitem__", put_inside)
    __delitem__ = refusal("__delitem__", delete_inside)
    __ior__ = refusal("__ior__", put)
    update = refusal("update", put)
    setdefault = refusal("setdefault", put_inside)
    pop = refusal("pop", delete_inside)
    popitem = refusal("popitem", put)
    clear = refusal("clear", put)

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


class FrozenList(list[Any]):
    """A list that refuses every change. `copy()` and slices give plain lists."""

    __slots__ = ("__weakref__", "key")
    key: str

    append = refusal("append", lambda key: f"ctx.append({key}, item)")
    extend = refusal("extend", lambda key: f"ctx.reduce({key}, items, Reducer.APPEND)")
    __iadd__ = refusal("+=", lambda key: f"ctx.reduce({key}, items, Reducer.APPEND)")
    __imul__ = refusal("*=", put)
    insert = refusal("insert", put)
    remove = refusal("remove", put)
    pop = refusal("pop", put)
    clear = refusal("clear", lambda key: f"ctx.put({key}, [])")
    sort = refusal("sort", put)
    reverse = refusal("reverse", put)
    __setitem__ = refusal("__setitem__", put_inside)
    __delitem__ = refusal("__delitem__", put)

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
        return _frozen_set, (list(self), self.key)


PLAIN |= {FrozenDict, FrozenList, FrozenSet}


def frozen_list(items: Iterable[Any], key: str = "") -> FrozenList:
    """Wrap items that are frozen already."""
    made = FrozenList(items)
    made.key = key
    return made


def _frozen_set(items: Iterable[Any], key: str) -> FrozenSet:
    made = FrozenSet(items)
    made.key = key
    return made


def frozen_dict(items: Any, key: str = "") -> FrozenDict:
    """Wrap a mapping whose values are frozen already."""
    made = FrozenDict(items)
    made.key = key
    return made


def register_freeze(kind: type[T], how: Callable[[T], Any] | None = None) -> None:
    """Say how values of `kind` are frozen when they are recorded.

    Args:
        kind: The exact type; subclasses register on their own.
        how: Returns a value that nobody else can change (a copy, say). Without
            it the type is declared immutable and its values are kept as they are.

    Example:
        >>> register_freeze(bytearray, bytes)
        >>> freeze({"raw": bytearray(b"x")})
        {'raw': b'x'}
    """
    if how is None:
        PLAIN.add(kind)
    else:
        _freezers[kind] = how


def freeze(value: Any, key: Any = "") -> Any:
    """Return `value` with every dict, list, tuple and set in it made read-only.

    What is frozen already is returned as it is, so this costs what is new and not
    what exists. Objects of other types are kept by reference; see `opaque_paths`.

    Raises:
        StateError: The value contains itself, or is nested too deeply to keep.

    Example:
        >>> freeze([1, {"a": 2}])[1]["a"]
        2
        >>> freeze([1, 2], "messages").append(3)
        Traceback (most recent call last):
        lellm_nb.errors.ReadOnlyStateError: State key 'messages' cannot be changed in place \
(append). Inside a node use ctx.append('messages', item); to work on a copy, take .copy().
    """
    if type(value) in PLAIN:
        return value
    try:
        return _freeze(value, key if isinstance(key, str) else path_text(key))
    except RecursionError:
        problem = "contains itself" if is_cyclic(value) else "is nested too deeply"
        raise StateError(
            f"The value for state key {path_text(key) or 'state'!r} {problem}:"
            " a state is a tree of finite depth.",
            key=key,
        ) from None


def _freeze(value: Any, key: str) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    made: Any
    # by its type alone: what a value says of its class may be a lie, or raise
    if issubclass(kind, dict):
        plain = PLAIN
        made = FrozenDict({k: v if type(v) in plain else _freeze(v, key) for k, v in value.items()})
        made.key = key
        return made
    if issubclass(kind, list):
        plain = PLAIN
        made = FrozenList([v if type(v) in plain else _freeze(v, key) for v in value])
        made.key = key
        return made
    if issubclass(kind, tuple):
        items = [_freeze(v, key) for v in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return kind._make(items) if hasattr(kind, "_make") else tuple(items)
    if issubclass(kind, (set, frozenset)):
        made = FrozenSet(_freeze(v, key) for v in value)
        made.key = key
        return made
    how = _freezers.get(kind)
    return value if how is None else how(value)


def thaw(value: Any) -> Any:
    """Return a private, changeable deep copy of a frozen value.

    Example:
        >>> messages = thaw(freeze(["a"]))
        >>> messages.append("b"); messages
        ['a', 'b']
    """
    kind: Any = type(value)
    if issubclass(kind, dict):
        return {k: thaw(v) for k, v in value.items()}
    if issubclass(kind, list):
        return [thaw(v) for v in value]
    if issubclass(kind, tuple):
        items = [thaw(v) for v in value]
        return kind._make(items) if hasattr(kind, "_make") else tuple(items)
    if issubclass(kind, frozenset):
        return set(value)
    how = thawers.get(type(value))
    return value if how is None else how(value)


def has_way_to_freeze(kind: type) -> bool:
    """Tell whether values of a type cannot change, or somebody said how they are frozen."""
    return kind in PLAIN or kind in _freezers


def opaque_paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of values that are kept by reference and could change (S1).

    Example:
        >>> opaque_paths({"client": object(), "n": 1})
        [('client',)]
    """
    kind = type(value)
    if issubclass(kind, (dict, list, tuple)):
        return [path for k, v in children(value) for path in opaque_paths(v, (*at, k))]
    plain = has_way_to_freeze(kind) or issubclass(kind, frozenset)
    return [] if plain else [at]


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
