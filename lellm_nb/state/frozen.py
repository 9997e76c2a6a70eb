"""Values as frames keep them: the only cheap history that is right.

A dict, list, tuple or set is frozen when it is recorded, not later, so a frame
keeps showing what was there when it was made. Frozen containers are real `dict`
and `list` objects with the items in their own storage, because orjson, msgspec
and pydantic look there. User code is given copies of them (`handed`): C code
writes into that storage, whatever the methods refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

from lellm_nb.errors import StateError, path_text
from lellm_nb.state.containers.container_walk import children, is_cyclic
from lellm_nb.state.containers.handed import HANDED, HandedSet, LazyDict, handed
from lellm_nb.state.containers.kinds import shape_of
from lellm_nb.state.containers.read_only import (
    ATOMS,
    PLAIN,
    FrozenDict,
    FrozenList,
    FrozenSet,
    freezers,
    frozen_dict,
    frozen_list,
    frozen_proxy,
    frozen_set,
    has_way_to_freeze,
    opaque_paths,
    thaw,
    thawers,
    tuple_like,
    unchanged,
)

__all__ = [
    "PLAIN",
    "FrozenDict",
    "FrozenList",
    "FrozenSet",
    "freeze",
    "frozen_dict",
    "frozen_list",
    "handed",
    "has_way_to_freeze",
    "opaque_paths",
    "register_freeze",
    "thaw",
    "thawers",
]

T = TypeVar("T")


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
        ATOMS.add(kind)
        PLAIN.add(kind)
    else:
        freezers[kind] = how


def freeze(value: Any, key: Any = "") -> Any:
    """Return `value` with every dict, list, tuple and set in it made read-only.

    What is frozen already is returned as it is, so this costs what is new and not
    what exists. Objects of other types are kept by reference; see `opaque_paths`.

    Raises:
        StateError: The value contains itself, or is nested too deeply to keep.

    Example:
        >>> freeze([1, {"a": 2}])[1]["a"]
        2
        >>> handed(freeze([1, 2], "messages")).append(3)
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
    plain = PLAIN
    if kind is dict:
        made = FrozenDict({k: v if type(v) in plain else _freeze(v, key) for k, v in value.items()})
        made.key = key
        return made
    if kind is list:
        made = FrozenList([v if type(v) in plain else _freeze(v, key) for v in value])
        made.key = key
        return made
    return _freeze_other(value, key)


def _freeze_other(value: Any, key: str) -> Any:
    kind = type(value)
    if kind in HANDED and is_intact(value.of, value):
        # put back as it was read: shared with the frames before
        return value.of.whole(key) if hasattr(value.of, "whole") else value.of
    how = freezers.get(kind)
    if how is not None:
        return how(value)
    if issubclass(kind, tuple):
        return tuple_like(value, [_freeze(v, key) for v in value])
    if kind is set or kind is HandedSet:
        return frozen_set([_freeze(v, key) for v in value], key)
    if issubclass(kind, FrozenDict):
        return _freeze(dict(dict.items(value)), key)
    if issubclass(kind, FrozenList):
        return _freeze(list(list.__iter__(value)), key)
    if kind is MappingProxyType:
        return frozen_proxy(_freeze(dict(value), key), key)
    shape = shape_of(getattr(kind, "__lellm_class__", kind), key)
    return value if shape is None else shape.keep(value, key, lambda item: _freeze(item, key))


def is_intact(kept: Any, given: Any) -> bool:
    """Tell whether what was given of a kept value is what it was, but for built-ins."""
    if not unchanged(kept, given):
        forget_builtins(given)
        return unchanged(kept, given)
    return True


def forget_builtins(given: Any) -> None:
    """Take out what `exec` and `eval` put into every namespace, whatever the code does."""
    if isinstance(given, LazyDict) and "__builtins__" not in given.of:
        dict.pop(given, "__builtins__", None)
    if isinstance(given, (dict, list, tuple)):
        for _, value in list(children(given)):
            if type(value) in HANDED or type(value) is tuple:
                forget_builtins(value)
