"""Typed states as JSON data: the class by its name, its fields, and what stands beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from lellm_nb.record.codec.declared_kinds import read_rest, rest_form
from lellm_nb.record.codec.types import can_write, class_named
from lellm_nb.record.codec.values import Codec, Problem
from lellm_nb.state.compact import MISSING, Data, view_items
from lellm_nb.state.state import State
from lellm_nb.state.structs.assignment import Rest
from lellm_nb.state.structs.declared import declared_class, is_declared, stored_name
from lellm_nb.state.structs.nested import kept_again, kept_under
from lellm_nb.state.structs.rebuilding import restored
from lellm_nb.state.structs.struct import FIELDS_SET, Struct, struct_of_class
from lellm_nb.state.typed import Typed

__all__ = ["class_form", "folded_rest", "read_typed", "rest_after", "rest_of"]


def class_form(data: Typed, codec: Codec, problems: list[Problem]) -> dict[str, Any]:
    """Return what is written of a typed state beside its fields."""
    name = stored_name(data.cls)
    if data.struct is None and not data.rest:
        return {"type": name}
    if data.struct is not None and not is_declared(data.cls) and class_named(name) is None:
        problems.append(Problem("", name, "no typed state leads to it: mark it with typed_state"))
    return {"type": name, "rest": rest_of(data, codec)}


def rest_of(data: Typed, codec: Codec) -> dict[str, Any]:
    """Return what a typed state has beside its fields as JSON data."""
    kept = rest_form(data.struct, data.rest, can_write)
    return {name: codec.plain(value, [], (name,)) for name, value in kept.items()}


def read_typed(form: Mapping[str, Any], made: Data, codec: Codec) -> Typed:
    """Return a typed state, given its fields.

    Of a class that is not loaded it is a mapping to who looks at it, and stays what it is.
    """
    name = str(form["type"])
    cls = _state_class(name)
    struct = None if cls is None else struct_of_class(cls)
    kept = {key: codec.value(value) for key, value in form.get("rest", {}).items()}
    if struct is not None and "rest" in form:
        return Typed(cls, _fields(struct, made), read_rest(struct, kept), struct)
    if struct is not None:  # written as a snapshot, by an older version
        with contextlib.suppress(Exception):
            return Typed.of(restored(cls, view_items(made)))
    elif cls is not None:
        return Typed(cls, made)
    module, _, last = name.rpartition(".")
    return Typed(type(last, (_Snapshot,), {"__module__": module}), made, kept)


def _fields(struct: Struct, made: Data) -> Data:
    fields = {name: kept_again(struct, name, value) for name, value in made.items()}
    for name in struct.fields:
        if name not in fields and (default := struct.default(name, fields)) is not MISSING:
            fields[name] = kept_under(struct, name, default)
    return fields


def rest_after(data: Typed, form: Mapping[str, Any], codec: Codec) -> Rest:
    """Return what stands beside the fields after a step that wrote it down."""
    kept = {name: codec.value(value) for name, value in form.items()}
    if FIELDS_SET in kept:
        kept[FIELDS_SET] = frozenset(kept[FIELDS_SET])
    return {**data.rest, **kept}


def folded_rest(data: Typed, names: list[str]) -> Rest:
    """Return what stands beside the fields after some of them were put."""
    known = data.rest.get(FIELDS_SET)
    new = {name for name in names if data.struct is None or name in data.struct.info}
    if known is None or new <= set(known):
        return data.rest
    return {**data.rest, FIELDS_SET: frozenset({*known, *new})}


def _state_class(name: str) -> Any:
    """Find the class of a typed state among those that were made one, and are loaded."""
    known = class_named(name)
    if known is not None and hasattr(known, "restore"):
        return known
    found = declared_class(name)
    return found if found is not None and struct_of_class(found) is not None else None


class _Snapshot:
    """Stands for a class of typed states that is not loaded: its states are plain mappings."""

    @classmethod
    def restore(cls, snapshot: Any) -> Any:
        """Return the snapshot as it is."""
        return State(snapshot) if isinstance(snapshot, dict) else snapshot
