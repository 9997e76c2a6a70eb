"""Dataclasses, pydantic models and attrs classes, taken apart and put together.

An object is made again without its `__init__`: what a class does when it is made has been done
once, by the user, and every value stays what it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import types
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from lellm_nb.errors import StateTypeError, nearest
from lellm_nb.state.compact import MISSING
from lellm_nb.state.containers.read_only import is_written
from lellm_nb.state.structs.model_field import FieldCheck, defined, model_default
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.type_hints import classes_in, hints_of

__all__ = ["EXTRA", "FIELDS_SET", "Struct", "add_struct", "struct_of", "struct_of_class"]

FIELDS_SET = "__pydantic_fields_set__"
EXTRA = "__pydantic_extra__"
PRIVATE = "__pydantic_private__"

_known: dict[type, Struct | None] = {}


def struct_of(value: Any) -> Struct | None:
    """Return how an object holds its attributes; `None` where it is no struct."""
    return struct_of_class(type(value))


def struct_of_class(cls: type) -> Struct | None:
    """Return how objects of a class hold their attributes; `None` where they are no structs."""
    try:
        return _known[cls]
    except KeyError:
        kind = plain_class(cls)
        _known[cls] = _known[kind] if kind in _known else _struct(kind)
        return _known[cls]


def add_struct(struct: Struct) -> None:
    """Say how objects of a class hold their attributes that no library tells of."""
    _known[struct.cls] = struct


def _struct(cls: Any) -> Struct | None:
    if not (dataclasses.is_dataclass(cls) or hasattr(cls, "__attrs_attrs__") or _is_model(cls)):
        return None
    base = cls
    while is_written(base):
        base = base.__base__
    if base is not object:  # a dataclass that is an exception or a dict holds more than attributes
        return None
    kind = _Model if _is_model(cls) else _Dataclass if dataclasses.is_dataclass(cls) else _Attrs
    return kind(cls)


def _is_model(cls: Any) -> bool:
    return hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_validate")


class Struct:
    """How the objects of one class hold their data.

    Attributes:
        cls: The user's class.
        info: What its library says of each field, by name.
        transient: The names of fields that no store keeps.
        fields: The names of its other fields, in order.
        private: What is said of the attributes that a model keeps to itself, by name.
        open: Whether it takes values that it has no field for.
        assigns: Whether the class has a say in what an assignment does.
    """

    def __init__(self, cls: Any, info: Mapping[str, Any], *, assigns: bool, frozen: bool) -> None:
        self.cls = cls
        self.info = dict(info)
        self.transient = frozenset(n for n, one in info.items() if _is_transient(one))
        self.fields = tuple(name for name in info if name not in self.transient)
        self.private: Mapping[str, Any] = {}
        self.open = False
        self._slots = {
            name: member
            for base in reversed(cls.__mro__)
            for name, member in vars(base).items()
            if type(member) is types.MemberDescriptorType
        }
        self._derived = {
            name
            for name in info
            if name not in self._slots and inspect.isdatadescriptor(static(cls, name))
        }
        self.assigns = (assigns and not frozen) or bool(self._derived)
        self._hints: dict[str, Any] | None = None
        self._loose: dict[str, bool] = {}

    # -- what the class declares -----------------------------------------------

    @property
    def hints(self) -> dict[str, Any]:
        """The declared types by field; text where a name in one is not known yet."""
        if self._hints is None or any(isinstance(hint, str) for hint in self._hints.values()):
            self.learn({})
        assert self._hints is not None
        return self._hints

    def learn(self, names: Mapping[str, Any]) -> None:
        """Resolve the types with the names that are known where the class is defined."""
        self._hints = hints_of(self.cls, self.info, names)
        self._loose = {}

    def default(self, name: str, fields: Mapping[str, Any]) -> Any:
        """Return what a field is where nothing is given, `MISSING` where it has no default."""
        raise NotImplementedError

    def is_optional(self, name: str) -> bool:
        """Tell whether an object can do without a value of its own under a name."""
        return name not in self.info or self.default(name, {}) is not MISSING

    def has(self, name: Any, rest: Mapping[str, Any]) -> bool:
        """Tell whether a value can be put under a name."""
        return name in self.info or (name in rest and name != FIELDS_SET)

    def expect(self, name: Any, rest: Mapping[str, Any]) -> None:
        """Look whether a value can be put under a name.

        Raises:
            StateTypeError: There is no such field; names the nearest.
        """
        if not self.has(name, rest):
            raise StateTypeError(
                name,
                "a field",
                "none",
                f"{self.cls.__name__} has no field {name!r}.{nearest(name, self.fields)}"
                f" Fields: {', '.join(self.fields)}.",
            )

    def loose(self, name: str) -> bool:
        """Tell whether an object under a name is held by reference, whatever it is.

        So it is where the class does not say that data is there: a client in a field whose type
        is `Any`, a protocol, a function.
        """
        if name not in self.info:
            return not self.open
        hint = self.hints[name]
        if name not in self._loose:
            self._loose[name] = name in self.transient or not _tells_data(hint)
        return self._loose[name]

    def check(self, name: str, value: Any) -> None:
        """Look whether a value may stand in a field, where the class says what may."""

    # -- taking apart, putting together ------------------------------------------

    def take(self, obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an object holds, as it is: its fields, and its other attributes."""
        held = self._held(obj)
        fields = {}
        for name in self.fields:
            value = held.pop(name, MISSING)
            if value is MISSING:  # a default that stands on the class, or a descriptor's
                value = getattr(obj, name, MISSING)
            if value is not MISSING:
                fields[name] = value
        return fields, {
            name: value
            for name, value in held.items()
            if not isinstance(static(self.cls, name), functools.cached_property)
        }

    def _held(self, obj: Any) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for name, member in self._slots.items():
            with contextlib.suppress(AttributeError):
                held[name] = member.__get__(obj)
        return held | getattr(obj, "__dict__", {})

    def make(
        self, fields: Mapping[str, Any], rest: Mapping[str, Any], of: type | None = None
    ) -> Any:
        """Return an object with these attributes; nothing of the class's own is run.

        Args:
            of: A subclass of the class; the class itself by default.
        """
        obj = object.__new__(self.cls if of is None else of)
        self._fill(obj, {**fields, **rest})
        return obj

    def _fill(self, obj: Any, held: dict[str, Any]) -> None:
        for name in self._derived:
            held.pop(name, None)  # it is made from what stands beside it
        for name, member in self._slots.items():
            if name in held:
                member.__set__(obj, held.pop(name))
        if held:
            object.__getattribute__(obj, "__dict__").update(held)

    def twin(self, obj: Any) -> Any:
        """Return an ordinary object that holds the same values."""
        return self.make(*self.take(obj))


class _Dataclass(Struct):
    def __init__(self, cls: Any) -> None:
        info = {field.name: field for field in dataclasses.fields(cls)}
        own = cls.__setattr__ is not object.__setattr__
        super().__init__(cls, info, assigns=own, frozen=cls.__dataclass_params__.frozen)

    def default(self, name: str, fields: Mapping[str, Any]) -> Any:
        info = getattr(self.cls, "__pydantic_fields__", {}).get(name)
        if info is not None:
            return model_default(info, fields)
        field = self.info.get(name)
        if field is None:
            return MISSING
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        return MISSING if field.default is dataclasses.MISSING else field.default


class _Attrs(Struct):
    def __init__(self, cls: Any) -> None:
        info = {attribute.name: attribute for attribute in cls.__attrs_attrs__}
        own = cls.__setattr__ is not object.__setattr__
        frozen = cls.__setattr__.__name__ == "_frozen_setattrs"
        super().__init__(cls, info, assigns=own, frozen=frozen)

    def default(self, name: str, fields: Mapping[str, Any]) -> Any:
        default: Any = getattr(self.info.get(name), "default", MISSING)
        if repr(default) == "NOTHING":
            return MISSING
        if not hasattr(default, "takes_self"):
            return default
        return default.factory(self.make(fields, {})) if default.takes_self else default.factory()


class _Model(Struct):
    def __init__(self, cls: Any) -> None:
        config = cls.model_config
        own = bool(config.get("validate_assignment")) or cls.__setattr__ is not _base_setattr(cls)
        super().__init__(
            cls, cls.__pydantic_fields__, assigns=own, frozen=bool(config.get("frozen"))
        )
        self.private = cls.__private_attributes__
        self.open = config.get("extra") == "allow"
        self._check = FieldCheck(cls)

    def default(self, name: str, fields: Mapping[str, Any]) -> Any:
        if name in self.info:
            return model_default(self.info[name], fields)
        private = self.private.get(name)
        if private is None:
            return MISSING
        if private.default_factory is not None:
            return private.default_factory()
        return defined(private.get_default())

    def has(self, name: Any, rest: Mapping[str, Any]) -> bool:
        if super().has(name, rest) or name in self.private:
            return True
        return self.open and isinstance(name, str) and not name.startswith("_")

    def check(self, name: str, value: Any) -> None:
        if name in self.info:
            self._check(name, value)

    def take(self, obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        fields, rest = super().take(obj)
        fields |= rest.pop(EXTRA, None) or {}
        return fields, rest | (rest.pop(PRIVATE, None) or {})

    def make(self, fields: Mapping[str, Any], rest: Mapping[str, Any], of: Any = None) -> Any:
        if not self.open:
            return super().make(fields, rest, of)
        own = {name: value for name, value in fields.items() if name in self.info}
        extra = {name: value for name, value in fields.items() if name not in own}
        return super().make(own, {**rest, EXTRA: extra}, of)

    def _fill(self, obj: Any, held: dict[str, Any]) -> None:
        private = {name: held.pop(name) for name in self.private if name in held}
        known, extra = set(held.pop(FIELDS_SET, ())), held.pop(EXTRA, None)
        super()._fill(obj, held)
        self._slots[FIELDS_SET].__set__(obj, known)
        for name, value in ((EXTRA, extra), (PRIVATE, private if self.private else None)):
            if name in self._slots and static(self.cls, name) is self._slots[name]:
                self._slots[name].__set__(obj, value)
            elif value is not None:  # a RootModel has an attribute of its class there
                object.__setattr__(obj, name, value)


@functools.lru_cache(4_096)
def static(cls: type, name: str) -> Any:
    """Return what stands under a name on a class, without asking it."""
    return inspect.getattr_static(cls, name, None)


def _tells_data(hint: Any) -> bool:
    """Tell whether a type is, or may turn out to be, one of data: a struct, or what holds some."""
    if isinstance(hint, (str, TypeVar)):
        return True
    return any(struct_of_class(c) or issubclass(c, Collection) for c in classes_in(hint))


def _is_transient(info: Any) -> bool:
    told: Any = getattr(info, "metadata", None)
    return isinstance(told, Mapping) and bool(told.get("transient"))


def _base_setattr(cls: Any) -> Any:
    return next(c for c in cls.__mro__ if c.__module__ == "pydantic.main").__setattr__
