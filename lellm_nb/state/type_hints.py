"""Type hints as a form needs them: in words, and whether a value is of one."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Literal, get_args, get_origin

from lellm_nb.errors.safe_text import has_kind, safe_type
from lellm_nb.state.sameness import equal

__all__ = ["choices_of", "classes_in", "hints_of", "misfit", "said", "words"]

Path = tuple[Any, ...]


def misfit(hint: Any, value: Any, at: Path = ()) -> tuple[Path, str, str] | None:
    """Return where a value is not of a type: the path, what is expected, what is there.

    Example:
        >>> misfit(list[int], [1, "two"])
        ((1,), 'a whole number', 'text')
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint in (Any, object) or isinstance(hint, (str, typing.TypeVar)):
        return None
    if origin in (typing.Union, types.UnionType):
        wrong = [misfit(part, value, at) for part in parts]
        if None in wrong:
            return None
        deep = [one for one in wrong if one is not None and len(one[0]) > len(at)]
        return deep[0] if len(deep) == 1 else (at, words(hint), said(value))
    if not _fits(hint, origin, parts, value):
        return at, words(hint), said(value)
    return next(_inside(hint, origin, parts, value, at), None)


def _fits(hint: Any, origin: Any, parts: Any, value: Any) -> bool:
    kind = origin or hint
    if kind is Literal:
        return any(type(part) is type(value) and part == value for part in parts)
    if hint is None or kind is type(None):
        return value is None
    if not isinstance(kind, type):
        return True
    if issubclass(kind, enum.Enum):
        return isinstance(value, kind) or any(equal(value, member.value) for member in kind)
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "model_fields"):
        return isinstance(value, (Mapping, kind))
    if issubclass(kind, (tuple, Set)) or (issubclass(kind, Sequence) and kind not in _TEXTS):
        return isinstance(value, (list, tuple, Set))
    if issubclass(kind, Mapping):
        return isinstance(value, Mapping)
    return isinstance(value, kind) if kind in (str, bool) else True


_TEXTS = (str, bytes)


def _inside(hint: Any, origin: Any, parts: Any, value: Any, at: Path) -> Iterator[Any]:
    """Yield what does not fit inside a container or a nested dataclass."""
    found: list[Any] = []
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        hints = typing.get_type_hints(hint)
        for field in dataclasses.fields(hint):
            if field.name in value:
                found.append(misfit(hints[field.name], value[field.name], (*at, field.name)))
            elif field.default is field.default_factory is dataclasses.MISSING:
                found.append(((*at, field.name), words(hints[field.name]), "missing"))
    elif origin is tuple and parts and parts[-1] is not Ellipsis:
        if len(parts) != len(value):
            found.append((at, words(hint), f"{len(value)} values"))
        pairs = enumerate(zip(parts, value, strict=False))
        found += [misfit(part, item, (*at, i)) for i, (part, item) in pairs]
    elif parts and isinstance(value, Mapping) and len(parts) == 2:
        found += [misfit(parts[1], item, (*at, key)) for key, item in value.items()]
    elif parts and isinstance(value, (list, tuple)) and origin is not Literal:
        found += [misfit(parts[0], item, (*at, i)) for i, item in enumerate(value)]
    yield from (one for one in found if one is not None)


def words(hint: Any) -> str:
    """Say what a type takes, for a person who fills in a form.

    Example:
        >>> words(int), words(list[str] | None), words(Literal["a", "b"])
        ('a whole number', 'a list of text, or null', 'one of "a", "b"')
    """
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        some = [words(part) for part in parts if part is not type(None)]
        told = " or ".join(some)
        return f"{told}, or null" if type(None) in parts else told
    choices = choices_of(hint)
    if choices:
        return "one of " + ", ".join(json.dumps(one) for one in choices)
    kind = origin or hint
    if dataclasses.is_dataclass(kind):
        names = ", ".join(field.name for field in dataclasses.fields(kind))
        return f"an object with {names}"
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return f"an object of {_plain(parts[1])}" if len(parts) == 2 else "an object"
    if isinstance(kind, type) and issubclass(kind, (Sequence, Set)):
        inner = [part for part in parts if part is not Ellipsis]
        if kind is tuple and len(inner) > 1:
            return f"a list of {len(inner)}: {', '.join(map(words, inner))}"
        return f"a list of {_plain(inner[0])}" if inner else "a list"
    return f"a {getattr(kind, '__name__', kind)}"


_WORDS: dict[Any, str] = {
    int: "a whole number", float: "a number", str: "text", bool: "true or false",
    type(None): "null", None: "null", Any: "any value", object: "any value",
}  # fmt: skip
_PLURAL = {int: "whole numbers", float: "numbers", str: "text", bool: "true and false"}


def _plain(hint: Any) -> str:
    return _PLURAL.get(hint) or f"values, each {words(hint)}"


def choices_of(hint: Any) -> tuple[Any, ...]:
    """Return the values that a type consists of, where they can be listed."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return tuple(member.value for member in hint)
    return ()


def said(value: Any) -> str:
    """Say what a value is, in the words of `words`."""
    if has_kind(value, Mapping):
        return "an object"
    if has_kind(value, (list, tuple)):
        return "a list"
    kind = next((k for k in (bool, int, float, str) if has_kind(value, k)), None)
    return _WORDS[kind] if kind is not None else f"a {safe_type(value)}"


def hints_of(
    cls: Any, fields: Iterable[str], names: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the declared types of a class's fields; text where a name in one is not known.

    Args:
        names: What is known where the class is defined: the variables of a function, say.
    """
    resolved = {
        name: hint
        for name, info in getattr(cls, "__pydantic_fields__", {}).items()
        if not _has_unknown(hint := info.annotation)
    }
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        written = inspect.get_annotations(base)
        known = {**vars(sys.modules.get(base.__module__, typing)), **(names or {})}
        for name, hint in written.items():
            found[name] = _resolved(hint, known | {base.__name__: base})
    return {name: resolved.get(name, found.get(name, Any)) for name in fields}


def _resolved(hint: Any, known: dict[str, Any]) -> Any:
    holder = type("holder", (), {"__annotations__": {"it": hint}})
    try:
        return typing.get_type_hints(holder, known, known)["it"]
    except Exception:  # a name that is not known yet, or a text that is no type
        return hint if isinstance(hint, str) else Any


def _has_unknown(hint: Any) -> bool:
    if isinstance(hint, (str, typing.ForwardRef)):
        return True
    return any(_has_unknown(part) for part in get_args(hint) if get_origin(hint) is not Literal)


def classes_in(hint: Any) -> Iterator[type]:
    """Yield the classes that a type is made of.

    Example:
        >>> [cls.__name__ for cls in classes_in(dict[str, list[int] | None])]
        ['dict', 'str', 'list', 'int', 'NoneType']
    """
    origin = get_origin(hint)
    if origin is Literal:
        yield from map(type, get_args(hint))
        return
    for part in (getattr(hint, name, None) for name in ("__value__", "__supertype__", "__bound__")):
        if part is not None and part is not hint:
            yield from classes_in(part)
    if origin is not types.UnionType:
        yield from (one for one in (origin, hint) if isinstance(one, type) and not get_args(one))
    for part in get_args(hint):
        yield from classes_in(part)
