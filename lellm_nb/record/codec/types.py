"""The types that the codec knows by name, and how a user adds one."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import fractions
import functools
import importlib
import pathlib
import sys
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeVar

from lellm_nb.arguments import refusal
from lellm_nb.errors import SerializationError
from lellm_nb.errors.safe_text import safe_module
from lellm_nb.record.codec.declared_kinds import (
    DeclaredKind,
    attributes_form,
    declared_kind,
    declared_kind_named,
    from_attributes,
    library_kind,
    library_kind_named,
)
from lellm_nb.record.codec.paths import path_form, read_path, read_pure_path
from lellm_nb.record.codec.ready_kinds import listed, ready
from lellm_nb.record.codec.times import (
    datetime_form,
    read_datetime,
    read_time,
    read_timezone,
    time_form,
    timezone_form,
)
from lellm_nb.state.frozen import FrozenDict, FrozenList, register_freeze, thaw
from lellm_nb.state.structs.declared import declare_parts, stored_name
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.struct import Struct, struct_of_class

__all__ = ["Kind", "Unsaved", "add_type", "kind_named", "kind_of", "register_type", "stored_name"]
__all__ += ["takes_stand_ins"]

C = TypeVar("C", bound=type)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """How values of one type are written and read.

    Attributes:
        name: What stands in the text.
        version: Written beside it; reading gets the one that was written.
        write: Returns something simpler, which is written in turn.
        read: Given what `write` returned (and the version, where it is not 1).
        restore: Given the attributes by which an object is written since, where its class is one
            of fields; `write` returns these then, and `read` is for what is older.
    """

    name: str
    version: int
    write: Callable[[Any], Any]
    read: Callable[..., Any]
    restore: Callable[[Any], Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unsaved:
    """Stands where a value could not be saved, or is of a type that is not known here.

    Attributes:
        type: The type by its name.
        repr: What the value looked like.
        form: The stored content, where there is one: registering the type brings it back.
    """

    type: str
    repr: str
    form: Any = dataclasses.field(default=None, repr=False)

    def json(self) -> dict[str, Any]:
        """Return the form it is written in again."""
        if self.form is not None:
            return dict(self.form)
        return {"$": "?", "type": self.type, "repr": self.repr}

    def __hash__(self) -> int:
        return hash((self.type, self.repr))

    def __repr__(self) -> str:
        return f"<Unsaved {self.type}: {self.repr}>"


register_freeze(Unsaved)

_by_name: dict[str, Kind] = {}
_by_class: dict[type, Kind] = {}
_custom: set[type] = set()
_registered: dict[str, Any] = {}
"""What users registered, for classes of typed states."""

LATER = {
    **dict.fromkeys(("ndarray", "numpy", "DataFrame", "Series", "Index", "Timestamp"), "arrays"),
    "IP": "address_types",
    **dict.fromkeys(("Url", "ByteSize", "Secret"), "pydantic_types"),
}
"""Types of libraries that are loaded when the first such value is met."""

_HOMES = {
    **dict.fromkeys(("numpy", "pandas"), "numpy"),
    "ipaddress": "IP",
    "pydantic": "Url",
}


def register_type(
    cls: C,
    *,
    name: str | None = None,
    version: int = 1,
    write: Callable[[Any], Any] | None = None,
    read: Callable[..., Any] | None = None,
) -> C:
    """Let values of a class be saved and loaded; usable as a decorator.

    An Enum, a dataclass, an attrs class, a named tuple, a pydantic model and a class with
    ``snapshot`` and ``restore`` (a `WorkflowState`) need nothing more. One with fields is
    written by its attributes and made again from these alone (SEMANTICS S9): aliases, validators
    and `__post_init__` change nothing, and what its fields are declared to hold is known as well.

    Args:
        name: What stands in the file; ``module.Class`` by default.
        version: Raise it when the stored form changes; `read` then gets it as well.
        write: Returns the value as something simpler.
        read: Makes the value again.

    Raises:
        SerializationError: It is none of these, and `write` or `read` is missing.

    Example:
        >>> import dataclasses
        >>> from lellm_nb.record.codec.values import Codec
        >>> @register_type
        ... @dataclasses.dataclass(frozen=True)
        ... class Point:
        ...     x: int
        ...     y: int
        >>> Codec().loads(Codec().dumps([Point(1, 2)]))
        [Point(x=1, y=2)]
    """
    if not isinstance(cls, type):
        raise refusal(cls, "cls", "a class", SerializationError)
    if write is not None:
        _custom.add(cls)
    ready_write, ready_read = ready(cls)
    restore = None
    if write is None and read is None and not hasattr(cls, "snapshot"):
        struct = struct_of_class(cls)
        if struct is not None:
            declare_parts(cls, sys._getframe(1).f_locals)
            write = functools.partial(attributes_form, struct, can_write=can_write)
            restore = functools.partial(_restored, struct)
    write, read = write or ready_write, read or ready_read or restore
    if write is None or read is None:
        raise SerializationError(
            f"{cls!r} is no Enum, dataclass, named tuple or pydantic model: give write= and read=."
        )
    add_type(cls, name or stored_name(cls), write, read, version, restore)
    _registered[name or stored_name(cls)] = cls
    return cls


def _restored(struct: Struct, content: Any) -> Any:
    return thaw(from_attributes(struct, content))


def add_type(
    cls: type,
    name: str,
    write: Callable[[Any], Any],
    read: Callable[..., Any],
    version: int = 1,
    restore: Callable[[Any], Any] | None = None,
) -> None:
    """Say how values of a ready-made type are written and read, without looking at it."""
    kind = Kind(name, version, write, read, restore)
    _by_name[name] = kind
    _by_class[cls] = kind


def kind_of(value: Any) -> Kind | DeclaredKind | None:
    """Return how a value is written, `None` where nobody knows."""
    cls = type(value)
    found = _by_class.get(cls)
    home = None if found is not None else _HOMES.get(safe_module(cls).partition(".")[0])
    if home is not None:
        load_later(home)
        found = _by_class.get(cls)
        if found is None and any(base.__name__ == "generic" for base in cls.__mro__):
            found = _by_name.get("numpy")
    if found is None:
        plain = plain_class(cls)
        own = _by_class.get(plain)
        if plain in _custom:
            return own
        return declared_kind(plain, can_write) or own or library_kind(value, can_write)
    return found


_OPEN = frozenset({"tuple", "set", "frozenset", "Counter", "OrderedDict", "deque", "mappingproxy"})


def takes_stand_ins(kind: Kind | DeclaredKind) -> bool:
    """Tell whether a value of a type is made again with something else in its items' places.

    So it is with containers, and with objects that are written by their attributes.
    """
    return isinstance(kind, DeclaredKind) or kind.restore is not None or kind.name in _OPEN


def can_write(value: Any) -> bool:
    """Tell whether a value's type can be written, and the types of what it contains."""
    if hasattr(type(value), "__lellm_thaw__"):
        value = thaw(value)  # a container of a class of its own
    if isinstance(value, dict) and not all(can_write(k) and can_write(v) for k, v in value.items()):
        return False
    if isinstance(value, (list, tuple, set, frozenset)) and not all(map(can_write, value)):
        return False
    return type(value) in _JSON or kind_of(value) is not None


_JSON = {type(None), bool, dict, FrozenDict, list, FrozenList}


def class_named(name: str) -> Any:
    """Return a class that was registered under a name, `None` where none was."""
    return _registered.get(name)


def kind_named(name: str) -> Kind | DeclaredKind | None:
    """Return how values of a type are read, by its name."""
    return _by_name.get(name) or declared_kind_named(name) or library_kind_named(name)


def load_later(name: str) -> None:
    """Load the part of the codec that knows a library's types, if the library is there."""
    if name not in _by_name:
        try:
            importlib.import_module(f"lellm_nb.record.codec.{LATER[name]}")
        except ImportError:
            return


# -- ready-made ---------------------------------------------------------------------


def _read_decimal(content: str) -> decimal.Decimal:
    if len(content) > 100_000:
        raise ValueError("too many digits")
    return decimal.Decimal(content)


def _read_int(content: str) -> int:
    return int(content, 16)  # hex is read in linear time, decimal is not


def _read_fraction(content: Any) -> fractions.Fraction:
    above, below = (int(part) for part in content)
    return fractions.Fraction(above, below)


add_type(int, "int", hex, _read_int)
add_type(float, "float", str, lambda c: {"nan": float("nan"), "inf": float("inf")}.get(c, -1e999))
add_type(str, "text", lambda v: v.encode("utf-8", "surrogatepass").hex(), lambda c: _halves(c))
add_type(complex, "complex", lambda v: [v.real, v.imag], lambda c: complex(*listed(c)))
add_type(bytes, "bytes", lambda v: base64.b64encode(v).decode(), lambda c: _base64(c))
add_type(
    bytearray, "bytearray", lambda v: base64.b64encode(v).decode(), lambda c: bytearray(_base64(c))
)
add_type(tuple, "tuple", list, lambda c: tuple(listed(c)))
add_type(range, "range", lambda v: [v.start, v.stop, v.step], lambda c: range(*listed(c)))
add_type(decimal.Decimal, "Decimal", str, _read_decimal)
add_type(fractions.Fraction, "Fraction", lambda v: [v.numerator, v.denominator], _read_fraction)
add_type(uuid.UUID, "UUID", str, uuid.UUID)
add_type(datetime.datetime, "datetime", datetime_form, read_datetime)
add_type(datetime.date, "date", datetime.date.isoformat, datetime.date.fromisoformat)
add_type(datetime.time, "time", time_form, read_time)
add_type(
    datetime.timedelta,
    "timedelta",
    lambda v: [v.days, v.seconds, v.microseconds],
    lambda c: datetime.timedelta(*listed(c)),
)
add_type(datetime.timezone, "timezone", timezone_form, read_timezone)
add_type(zoneinfo.ZoneInfo, "ZoneInfo", lambda v: v.key, zoneinfo.ZoneInfo)
for _cls in (pathlib.PurePosixPath, pathlib.PureWindowsPath):
    add_type(_cls, "PurePath", path_form, read_pure_path)
for _cls in (pathlib.PosixPath, pathlib.WindowsPath):
    add_type(_cls, "Path", path_form, read_path)


def _base64(content: str) -> bytes:
    return base64.b64decode(content, validate=True)


def _halves(content: str) -> str:
    return bytes.fromhex(content).decode("utf-8", "surrogatepass")
