"""Types by registration, arrays and tables, markers, versions and limits."""

from __future__ import annotations

import dataclasses
import enum
import json
import subprocess
import sys
import typing

import numpy
import pandas
import pydantic
import pytest

from lellm_nb import Unsaved, register_type
from lellm_nb.errors import CorruptedCheckpointError, SerializationError
from lellm_nb.record.codec import json_text
from lellm_nb.record.codec import types as codec_types
from lellm_nb.record.codec.values import Codec, Limits

CODEC = Codec()


def back(value):
    """Written and read again."""
    return CODEC.loads(CODEC.dumps(value, strict=True))


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass(frozen=True)
class Order:
    item: str
    parts: tuple[int, ...] = ()


class Pair(typing.NamedTuple):
    left: int
    right: str


class Model(pydantic.BaseModel):
    name: str
    tags: list[str] = []


@pytest.mark.parametrize(
    "value", [Colour.RED, Order("x", (1, 2)), Pair(1, "b"), Model(name="a", tags=["b"])]
)
def test_registered_types_come_back(value):
    """An Enum, a dataclass, a named tuple and a pydantic model need no more than registering."""
    with pytest.raises(SerializationError, match="register_type") as caught:
        CODEC.dumps({"a": [value]}, strict=True)
    assert caught.value.path == "a[0]"
    register_type(type(value))
    try:
        found = back({"a": [value]})["a"][0]
        assert found == value
        assert type(found) is type(value)
    finally:
        kind = codec_types._by_class.pop(type(value))
        del codec_types._by_name[kind.name]


def test_text_is_the_same_where_python_has_no_encoder_in_c(monkeypatch):
    """As in PyPy."""
    form = {"a": [1, 2.5, 'ä\n"', None, True, {"deep": []}], "long": 2**70}
    here = json_text._writer()(form)
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)

    assert json_text._writer()(form) == here


def test_a_type_that_is_registered_later_brings_its_values_back():
    """Until then they are markers, which can be saved again without loss."""
    register_type(Order, name="shop.Order")
    text = CODEC.dumps(Order("x"))
    kind = codec_types._by_name.pop("shop.Order")
    marker = CODEC.loads(text)
    again = CODEC.dumps([marker], strict=True)
    codec_types._by_name["shop.Order"] = kind

    assert marker == Unsaved("shop.Order", "a value of type shop.Order", marker.form)
    assert CODEC.loads(again) == [Order("x")]


def test_a_newer_version_of_a_type_reads_the_older():
    """`read` is told which one it gets; what is newer than the reader is refused."""

    class Money:
        def __init__(self, cents):
            self.cents = cents

    register_type(Money, name="Money", write=lambda m: m.cents, read=Money)
    old = CODEC.dumps(Money(5))
    register_type(
        Money,
        name="Money",
        version=2,
        write=lambda m: {"cents": m.cents},
        read=lambda c, version=1: Money(c if version == 1 else c["cents"]),
    )

    assert CODEC.loads(old).cents == 5
    assert back(Money(7)).cents == 7
    with pytest.raises(CorruptedCheckpointError, match="version 3"):
        CODEC.loads('{"$": "Money", "v": {}, "n": 3}')


def test_a_type_that_nobody_can_write_needs_functions():
    """Said when it is registered, not when it is lost."""
    with pytest.raises(SerializationError, match="write="):
        register_type(type("Odd", (), {}))


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6).reshape(2, 3),
        numpy.array([1.5, numpy.nan]),
        numpy.array([], dtype="complex128"),
        numpy.array(["2020-01-01"], dtype="datetime64[D]"),
        numpy.array([True, False]),
        numpy.array(["a", "bc"]),
        numpy.array([{"a": 1}, None], dtype=object),
    ],
)
def test_arrays_come_back_and_refuse_to_be_changed(array):
    """Values, shape and dtype."""
    found = back(array)

    assert found.dtype == array.dtype
    assert found.shape == array.shape
    numpy.testing.assert_array_equal(found, array)
    assert not found.flags.writeable


def test_numbers_of_numpy_come_back():
    """With their types."""
    assert type(back(numpy.float32(1.5))) is numpy.float32
    assert back([numpy.int64(7)]) == [7]


def test_tables_come_back():
    """Columns of many types, an index, and a series."""
    table = pandas.DataFrame(
        {
            "n": [1, 2],
            "x": [1.5, None],
            "text": ["a", None],
            "at": pandas.to_datetime(["2020-01-01", None]),
            "zone": pandas.to_datetime(["2020-01-01", "2021-06-01"]).tz_localize("Europe/Berlin"),
            "whole": pandas.array([1, None], dtype="Int64"),
            "object": [{"a": 1}, (1, 2)],
        },
        index=["one", "two"],
    )

    pandas.testing.assert_frame_equal(back(table), table)
    pandas.testing.assert_series_equal(back(table["n"]), table["n"])
    empty = pandas.DataFrame()
    assert back(empty).shape == (0, 0)


def test_an_unknown_value_is_a_marker_with_its_repr():
    """Also where the repr itself fails."""

    class Rude:
        def __repr__(self):
            raise RuntimeError("no")

    found = CODEC.loads(CODEC.dumps({"tools": [Rude(), len]}))

    assert "Rude" in found["tools"][0].type
    assert "raised RuntimeError" in found["tools"][0].repr
    assert found["tools"][1].repr == "<built-in function len>"


def test_what_is_too_deep_is_neither_written_nor_read():
    """What is written can always be read again."""
    deep = []
    for _ in range(400):
        deep = [deep]
    with pytest.raises(SerializationError, match="deep"):
        CODEC.dumps(deep, strict=True)

    assert CODEC.loads(CODEC.dumps(deep)) is not None
    with pytest.raises(CorruptedCheckpointError, match="limit"):
        Codec(Limits(size=10)).loads('"a longer text"')


def test_a_run_that_is_not_kept_loads_no_store():
    """Neither SQLite nor the codec."""
    code = (
        "import sys\n"
        "from lellm_nb import Debugger, GraphBuilder\n"
        "g = GraphBuilder('g').node('a', lambda ctx: {'n': 1}).start('a').end('a')\n"
        "Debugger(g.build(), {}).run()\n"
        "print([m for m in sys.modules if 'sqlite' in m or '.codec' in m or '.store.' in m])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"
