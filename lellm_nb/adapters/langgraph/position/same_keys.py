"""Dicts of the same keys: there are seven in a frame, and most of a small dict is its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["with_same_keys"]

_MANY = 256
"""So many sets of keys are known at most: those that come again are met again at once."""
_LONG = 30
"""A longer dict shares no keys in CPython."""

_shapes: dict[tuple[Any, ...], type] = {}


def with_same_keys(items: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a dict that shares its keys with all others of the same keys, and is half as large.

    It is the `__dict__` of an object (PEP 412), which is a dict like any other.

    Example:
        >>> made = [with_same_keys({"step": n, "source": "loop"}) for n in range(99)]
        >>> made[-1]
        {'step': 98, 'source': 'loop'}
    """
    keys = tuple(items)
    shape = _shapes.get(keys)
    if shape is None:
        plain = any(type(key) is not str or key in _RESERVED for key in keys)
        if plain or len(keys) > _LONG:
            return dict(items)
        if len(_shapes) >= _MANY:
            _shapes.clear()
        shape = _shapes[keys] = type("Shape", (), {})
    made: dict[Any, Any] = shape().__dict__
    for key in keys:
        made[key] = items[key]
    return made


_RESERVED = frozenset(dir(type("Shape", (), {})))
"""What an object has itself under such a name is no item of its dict."""
