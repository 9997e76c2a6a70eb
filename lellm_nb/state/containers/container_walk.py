"""Walking what is inside containers, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["children", "is_cyclic", "path_of"]


def children(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is inside a container, with its keys or its numbers."""
    kind = type(value)
    if issubclass(kind, dict):
        yield from dict.items(value)  # as they are stored, whatever a subclass makes of them
    elif issubclass(kind, list):
        yield from enumerate(list.__iter__(value))
    elif issubclass(kind, tuple):
        yield from enumerate(value)


def is_cyclic(value: Any) -> bool:
    """Tell whether a container can be reached from itself, without recursion."""
    trail: list[tuple[int, Iterator[tuple[Any, Any]]]] = [(id(value), children(value))]
    open_ids = {id(value)}
    while trail:
        _, child = next(trail[-1][1], (None, trail))
        if child is trail:
            open_ids.discard(trail.pop()[0])
        elif id(child) in open_ids:
            return True
        elif issubclass(type(child), (dict, list, tuple)):
            open_ids.add(id(child))
            trail.append((id(child), children(child)))
    return False


def path_of(
    root: Any,
    container: object,
    inside: Callable[[Any], Iterable[tuple[Any, Any]]] = children,
) -> tuple[Any, ...] | None:
    """Find where in `root` the very object `container` stands; `None` if nowhere.

    Args:
        inside: Gives what is inside a value, with its keys.
    """
    trail: list[tuple[tuple[Any, ...], Any]] = [((), root)]
    while trail:
        at, value = trail.pop()
        if value is container:
            return at
        trail.extend(((*at, k), v) for k, v in inside(value))
    return None
