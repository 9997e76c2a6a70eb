"""Objects made of plain data, as the type hints say: of a snapshot, of what a person typed."""

from __future__ import annotations

import contextlib
import enum
import json
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.state.compact import MISSING
from lellm_nb.state.frozen import thaw
from lellm_nb.state.structs.struct import Struct, struct_of_class
from lellm_nb.state.type_hints import misfit

__all__ = ["built", "restored"]

Make = Callable[[Struct, dict[str, Any]], Any]


def restored(cls: Any, snapshot: Any) -> Any:
    """Make a state of a snapshot."""
    if hasattr(cls, "model_validate_json"):
        return _validated(cls, snapshot)
    struct = struct_of_class(cls)
    assert struct is not None
    return _object(struct, thaw(snapshot), _as_it_was)


def built(hint: Any, value: Any) -> Any:
    """Return what plain data stands for in a place of some type: an object, a member, itself.

    Raises:
        Exception: What the class raises when it is made.

    Example:
        >>> import dataclasses
        >>> @dataclasses.dataclass
        ... class Author:
        ...     name: str
        >>> built(list[Author], [{"name": "Ada"}])
        [Author(name='Ada')]
    """
    return _made(hint, value, lambda struct, fields: struct.cls(**fields))


def _as_it_was(struct: Struct, fields: dict[str, Any]) -> Any:
    defaults = {name: struct.default(name, fields) for name in struct.info if name not in fields}
    given = {name: value for name, value in defaults.items() if value is not MISSING}
    return struct.make({**given, **fields}, {})


def _validated(cls: Any, value: Any) -> Any:
    text = json.dumps(thaw(value))
    with contextlib.suppress(TypeError):  # an older pydantic knows fields by their alias only
        return cls.model_validate_json(text, by_alias=True, by_name=True)
    return cls.model_validate_json(text)


def _object(struct: Struct, value: Mapping[str, Any], make: Make) -> Any:
    hints = struct.hints
    return make(struct, {n: _made(hints.get(n), v, make) for n, v in value.items()})


def _made(hint: Any, value: Any, make: Make) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        fitting = [part for part in parts if misfit(part, value) is None]
        return _made(fitting[0], value, make) if fitting else value
    if origin is typing.Annotated:
        return _made(parts[0], value, make)
    kind = origin or hint
    if isinstance(value, Mapping):
        struct = struct_of_class(kind) if isinstance(kind, type) else None
        if struct is not None:
            if hasattr(kind, "model_validate_json"):
                return _validated(kind, value)
            return _object(struct, value, make)
        inner = parts[1] if kind is dict and len(parts) == 2 else Any
        return {key: _made(inner, item, make) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value) if any(value == member.value for member in kind) else value
    if isinstance(value, (list, tuple)) and kind in (list, tuple, set, frozenset):
        fixed = kind is tuple and parts and parts[-1] is not Ellipsis
        hints = parts if fixed and len(parts) == len(value) else [*parts[:1], Any][:1] * len(value)
        return kind(_made(one, item, make) for one, item in zip(hints, value, strict=True))
    return value
