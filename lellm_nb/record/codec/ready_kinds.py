"""How values of classes are written that need nothing said: enums, tuples, what was before."""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
from collections.abc import Callable
from typing import Any

from lellm_nb.state.containers.kinds import shape_of
from lellm_nb.state.frozen import thaw

__all__ = ["items_form", "listed", "member", "member_form", "ready"]


def listed(content: Any) -> list[Any]:
    """Return what was written as a list; a range would make gigabytes of a few bytes."""
    if not isinstance(content, list):
        raise TypeError("a list is missing")
    return content


def member_form(member: enum.Enum) -> Any:
    """Return what a member of an enum is written by: its name, or its value where it has none."""
    named = type(member).__members__.get(member.name or "") is member
    return member.name if named else [member.value]  # a Flag of two has no name of its own


def member(cls: Any, content: Any) -> Any:
    """Return a member of an enum."""
    if isinstance(content, list):
        return cls(content[0])
    if issubclass(cls, enum.Flag) and content not in cls.__members__:  # as 0.1.0 wrote several
        names = [] if content is None else content.split("|")
        return functools.reduce(operator.or_, (cls[name] for name in names), cls(0))
    return cls[content]


def items_form(value: Any) -> list[Any]:
    """Return what a named tuple is written by.

    Raises:
        ValueError: It holds more than its items.
    """
    if getattr(value, "__dict__", None):
        raise ValueError(f"it has attributes beside its items: {', '.join(vars(value))}")
    return list(value)


def ready(cls: Any) -> tuple[Callable[[Any], Any] | None, Callable[..., Any] | None]:
    """Return how values of a class are written and read, `None` where that has to be said.

    Of a class with fields it is how files of 0.1.0 have them; since then these are written by
    their attributes (`register_type`).
    """
    if issubclass(cls, enum.Enum):
        return member_form, lambda content, *_: member(cls, content)
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
        return items_form, lambda content, *_: tuple.__new__(cls, listed(content))
    if hasattr(cls, "model_validate") and hasattr(cls, "model_dump"):
        return (
            lambda value: value.model_dump(mode="json"),
            lambda content, *_: cls.model_validate(thaw(content)),
        )
    return None, None
