"""Stands for an object of a library that this process has not imported: what it held, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.errors import StateError
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.sameness import same
from lellm_nb.state.structs.nested import read_only
from lellm_nb.state.structs.struct import FIELDS_SET, Struct, add_struct

__all__ = ["StoredObject", "stored_form", "stored_object"]

CLASS = "__class__"
"""Where the rest of one has the name of its class."""

SHOWN = 200
"""So many letters of a field are shown."""


class StoredObject:
    """An object whose class is not imported here: the same attributes, without their methods.

    Messages of LangChain, OpenAI, Anthropic and pydantic-ai are read as these where their
    package is not loaded. One is written again as what it was, so that a process which has
    imported the package gets the object back.

    Example:
        >>> from lellm_nb.record.codec.values import Codec
        >>> said = Codec().loads(
        ...     '{"$": "google.genai.types.Saying", "a": {"role": "user", "parts": ["hello"]}}'
        ... )
        >>> said.role, said["parts"]
        ('user', ['hello'])
        >>> said
        <Saying of google: role='user', parts=['hello']>
    """

    __slots__ = ("_fields", "_name", "_rest")

    __iter__: Any = None
    """It has no order: what looks like a sequence would be taken for one."""

    _name: str
    _fields: dict[str, Any]
    _rest: dict[str, Any]

    def __init__(self) -> None:
        raise StateError("A StoredObject is read from a store or a file, and made in no other way.")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # a library asks it of any object: a file has no say in that
            raise AttributeError(name)
        if name in self._fields:
            return self._fields[name]
        raise AttributeError(
            f"{self._name} has no {name!r} here: its class was not imported when this was read, so"
            f" there is what it held ({', '.join(self._fields)}) and none of its methods. Import"
            f" {self._name.rpartition('.')[0]} (some packages load their modules late), and open"
            " again."
        )

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredObject):
            return NotImplemented
        return same(_compared(self), _compared(other))

    def __hash__(self) -> int:
        return hash((self._name, frozenset(self._fields)))

    def __repr__(self) -> str:
        held = [f"{name}={safe_repr(value, SHOWN)}" for name, value in self._fields.items()]
        package, _, _ = self._name.partition(".")
        return f"<{self._name.rpartition('.')[2]} of {package}: {', '.join(held)}>"


class _Stored(Struct):
    """How one is taken apart: its class is among what it has beside its fields."""

    def __init__(self) -> None:
        super().__init__(StoredObject, {}, assigns=False, frozen=False)
        self.open = True

    def take(self, obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        name, fields, rest = (self._slots[n].__get__(obj) for n in ("_name", "_fields", "_rest"))
        return dict(fields), {**rest, CLASS: name}

    def make(
        self, fields: Mapping[str, Any], rest: Mapping[str, Any], of: type | None = None
    ) -> Any:
        made: Any = object.__new__(StoredObject if of is None else of)
        others = {name: value for name, value in rest.items() if name != CLASS}
        for name, value in (("_name", rest[CLASS]), ("_fields", dict(fields)), ("_rest", others)):
            self._slots[name].__set__(made, value)
        return made

    def has(self, name: Any, rest: Mapping[str, Any]) -> bool:
        return isinstance(name, str)


_STORED = _Stored()
add_struct(_STORED)


def stored_object(name: str, content: Mapping[str, Any]) -> Any:
    """Return what stands for an object, read-only, given its class and what was written of it."""
    fields = {key: value for key, value in content.items() if not key.startswith("_")}
    rest = {key: value for key, value in content.items() if key not in fields}
    return read_only(_STORED, fields, {**rest, CLASS: name})


def _compared(value: Any) -> dict[str, Any]:
    fields, rest = _STORED.take(value)
    return {**fields, **{name: held for name, held in rest.items() if name != FIELDS_SET}}


def stored_form(value: Any) -> tuple[str, dict[str, Any]]:
    """Return the class that one stands for, and what is written of it."""
    fields, rest = _STORED.take(value)
    return rest.pop(CLASS), {**fields, **rest}
