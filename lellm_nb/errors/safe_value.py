"""Values that others may look at: in a table, pandas reads, compares and spells what it holds."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.patience import patiently
from lellm_nb.errors.safe_text import has_kind, most_digits, safe_module, safe_pairs, safe_repr

__all__ = ["safe_column", "safe_value", "safe_values"]

LONG = 200
"""So long is the text in the place of a value that refuses to be looked at."""

ITEMS = 100
"""So many items of a sequence of the user's own are tried: pandas shows no more."""

_QUIET = frozenset(
    {
        *(type(None), bool, float, complex, str, bytes, decimal.Decimal, uuid.UUID),
        *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta),
        *(pathlib.PosixPath, pathlib.PurePosixPath, pathlib.WindowsPath, pathlib.PureWindowsPath),
    }
)
_OURS = ("lellm_nb.state.containers.", "lellm_nb.state.state")
_ASKED = ("__array__", "__array_interface__", "__array_struct__", "__next__", "dtype", "shape")
"""What numpy and pandas ask of anything that they are given."""


def safe_values(values: Iterable[Any]) -> list[Any]:
    """Return values as `safe_value` does; what stands there several times is tried once."""
    tried: dict[int, Any] = {}
    values = list(values)  # keeps them, so that their ids stay theirs
    kinds = set(map(type, values))
    if kinds == {int}:  # a hundred thousand of them are looked at in one go
        kinds = {int} if most_digits(min(values)) or most_digits(max(values)) else set()
    if kinds <= _QUIET:
        return values
    made = []
    for value in values:
        kind = type(value)
        if kind in _QUIET or (kind is int and not most_digits(value)):
            made.append(value)
            continue
        place = id(value)
        if place not in tried:
            tried[place] = safe_value(value)
        made.append(tried[place])
    return made


def safe_column(values: Iterable[Any]) -> Any:
    """Return values as a column of objects, each as `safe_value` has it."""
    import pandas

    values = safe_values(values)
    column = pandas.Series([None] * len(values), dtype=object).to_numpy(copy=True)
    for place, value in enumerate(values):  # one by one: in a go, what looks like a list is split
        column[place] = value
    return pandas.Series(column, dtype=object, copy=False)


def safe_value(value: Any) -> Any:
    """Return a value that can be looked at: itself, or with text in the place of what can't.

    Example:
        >>> whole = {"n": 1}
        >>> safe_value(whole) is whole, safe_value({"n": 10**5000, "m": 1})
        (True, {'n': '<int of 5,001 digits>', 'm': 1})
    """
    try:
        return _tried(value)
    except RecursionError:
        return safe_repr(value, LONG)


def _tried(value: Any) -> Any:
    kind = type(value)
    if kind in _QUIET:
        return value
    if kind is int:
        return safe_repr(value) if most_digits(value) else value
    if has_kind(value, dict):
        pairs = [(_tried(k), _tried(v)) for k, v in dict.items(value)]
        there = (part for pair in dict.items(value) for part in pair)
        if _all_there((part for pair in pairs for part in pair), there) and _tame(value):
            return value
        return {k if has_kind(k, str) or _hashes(k) else safe_repr(k): v for k, v in pairs}
    if has_kind(value, (list, tuple, set, frozenset)):
        items = [_tried(item) for _, item in safe_pairs(value)]
        if _all_there(items, (item for _, item in safe_pairs(value))) and _tame(value):
            return value
        return tuple(items) if has_kind(value, tuple) else items
    return value if _tame(value) else safe_repr(value, LONG)


def _all_there(made: Iterable[Any], given: Iterable[Any]) -> bool:
    return all(a is b for a, b in zip(made, given, strict=True))


def _hashes(value: Any) -> bool:
    try:
        hash(value)
    except Exception:
        return False
    return True


def _tame(value: Any) -> bool:
    """Tell whether a value lets itself be asked all that numpy and pandas ask."""
    kind = type(value)
    if kind in (dict, list, tuple, set, frozenset) or safe_module(kind).startswith(_OURS):
        return True
    try:
        if value.__class__ is not kind:
            return False
        if safe_module(kind) == "numpy" and not getattr(value, "dtype", kind).hasobject:
            return True
        return patiently(_answers, value)
    except BaseException as error:
        if is_interrupt(error):
            raise
        return False


def _answers(value: Any) -> bool:
    for name in _ASKED:
        getattr(value, name, None)
    repr(value), str(value)
    if has_kind(value, (int, float)):  # pandas looks for the kind of number that fits
        _ = value < 0, value == 0, int(value), float(value)
    return all(_tried(item) is item for item in _items(value))


def _items(value: Any) -> Iterator[Any]:
    """Yield the first items of what pandas takes for a sequence, and writes as one."""
    kind = type(value)
    if safe_module(kind).partition(".")[0] in ("numpy", "pandas") or has_kind(value, type):
        return
    if hasattr(kind, "__iter__") and hasattr(kind, "__len__"):
        len(value)
        yield from islice(iter(value), ITEMS)
