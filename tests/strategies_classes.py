"""Classes as people write them, made at random, and an object of each.

Every class is registered, and has a name that no other has.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import itertools
import types
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import attrs
import pydantic
from hypothesis import reject
from hypothesis import strategies as st

from lellm_nb import register_type

T = TypeVar("T")
_numbers = itertools.count()

texts = st.text(st.characters(codec="utf-8"), max_size=4)
hints: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-5, 2**70),
    str: texts,
    float: st.floats(),
    bytes: st.binary(max_size=3),
    datetime.date: st.dates(),
    decimal.Decimal: st.decimals(-99, 99, places=2),
    list[int]: st.lists(st.integers(0, 9), max_size=3),
    tuple[int, ...]: st.lists(st.integers(0, 9), max_size=3).map(tuple),
    set[str]: st.sets(texts, max_size=3),
    dict[str, int]: st.dictionaries(texts, st.integers(0, 9), max_size=3),
    int | None: st.none() | st.integers(0, 9),
    Any: st.sampled_from([None, 1, "x", (1,), [1, {"a": 2}], {3: {4}}, frozenset({1}), 1j]),
}
"""Types of fields, and what may stand there."""


def _named(cls: Any) -> Any:
    cls.__module__ = __name__
    cls.__name__ = cls.__qualname__ = f"{cls.__name__}{next(_numbers)}"
    return register_type(cls)


@st.composite
def _fields(draw: Any, inside: list[Any], most: int = 3) -> dict[str, tuple[Any, Any]]:
    """Draw fields: a type and a value by name; some hold objects of a class made before."""
    made: dict[str, tuple[Any, Any]] = {}
    for name in draw(st.lists(st.sampled_from("abcde"), max_size=most, unique=True)):
        if inside and draw(st.booleans()):
            value = draw(st.sampled_from(inside))
            hint = draw(st.sampled_from([type(value), type(value).__mro__[-2], Any]))
            hint = type(value) if hint.__module__ != __name__ else hint
            whole = draw(st.sampled_from(["one", "list", "dict"]))
            if whole == "list":
                hint, value = list[hint], [value, value]
            elif whole == "dict":
                hint, value = dict[str, hint], {"k": value}
        else:
            hint = draw(st.sampled_from(list(hints)))
            value = draw(hints[hint])
        made[name] = hint, value
    return made


# -- dataclasses -----------------------------------------------------------------


@st.composite
def dataclass_objects(draw: Any, inside: list[Any]) -> Any:
    """Frozen or not, with slots or not, of a base or not; fields that are not given; hooks."""
    frozen, slots = draw(st.booleans()), draw(st.booleans())
    bases: tuple[type, ...] = ()
    given: dict[str, Any] = {}
    for level in range(draw(st.integers(1, 2))):
        fields = draw(_fields(inside, 2))
        body: dict[str, Any] = {"__annotations__": {}, "SHARED": 1}
        body["__annotations__"]["SHARED"] = ClassVar[int]
        for name, (hint, value) in fields.items():
            full = f"{name}{level}"
            body["__annotations__"][full] = hint
            how = draw(st.sampled_from(["given", "default", "factory", "not init", "quiet"]))
            quiet = how == "quiet"
            options: dict[str, Any] = {"compare": not quiet, "repr": not quiet}
            if how in ("factory", "not init"):
                options["default_factory"] = _giving(value)
            if how == "default" and type(value).__hash__ is not None:
                options["default"] = value
            if how == "not init":
                options["init"] = False
            body[full] = dataclasses.field(**options)
            if (
                how in ("given", "quiet")
                or (draw(st.booleans()) and how != "not init")
                or (how == "default" and "default" not in options)
            ):
                given[full] = value
        hook = draw(st.sampled_from(["none", "changes", "adds", "init var"]))
        if hook != "none" and fields:
            body["__post_init__"] = _hook(hook, f"{next(iter(fields))}{level}", slots, frozen)
        if hook == "init var" and fields:
            body["__annotations__"]["extra"] = dataclasses.InitVar[int]
            body["extra"] = dataclasses.field(default=7)
        cls = type(f"D{level}_", bases, body)
        cls = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=True)(cls)
        bases = (_named(cls),)
    return bases[0](**given)


def _giving(value: Any) -> Callable[[], Any]:
    return lambda: value


def _hook(hook: str, name: str, slots: bool, frozen: bool) -> Callable[..., None]:
    def changes(self: Any, *_: Any) -> None:
        object.__setattr__(self, name, (getattr(self, name, None), "changed"))

    def adds(self: Any, *_: Any) -> None:
        if not slots:
            object.__setattr__(self, "cache", ["beside the fields"])

    return adds if hook == "adds" else changes


# -- pydantic --------------------------------------------------------------------


def _changed(value: Any) -> Any:
    return value * 2 if type(value) is int else value


@st.composite
def model_objects(draw: Any, inside: list[Any]) -> Any:
    """Aliases, defaults, strict, frozen, open or closed; computed, excluded and private fields."""
    config = pydantic.ConfigDict(
        strict=draw(st.booleans()),
        frozen=draw(st.booleans()),
        extra=draw(st.sampled_from(["allow", "forbid", "ignore"])),
        populate_by_name=draw(st.booleans()),
        validate_assignment=draw(st.booleans()),
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )
    base: type = pydantic.BaseModel
    given: dict[str, Any] = {}
    for level in range(draw(st.integers(1, 2))):
        body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
        body["model_config"] = config
        for name, (hint, value) in draw(_fields(inside, 2)).items():
            full, options, asked = f"{name}{level}", {}, f"{name}{level}"
            alias = draw(st.sampled_from(["", "alias", "validation_alias", "serialization_alias"]))
            if alias:
                options[alias] = f"{full}Alias"
                asked = full if alias == "serialization_alias" else f"{full}Alias"
            if draw(st.booleans()):
                options["default_factory"] = _giving(value)
            options["exclude"] = draw(st.booleans())
            body["__annotations__"][full] = hint
            body[full] = pydantic.Field(**options)
            if "default_factory" not in options or draw(st.booleans()):
                given[asked] = value
            if draw(st.booleans()):
                body[f"validate_{full}"] = pydantic.field_validator(full)(
                    classmethod(lambda _, v: _changed(v))
                )
        if draw(st.booleans()):
            body["many"] = pydantic.computed_field(property(lambda self: 5), return_type=int)
        if draw(st.booleans()):
            body["__annotations__"]["_private"] = Any
            body["_private"] = pydantic.PrivateAttr(default_factory=lambda: [1])
        base = _named(type(pydantic.BaseModel)(f"M{level}_", (base,), body))
    if config["extra"] == "allow" and draw(st.booleans()):
        given |= {"more": [1, (2,)], "_hidden": {"x": 1}, "fields": 3}
    made: Any = base(**given)
    if "_private" in base.__private_attributes__ and draw(st.booleans()):
        made._private = {"set": (1, 2)}
    return made


@st.composite
def generic_objects(draw: Any, inside: list[Any]) -> Any:
    """Generic models, root models, and unions told apart by a field."""
    hint = draw(st.sampled_from([int, str, list[int]]))
    value = draw(hints[hint])
    kind = draw(st.sampled_from(["generic", "root", "union"]))
    body: dict[str, Any] = {"__module__": __name__}
    if kind == "generic":
        body["__annotations__"] = {"item": T, "items": list[T]}
        box: Any = types.new_class(
            "G_", (pydantic.BaseModel, Generic[T]), exec_body=lambda names: names.update(body)
        )
        return _named(box)[hint](item=value, items=[value])
    if kind == "root":
        return _named(type(pydantic.BaseModel)("R_", (pydantic.RootModel[hint],), body))(value)
    sides: list[Any] = []
    for tag in ("cat", "dog"):
        side: dict[str, Any] = {"__module__": __name__, "kind": tag, tag: value}
        side["__annotations__"] = {"kind": Literal[tag], tag: hint}  # type: ignore[valid-type]
        sides.append(_named(type(pydantic.BaseModel)("U_", (pydantic.BaseModel,), side)))
    told = Annotated[sides[0] | sides[1], pydantic.Field(discriminator="kind")]
    body["__annotations__"] = {"pet": told, "pets": list[told]}
    owner: Any = _named(type(pydantic.BaseModel)("O_", (pydantic.BaseModel,), body))
    return owner(pet=draw(st.sampled_from(sides))(), pets=[side() for side in sides])


# -- attrs -----------------------------------------------------------------------


@st.composite
def attrs_objects(draw: Any, inside: list[Any]) -> Any:
    """Frozen or not, with slots or not; converters, private names, fields that are not given."""
    fields: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for name, (_, value) in draw(_fields(inside)).items():
        how = draw(st.sampled_from(["given", "factory", "not init", "private", "converted"]))
        full = f"_{name}" if how == "private" else name
        options: dict[str, Any] = {"eq": draw(st.booleans()), "repr": draw(st.booleans())}
        if how in ("factory", "not init"):
            options["factory"] = _giving(value)
        if how == "not init":
            options["init"] = False
        if how == "converted":
            options["converter"] = lambda v: (v, "converted")
        fields[full] = attrs.field(kw_only=True, **options)
        if how not in ("factory", "not init"):
            given[name] = value
    cls = attrs.make_class(
        "A_", fields, frozen=draw(st.booleans()), slots=draw(st.booleans()), order=False
    )
    return _named(cls)(**given)


# -- enums -----------------------------------------------------------------------


@st.composite
def enum_members(draw: Any, inside: list[Any]) -> Any:
    """Aliases, flags of several, members that are text or numbers, a `__new__` of its own."""
    kind = draw(st.sampled_from([enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag]))
    if kind is enum.StrEnum:
        cls: Any = kind("E_", {"A": "a", "B": "b", "C": "a"})
    elif draw(st.booleans()) and kind is enum.Enum:
        cls = (
            _with_new() if draw(st.booleans()) else kind("E_", {"A": [1], "B": (1, {}), "C": None})
        )
    else:
        cls = kind("E_", {"A": 1, "B": 2, "C": 1, "D": 4})
    members = list(_named(cls).__members__.values())
    if not issubclass(cls, enum.Flag):
        return draw(st.sampled_from(members))
    found = cls(0)
    for member in draw(st.lists(st.sampled_from(members), max_size=3)):
        found |= member
    if cls.__mro__[1] is enum.IntFlag and draw(st.booleans()):
        found |= 64
    return ~found if draw(st.booleans()) else found


def _with_new() -> Any:
    class Own(enum.Enum):
        A = (1, "one")
        B = (2, "two")

        def __new__(cls, number: int, text: str) -> Any:
            made = object.__new__(cls)
            made._value_ = number
            made.text = text  # type: ignore[attr-defined]
            return made

    return Own


# -- tuples ----------------------------------------------------------------------


@st.composite
def named_tuples(draw: Any, inside: list[Any]) -> Any:
    """With defaults; of a subclass that makes other items, or holds more than its items."""
    fields = draw(_fields(inside))
    values = [value for _, value in fields.values()]
    cls: Any = collections.namedtuple("N_", list(fields), defaults=values[-1:])
    kind = draw(st.sampled_from(["plain", "no slots", "own new"]))
    if kind == "plain":
        return _named(cls)(*values)
    body: dict[str, Any] = {"__module__": __name__}
    if kind == "own new":
        body["__new__"] = lambda made, *items: cls.__new__(made, *[_changed(i) for i in items])
    made = _named(type("S_", (cls,), body))(*values)
    if draw(st.booleans()):
        made.note = "beside its items"
    return made


@st.composite
def objects_of_new_classes(draw: Any, depth: int = 2) -> Any:
    """Draw an object of a class that was made for it, which may hold others of the kind."""
    inside = [draw(objects_of_new_classes(depth - 1)) for _ in range(depth and draw(_few))]
    kinds = [dataclass_objects, model_objects, generic_objects, attrs_objects]
    kind = draw(st.sampled_from([*kinds, *kinds, enum_members, named_tuples]))
    try:
        return draw(kind(inside))
    except (pydantic.errors.PydanticUserError, pydantic.ValidationError):
        reject()  # pydantic has no class of this make, or the class no such object


_few = st.integers(0, 2)
