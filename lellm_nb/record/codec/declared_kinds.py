"""How what typed states are made of is written: structs, members of enums, named tuples.

Which classes these are stands in `state/structs/declared.py`; of anything else a store has a
marker. An object is made again from its attributes alone: nothing of the class's own is run.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lellm_nb.state.compact import MISSING
from lellm_nb.state.structs.assignment import Rest
from lellm_nb.state.structs.declared import (
    declared_class,
    is_declared,
    is_named_tuple,
    stored_name,
)
from lellm_nb.state.structs.nested import kept_again, kept_under, read_only
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.struct import FIELDS_SET, Struct, struct_of_class

__all__ = [
    "DECLARED",
    "DeclaredKind",
    "attributes_form",
    "declared_kind",
    "declared_kind_named",
    "from_attributes",
    "read_rest",
    "rest_form",
]

DECLARED = "state:"
"""What the name of such a type begins with, in what is written."""


class DeclaredKind(NamedTuple):
    """How values of one such class are written and read; a `Kind` to the codec."""

    name: str
    version: int
    write: Callable[[Any], Any]
    read: Callable[..., Any]


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
        return DeclaredKind(name, 1, list, kind._make)
    return DeclaredKind(name, 1, _member_form, lambda content: _member(kind, content))


def declared_kind_named(name: str) -> DeclaredKind | None:
    """Return how values are read that were written under a name."""
    cls = declared_class(name.removeprefix(DECLARED)) if name.startswith(DECLARED) else None
    return None if cls is None else declared_kind(cls, lambda _: True)


def _member_form(member: enum.Enum) -> Any:
    named = type(member).__members__.get(member.name or "") is member
    return member.name if named else [member.value]  # a Flag of two has no name of its own


def _member(cls: Any, content: Any) -> Any:
    return cls[content] if isinstance(content, str) else cls(content[0])


def attributes_form(struct: Struct, value: Any, can_write: Callable[[Any], bool]) -> dict[str, Any]:
    """Return what an object is written by: all that it holds."""
    fields, rest = struct.take(value)
    return {**fields, **rest_form(struct, rest, can_write)}


def from_attributes(struct: Struct, content: Mapping[str, Any]) -> Any:
    """Return an object that holds what was written of one; nothing of its class is run."""
    inside = {*struct.fields, *(name for name in content if struct.open)} - {*struct.private}
    fields = {n: kept_again(struct, n, v) for n, v in content.items() if n in inside - {FIELDS_SET}}
    rest = read_rest(struct, {n: v for n, v in content.items() if n not in fields})
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
