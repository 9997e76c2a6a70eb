"""What a frozen container says to somebody who wants to change it (SEMANTICS S1)."""

from __future__ import annotations

import array
import collections
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from lellm_nb.errors import ReadOnlyStateError, path_text
from lellm_nb.errors.safe_text import safe_repr

__all__ = [
    "CHANGING",
    "delete_inside",
    "locate_with",
    "put",
    "put_inside",
    "refusal",
    "refuse",
    "refuse_assignment",
    "refusing",
]

C = TypeVar("C", bound=type)

_locators: list[Callable[[object], tuple[Any, ...] | None]] = []


def locate_with(find: Callable[[object], tuple[Any, ...] | None]) -> None:
    """Say how the path of a container is found in the state that a node is reading."""
    _locators.append(find)


def refuse(
    container: Any, what: str, instead: Callable[[str], str], key: str | None = None
) -> NoReturn:
    """Refuse to change a container.

    Args:
        container: What was to be changed.
        what: The method that would have.
        instead: Given the key as code, says what to write in its place.
        key: The state key it is at, where the container itself does not say.

    Raises:
        ReadOnlyStateError: Always.
    """
    path = _located(container)
    if path is None:
        name = getattr(container, "key", "") if key is None else key
        path = (name,) if name else ()
    key = path_text(path) or "state"
    argument = safe_repr(path[0] if len(path) == 1 else path) if path else "key"
    raise ReadOnlyStateError(
        f"State key {key!r} cannot be changed in place ({what})."
        f" Inside a node use {instead(argument)}; to work on a copy, take .copy().",
        key=key,
    )


def refuse_assignment(obj: Any, name: str) -> NoReturn:
    """Refuse to set or delete an attribute of an object.

    Raises:
        ReadOnlyStateError: Always.
    """
    path = (*(_located(obj) or ()), name)
    key = path_text(path)
    argument = repr(path[0] if len(path) == 1 else path)
    raise ReadOnlyStateError(
        f"State key {key!r} cannot be changed in place (assignment)."
        f" Inside a node use ctx.put({argument}, new_value).",
        key=key,
    )


def _located(container: object) -> tuple[Any, ...] | None:
    path: tuple[Any, ...] | None = None
    for find in _locators:
        path = path or find(container)
    return path


def refusal(what: str, instead: Callable[[str], str]) -> Any:
    """Return a method that refuses; see `refuse`."""

    def method(self: Any, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse(self, what, instead)

    method.__name__ = what
    method.__doc__ = "Refuse: what a node reads is read-only (SEMANTICS S1)."
    return method


def put(key: str) -> str:
    """Say how a whole value is written."""
    return f"ctx.put({key}, new_value)"


def put_inside(key: str) -> str:
    """Say how one item of a container is written."""
    inner = key[1:-1].rstrip(",") if key.startswith("(") else key
    return f"ctx.put(({inner}, item), new_value)"


def delete_inside(key: str) -> str:
    """Say how one item of a container is removed."""
    inner = key[1:-1].rstrip(",") if key.startswith("(") else key
    return f"ctx.delete(({inner}, item))"


CHANGING: dict[type, dict[str, Callable[[str], str]]] = {
    dict: {
        **dict.fromkeys(("__setitem__", "setdefault"), put_inside),
        **dict.fromkeys(("__delitem__", "pop"), delete_inside),
        **dict.fromkeys(("__ior__", "update", "popitem", "clear", "move_to_end"), put),
    },
    list: dict.fromkeys(
        (
            *("append", "extend", "__iadd__", "__imul__", "insert", "remove", "pop", "clear"),
            *("sort", "reverse", "__setitem__", "__delitem__"),
        ),
        put,
    ),
    set: dict.fromkeys(
        (
            *("add", "discard", "remove", "update", "pop", "clear", "difference_update"),
            *("intersection_update", "symmetric_difference_update"),
            *("__ior__", "__iand__", "__isub__", "__ixor__"),
        ),
        put,
    ),
    collections.deque: dict.fromkeys(
        (
            *("append", "appendleft", "extend", "extendleft", "insert", "remove", "pop"),
            *("popleft", "clear", "reverse", "rotate"),
            *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
        ),
        put,
    ),
    bytearray: dict.fromkeys(
        (
            *("append", "extend", "insert", "remove", "pop", "clear", "reverse"),
            *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
        ),
        put,
    ),
    array.array: dict.fromkeys(
        (
            *("append", "extend", "insert", "remove", "pop", "reverse", "byteswap"),
            *("frombytes", "fromfile", "fromlist", "fromunicode"),
            *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
        ),
        put,
    ),
}
"""What the methods that change a container say to do instead, by its built-in class."""


def refusing(base: type) -> Callable[[C], C]:
    """Give a class methods that refuse, for all that change its built-in class; a decorator.

    Those that the class has of its own stay.
    """

    def decorate(cls: C) -> C:
        for name, instead in CHANGING[base].items():
            if hasattr(base, name) and name not in vars(cls):
                setattr(cls, name, refusal(name, instead))
        return cls

    return decorate
