"""How what typed states are made of is written: structs, members of enums, named tuples.

Which classes these are stands in `state/structs/declared.py`; of anything else a store has a
marker. An object is made again from its attributes alone: nothing of the class's own is run.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lellm_nb.record.codec.ready_kinds import items_form, listed, member, member_form
from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import thaw
from lellm_nb.state.structs.assignment import Rest
from lellm_nb.state.structs.declared import (
    declared_class,
    is_declared,
    is_named_tuple,
    stored_name,
)
from lellm_nb.state.structs.library_classes import is_library_name, library_class, library_name
from lellm_nb.state.structs.nested import kept_again, kept_under, read_only
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.stored_object import StoredObject, stored_form, stored_object
from lellm_nb.state.structs.struct import EXTRA, FIELDS_SET, Struct, struct_of, struct_of_class

__all__ = [
    "DECLARED",
    "DeclaredKind",
    "attributes_form",
    "declared_kind",
    "declared_kind_named",
    "from_attributes",
    "library_kind",
    "library_kind_named",
    "read_rest",
    "rest_form",
]

TEXT = "__str__"
"""Under which the text of an object is written that is a text of a class of its own."""

DECLARED = "state:"
"""What the name of such a type begins with, in what is written."""


class DeclaredKind(NamedTuple):
    """How values of one such class are written and read; a `Kind` to the codec."""

    name: str
    version: int
    write: Callable[[Any], Any]
    read: Callable[..., Any]
    restore: Callable[[Any], Any] | None = None


def declared_kind(cls: type, can_write: Callable[[Any], bool]) -> DeclaredKind | None:
    """Return how values of a class are written; `None` where no typed state leads to it.

    Args:
        can_write: Tells whether the codec knows a value's type.
    """
    kind: Any = plain_class(cls)
    if not is_declared(kind):
        return None
    struct = struct_of_class(kind)
    name = DECLARED + stored_name(kind)
    if struct is not None:
        found = struct
        return DeclaredKind(
            name,
            1,
            lambda value: attributes_form(found, value, can_write),
            lambda content: from_attributes(found, content),
        )
    if is_named_tuple(kind):
        return DeclaredKind(name, 1, items_form, lambda c: tuple.__new__(kind, listed(c)))
    return DeclaredKind(name, 1, member_form, lambda content: member(kind, content))


def declared_kind_named(name: str) -> DeclaredKind | None:
    """Return how values are read that were written under a name."""
    cls = declared_class(name.removeprefix(DECLARED)) if name.startswith(DECLARED) else None
    return None if cls is None else declared_kind(cls, lambda _: True)


def library_kind(value: Any, can_write: Callable[[Any], bool]) -> DeclaredKind | None:
    """Return how an object of a library is written by its fields; `None` where it is none."""
    cls: Any = plain_class(type(value))
    if cls is StoredObject:
        name, content = stored_form(value)
        return _of_library(name, lambda _: content)
    name = library_name(cls)
    return _of_library(name, lambda v: _library_form(v, can_write)) if name else None


def library_kind_named(name: str) -> DeclaredKind | None:
    """Return how an object of a library is read; `None` where the name is none of one."""
    bare = name.removeprefix(DECLARED)  # where a typed state led to it, and none does any more
    if not is_library_name(bare):
        return None
    if bare == name:
        return _of_library(name, _unreadable)
    return DeclaredKind(name, 1, _unreadable, lambda content: _library_object(bare, content))


def _of_library(name: str, write: Callable[[Any], Any]) -> DeclaredKind:
    return DeclaredKind(name, 1, write, _unreadable, lambda c: _library_object(name, c))


def _unreadable(_content: Any) -> Any:
    raise TypeError("it was written in another way than by its attributes")


def _library_form(value: Any, can_write: Callable[[Any], bool]) -> dict[str, Any]:
    struct = struct_of(value)
    if struct is not None:
        return attributes_form(struct, value, can_write)
    if not isinstance(value, enum.Enum):
        return (
            {TEXT: str.__str__(value)}
            if isinstance(value, str)
            else dict(zip(type(value).__match_args__, value, strict=True))
        )
    if type(value).__members__.get(value.name) is not value:
        raise ValueError("it is no member that its class declares")
    return {"name": value.name, "value": value.value}


def _library_object(name: str, content: Any) -> Any:
    """Return an object of a class where that is loaded and still has such fields."""
    if not isinstance(content, Mapping):
        raise TypeError("the attributes are missing")
    cls = library_class(name)
    with contextlib.suppress(Exception):  # what is of another version is data, too
        if cls is not None:
            return _of_class(cls, content)
    if content.keys() == {TEXT} and type(content[TEXT]) is str:
        return content[TEXT]
    return stored_object(name, content)


def _of_class(cls: Any, content: Mapping[str, Any]) -> Any:
    struct = struct_of_class(cls)
    if struct is None:
        if issubclass(cls, enum.Enum):
            return cls.__members__[content["name"]]
        if issubclass(cls, str):
            return str.__new__(cls, content[TEXT])
        return tuple.__new__(cls, [content[name] for name in cls.__match_args__])
    others = content.keys() - {*struct.info, *struct.private, FIELDS_SET, EXTRA}
    closed = hasattr(cls, "model_validate") and not struct.open
    if any(name.startswith("__") or closed for name in others):
        raise KeyError(f"{cls.__name__} has no {', '.join(others)}")
    made = thaw(from_attributes(struct, content))
    for name in struct.fields:
        getattr(made, name)  # it raises where a field has no value, and no default
    return made


def attributes_form(struct: Struct, value: Any, can_write: Callable[[Any], bool]) -> dict[str, Any]:
    """Return what an object is written by: all that it holds."""
    fields, rest = struct.take(value)
    form = {**fields, **rest_form(struct, rest, can_write)}
    hidden = {n for n in fields if n not in struct.info and n.startswith("_")}
    if hidden:  # what a model was given, not what somebody set on it afterwards
        return {n: v for n, v in form.items() if n not in hidden} | {
            EXTRA: {n: fields[n] for n in hidden}
        }
    return form


def from_attributes(struct: Struct, content: Mapping[str, Any]) -> Any:
    """Return an object that holds what was written of one; nothing of its class is run."""
    more = {name for name in content if struct.open and not name.startswith("_")}
    inside = {*struct.fields, *more} - {*struct.private}
    held = {n: v for n, v in content.items() if n in inside} | dict(content.get(EXTRA, {}))
    fields = {n: kept_again(struct, n, v) for n, v in held.items()}
    rest = read_rest(struct, {n: v for n, v in content.items() if n not in {*inside, EXTRA}})
    for name in struct.fields:
        if name not in fields and (default := struct.default(name, fields)) is not MISSING:
            fields[name] = kept_under(struct, name, default)
    return read_only(struct, fields, rest)


def rest_form(
    struct: Struct | None, rest: Rest, can_write: Callable[[Any], bool]
) -> dict[str, Any]:
    """Return what is kept of an object's other attributes.

    What can't be written there is an object's own affair (a lock, a client): it is left out, and
    gets its default when it is read.
    """
    transient: Any = () if struct is None else struct.transient
    kept = {n: v for n, v in rest.items() if n not in transient and can_write(v)}
    if FIELDS_SET in kept:
        kept[FIELDS_SET] = sorted(kept[FIELDS_SET])
    return kept


def read_rest(struct: Struct, kept: Mapping[str, Any]) -> Rest:
    """Return an object's other attributes; what was not kept has its default again."""
    rest = {**kept, FIELDS_SET: frozenset(kept[FIELDS_SET])} if FIELDS_SET in kept else dict(kept)
    for name in (*struct.private, *struct.transient):
        if name not in rest and (default := struct.default(name, {})) is not MISSING:
            rest[name] = kept_under(struct, name, default)
    return rest
