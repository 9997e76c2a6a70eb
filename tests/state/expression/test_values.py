"""What an expression finds in the objects of a state: fields, and nothing that runs (G10)."""

from __future__ import annotations

import collections
import dataclasses
import enum
from typing import Any, NamedTuple

import attrs
import pydantic
import pytest

from lellm_nb import Expression, State, typed_state
from lellm_nb.state.state import keep, view


@dataclasses.dataclass
class Step:
    """A field, and what is none."""

    name: str
    _secret: str = "s"

    @property
    def shouted(self):
        raise AssertionError("a property was run")

    def run(self):
        """A method, which is no data."""


@dataclasses.dataclass(slots=True)
class Slotted:
    name: str


@attrs.define
class Attrs:
    name: str


class Model(pydantic.BaseModel):
    name: str


class Open(pydantic.BaseModel, extra="allow"):
    """A model that takes more than it declares."""


class Point(NamedTuple):
    name: str


class Plain:
    """An object that no library describes."""

    def __init__(self, name):
        self.name = name
        self._secret = name

    @property
    def shouted(self):
        raise AssertionError("a property was run")


class Colour(enum.Enum):
    red = 1


ALIKE = [
    *(Step("a"), Slotted("a"), Attrs("a"), Model(name="a"), Open(name="a"), Point("a")),
    *(Plain("a"), {"name": "a"}, collections.OrderedDict(name="a")),
]


@pytest.mark.parametrize("value", ALIKE, ids=lambda value: type(value).__name__)
def test_a_field_is_found_by_name_and_nothing_private(value):
    """G10: no method, no property, nothing that begins with _."""
    state = State({"value": value, "rows": [value]})

    assert Expression("value.name == 'a' and value['name'] == 'a'")(state) is True
    assert Expression("any(row.name == 'a' for row in rows)")(state) is True
    for text in ("value.shouted", "value.run", "value['_secret']", "value['__class__']"):
        assert Expression(text)(state) is None


def test_an_enumeration_has_its_name_and_value():
    """They are data, though they are written as properties."""
    state = {"colour": Colour.red}

    assert Expression("colour.name == 'red' and colour.value == 1")(state) is True


def test_a_default_of_a_dict_is_not_made_by_looking():
    """Looking changes nothing."""
    counts = collections.defaultdict(list)

    assert Expression("counts.x")({"counts": counts}) is None
    assert counts == {}


@typed_state
@dataclasses.dataclass
class Review:
    topic: str
    drafts: list[Any] = dataclasses.field(default_factory=list)

    @property
    def shouted(self):
        raise AssertionError("a property was run")


@typed_state
class Order(pydantic.BaseModel):
    topic: str
    drafts: list[Step] = []


@pytest.mark.parametrize("kind", [Review, Order])
def test_the_names_are_the_fields_of_a_typed_state(kind):
    """S6, G10."""
    state = view(keep(kind(topic="otters", drafts=[Step("a")])))

    assert Expression("topic == 'otters' and drafts[0].name == 'a'")(state) is True
    assert Expression("state.topic == topic and len(drafts) == 1")(state) is True
    for text in ("shouted", "gone", "snapshot", "gone.deeper", "approve.by"):
        assert Expression(text)(state) is None


def test_messages_of_langchain():
    """S9: `messages[-1].content` reads as it is written there."""
    messages = pytest.importorskip("langchain_core.messages")
    called = messages.AIMessage(
        "done", tool_calls=[{"name": "search", "args": {"q": "otters"}, "id": "1"}]
    )
    state = view(keep({"messages": [messages.HumanMessage("hi"), called]}))

    for text in (
        "messages[-1].content == 'done' and messages[0].type == 'human'",
        "any(call.name == 'search' for call in messages[-1].tool_calls)",
        "any(any(c.args.q == 'otters' for c in m.tool_calls) for m in messages)",
    ):
        assert Expression(text)(state) is True
