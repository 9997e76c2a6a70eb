"""JSON schemas: of a class, and whether a value fits one."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, get_args, get_origin

from lellm_nb.errors import listed, nearest, path_text
from lellm_nb.errors.safe_text import has_kind, safe_str
from lellm_nb.state.sameness import same
from lellm_nb.state.structs.struct import struct_of_class
from lellm_nb.state.type_hints import choices_of, said

__all__ = ["Misfit", "class_schema", "schema_misfit", "unknown_keyword"]

Schema = Any
DEEP = 40
"""References are followed so often, and no further."""


class Misfit(NamedTuple):
    """Where a value does not fit.

    Attributes:
        at: Keys and indexes; empty for the whole value.
        says: What is wrong there, as the end of a sentence.
    """

    at: tuple[Any, ...]
    says: str

    def __str__(self) -> str:
        return f"{path_text(self.at) or 'it'} {self.says}"


# -- of a class ------------------------------------------------------------------------


def class_schema(cls: Any) -> dict[str, Any]:
    """Return the JSON schema of a dataclass or of a pydantic model.

    Example:
        >>> @dataclasses.dataclass
        ... class Refund:
        ...     amount: float
        ...     why: str = ""
        >>> schema = class_schema(Refund)
        >>> schema["properties"], schema["required"]
        ({'amount': {'type': 'number'}, 'why': {'type': 'string', 'default': ''}}, ['amount'])
    """
    if hasattr(cls, "model_json_schema"):
        made: dict[str, Any] = cls.model_json_schema()
        return made
    return _of_dataclass(cls, ())


def _of_dataclass(cls: Any, around: tuple[Any, ...]) -> dict[str, Any]:
    struct = struct_of_class(cls)
    hints = {} if struct is None else struct.hints
    properties, needed = {}, []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        made = _of_hint(hints.get(field.name, Any), (*around, cls))
        if field.default is field.default_factory is dataclasses.MISSING:
            needed.append(field.name)
        elif type(field.default) in (str, int, float, bool, type(None)):
            made["default"] = field.default
        told = field.metadata.get("description") or field.metadata.get("doc")
        if isinstance(told, str):
            made["description"] = told
        properties[field.name] = made
    return {
        "type": "object",
        "title": cls.__name__,
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }


_KINDS: dict[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean",
    type(None): "null", None: "null",
}  # fmt: skip


def _of_hint(hint: Any, around: tuple[Any, ...]) -> dict[str, Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (typing.Annotated, typing.Required, typing.NotRequired):
        return _of_hint(parts[0], around)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of_hint(part, around) for part in parts]}
    choices = choices_of(hint)
    if choices:
        return {"enum": list(choices)}
    kind = origin or hint
    if kind in _KINDS:
        return {"type": _KINDS[kind]}
    if not isinstance(kind, type):
        return {}
    if dataclasses.is_dataclass(kind):
        return {"type": "object"} if kind in around else _of_dataclass(kind, around)
    if hasattr(kind, "model_json_schema") or issubclass(kind, Mapping):
        inner = _of_hint(parts[1], around) if len(parts) == 2 else {}
        return {"type": "object", **({"additionalProperties": inner} if inner else {})}
    if issubclass(kind, (Sequence, Set)) and not issubclass(kind, bytes):
        items = [part for part in parts if part is not Ellipsis]
        if kind is tuple and parts and parts[-1] is not Ellipsis:
            count = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", "prefixItems": [_of_hint(p, around) for p in items], **count}
        return {"type": "array", **({"items": _of_hint(items[0], around)} if items else {})}
    return {}


# -- of a value ------------------------------------------------------------------------

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "null": ((type(None),), "null"),
    "array": ((list, tuple), "a list"),
    "object": ((Mapping,), "an object"),
}

_LIMITS: dict[str, tuple[str, Any, str]] = {
    "minimum": ("number", lambda value, limit: value >= limit, "is at least"),
    "maximum": ("number", lambda value, limit: value <= limit, "is at most"),
    "exclusiveMinimum": ("number", lambda value, limit: value > limit, "is more than"),
    "exclusiveMaximum": ("number", lambda value, limit: value < limit, "is less than"),
    "multipleOf": ("number", lambda value, step: value % step == 0, "is a multiple of"),
    "minLength": ("string", lambda value, limit: len(value) >= limit, "has a length of at least"),
    "maxLength": ("string", lambda value, limit: len(value) <= limit, "has a length of at most"),
    "pattern": ("string", lambda value, form: re.search(form, value) is not None, "matches"),
    "minItems": ("array", lambda value, limit: len(value) >= limit, "has at least so many items:"),
    "maxItems": ("array", lambda value, limit: len(value) <= limit, "has at most so many items:"),
}

_NESTED = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONES = ("items", "additionalProperties")
_KNOWN = frozenset(
    {"$ref", "type", "enum", "const", "required", *_NESTED, *_LISTS, *_ONES, *_LIMITS}
)
_TOLD = frozenset(
    "$schema $id $comment title description default examples deprecated readOnly writeOnly format"
    " discriminator".split()
)
"""Keywords that say something, and refuse nothing."""


def unknown_keyword(schema: Schema) -> str:
    """Return a keyword of a schema that `schema_misfit` would not look at; empty for none.

    Example:
        >>> unknown_keyword({"type": "object", "properties": {"n": {"not": {"type": "null"}}}})
        'not'
    """
    if not isinstance(schema, Mapping):
        return ""
    for word in schema:
        if word not in _KNOWN and word not in _TOLD:
            return str(word)
    inside = [part for word in _NESTED for part in (schema.get(word) or {}).values()]
    inside += [part for word in _LISTS for part in schema.get(word) or ()]
    inside += [schema.get(word) for word in _ONES]
    return next(filter(None, map(unknown_keyword, inside)), "")


def schema_misfit(schema: Schema, value: Any) -> Misfit | None:
    """Return the first place where a value does not fit a JSON schema; `None` where it fits.

    Example:
        >>> schema = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> str(schema_misfit(schema, {"n": "3"})), str(schema_misfit(schema, {}))
        ('n takes a whole number, not text', 'n is needed: a whole number')
    """
    return next(_wrong(schema, value, schema, (), 0), None)


def _wrong(part: Schema, value: Any, root: Schema, at: Any, deep: int) -> Iterator[Misfit]:
    if part is False:
        yield Misfit(at, "is not to be there")
    if not isinstance(part, Mapping) or deep > DEEP:
        return
    if isinstance(part.get("$ref"), str):
        yield from _wrong(_referred(part["$ref"], root), value, root, at, deep + 1)
    kinds = part.get("type")
    names = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if names and not any(_is(value, name) for name in names):
        wanted = " or ".join(_TYPES.get(name, ((), name))[1] for name in names)
        yield Misfit(at, f"takes {wanted}, not {said(value)}")
        return
    choices = [part["const"]] if "const" in part else part.get("enum")
    if choices is not None and not any(same(one, value) for one in choices):
        yield Misfit(at, f"is one of {listed(map(_shown, choices))}, not {_brief(value)}")
    for word, (kind, holds, says) in _LIMITS.items():
        if word in part and _is(value, kind) and not holds(value, part[word]):
            yield Misfit(at, f"{says} {part[word]}")
    for one in part.get("allOf") or ():
        yield from _wrong(one, value, root, at, deep + 1)
    for word in ("anyOf", "oneOf"):
        if word in part:
            yield from _of_ways(part[word], value, root, at, deep, alone=word == "oneOf")
    if _is(value, "object"):
        yield from _in_object(part, value, root, at, deep)
    elif _is(value, "array"):
        first = part.get("prefixItems") or ()
        for i, item in enumerate(value):
            inner = first[i] if i < len(first) else part.get("items", True)
            yield from _wrong(inner, item, root, (*at, i), deep + 1)


def _of_ways(
    ways: Any, value: Any, root: Schema, at: Any, deep: int, *, alone: bool
) -> Iterator[Misfit]:
    found = [next(_wrong(way, value, root, at, deep + 1), None) for way in ways]
    fitting = found.count(None)
    if fitting == 1 or (fitting and not alone):
        return
    if fitting:
        yield Misfit(at, "fits more than one of the forms that exclude each other")
        return
    consts = [way["const"] for way in ways if isinstance(way, Mapping) and "const" in way]
    if consts and len(consts) == len(ways):
        yield Misfit(at, f"is one of {listed(map(_shown, consts))}, not {_brief(value)}")
        return
    inside = [one for one in found if one is not None and len(one.at) > len(at)]
    told = " or ".join(dict.fromkeys(one.says.partition(", not ")[0] for one in found if one))
    told = told.replace(" or takes ", " or ")
    yield inside[0] if len(inside) == 1 else Misfit(at, f"{told}, not {said(value)}")


def _in_object(part: Any, value: Any, root: Schema, at: Any, deep: int) -> Iterator[Misfit]:
    properties = part.get("properties") or {}
    for name in part.get("required") or ():
        if name not in value:
            wanted = _wanted(properties.get(name), root)
            yield Misfit((*at, name), f"is needed: {wanted}" if wanted else "is needed")
    others = part.get("additionalProperties", True)
    for name, item in value.items():
        if name in properties:
            yield from _wrong(properties[name], item, root, (*at, name), deep + 1)
        elif others is False:
            hint = nearest(safe_str(name), properties)
            yield Misfit((*at, name), f"is no field of it; fields: {listed(properties)}.{hint}")
        else:
            yield from _wrong(others, item, root, (*at, name), deep + 1)


def _wanted(part: Schema, root: Schema) -> str:
    """Say what a part takes, as far as it says so by itself."""
    if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
        part = _referred(part["$ref"], root)
    if not isinstance(part, Mapping):
        return ""
    if "enum" in part:
        return f"one of {listed(map(_shown, part['enum']))}"
    kind = part.get("type")
    return _TYPES.get(kind, ((), ""))[1] if isinstance(kind, str) else ""


def _is(value: Any, kind: str) -> bool:
    classes, _ = _TYPES.get(kind, ((object,), ""))
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, classes) and (kind == "boolean" or not isinstance(value, bool))


def _referred(reference: str, root: Schema) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step, True) if isinstance(found, Mapping) else True
    return found


def _shown(value: Any) -> str:
    return repr(value) if has_kind(value, str) else safe_str(value)


def _brief(value: Any) -> str:
    return _shown(value)[:60] if type(value) in (str, int, float, bool) else said(value)
