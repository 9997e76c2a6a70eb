"""S9: what is state in an object, and what is held by reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Optional, Protocol

import pydantic
import pytest

from lellm_nb import typed_state
from lellm_nb.state.state import keep, view
from lellm_nb.state.structs.struct import struct_of_class
from tests.state.structs.kinds import Author, Priced, row


class Talks(Protocol):
    """What a client does."""

    def say(self) -> str:
        """Say something."""


@dataclasses.dataclass
class Client:
    """A client that counts its calls, and is a dataclass."""

    calls: int = 0

    def say(self):
        """Count."""
        self.calls += 1
        return str(self.calls)


@dataclasses.dataclass
class Held:
    """Every way to say what is in a field."""

    any_type: Any = None
    thing: object = None
    protocol: Talks | None = None
    function: Callable[..., Any] | None = None
    perhaps: Optional[Any] = None  # noqa: UP045  # a way that people write it
    author: Author | None = None
    authors: list = dataclasses.field(default_factory=list)
    by_name: dict[str, Any] = dataclasses.field(default_factory=dict)
    open_client: Client = dataclasses.field(default_factory=Client, metadata={"transient": True})


@pytest.mark.parametrize("name", ["any_type", "thing", "protocol", "function", "perhaps"])
def test_an_object_that_no_field_declares_is_the_very_object(name):
    """S1, S9: a client works on, whatever it is made of."""
    client = Client()
    struct = struct_of_class(Held)
    assert struct.loose(name)

    state = typed_state(Held)(**{name: client})
    seen = []

    def node(ctx):
        seen.append(getattr(ctx.state, name))
        ctx.put("authors", [seen[0].say()])

    final = row(node, node).run(state).state
    assert seen == [client, client]
    assert seen[0] is seen[1] is client
    assert final.authors == ["2"]


@pytest.mark.parametrize("name", ["author", "authors", "by_name"])
def test_what_may_be_data_is_frozen(name):
    """S1: declared, or in a container."""
    assert not struct_of_class(Held).loose(name)


def test_a_transient_field_is_held_as_it_is():
    """S6, S9: the way to hold a client whose class is declared."""
    state = typed_state(Held)()
    client = state.open_client

    def node(ctx):
        ctx.put("authors", [ctx.state.open_client.say()])

    assert row(node, node).run(state).state.open_client is client
    assert client.calls == 2


def test_what_is_made_of_attributes_is_made_without_its_init():
    """S9: an object of attributes alone, as it was."""
    start = Priced(10.0)
    struct = struct_of_class(Priced)
    start.gross = 99.0
    again = struct.twin(start)

    assert again == start
    assert again is not start
    assert again.__dict__ == start.__dict__


def test_an_object_that_is_not_whole_stays_so():
    """S9: a field that was never set has no value, as in plain code."""
    model = pydantic.create_model("Half", a=(int, 1), b=(int, ...))
    half = model.model_construct(a=2)
    seen = view(keep_of(half))

    assert seen.a == 2
    with pytest.raises(AttributeError):
        _ = seen.b


def keep_of(value):
    """What is kept of any state class."""
    typed_state(type(value))
    return keep(value)
