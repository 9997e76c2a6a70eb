"""What a state's keys hold, for a form that changes one: fields, their words, and what fits."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from lellm_nb.errors import StateTypeError, nearest, path_text
from lellm_nb.errors.safe_text import has_kind
from lellm_nb.state.compact import MISSING
from lellm_nb.state.structs.rebuilding import built
from lellm_nb.state.structs.struct import Struct, struct_of
from lellm_nb.state.type_hints import choices_of, misfit, said, words

__all__ = ["Field", "Schema"]


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One key of a state, and what it takes.

    Attributes:
        name: The key.
        kind: Which input fits: ``text, number, integer, boolean, choice, json`` or ``any``.
        expected: What it takes, in words.
        hint: Its type; `Any` where nobody declared one.
        declared: Whether a class or a `StateKey` says so, rather than the value that is there.
        required: Whether a class cannot be made without it.
        default: What it is where nothing is given, or `MISSING`.
        choices: The values there are to choose from.
        reducer: By which rule reduced values join it.
    """

    name: str
    kind: str = "any"
    expected: str = "any value"
    hint: Any = Any
    declared: bool = False
    required: bool = False
    default: Any = MISSING
    choices: tuple[Any, ...] = ()
    reducer: str = ""

    def parse(self, text: str) -> Any:
        """Return what a person meant by `text`: JSON where it is, else the text.

        Where a key is declared to be text, a number stays text.

        Example:
            >>> Field("n").parse("3"), Field("n", hint=str, declared=True).parse("3")
            (3, '3')
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if self.declared and misfit(self.hint, value) and not misfit(self.hint, text):
            return text
        return value


class Schema:
    """The keys of a state: of a class its fields, of a mapping those that are there.

    Attributes:
        fields: By key.
        open: Whether keys that are not listed may be written.
        name: What a class is called; empty for a mapping.

    Example:
        >>> schema = Schema.of({"total": 3}, types={"name": str})
        >>> [(f.name, f.kind, f.declared) for f in schema.fields.values()]
        [('total', 'integer', False), ('name', 'text', True)]
        >>> schema.read("name", "7")
        '7'
        >>> schema.note("total", "three")
        'total holds a whole number; this is text.'
    """

    def __init__(self, fields: Mapping[str, Field], open: bool = True, name: str = "") -> None:
        self.fields = dict(fields)
        self.open = open
        self.name = name

    @classmethod
    def of(
        cls,
        state: Any,
        *,
        types: Mapping[str, Any] | None = None,
        reducers: Mapping[str, Any] | None = None,
    ) -> Schema:
        """Return the schema of a state.

        Args:
            state: A mapping, or an object of a state class.
            types: The types of keys that `StateKey` objects declare.
            reducers: The reducers of keys.
        """
        rules = {key: rule.name for key, rule in (reducers or {}).items()}
        struct = None if isinstance(state, Mapping) else struct_of(state)
        if struct is not None:
            found = {name: _class_field(struct, name) for name in struct.fields}
            return cls(_with(found, rules), open=struct.open, name=struct.cls.__name__)
        content = state if isinstance(state, Mapping) else {}
        known = {str(key): _seen(str(key), value) for key, value in content.items()}
        for key, hint in (types or {}).items():
            if hint not in (object, Any):
                known[key] = _declared(key, hint)
        return cls(_with(known, rules))

    def field(self, key: str) -> Field:
        """Return the field of a key; one that takes anything where the key is new.

        Raises:
            StateTypeError: The class has no such field; names the nearest.
        """
        found = self.fields.get(key)
        if found is not None:
            return found
        if not self.open:
            raise StateTypeError(
                key,
                "a field",
                "none",
                f"{self.name} has no field {key!r}.{nearest(key, self.fields)}"
                f" Fields: {', '.join(self.fields)}.",
            )
        return Field(key)

    def read(self, key: str, text: str) -> Any:
        """Return the value that `text` means for a key.

        Raises:
            StateTypeError: There is no such field, or it takes something else.
        """
        field = self.field(key)
        value = field.parse(text)
        if field.declared:
            wrong = misfit(field.hint, value)
            if wrong is not None:
                at, expected, found = wrong
                raise StateTypeError(
                    key,
                    expected,
                    found,
                    f"{path_text((key, *at))} takes {expected}; this is {found}.",
                )
        return value

    def build(self, key: str, value: Any) -> Any:
        """Return what plain data means for a key: where a class declares an object, that object.

        Raises:
            Exception: What the class of the object raises when it is made.
        """
        field = self.fields.get(key)
        return value if field is None or not field.declared else built(field.hint, value)

    def note(self, key: str, text: str) -> str:
        """Say where a value would be of another type than the one that is there."""
        field = self.fields.get(key)
        if field is None or field.declared or field.kind == "any":
            return ""
        found = _kind_of(field.parse(text))
        number = {found, field.kind} <= {"integer", "number"}
        if found in (field.kind, "any") or number:
            return ""
        return f"{key} holds {field.expected}; this is {said(field.parse(text))}."


_KINDS: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "text"}


_AROUND = (Annotated, typing.Required, typing.NotRequired)
"""What stands around a type and says something else of its key."""


def _declared(name: str, hint: Any, **more: Any) -> Field:
    while get_origin(hint) in _AROUND:
        hint = get_args(hint)[0]
    origin = get_origin(hint)
    parts = get_args(hint) if origin in (typing.Union, types.UnionType) else (hint,)
    real = [part for part in parts if part is not type(None)]
    choices = choices_of(real[0]) if len(real) == 1 else ()
    kind = "any"
    if len(real) == 1:
        kind = "choice" if choices else _KINDS.get(real[0], "json")
    if real[0] in (Any, object):
        kind = "any"
    if choices and len(parts) > 1:
        choices = (*choices, None)
    return Field(name, kind, words(hint), hint, declared=True, choices=choices, **more)


def _class_field(struct: Struct, name: str) -> Field:
    default = struct.default(name, {})
    hint = struct.hints[name]
    return _declared(name, hint, required=default is MISSING, default=default)


def _seen(name: str, value: Any) -> Field:
    kind = _kind_of(value)
    return Field(name, kind, "any value" if kind == "any" else said(value))


def _kind_of(value: Any) -> str:
    if has_kind(value, (Mapping, list, tuple)):
        return "json"
    return _KINDS.get(next((k for k in (bool, int, float, str) if has_kind(value, k)), None), "any")


def _with(fields: dict[str, Field], rules: Mapping[Any, str]) -> dict[str, Field]:
    return {
        name: dataclasses.replace(field, reducer=rules.get(name, ""))
        for name, field in fields.items()
    }
