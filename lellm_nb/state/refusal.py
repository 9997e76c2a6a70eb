"""What a frozen container says to somebody who wants to change it (SEMANTICS S1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from lellm_nb.errors import ReadOnlyStateError, path_text
from lellm_nb.errors.safe_text import safe_repr

__all__ = [
    "delete_inside",
    "locate_with",
    "put",
    "put_inside",
    "refusal",
    "refuse",
    "refuse_assignment",
]

_locators: list[Callable[[object], tuple[Any, ...] | None]] = []


def locate_with(find: Callable[[object], tuple[Any, ...] | None]) -> None:
    """Say how the path of a container is found in the state that a node is reading."""
    _locators.append(find)


def refuse(container: Any, what: str, instead: Callable[[str], str]) -> NoReturn:
    """Refuse to change a container.

    Args:
        container: What was to be changed.
        what: The method that would have.
        instead: Given the key as code, says what to write in its place.

    Raises:
        ReadOnlyStateError: Always.
    """
    path = _located(container)
    if path is None:
        path = (container.key,) if getattr(container, "key", "") else ()
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
