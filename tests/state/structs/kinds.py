"""State classes of every make, each with what it does beside holding fields."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import itertools
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import attrs
import pydantic

from lellm_nb import GraphBuilder, typed_state

T = TypeVar("T")


def row(*functions):
    """A graph that runs functions one after another, whatever they are called."""
    g = GraphBuilder("g")
    names = [f"n{i}" for i in range(len(functions))]
    for name, function in zip(names, functions, strict=True):
        g.node(name, function)
    for a, b in itertools.pairwise(names):
        g.edge(a, b)
    return g.start(names[0]).end(names[-1]).build()


class Colour(enum.Enum):
    """A choice."""

    RED = "r"
    BLUE = "b"


class Right(enum.Flag):
    """Several at once."""

    READ = 1
    WRITE = 2


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    y: int


ORIGIN = Point(0, 0)


@dataclasses.dataclass
class Author:
    """A part of a state, which nobody marked."""

    name: str
    books: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Translator(Author):
    """Stands where an author may."""

    language: str = "en"


@typed_state
@dataclasses.dataclass
class Priced:
    """Computes a field when it is made, from one that it does not keep."""

    net: float
    rate: dataclasses.InitVar[float] = 0.2
    gross: float = dataclasses.field(init=False)
    authors: list[Author] = dataclasses.field(default_factory=list)
    lead: Author | None = None
    colour: Colour = Colour.RED
    rights: Right = Right.READ
    at: Point = ORIGIN
    tags: set[str] = dataclasses.field(default_factory=set)
    client: Any = None

    def __post_init__(self, rate):
        self.gross = self.net * (1 + rate)
        self._made = ["once"]

    @functools.cached_property
    def double(self):
        """Twice the price, computed when it is first asked for."""
        return self.net * 2


@typed_state
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Can't be changed in plain code, and has no dictionary."""

    n: int
    lead: Author | None = None
    tags: tuple[str, ...] = ()


@typed_state
@dataclasses.dataclass
class Guarded:
    """Has a say in what is assigned."""

    n: int = 0
    log: list[str] = dataclasses.field(default_factory=list)

    def __setattr__(self, name, value):
        if name == "n" and value < 0:
            raise ValueError("n is never negative")
        if name == "n" and "log" in self.__dict__:
            self.log.append(f"n is {value}")
        object.__setattr__(self, name, value)


@typed_state
@attrs.define
class Attrs:
    """An attrs class: it validates and converts what is assigned."""

    n: int = attrs.field(default=0, converter=int, validator=attrs.validators.ge(0))
    lead: Author | None = None
    tags: list[str] = attrs.Factory(list)


@typed_state
@dataclasses.dataclass
class Box(Generic[T]):
    """A generic one."""

    content: T
    n: int = 0


class Dog(pydantic.BaseModel):
    """One of two."""

    kind: Literal["dog"] = "dog"
    barks: int = 1


class Cat(pydantic.BaseModel):
    """The other."""

    kind: Literal["cat"] = "cat"
    lives: int = 9


class Tabby(Cat):
    """Stands where a cat may."""

    stripes: int = 12


@typed_state
class Chat(pydantic.BaseModel):
    """Strict, closed, aliased, with fields that no dump shows."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    user_id: int = pydantic.Field(alias="userId")
    turns: int = pydantic.Field(default=0, ge=0)
    pet: Annotated[Dog | Cat, pydantic.Field(discriminator="kind")] = Dog()
    key: str = pydantic.Field(default="", exclude=True)
    at: datetime.datetime | None = None
    colour: Colour = Colour.RED
    tags: set[str] = set()
    authors: list[Author] = []
    _seen: int = pydantic.PrivateAttr(1)

    @pydantic.computed_field
    @property
    def next_turn(self) -> int:
        """The turn after this one."""
        return self.turns + 1


@typed_state
class Locked(pydantic.BaseModel):
    """Keeps to itself what no store can keep."""

    n: int = 0
    _seen: int = pydantic.PrivateAttr(1)
    _lock: Any = pydantic.PrivateAttr(default_factory=object)


@typed_state
class Watchful(pydantic.BaseModel):
    """Validates what is assigned, and keeps a field in step."""

    model_config = pydantic.ConfigDict(validate_assignment=True)

    n: int = 0
    double: int = 0
    tags: list[str] = []

    @pydantic.field_validator("n", mode="before")
    @classmethod
    def _read(cls, value):
        return int(value)

    @pydantic.model_validator(mode="after")
    def _keep_in_step(self):
        self.__dict__["double"] = self.n * 2
        return self


@typed_state
class Checked(pydantic.BaseModel):
    """Validates what is assigned, and holds anything."""

    model_config = pydantic.ConfigDict(validate_assignment=True)

    net: float = 0.0
    client: Any = None


@typed_state
class Shouting(pydantic.BaseModel):
    """Changes what it is made of, and not what is assigned."""

    word: str = "a"
    n: int = 0

    @pydantic.field_validator("word")
    @classmethod
    def _louder(cls, value):
        return value + "!"


@typed_state
class Open(pydantic.BaseModel):
    """Takes what it has no field for, and can't be changed in plain code."""

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)

    n: int = 0


@typed_state
class Numbers(pydantic.RootModel[list[int]]):
    """A model that is a list."""


@typed_state
class Crate(pydantic.BaseModel, Generic[T]):
    """A generic model."""

    content: T
    n: int = 0
