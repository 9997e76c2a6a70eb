"""Whether two values are the same, whatever they are: the one comparison (SEMANTICS S10)."""

from __future__ import annotations

import dataclasses
import numbers
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from lellm_nb.state.compact import COMPACT, EditedList, Tail, Wide, whole

__all__ = ["equal", "same"]

Pairs = Iterable[tuple[Any, Any]]

_SIMPLE = frozenset({type(None), bool, int, float, str, bytes})
_ABSENT = object()
_SHARING = (*COMPACT, Wide)


def same(one: Any, two: Any) -> bool:
    """Tell whether two values are the same: by content, and of the same types all the way down.

    Arrays and tables compare by content, with what their elements are and how they are
    arranged; a value that is not a number (NaN, NaT) is the same as another one; what cannot
    be compared is different, unless it is the very same object. Read-only containers are the
    same as plain ones. A value may contain itself. Nothing is imported for it.

    Example:
        >>> same({"n": [float("nan")]}, {"n": [float("nan")]}), same([1], [True])
        (True, False)
        >>> class Broken:
        ...     def __eq__(self, other):
        ...         raise TypeError("no")
        >>> broken = Broken()
        >>> same(broken, broken), same(broken, Broken())
        (True, False)
    """
    if one is two:
        return True
    try:
        return _same(one, two)
    except Exception:  # what the two consist of may raise anything when it is looked at
        return False


def equal(one: Any, two: Any) -> bool:
    """Tell whether two values are equal to Python, or the same where it cannot tell.

    Example:
        >>> equal([1], [True]), equal([float("nan")], [float("nan")])
        (True, True)
    """
    if one is two:
        return True
    try:
        answer = one == two
    except Exception:  # an array is no truth value; a foreign __eq__ may raise anything
        answer = None
    return answer is True or same(one, two)


def _same(one: Any, two: Any) -> bool:
    """Walk both sides at once, without recursion: values may be deeper than Python's stack."""
    trail: list[Iterator[tuple[Any, Any]]] = [iter(((one, two),))]
    met: dict[tuple[int, int], tuple[Any, Any]] = {}  # holds both, so that no id is used again
    while trail:
        for a, b in trail[-1]:
            if a is b:
                continue
            kind = type(a)
            if kind in _SIMPLE:
                if type(b) is not kind or (a != b and (a == a or b == b)):
                    return False
                continue
            if kind is not type(b):
                kind = _kind(kind)
                if kind is not _kind(type(b)):
                    return False
            inside = _compared(kind, a, b)
            if inside is False:
                return False
            if inside is True or not inside or (id(a), id(b)) in met:
                continue  # nothing more inside, or it was looked at before, or is right now
            met[id(a), id(b)] = a, b
            trail.append(iter(inside))
            break
        else:
            trail.pop()
    return True


def _kind(kind: type) -> Any:
    """Return what values of a type are to a reader: a read-only list is a list."""
    if issubclass(kind, _SHARING):
        return list if issubclass(kind, (Tail, EditedList)) else dict
    kind = getattr(kind, "__lellm_plain__", getattr(kind, "__lellm_class__", kind))
    while kind.__module__.startswith("lellm_nb.state."):
        kind = kind.__mro__[1]
    if issubclass(kind, _loaded("pandas", "Index")):
        return _loaded("pandas", "Index")[0]  # a range of numbers is an index like another
    return set if kind is frozenset else kind


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """Return classes of a module that somebody has imported; none where nobody has."""
    found = sys.modules.get(module)
    classes = (getattr(found, name, None) for name in names)
    return tuple(one for one in classes if isinstance(one, type))


def _compared(kind: type, a: Any, b: Any) -> bool | Pairs:
    """Compare two values of a kind; what is inside of them is returned, pair by pair."""
    if isinstance(a, dict) and isinstance(b, dict):
        made_of = getattr(kind, "__lellm_class__", kind)
        ordered = issubclass(made_of, OrderedDict) and list(a) != list(b)
        return len(a) == len(b) and not ordered and _items(a, b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and zip(a, b, strict=True)
    if isinstance(a, _SHARING) or isinstance(b, _SHARING):
        return [(_whole(a), _whole(b))]
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and set(map(_token, a)) == set(map(_token, b))
    if isinstance(a, _loaded("numpy", "ndarray", "generic")):
        return _arrays(a, b)
    if isinstance(a, _loaded("pandas", "DataFrame", "Series", "Index")):
        return _tables(a, b)
    return _objects(a, b)


def _whole(value: Any) -> Any:
    return dict(value.items()) if isinstance(value, Wide) else whole(value)


def _items(a: dict[Any, Any], b: dict[Any, Any]) -> Pairs:
    """Return the values of two mappings that are not the same at first sight."""
    get, simple = b.get, _SIMPLE
    found = [
        (key, value, other)
        for key, value in a.items()
        if value is not (other := get(key, _ABSENT))
        and not (type(value) in simple and type(other) is type(value) and value == other)
    ]
    if not found:
        return ()
    if any(other is _ABSENT for _, _, other in found):
        # not a number is found under no other object that is not a number
        rest = {_token(key): value for key, value in b.items() if key not in a}
        found = [(k, v, rest.get(_token(k), o) if o is _ABSENT else o) for k, v, o in found]
    return [(value, other) for _, value, other in found]


def _token(value: Any) -> Any:
    """Return something hashable that is equal for the same values."""
    kind = type(value)
    if isinstance(value, tuple):
        return kind, tuple(map(_token, value))
    if isinstance(value, frozenset):
        return frozenset, frozenset(map(_token, value))
    return (kind, kind) if _is_nan(value) else (kind, value)


def _is_nan(value: Any) -> bool:
    known = isinstance(value, (numbers.Number, *_loaded("numpy", "generic")))
    return known and bool(value != value)


def _arrays(a: Any, b: Any) -> bool | Pairs:
    numpy = sys.modules["numpy"]
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if not isinstance(a, numpy.ndarray):
        a, b = numpy.asarray(a), numpy.asarray(b)
    if a.dtype.names is not None:
        return [(a[name], b[name]) for name in a.dtype.names]
    if isinstance(a, numpy.ma.MaskedArray):
        masks = numpy.ma.getmaskarray(a), numpy.ma.getmaskarray(b)
        return [masks, (a.compressed(), b.compressed())]
    if a.dtype.hasobject:
        return zip(a.flat, b.flat, strict=True)
    if a.dtype.kind == "V":
        return bool(a.tobytes() == b.tobytes())
    found = a == b
    if a.dtype.kind in "fcmM":  # these have values that are not numbers, or no times
        found = found | ((a != a) & (b != b))
    return bool(numpy.all(found))


def _tables(a: Any, b: Any) -> bool | Pairs:
    if a.shape != b.shape:
        return False
    pandas = sys.modules["pandas"]
    if isinstance(a, pandas.Index):
        alike = a.nlevels == b.nlevels and a.dtype == b.dtype and a.equals(b)
        return alike and [(list(a.names), list(b.names))]
    if isinstance(a, pandas.DataFrame):
        columns = ((a.iloc[:, i], b.iloc[:, i]) for i in range(a.shape[1]))
        return _chained([(a.columns, b.columns), (a.index, b.index)], columns)
    if a.dtype != b.dtype:
        return False
    pairs = [(a.name, b.name), (a.index, b.index)]
    if isinstance(a.dtype, _loaded("numpy", "dtype")):
        return [*pairs, (a.to_numpy(), b.to_numpy())]
    return bool(a.array.equals(b.array)) and pairs


def _chained(*pieces: Pairs) -> Pairs:
    for piece in pieces:
        yield from piece


def _objects(a: Any, b: Any) -> bool | Pairs:
    """Ask the two themselves; where they cannot tell, compare what they consist of."""
    try:
        answer = a == b
    except Exception:  # a field may be an array, or deeper than the stack
        answer = False
    if isinstance(answer, (bool, *_loaded("numpy", "bool_"))):
        if answer:
            return True
        if isinstance(a, complex):
            return [(a.real, b.real), (a.imag, b.imag)]
        parts = _parts(a, b)
        return (_is_nan(a) and _is_nan(b)) if parts is None else parts
    return _by_content(answer, a, b)


def _parts(a: Any, b: Any) -> Pairs | None:
    """Return what two objects of one class compare by, as far as the class says."""
    kind: Any = type(a)
    if kind.__eq__ is object.__eq__:
        return None
    if dataclasses.is_dataclass(a):
        names = [field.name for field in dataclasses.fields(a) if field.compare]
        return [(getattr(a, name), getattr(b, name)) for name in names]
    if hasattr(kind, "model_fields") and hasattr(kind, "model_validate"):
        held = ("__dict__", "__pydantic_extra__", "__pydantic_private__")
        return [(getattr(a, name, None), getattr(b, name, None)) for name in held]
    if hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__ if field.eq]
        return [(getattr(a, name), getattr(b, name)) for name in names]
    if isinstance(a, Mapping):
        return [(dict(a), dict(b))]
    if isinstance(a, Set):
        return [(frozenset(a), frozenset(b))]
    if isinstance(a, Sequence) and not isinstance(a, (str, bytes, bytearray)):
        return [(list(a), list(b))]
    return None


def _by_content(answer: Any, a: Any, b: Any) -> bool:
    """Compare two things whose ``==`` answers element by element: a tensor, a table of another."""
    for name in ("shape", "dtype", "schema"):
        if bool(getattr(a, name, None) != getattr(b, name, None)):
            return False
    for name in ("identical", "equals"):
        method = getattr(a, name, None)
        told = method(b) if callable(method) else None
        if isinstance(told, bool):
            return told
    if hasattr(answer, "nnz"):  # a sparse matrix, which has no truth of its own
        return bool((a != b).nnz == 0)
    if hasattr(answer, "all"):
        return bool((answer | ((a != a) & (b != b))).all())
    return bool(answer)
