"""Whether two values are the same: by content, and never by a truth that they do not give (S10)."""

from __future__ import annotations

import decimal
import math
import sys
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.safe_text import has_kind, safe_module
from lellm_nb.state.compact import Tail, real
from lellm_nb.state.frozen import FrozenDict, FrozenList, FrozenSet

__all__ = ["same"]

_EXACT = frozenset({type(None), bool, int, str, bytes})
_NUMBERS = (float, complex, decimal.Decimal)


def same(a: Any, b: Any) -> bool:
    """Tell whether two values are equal, and of the same types all the way down.

    Containers are compared item by item, and read-only ones are of the type that they look
    like. Arrays and tables are compared by content, NaN equals itself, and what can't be
    compared is different. What is shared costs nothing.

    Example:
        >>> same({"x": float("nan")}, {"x": float("nan")}), same(1, True), same([1], (1,))
        (True, False, False)
    """
    if a is b:
        return True
    try:
        return _same(a, b, ())
    except BaseException as error:  # a foreign __eq__ may raise anything
        if is_interrupt(error):
            raise
        return False


def _same(a: Any, b: Any, around: tuple[tuple[int, int], ...]) -> bool:
    if a is b:
        return True
    kind = type(a)
    if kind in _EXACT:
        return kind is type(b) and bool(a == b)
    if kind is Tail or type(b) is Tail:
        if kind is type(b) and a.grew_from(b):
            return len(a) == len(b)
        a, b = real(a), real(b)
        kind = type(a)
    base = _BASES.get(kind) or _container(kind)
    if base is not None:
        pair = (id(a), id(b))
        if kind is not type(b) and _looks_like(kind) is not _looks_like(type(b)):
            return False
        # two that contain themselves alike are the same as far as one can tell
        return pair in around or _same_items(base, a, b, (*around, pair))
    if kind is not type(b) and _plain_kind(kind) is not _plain_kind(type(b)):
        return False
    if issubclass(kind, _NUMBERS):
        return bool(a == b) or (a != a and b != b)
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return _same_arrays(numpy, a, b, around)
    return _same_objects(a, b, around)


_BASES: dict[type, type] = {
    dict: dict,
    FrozenDict: dict,
    list: list,
    FrozenList: list,
    FrozenSet: frozenset,
}
"""The types that are met most, and what they are; `_container` finds it for any other."""


def _container(kind: type) -> type | None:
    for base in (dict, list, tuple, set, frozenset):
        if issubclass(kind, base):
            return base
    return None


def _looks_like(kind: type) -> type:
    """Return the type that users take a container for: read-only kin are what they look like."""
    if not safe_module(kind).startswith("lellm_nb.state."):
        return kind
    base = _container(kind)
    return kind if base is None else set if base is frozenset else base


def _plain_kind(kind: type) -> type:
    """Return the class that a typed state was written as: what nodes read is a read-only kin."""
    plain: type = kind.__dict__.get("__lellm_plain__", kind)
    return plain


def _same_items(base: type, a: Any, b: Any, around: tuple[tuple[int, int], ...]) -> bool:
    if base is set or base is frozenset:
        return _same_members(frozenset(a), frozenset(b))
    if base.__len__(a) != base.__len__(b):  # type: ignore[attr-defined]  # a container's type
        return False
    if base is dict:
        # what is not there is `around`, which is the same as nothing in a state
        return all(_same(v, dict.get(b, k, around), around) for k, v in dict.items(a))
    pairs = zip(base.__iter__(a), base.__iter__(b), strict=True)  # type: ignore[attr-defined]
    return all(_same(one, two, around) for one, two in pairs)


def _same_members(a: frozenset[Any], b: frozenset[Any]) -> bool:
    if a == b:
        return True
    rest = [frozenset(x for x in one if not _is_nan(x)) for one in (a, b)]
    return len(rest[0]) < len(a) and rest[0] == rest[1]


def _is_nan(value: Any) -> bool:
    return issubclass(type(value), float) and math.isnan(value)


def _same_arrays(numpy: Any, a: Any, b: Any, around: tuple[tuple[int, int], ...]) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if isinstance(a, numpy.ma.MaskedArray):
        one, two = map(numpy.ma.getmaskarray, (a, b))
        return _same_arrays(numpy, one, two, around) and _same_arrays(
            numpy, a.compressed(), b.compressed(), around
        )
    if a.dtype.hasobject:
        return _same(a.tolist(), b.tolist(), around)
    if a.dtype.kind in "fcmM":
        return bool(numpy.array_equal(a, b, equal_nan=True))
    return bool(numpy.array_equal(a, b)) or (a.dtype.kind == "V" and a.tobytes() == b.tobytes())


def _same_objects(a: Any, b: Any, around: tuple[tuple[int, int], ...]) -> bool:
    """Compare two objects of one type by what they say, if they say it in yes and no."""
    if safe_module(type(a)).partition(".")[0] == "pandas":
        return _same_tables(a, b, around)
    try:
        answer = a == b
    except Exception:
        fields = _fields(a)
        if fields is None:
            raise
        return _same(fields, _fields(b), around)
    if type(answer) is bool:
        return answer
    if safe_module(type(answer)) == "numpy" and type(answer).__name__ in ("bool", "bool_"):
        return bool(answer) or bool(a != a and b != b)
    return answer is not NotImplemented and _same_content(a, b, answer)


def _same_tables(a: Any, b: Any, around: tuple[tuple[int, int], ...]) -> bool:
    """Compare by pandas' own rule: same places equal or both missing, and the same names."""
    if not hasattr(a, "equals"):
        return bool(a == b)
    return _same(_labels(a), _labels(b), around) and bool(a.equals(b))


def _labels(table: Any) -> list[Any]:
    names = getattr(table, "names", None)
    found = [getattr(table, "name", None), None if names is None else list(names)]
    return [*found, str(getattr(table, "dtype", ""))]


def _same_content(a: Any, b: Any, answer: Any) -> bool:
    """Compare what answers `==` with an array of answers: a tensor, a table, a column."""
    for name in ("equals", "equal"):
        ask = getattr(type(a), name, None)
        if ask is not None:
            told = ask(a, b)
            return told is True
    shapes = [tuple(getattr(one, "shape", ())) for one in (a, b)]
    types = [getattr(one, "dtype", None) for one in (a, b)]
    if shapes[0] != shapes[1] or types[0] != types[1] or not hasattr(answer, "all"):
        return False
    return bool(answer.all())


def _fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a dataclass or a pydantic model, whose `==` asks each for its truth."""
    kind = type(value)
    if has_kind(value, type):
        return None
    names = getattr(kind, "__dataclass_fields__", None) or getattr(kind, "model_fields", None)
    return None if names is None else {name: getattr(value, name) for name in names}
