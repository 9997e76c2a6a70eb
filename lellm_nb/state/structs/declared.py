"""Which classes belong to typed states, by name: those declared to be one, and what they hold.

A store writes a class by its name. Reading looks the name up here and nowhere else: what a
file names is taken only where a class that the user declared a state leads to it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.struct import struct_of_class
from lellm_nb.state.type_hints import classes_in, hints_of

__all__ = ["declare", "declare_parts", "declared_class", "is_declared", "is_named_tuple"]
__all__ += ["stored_name"]

_states: dict[str, type] = {}
_parts: dict[type, None] = {}
_unresolved: dict[type, None] = {}


def declare(cls: type, names: Mapping[str, Any]) -> None:
    """Make a class known as a typed state, and the classes of what its fields hold.

    Args:
        names: What is known where the class is defined.
    """
    _states[stored_name(cls)] = cls
    _walk(cls, names)


def declare_parts(cls: type, names: Mapping[str, Any]) -> None:
    """Make known the classes of what the fields of a class hold, and its own."""
    _walk(cls, names)


def is_declared(cls: Any) -> bool:
    """Tell whether values of a class are part of typed states, and so can be kept by name."""
    kind = plain_class(cls)
    if struct_of_class(kind) is None and not _is_leaf(kind):
        return False
    if not any(base in _parts for base in kind.__mro__):
        _resolve()
    return any(base in _parts for base in kind.__mro__)


def declared_class(name: str) -> Any:
    """Return the class that a name stands for, `None` where no typed state leads to one.

    Of several that had the name, as when a cell is run again, the last.
    """
    if name in _states:
        return _states[name]
    for again in (False, True):
        if again:
            _resolve()
        found = [cls for part in _parts for cls in _family(part) if stored_name(cls) == name]
        if found:
            return found[-1]
    return None


def stored_name(cls: type) -> str:
    """Return the name by which a class is kept: ``module.Class``."""
    return f"{cls.__module__}.{cls.__qualname__}"


def is_named_tuple(cls: Any) -> bool:
    """Tell whether a class is a named tuple."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def _is_leaf(cls: Any) -> bool:
    return issubclass(cls, enum.Enum) or is_named_tuple(cls)


def _walk(cls: Any, names: Mapping[str, Any]) -> None:
    """Note a class and what its fields hold; a name that is not known yet is looked up later."""
    open_classes = [cls]
    while open_classes:
        kind = open_classes.pop()
        struct = struct_of_class(kind)
        if kind in _parts and kind not in _unresolved:
            continue
        if struct is None and not _is_leaf(kind) and not hasattr(kind, "__required_keys__"):
            continue
        _parts[kind] = None
        _unresolved.pop(kind, None)
        if struct is not None:
            struct.learn(names)
            hints = struct.hints
        else:
            hints = hints_of(kind, getattr(kind, "__annotations__", {}), names)
        for hint in hints.values():
            if isinstance(hint, str):
                _unresolved[kind] = None
            else:
                open_classes += classes_in(hint)


def _resolve() -> None:
    for cls in list(_unresolved):
        _walk(cls, {})


def _family(cls: Any) -> Iterator[Any]:
    yield cls
    if struct_of_class(cls) is not None:
        for sub in type.__subclasses__(cls):
            if plain_class(sub) is sub:
                yield from _family(sub)
