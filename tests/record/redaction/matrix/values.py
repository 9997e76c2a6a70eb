"""Rows of the matrix: every kind of value in which a secret can stand."""

from __future__ import annotations

import array
import collections
import dataclasses
import enum
import pathlib
import types
from typing import Any, NamedTuple

import attrs
import numpy
import pandas
import pydantic

from lellm_nb import register_type
from tests.record.redaction.matrix.story import KEY, Story, one_node


@register_type
@dataclasses.dataclass(frozen=True)
class Config:
    """A registered dataclass."""

    api_key: str
    user: str = "me"


@dataclasses.dataclass
class Plain:
    """A dataclass that nobody registered."""

    api_key: str


@register_type
@attrs.define(frozen=True)
class Attrs:
    """A registered class of attrs."""

    api_key: str


@register_type
class Model(pydantic.BaseModel):
    """A registered model."""

    api_key: Any
    secret: pydantic.SecretStr = pydantic.SecretStr("")


class PlainModel(pydantic.BaseModel):
    """A model that nobody registered."""

    api_key: str


@register_type
class Level(enum.Enum):
    """An enum whose value is a key."""

    LIVE = KEY


class Row(NamedTuple):
    """A named tuple."""

    api_key: str


class Client:
    """Something without a form: a store has its repr."""

    def __repr__(self) -> str:
        return f"Client(api_key={KEY!r})"


class Secretive:
    """A class with a form of its own."""

    def __init__(self, key: str) -> None:
        self.key = key


register_type(Secretive, write=lambda s: f"of {s.key}", read=lambda form: Secretive(str(form)))


class Attribute(dict[str, Any]):
    """A dict with an attribute."""


def _with_attribute() -> Attribute:
    made = Attribute(n=1)
    made.key = KEY  # type: ignore[attr-defined]  # an attribute of its own
    return made


def _frame(**columns: Any) -> pandas.DataFrame:
    return pandas.DataFrame(columns)


def _failure() -> ValueError:
    error = ValueError(f"refused {KEY}")
    error.add_note(f"it was {KEY}")
    return error


BYTES = KEY.encode()

VALUES: dict[str, Any] = {
    "text": KEY,
    "a longer text": "words and " * 300 + KEY + " more" * 300,
    "text beside others": f"use {KEY}, please",
    "text with escapes": f'"\\{KEY}\n\u00e9\U0001f9a6"',
    "half a surrogate pair": f"\ud83e {KEY}",
    "dict value": {"a": KEY},
    "dict key": {KEY: 1, f"{KEY}x": 2},
    "dict key of a tuple": {(KEY, 1): 1},
    "dict key of bytes": {BYTES: 1},
    "list": [KEY],
    "a long list": [{"role": "user", "content": f"{i} {KEY}"} for i in range(80)],
    "tuple": (1, KEY),
    "named tuple": Row(KEY),
    "set": {KEY, "b"},
    "frozenset": frozenset({KEY}),
    "set of tuples": {(KEY, 1)},
    "nested": {"a": [{"b": ({"c": [KEY]},)}]},
    "bytes": b"x" + BYTES,
    "long bytes": b"x" * 1001 + BYTES + b"y" * 2000,
    "bytearray": bytearray(BYTES),
    "memoryview": memoryview(BYTES),
    "array of bytes": array.array("B", BYTES),
    "deque": collections.deque([KEY]),
    "Counter": collections.Counter([KEY]),
    "OrderedDict": collections.OrderedDict(a=KEY),
    "defaultdict": collections.defaultdict(list, a=[KEY]),
    "mappingproxy": types.MappingProxyType({"a": KEY}),
    "SimpleNamespace": types.SimpleNamespace(key=KEY),
    "dict with an attribute": _with_attribute(),
    "numpy str": numpy.array([KEY, "b"]),
    "numpy bytes": numpy.array([BYTES]),
    "numpy object": numpy.array([KEY, {"a": KEY}], dtype=object),
    "numpy letters": numpy.frombuffer(BYTES, dtype=numpy.uint8),
    "numpy str scalar": numpy.array([KEY])[0],
    "numpy records": numpy.array([(KEY, 1)], dtype=[("key", "U60"), ("n", "i4")]),
    "a table's cells": _frame(k=[KEY, "b"], n=[1, 2]),
    "a table's column": pandas.DataFrame({KEY: [1]}),
    "a table's index": pandas.DataFrame({"n": [1]}, index=[KEY]),
    "a table's attrs": _frame(n=[1]).pipe(lambda t: t.attrs.update(key=KEY) or t),
    "a table's categories": _frame(k=pandas.Categorical([KEY, "b"])),
    "a table of objects": _frame(k=[{"a": KEY}]),
    "series": pandas.Series([KEY]),
    "a series' name": pandas.Series([1], name=KEY),
    "pandas index": pandas.Index([KEY]),
    "dataclass": Config(KEY),
    "dataclass in a list": [Config(KEY)],
    "dataclass that is not registered": Plain(KEY),
    "attrs": Attrs(KEY),
    "pydantic": Model(api_key=KEY),
    "pydantic dict": Model(api_key={"a": KEY}),
    "pydantic SecretStr": Model(api_key="", secret=pydantic.SecretStr(KEY)),
    "pydantic that is not registered": PlainModel(api_key=KEY),
    "SecretStr": pydantic.SecretStr(KEY),
    "SecretBytes": pydantic.SecretBytes(BYTES),
    "Url": pydantic.AnyUrl(f"https://me:{KEY}@example.org/"),
    "registered form": Secretive(KEY),
    "enum": Level.LIVE,
    "path": pathlib.Path("/x") / KEY,
    "pure path": pathlib.PurePosixPath(KEY),
    "URL": f"https://me:{KEY}@example.org/?key={KEY}",
    "an object's repr": Client(),
    "a class": type(f"Client_{KEY}", (), {}),
    "an object of a class so called": type(f"Client_{KEY}", (), {})(),
    "function": types.FunctionType((lambda: None).__code__, {}, KEY),
    "exception": _failure(),
    "exception in a list": [_failure()],
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n" + KEY + "\n-----END RSA PRIVATE KEY-----",
    "bearer": f"Authorization: Bearer {KEY}",
}


def _story(value: Any) -> Story:
    return Story(one_node(lambda ctx: {"value": value, "n": 1}, lambda ctx: {"m": ctx.visit}))


def rows() -> dict[str, Story]:
    """Return the rows, by what the secret stands in."""
    return {name: _story(value) for name, value in VALUES.items()}
