"""How values of classes are written that need nothing said: enums, tuples, what was before."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Any

from lellm_nb.state.containers.kinds import shape_of
from lellm_nb.state.frozen import thaw

__all__ = ["listed", "ready"]


def listed(content: Any) -> list[Any]:
    """Return what was written as a list; a range would make gigabytes of a few bytes."""
    if not isinstance(content, list):
        raise TypeError("a list is missing")
    return content


def ready(cls: Any) -> tuple[Callable[[Any], Any] | None, Callable[..., Any] | None]:
    """Return how values of a class are written and read, `None` where that has to be said.

    Of a class with fields it is how files of 0.1.0 have them; since then these are written by
    their attributes (`register_type`).
    """
    if issubclass(cls, enum.Enum):
        return lambda value: value.name, lambda content, *_: cls[content]
    if hasattr(cls, "snapshot") and hasattr(cls, "restore"):
        return lambda value: value.snapshot(), lambda content, *_: cls.restore(thaw(content))
    made: Any = cls
    if dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(cls) if field.init]
        return (
            lambda value: {name: getattr(value, name) for name in names},
            lambda content, *_: made(**content),
        )
    shape = shape_of(cls)
    if shape is not None:
        return shape.parts, lambda content, *_: shape.of_parts(*listed(content))
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return list, lambda content, *_: cls(*listed(content))
    if hasattr(cls, "model_validate") and hasattr(cls, "model_dump"):
        return (
            lambda value: value.model_dump(mode="json"),
            lambda content, *_: cls.model_validate(thaw(content)),
        )
    return None, None
