"""What an instance of a container class has beside its items."""

from __future__ import annotations

import array
import collections
import copy
import enum
import types
from typing import Any

from lellm_nb.errors import StateError
from lellm_nb.state.containers.read_only import PLAIN

__all__ = ["OWN", "attributes_of", "copied", "is_simple"]

OWN = "(copy)"
"""Where the attributes have a copy of the instance: only its class knows how one is made."""

SELF = "(itself)"
"""Stands for an instance whose attributes are its own items."""


def attributes_of(value: Any, cls: type) -> dict[str, Any]:
    """Return the attributes that an instance has beside its items."""
    found: dict[str, Any] = {}
    own = getattr(value, "__dict__", None)
    if own is value:
        found["__dict__"] = SELF
    elif isinstance(own, dict):
        found |= own
    for each in cls.__mro__:
        slots = vars(each).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            hidden = name.startswith("__") and not name.endswith("__")
            full = f"_{each.__name__.lstrip('_')}{name}" if hidden else name
            if name not in ("__dict__", "__weakref__") and hasattr(value, full):
                found[full] = getattr(value, full)
    for name in ("default_factory", "maxlen", "typecode"):
        if issubclass(cls, BUILT_IN[name]):
            found[name] = getattr(value, name)
    return found


BUILT_IN: dict[str, type] = {
    "default_factory": collections.defaultdict,
    "maxlen": collections.deque,
    "typecode": array.array,
}
"""Attributes that are part of a built-in container."""


def is_simple(attribute: Any) -> bool:
    """Tell whether instances may share an attribute: it cannot change, and holds no instance."""
    if type(attribute) is tuple:
        return all(map(is_simple, attribute))
    return type(attribute) in PLAIN or isinstance(attribute, _SHARED)


_SHARED = (type, types.FunctionType, enum.Enum, str, int, float)


def copied(value: Any, key: str) -> Any:
    """Return a copy of an instance as its class makes one.

    Raises:
        StateError: It makes none; says what to write instead.
    """
    try:
        return copy.deepcopy(value)
    except Exception as error:  # a lock, a connection, or a class that has its own way
        raise StateError(
            f"The value for state key {key!r} is a {type(value).__name__} with attributes that no"
            f" copy can be made of ({type(error).__name__}: {error}). Put what it holds instead.",
            key=key,
        ) from error
