"""C9: which classes a store may name: those that a typed state leads to."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pydantic
import pytest

from lellm_nb import typed_state
from lellm_nb.errors import StateTypeError
from lellm_nb.state.state import keep
from lellm_nb.state.structs.declared import declared_class, is_declared, stored_name
from lellm_nb.state.type_hints import classes_in, hints_of
from tests.state.structs.kinds import Author, Chat, Colour, Point, Priced, Tabby, Translator

T = TypeVar("T")


@pytest.mark.parametrize("cls", [Priced, Author, Translator, Colour, Point, Chat, Tabby])
def test_what_fields_hold_is_found_by_name(cls):
    """S9: a class that a hint names, at any depth, and what stands where it may."""
    assert is_declared(cls)
    assert declared_class(stored_name(cls)) is cls


@dataclasses.dataclass
class Stranger:
    """Belongs to no state."""

    n: int = 0


@pytest.mark.parametrize("cls", [Stranger, object, dict, int, pytest.MonkeyPatch])
def test_what_no_state_leads_to_is_not(cls):
    """C9: whatever is loaded."""
    assert not is_declared(cls)
    assert declared_class(stored_name(cls)) is None


def test_of_a_class_that_is_defined_again_the_last_is_meant():
    """S9: as when a cell is run again."""

    def define():
        @typed_state
        @dataclasses.dataclass
        class Again:
            n: int = 0

        return Again

    first, second = define(), define()

    assert first is not second
    assert declared_class(stored_name(first)) is second


def test_names_of_a_function_are_known_to_the_classes_in_it():
    """S9: also where annotations are text."""

    class Kind(enum.Enum):
        ONE = 1

    @dataclasses.dataclass
    class Inner:
        kind: Kind

    @typed_state
    @dataclasses.dataclass
    class Outer:
        inner: dict[str, list[Inner]]

    assert all(map(is_declared, (Outer, Inner, Kind)))


@typed_state
@dataclasses.dataclass
class Early:
    """Names a class that is defined later."""

    late: list[Late]


@dataclasses.dataclass
class Late:
    """The later one."""

    n: int = 0


def test_a_name_that_was_not_known_yet_is_looked_up_later():
    """S9: a class may be defined after the one that holds it."""
    assert is_declared(Late)
    assert hints_of(Early, ["late"]) == {"late": list[Late]}


def test_a_name_that_is_never_known_refuses_nothing():
    """S9: a class whose types can't be resolved is a state all the same."""

    @typed_state
    @dataclasses.dataclass
    class Vague:
        what: Nowhere  # noqa: F821  # that it is nowhere is the point
        n: int = 0

    assert keep(Vague(1)).data == {"what": 1, "n": 0}


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (dict[str, list[Author] | None], {dict, str, list, Author, type(None)}),
        (Annotated[Author, 1], {Author, int} - {int}),
        (Literal[Colour.RED], {Colour}),
        (TypeVar("B", bound=Author), {Author}),
    ],
)
def test_a_hint_is_taken_apart_to_its_classes(hint, expected):
    """S9: through unions, containers, bounds and literals."""
    found = {cls for cls in classes_in(hint) if cls is not Annotated}

    assert expected <= found


@pytest.mark.parametrize(
    "cls",
    [
        type("Err", (Exception,), {}),
        dataclasses.dataclass(type("Err", (Exception,), {"__annotations__": {"n": int}})),
        dataclasses.dataclass(type("Bag", (dict,), {"__annotations__": {"n": int}})),
    ],
)
def test_what_holds_more_than_attributes_is_no_struct(cls):
    """S6: an exception or a dict with fields has a store of its own; it says what to do."""
    with pytest.raises(StateTypeError, match="snapshot"):
        typed_state(cls)


def test_a_class_with_fields_named_as_the_protocol_s_methods_keeps_them():
    """S6: they are the user's fields."""

    @typed_state
    @dataclasses.dataclass
    class Odd:
        snapshot: str = "s"
        restore: str = "r"

    @typed_state
    class Model(pydantic.BaseModel):
        snapshot: str = "s"
        copy: int = 1

    assert keep(Odd()).data == {"snapshot": "s", "restore": "r"}
    assert keep(Model()).data == {"snapshot": "s", "copy": 1}


def test_a_subclass_of_a_state_is_one_with_all_its_fields():
    """S6: nobody need mark it again."""

    @dataclasses.dataclass
    class Child(Priced):
        more: Any = None

    assert "more" in keep(Child(1.0, more=2)).data
    assert issubclass(Child, Generic) is False
