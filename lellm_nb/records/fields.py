"""How the fields of a record are written and read, as their declared types say."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.records.document import Reader, Writer
from lellm_nb.state.frozen import thaw

__all__ = ["ANY", "HEX", "KEY", "RECORD", "STATE", "FieldForm", "form_of"]


class FieldForm(NamedTuple):
    """One way of writing and reading.

    Attributes:
        write: Returns the JSON data of a value, given where it stands.
        read: Returns the value of JSON data; raises a `TypeError` or `ValueError` for what it
            is not.
    """

    write: Callable[[Writer, Any, tuple[Any, ...]], Any]
    read: Callable[[Reader, Any], Any]


def _wanted(what: str, found: Any) -> TypeError:
    return TypeError(f"{what} is wanted, not {safe_repr(found, 60)}")


# -- one value ---------------------------------------------------------------------------


def _read_any(reader: Reader, form: Any) -> Any:
    return thaw(reader.value(form))


ANY = FieldForm(lambda w, v, at: w.value(v, at), _read_any)
"""A value of the user's, through the codec; a record may be in it."""


def _write_state(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    return writer.state(value) if writer.is_state(value) else writer.value(value, at)


STATE = FieldForm(_write_state, lambda r, form: r.value(form))
"""A state, as a mapping or as the user's class; or nothing."""


def _read_key(reader: Reader, form: Any) -> Any:
    if isinstance(form, str):
        return form
    if not isinstance(form, list) or not form:
        raise _wanted("a key", form)
    return tuple(reader.value(part) for part in form)


def _write_key(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
    if isinstance(value, str):
        return writer.text(value)
    return [writer.value(part, at) for part in value]


KEY = FieldForm(_write_key, _read_key)
"""A flat key, or a path."""


def _read_hex(reader: Reader, form: Any) -> int:
    if not isinstance(form, str) or not form.startswith("0x") or len(form) > 40:
        raise _wanted("a hash", form)
    return int(form, 16)


HEX = FieldForm(lambda w, v, at: f"{v:#018x}", _read_hex)
"""A 64-bit number, which JavaScript would round."""


def _scalar(kind: type, *others: type) -> FieldForm:
    def read(reader: Reader, form: Any) -> Any:
        value = reader.value(form)
        if type(value) is not kind and type(value) not in others:
            raise _wanted(kind.__name__, value)
        return value

    return FieldForm(lambda w, v, at: w.value(v, at), read)


def _read_text(reader: Reader, form: Any) -> str:
    value = reader.value(form)  # half a surrogate pair is written tagged
    if type(value) is not str:
        raise _wanted("text", value)
    return value


TEXT = FieldForm(lambda w, v, at: w.text(v), _read_text)
_SCALARS = {
    str: TEXT,
    bool: _scalar(bool),
    int: _scalar(int),
    float: _scalar(float, int),
    type(None): _scalar(type(None)),
    object: ANY,
    dict: ANY,
}


def _enum(kind: type[Enum]) -> FieldForm:
    return FieldForm(lambda w, v, at: v.value, lambda r, form: kind(form))


def RECORD(*kinds: Any) -> FieldForm:  # a form like the others, of some classes
    """Return the form of a record of some classes, or of a plain value of one."""

    def read(reader: Reader, form: Any) -> Any:
        value = reader.value(form)
        if not isinstance(value, kinds):
            names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
            raise _wanted(names, value)
        return value

    return FieldForm(lambda w, v, at: w.value(v, at), read)


# -- several -----------------------------------------------------------------------------


def _items(of: FieldForm, make: Callable[[Any], Any]) -> FieldForm:
    def write(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
        return [of.write(writer, item, (*at, i)) for i, item in enumerate(value)]

    def read(reader: Reader, form: Any) -> Any:
        return make(of.read(reader, item) for item in _listed(form))

    return FieldForm(write, read)


def _listed(form: Any, size: int | None = None) -> list[Any]:
    if not isinstance(form, list) or (size is not None and len(form) != size):
        raise _wanted("a list" if size is None else f"a list of {size}", form)
    return form


def _sorted_items(of: FieldForm) -> FieldForm:
    plain = _items(of, frozenset)

    def write(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
        return sorted(plain.write(writer, value, at))

    return FieldForm(write, plain.read)


def _fixed(parts: Sequence[FieldForm]) -> FieldForm:
    def write(writer: Writer, value: Any, at: tuple[Any, ...]) -> Any:
        return [part.write(writer, one, at) for part, one in zip(parts, value, strict=True)]

    def read(reader: Reader, form: Any) -> Any:
        pairs = zip(parts, _listed(form, len(parts)), strict=True)
        return tuple(part.read(reader, one) for part, one in pairs)

    return FieldForm(write, read)


def _optional(of: FieldForm) -> FieldForm:
    return FieldForm(
        lambda w, v, at: None if v is None else of.write(w, v, at),
        lambda r, form: None if form is None else of.read(r, form),
    )


# -- by hint -----------------------------------------------------------------------------


def form_of(hint: Any) -> FieldForm:
    """Return the form of a declared type.

    Raises:
        TypeError: It is one that no record of ours has.
    """
    while hasattr(hint, "__supertype__"):  # a NewType
        hint = hint.__supertype__
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return ANY
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin in (typing.Union, types.UnionType):
        return _union([part for part in parts if part is not type(None)], len(parts))
    if origin is tuple:
        if parts[-1] is Ellipsis:
            return _items(form_of(parts[0]), tuple)
        return _fixed([form_of(part) for part in parts])
    if origin is list:
        return _items(form_of(parts[0]), list)
    if origin is frozenset:
        return _sorted_items(form_of(parts[0]))
    if origin in (dict, Mapping):
        return ANY
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type):
        return RECORD(hint)
    raise TypeError(f"no record has a field of type {hint!r}")


def _union(parts: list[Any], size: int) -> FieldForm:
    if str in parts and any(typing.get_origin(part) is tuple for part in parts):
        found = KEY
    elif len(parts) == 1:
        found = form_of(parts[0])
    else:
        found = RECORD(*parts)
    return found if len(parts) == size else _optional(found)
