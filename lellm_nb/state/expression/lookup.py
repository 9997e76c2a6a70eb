"""What stands under a name, or at a step of a path; what does not is None."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MemberDescriptorType
from typing import Any

from lellm_nb.state.compact import MISSING
from lellm_nb.state.containers.read_only import ATOMS
from lellm_nb.state.state import State
from lellm_nb.state.structs.struct import static, struct_of

__all__ = ["WHOLE", "Ask", "item_of", "key_reader", "under"]

Ask = Callable[[Any], Any]
"""A piece of an expression, asked of a state."""

WHOLE = "state"
"""Means the state itself, where no key is called so."""

_get = dict.get


def key_reader(names: Sequence[str]) -> Ask:
    """Return what reads a dotted name: first the flat key, then a path into a shorter one.

    Example:
        >>> key_reader(["approve", "by"])({"approve.by": "Ada"})
        'Ada'
        >>> key_reader(["approve", "by"])({"approve": {"by": "Bob"}})
        'Bob'
        >>> key_reader(["approve", "by"])({})
    """
    first = names[0]
    own = _whole_or_key if first == WHOLE else _key_reader(first)
    if len(names) == 1:
        return own
    longer = [(".".join(names[:n]), names[n:]) for n in range(len(names), 1, -1)]

    def ask(state: Any) -> Any:
        for key, rest in longer:
            if _has(state, key):
                return _down(under(state, key), rest)
        return _down(own(state), names[1:])

    return ask


def _key_reader(key: str) -> Ask:
    def ask(state: Any) -> Any:
        if type(state) is State:
            value = _get(state, key)
            # of what can't change the storage is as good as what a reader is handed
            return value if type(value) in ATOMS else state[key]
        value = under(state, key)
        return None if value is MISSING else value

    return ask


def _whole_or_key(state: Any) -> Any:
    return under(state, WHOLE) if _has(state, WHOLE) else state


def _has(state: Any, key: str) -> bool:
    """Tell whether a state has a key, without its being noted as read."""
    if isinstance(state, dict):
        return dict.__contains__(state, key)
    return key in state if isinstance(state, Mapping) else _field(state, key) is not MISSING


def under(state: Any, key: str) -> Any:
    """Return what a state has under a key, `MISSING` for nothing."""
    if isinstance(state, dict):
        return state.get(key, MISSING)
    if isinstance(state, Mapping):
        return state[key] if key in state else MISSING  # noqa: SIM401  # its get may be anything
    return _field(state, key)


def _down(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = item_of(value, name)
    return value


def item_of(value: Any, part: Any) -> Any:
    """Return what stands at one step of a path: an item, or a field; None where nothing does.

    Example:
        >>> item_of({"n": 1}, "n"), item_of([1, 2], -1), item_of([1, 2], 5), item_of(None, "n")
        (1, 2, None, None)
        >>> item_of([], "append"), item_of("a", "__class__")
        (None, None)
    """
    if value is None:
        return None
    try:
        if isinstance(value, (dict, Mapping)):  # a dict is told at once
            return value[part] if part in value else None  # noqa: SIM401  # a get may be anything
        if type(part) is str and not isinstance(value, str):
            found = _field(value, part)
            return None if found is MISSING else found
        if isinstance(value, (list, tuple, str)):
            return value[part] if type(part) is int else None
        return value[part] if hasattr(type(value), "__getitem__") else None
    except (LookupError, TypeError):
        return None


def _field(value: Any, name: str) -> Any:
    """Return a field of an object, which is data; nothing private, no method, no property."""
    if name.startswith("_"):
        return MISSING
    kind: Any = type(value)
    if name in getattr(kind, "__lellm_names__", ()):  # one of ours says what may be asked of it
        return getattr(value, name, MISSING)
    struct = struct_of(value)
    if struct is not None:
        if name in struct.info:
            return getattr(value, name, MISSING)
        return struct.take(value)[0].get(name, MISSING) if struct.open else MISSING
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", ())
        return value[names.index(name)] if name in names else MISSING
    if isinstance(value, Enum) and name in ("name", "value"):
        return getattr(value, name)
    try:
        held = object.__getattribute__(value, "__dict__")
        if type(held) is dict and name in held:
            return held[name]
        member: Any = static(kind, name)
        return member.__get__(value) if type(member) is MemberDescriptorType else MISSING
    except AttributeError:
        return MISSING
