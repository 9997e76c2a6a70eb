"""Typed states of each kind: a dataclass, a pydantic model, and one made by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pydantic

from lellm_nb import typed_state


@dataclasses.dataclass
class Author:
    """A part of a state."""

    name: str
    books: list[str] = dataclasses.field(default_factory=list)


@typed_state
@dataclasses.dataclass
class Review:
    """A dataclass with a nested one, and a field that is not kept."""

    topic: str
    drafts: list[str] = dataclasses.field(default_factory=list)
    count: int = 0
    author: Author | None = None
    others: list[Author] = dataclasses.field(default_factory=list)
    client: Any = dataclasses.field(
        default_factory=object, metadata={"transient": True}, compare=False
    )


@typed_state
class Order(pydantic.BaseModel):
    """A model that checks what it is given."""

    item: str
    amount: int = pydantic.Field(default=1, ge=1)
    notes: list[str] = []


class Counter:
    """A hand-made state whose snapshot is a number."""

    def __init__(self, n=0):
        self.n = n
        self.lock = object()

    def snapshot(self):
        """The number."""
        return self.n

    @classmethod
    def restore(cls, snapshot):
        """Count on."""
        return cls(snapshot)

    def __eq__(self, other):
        return isinstance(other, Counter) and self.n == other.n

    __hash__ = None


@dataclasses.dataclass
class Add:
    """A typed mutation."""

    amount: int

    def apply(self, state):
        """Change the private copy."""
        state.n += self.amount
