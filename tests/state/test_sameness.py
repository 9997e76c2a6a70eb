"""Values are the same by content, and no truth is asked that a value does not give (S10)."""

from __future__ import annotations

import dataclasses
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from lellm_nb.state import freeze
from lellm_nb.state.compact import Tail
from lellm_nb.state.sameness import same
from tests.strategies_hostile import hostile_values

NAN = float("nan")


@dataclasses.dataclass
class Point:
    """An object whose `==` asks its fields for their truth."""

    x: Any


class Column:
    """What a query language calls a column: its `==` is a condition, and has no truth."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("a condition has no truth")

    __hash__ = None


def cyclic():
    made: list = [1]
    made.append(made)
    return made


@pytest.mark.parametrize(
    "make",
    [
        lambda: NAN * 1,
        lambda: [{"deep": (NAN * 1,)}],
        lambda: {NAN * 1, 2},
        lambda: decimal.Decimal("nan"),
        lambda: np.float64("nan"),
        lambda: np.array([1.0, np.nan]),
        lambda: np.array(["2020", "NaT"], dtype="M8[D]"),
        lambda: np.array([{"a": NAN * 1}, None], dtype=object),
        lambda: np.array([(1, 2.0)], dtype="i4,f8"),
        lambda: np.ma.array([1, 2], mask=[False, True]),
        lambda: pd.DataFrame({"a": [1, np.nan], "b": ["x", None]}),
        lambda: pd.Series([1, 2], name="n"),
        lambda: pd.MultiIndex.from_tuples([(1, "a")], names=["n", "m"]),
        lambda: pd.array([1, None]),
        lambda: Point(np.array([1, 2])),
        lambda: {"table": pd.Series([1.0, np.nan]), "n": [np.arange(3)]},
        lambda: Tail.of([1, np.arange(2)]),
        cyclic,
    ],
)
def test_equal_content_is_the_same(make):
    """Arrays, tables and NaN too, in any container; objects are asked field by field."""
    assert same(make(), make())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, True),
        (1, 1.0),
        ([1], (1,)),
        ({"a": None}, {"b": None}),
        (NAN, 1.0),
        (np.array([1]), np.array([1, 1])),
        (np.array([1]), np.array([1.0])),
        (np.array(1), 1),
        (pd.Series([1]), pd.Series([1], name="x")),
        (pd.Index([1]), pd.Index([1.0])),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (Point(np.array([1, 2])), Point(np.array([1, 3]))),
        (Column(), Column()),
        (Tail.of([1]), Tail.of([2])),
    ],
)
def test_other_content_or_another_type_is_different(one, two):
    """And what can't be compared is different."""
    assert not same(one, two)
    assert not same([one], [two])
    assert not same({"k": one}, {"k": two})


def test_read_only_kin_are_of_the_type_that_they_look_like():
    """A state is compared with what a user has in hand."""
    plain = {"a": [1, {2}], "b": ({"c": 1},)}

    assert same(freeze(plain), plain)
    assert same(Tail.of([1, 2]), [1, 2])


@given(one=hostile_values(), two=hostile_values())
def test_no_comparison_raises(one, two):
    """A value is the same as itself, and the answer is yes or no whatever a class does."""
    one, two = one.value, two.value

    assert same(one, one) is True
    assert same([one], [one]) is True
    assert same(one, two) in (True, False)
    assert same({"k": one}, {"k": two}) in (True, False)
