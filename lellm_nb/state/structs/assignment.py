"""Setting one attribute, as plain code would: what was put changes, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.errors import StateTypeError
from lellm_nb.state.compact import MISSING, Data, whole
from lellm_nb.state.containers.handed import HandedDict, HandedList, LazyDict, LazyList
from lellm_nb.state.containers.read_only import tuple_like
from lellm_nb.state.frozen import PLAIN, FrozenDict, FrozenList, thaw
from lellm_nb.state.sameness import same as same_value
from lellm_nb.state.structs.nested import (
    is_read_only,
    kept_under,
    private_copy,
    read_only,
    taken,
)
from lellm_nb.state.structs.struct import FIELDS_SET, Struct, struct_of

__all__ = ["Rest", "assign", "replaced", "settle"]

Rest = Mapping[str, Any]
"""What an object holds beside its fields, by name; never changed in place."""


def assign(struct: Struct, fields: Data, rest: Rest, name: str, value: Any) -> Rest:
    """Set one attribute in a draft of the fields; return the rest after it.

    Args:
        value: As it is kept; `MISSING` for what the field is where nothing is given.

    Raises:
        StateTypeError: There is no such field, or it can't be without a value.
        Exception: What the class itself raises where it validates what is assigned.
    """
    struct.expect(name, rest)
    unset = value is MISSING
    if unset:
        value = struct.default(name, dict(fields.items()))
        if value is MISSING:
            return _without(struct, fields, rest, name)
        value = kept_under(struct, name, value)
    if struct.assigns:
        before = {key: whole(kept) for key, kept in fields.items()}
        new = before[name] = whole(value)
        obj = private_copy(struct, {**before, name: whole(fields.get(name, MISSING))}, rest)
        setattr(obj, name, new if name in struct.transient else thaw(new))
        rest = settle(struct, obj, before, fields, rest)
        if fields.get(name) is new:
            fields[name] = value  # in its compact form
        return rest
    if name in struct.transient or (name not in struct.info and _is_hidden(struct, rest, name)):
        return {**rest, name: value}
    if not unset:
        struct.check(name, thaw(whole(value)))
    fields[name] = value
    known = rest.get(FIELDS_SET)
    if known is None or name not in struct.info or (name in known) is not unset:
        return rest
    return {**rest, FIELDS_SET: frozenset(known - {name} if unset else known | {name})}


def _is_hidden(struct: Struct, rest: Rest, name: str) -> bool:
    return name in rest or name in struct.private


def _without(struct: Struct, fields: Data, rest: Rest, name: str) -> Rest:
    if name in struct.info:
        raise StateTypeError(
            name,
            "a value",
            "none",
            f"{struct.cls.__name__} can't be without {name!r}: the field has no default."
            f" Put a value instead, as in ctx.put({name!r}, new_value).",
        )
    if name in fields:
        del fields[name]
    return {key: value for key, value in rest.items() if key != name}


def settle(struct: Struct, obj: Any, before: Mapping[str, Any], fields: Data, rest: Rest) -> Rest:
    """Bring a draft of the fields to what a private copy holds now; return the rest.

    What did not change stays the very object it was.

    Args:
        before: What the fields are to be where the copy changed nothing more, as it is read.
    """
    now, rest_now = struct.take(obj)
    for name, value in now.items():
        kept = _kept(struct, name, before.get(name, MISSING), value)
        if name not in fields or kept is not whole(fields[name]):
            fields[name] = kept
    for name in [name for name in fields if name not in now]:
        del fields[name]
    return {
        name: _kept(struct, name, rest.get(name, MISSING), value)
        for name, value in rest_now.items()
    }


def _kept(struct: Struct, name: str, old: Any, now: Any) -> Any:
    settled = _settled(old, now)
    return old if settled is old else kept_under(struct, name, settled)


def _settled(old: Any, now: Any) -> Any:
    """Return what stands for `now`: the old value, or as much of it as is the same."""
    if old is now or old is MISSING:
        return now
    if isinstance(now, (dict, list)) and type(now) not in _ORDINARY:
        return old if same_value(old, now) else now
    if isinstance(old, dict) and isinstance(now, dict):
        made = _settled_items(old, now)
        return old if _same_items(old, made) else made
    if isinstance(old, (list, tuple)) and isinstance(now, list if isinstance(old, list) else tuple):
        items = [_settled(a, b) for a, b in zip(old, now, strict=False)] + list(now)[len(old) :]
        if len(items) == len(old) and all(a is b for a, b in zip(items, old, strict=True)):
            return old
        return items if isinstance(now, list) else tuple_like(now, items)
    if isinstance(old, (set, frozenset)) and isinstance(now, (set, frozenset)):
        return old if old == now else now
    struct = struct_of(now) if is_read_only(old) else None
    if struct is not None and struct is struct_of(old):
        (fields, rest), (new, new_rest) = struct.take(old), struct.take(now)
        made, made_rest = _settled_items(fields, new), _settled_items(rest, new_rest)
        same = _same_items(fields, made) and _same_items(rest, made_rest)
        return old if same else struct.make(made, made_rest)
    return old if type(old) is type(now) and type(old) in PLAIN and old == now else now


_ORDINARY = {
    *(dict, FrozenDict, LazyDict, HandedDict),
    *(list, FrozenList, LazyList, HandedList),
}
"""Containers without a class of the user's, or of the standard library, to be kept."""


def _settled_items(old: Mapping[Any, Any], now: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: _settled(old.get(key, MISSING), value) for key, value in now.items()}


def _same_items(old: Mapping[Any, Any], now: Mapping[Any, Any]) -> bool:
    return list(old) == list(now) and all(now[key] is value for key, value in old.items())


def replaced(obj: Any, name: Any, value: Any) -> Any:
    """Return a read-only object like a struct, with one attribute set.

    Args:
        value: As it is kept; `MISSING` for what the field is where nothing is given.

    Raises:
        StateTypeError: There is no such field, or it can't be without a value.
    """
    struct = struct_of(obj)
    assert struct is not None
    fields, rest = taken(struct, obj)
    after = assign(struct, fields, rest, name, value)
    return read_only(struct, fields, after)
