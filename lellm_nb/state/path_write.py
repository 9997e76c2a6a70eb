"""Writing at a path inside a value: what is on the way is copied, all else is shared."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import MissingKeyError, path_text
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.compact import MISSING, Data, rebuilt, whole
from lellm_nb.state.containers.kinds import alike
from lellm_nb.state.structs.assignment import replaced
from lellm_nb.state.structs.struct import Struct, struct_of

__all__ = ["write_inside"]


def write_inside(content: Data, path: tuple[Any, ...], change: Any, known: Any = MISSING) -> None:
    """Write at a path: copy each container on the way, share all the others.

    Args:
        change: Given the value before, returns the one after, whole.
        known: That one as it is kept, where it is compact.
    """
    top = path[0]
    if top not in content:
        raise MissingKeyError(path, content)
    content[top] = rebuilt(content[top], _changed(whole(content[top]), path, 1, change), known)


def _changed(value: Any, path: tuple[Any, ...], depth: int, change: Any) -> Any:
    part = path[depth]
    last = depth == len(path) - 1
    key = path[0]
    if isinstance(value, dict):
        if not last and part not in value:
            raise MissingKeyError(path, map(str, value), _absent(path, depth))
        new = (
            change(value.get(part, MISSING))
            if last
            else _changed(value[part], path, depth + 1, change)
        )
        items = {**value, part: new}
        if new is MISSING:
            del items[part]
        return alike(value, items, key)
    if isinstance(value, list) and isinstance(part, int):
        if not -len(value) <= part < len(value):
            raise MissingKeyError(path, (), _absent(path, depth, f" of {len(value)} items"))
        copy = list(value)
        new = change(value[part]) if last else _changed(value[part], path, depth + 1, change)
        if new is MISSING:
            del copy[part]
        else:
            copy[part] = new
        return alike(value, copy, key)
    struct = struct_of(value)
    if struct is not None and isinstance(part, str):
        return _struct_changed(struct, value, path, depth, change)
    raise MissingKeyError(path, (), _absent(path, depth, f" ({type(value).__name__})"))


def _struct_changed(
    struct: Struct, value: Any, path: tuple[Any, ...], depth: int, change: Any
) -> Any:
    part = path[depth]
    fields, rest = struct.take(value)
    old = fields.get(part, rest.get(part, MISSING))
    if not struct.has(part, rest):
        raise MissingKeyError(path, struct.fields, _absent(path, depth))
    if depth == len(path) - 1:
        return replaced(value, part, change(old))
    if old is MISSING:
        raise MissingKeyError(path, struct.fields, _absent(path, depth))
    return replaced(value, part, _changed(old, path, depth + 1, change))


def _absent(path: tuple[Any, ...], depth: int, found: str = "") -> str:
    where = path_text(path[:depth])
    return f"The path {path_text(path)!r} has no {safe_repr(path[depth], 60)} in {where!r}{found}."
