"""Structs inside containers inside structs: frozen, made changeable, shown as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lellm_nb.errors import StateError, path_text
from lellm_nb.errors.attempt import attempt
from lellm_nb.state.compact import whole
from lellm_nb.state.containers.container_walk import children, path_of
from lellm_nb.state.containers.kinds import alike
from lellm_nb.state.containers.read_only import tuple_like
from lellm_nb.state.frozen import (
    PLAIN,
    FrozenDict,
    FrozenList,
    FrozenSet,
    freeze,
    has_way_to_freeze,
    thaw,
)
from lellm_nb.state.structs.read_only import plain_class, read_only_class
from lellm_nb.state.structs.struct import Struct, struct_of

__all__ = [
    "fields_of",
    "freeze_deep",
    "is_read_only",
    "kept_again",
    "kept_under",
    "opened",
    "part_of",
    "path_in",
    "plain_data",
    "private_copy",
    "read_only",
    "safe_part",
    "taken",
]


def freeze_deep(value: Any, key: Any = "") -> Any:
    """Freeze a value as `freeze` does, and the structs in it as well.

    Raises:
        StateError: It contains itself, or is nested too deeply to keep.
    """
    if type(value) in PLAIN and type(value) not in _CONTAINERS:
        return value
    key = key if isinstance(key, str) else path_text(key)
    try:
        return _frozen(freeze(value, key), key)
    except RecursionError:
        raise StateError(
            f"The value for state key {path_text(key) or 'state'!r} contains itself, or is nested"
            " too deeply: a state is a tree of finite depth.",
            key=key,
        ) from None


_CONTAINERS = {FrozenDict, FrozenList, FrozenSet, frozenset}


def _frozen(value: Any, key: Any) -> Any:
    """Exchange the structs in what is frozen already; what has none stays the same object."""
    if isinstance(value, dict):
        made = {k: _frozen(v, key) for k, v in dict.items(value)}
        shared = all(made[k] is v for k, v in dict.items(value))
        return value if shared else alike(value, made, key)
    if isinstance(value, (list, tuple, frozenset)):
        items = [_frozen(item, key) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return _like(value, items, key)
    if has_way_to_freeze(type(value)):
        return value
    struct = struct_of(value)
    return value if struct is None else read_only(struct, *taken(struct, value))


def _like(value: Any, items: list[Any], key: Any) -> Any:
    if isinstance(value, list) or hasattr(type(value), "shape"):
        return alike(value, items, key)
    if isinstance(value, tuple):
        return tuple_like(value, items)
    return frozenset(items) if type(value) is frozenset else freeze(set(items), key)


def kept_under(struct: Struct, name: str, value: Any) -> Any:
    """Return a value as it is kept under a name of a struct: frozen, as far as it is state."""
    if name in struct.transient:
        return value
    return freeze(value, name) if struct.loose(name) else freeze_deep(value, name)


def kept_again(struct: Struct, name: str, value: Any) -> Any:
    """Return a value that was frozen before, by whatever way, as it is kept under a name.

    A type that is frozen by making a copy would be copied once more, and two frames not share it.
    """
    as_it_is = has_way_to_freeze(type(value)) and not is_read_only(value)
    return value if as_it_is else kept_under(struct, name, value)


def taken(struct: Struct, obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an object holds, as it is kept: its fields, and its other attributes.

    Raises:
        StateError: A value contains itself, or is nested too deeply to keep.
    """
    fields, rest = struct.take(obj)
    keep = kept_again if is_read_only(obj) else kept_under
    return (
        {name: keep(struct, name, value) for name, value in fields.items()},
        {name: keep(struct, name, value) for name, value in rest.items()},
    )


def read_only(struct: Struct, fields: Mapping[str, Any], rest: Mapping[str, Any]) -> Any:
    """Return an object with these attributes that refuses to be changed.

    Its private containers are copies: what a method caches there goes no further.
    """
    shown = {name: thaw(v) if type(v) in _CONTAINERS else v for name, v in rest.items()}
    kind = read_only_class(struct, lambda obj: private_copy(struct, *struct.take(obj)))
    return struct.make(fields, shown, kind)


def private_copy(struct: Struct, fields: Mapping[str, Any], rest: Mapping[str, Any]) -> Any:
    """Return an ordinary object whose values may be changed; nobody else has them."""

    def copied(held: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v if k in struct.transient else thaw(whole(v)) for k, v in held.items()}

    return struct.make(copied(fields), copied(rest))


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a struct by name, as they are."""
    struct = struct_of(value)
    return {} if struct is None else struct.take(value)[0]


def opened(value: Any) -> Any:
    """Return the fields of an object for who looks into it; anything else as it is.

    Example:
        >>> import dataclasses
        >>> @dataclasses.dataclass
        ... class Author:
        ...     name: str
        >>> opened(Author("Ada")), opened("Ada")
        ({'name': 'Ada'}, 'Ada')
    """
    if type(value) in PLAIN:
        return value
    fields = attempt(lambda: fields_of(value))  # its class may be one that raises when it is asked
    return fields or value


def part_of(value: Any, part: Any) -> Any:
    """Return what stands at one step of a path: an item, or an attribute of a struct.

    Raises:
        LookupError, TypeError: Nothing stands there.
    """
    struct = struct_of(value) if isinstance(part, str) and not isinstance(value, Mapping) else None
    return value[part] if struct is None else struct.take(value)[0][part]


def safe_part(value: Any, part: Any, missing: Any) -> Any:
    """Return the same; `missing` where nothing stands there, or it cannot be had."""
    return attempt(lambda: part_of(value, part), missing)


def path_in(root: Any, container: object) -> tuple[Any, ...] | None:
    """Find where in a state the very object `container` stands; `None` if nowhere."""
    return path_of(root, container, _children_of)


def _children_of(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(fields_of(value).items()) if is_read_only(value) else children(value)


def plain_data(value: Any) -> Any:
    """Return a kept value with a mapping in the place of each struct, for what shows it.

    Example:
        >>> import dataclasses
        >>> @dataclasses.dataclass
        ... class Author:
        ...     name: str
        >>> plain_data(freeze_deep({"by": [Author("Ada")]}))
        {'by': [{'name': 'Ada'}]}
    """
    if is_read_only(value):
        return {name: plain_data(item) for name, item in fields_of(value).items()}
    if isinstance(value, Mapping):
        made = {k: plain_data(v) for k, v in value.items()}
        return value if all(made[k] is v for k, v in value.items()) else made
    if isinstance(value, (list, tuple)):
        items = [plain_data(v) for v in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return items if isinstance(value, list) else tuple(items)
    return value


def is_read_only(value: Any) -> bool:
    """Tell whether a value is a struct that refuses to be changed."""
    return plain_class(type(value)) is not type(value)
