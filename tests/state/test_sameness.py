"""S10: the one comparison: by content, whatever the values are."""

from __future__ import annotations

import collections
import dataclasses
import subprocess
import sys
import types
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb.state.compact import MISSING, Tail, Wide
from lellm_nb.state.frozen import freeze, thaw
from lellm_nb.state.mutation import Put
from lellm_nb.state.sameness import equal, same


def nan():
    """A new object each time: identity must not be what makes them the same."""
    return float("inf") - float("inf")


@dataclasses.dataclass
class Holder:
    """Compares its field with ``==``, as a dataclass does."""

    held: Any


class Model(pydantic.BaseModel, arbitrary_types_allowed=True):
    """So does a model of pydantic."""

    held: Any


def objects(*items):
    """An array of objects, whatever they are."""
    made = np.empty(len(items), dtype=object)
    made[:] = items
    return made


def alone(item):
    """An array without dimensions that holds an object."""
    made = np.empty((), dtype=object)
    made[()] = item
    return made


class Tensor:
    """Answers element by element, and is no array."""

    shape = (2,)
    dtype = "i8"

    def __init__(self, *items):
        self.items = np.array(items)

    def __eq__(self, other):
        return self.items == other.items

    def __ne__(self, other):
        return self.items != other.items

    __hash__ = None


class Sheet:
    """A table of a library of its own: ``==`` has no truth, `equals` has."""

    def __init__(self, item):
        self.item = item

    def __eq__(self, other):
        return objects("no", "truth")

    def equals(self, other):
        return self.item == other.item

    __hash__ = None


pairs = np.dtype([("name", "U4"), ("n", "f8")])
masked = np.ma.array

MADE = {
    "array": lambda: np.arange(3),
    "floats": lambda: np.array([1.0, np.nan]),
    "complex": lambda: np.array([1 + 2j, complex(np.nan, 1)]),
    "times": lambda: np.array(["2020-01-01", "NaT"], "M8[D]"),
    "texts": lambda: np.array(["a", "bc"]),
    "bytes": lambda: np.array([b"a"]),
    "raw": lambda: np.array([b"ab"], "V2"),
    "no items": lambda: np.zeros((0, 3)),
    "no dimensions": lambda: np.array(5),
    "an object": lambda: alone(np.arange(2)),
    "objects": lambda: objects(np.arange(2), nan(), {"a": [nan()]}, None),
    "fields": lambda: np.array([("a", np.nan), ("b", 2)], pairs),
    "a field": lambda: np.array([("a", np.nan)], pairs)[0],
    "masked": lambda: masked([1, 2], mask=[False, True]),
    "scalar": lambda: np.float32("nan"),
    "no time": lambda: np.datetime64("NaT"),
    "series": lambda: pd.Series([1.0, None], name="s"),
    "series of arrays": lambda: pd.Series([np.arange(2), np.arange(2)]),
    "nullable": lambda: pd.Series([1, None], dtype="Int64"),
    "category": lambda: pd.Series(list("aba"), dtype="category"),
    "zoned": lambda: pd.Series(pd.to_datetime(["2020-01-01", None]).tz_localize("UTC")),
    "table": lambda: pd.DataFrame({"a": [1, None], "b": ["x", None]}, index=["i", "j"]),
    "no rows": lambda: pd.DataFrame({"a": []}),
    "index": lambda: pd.Index([1.0, np.nan], name="i"),
    "levels": lambda: pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", "y"]),
    "timestamp": lambda: pd.Timestamp("2020-01-01", tz="UTC"),
    "NaT and NA": lambda: [pd.NaT, pd.NA],
    "NaN": nan,
    "NaN of others": lambda: (Decimal("nan"), complex(nan(), 1)),
    "NaN inside": lambda: {"a": [nan()], "b": (nan(),), "c": {nan()}, nan(): {(1, nan())}},
    "dataclass": lambda: Holder([np.arange(2), nan()]),
    "model": lambda: Model(held=np.array([1, 2])),
    "named": lambda: collections.namedtuple("P", "x y")(nan(), [nan()])._asdict(),
    "deque": lambda: collections.deque([np.arange(2)]),
    "proxy": lambda: types.MappingProxyType({"a": np.arange(2)}),
    "tensor": lambda: Tensor(1, 2),
    "sheet": lambda: Sheet(1),
    "state": lambda: Wide.of({"k": Tail.of([np.arange(2)])}),
}
"""Values that ``==`` alone does not compare, by what they are."""


@pytest.mark.parametrize("what", MADE)
def test_what_is_made_twice_is_the_same(what):
    """S10: by content, at any depth, and both ways round."""
    one, two = MADE[what](), MADE[what]()

    assert same(one, two)
    assert same([{"k": two}], freeze([{"k": one}]))
    assert equal(Put("k", one), Put("k", two))


@pytest.mark.parametrize("what", MADE)
def test_what_is_made_otherwise_is_different(what):
    """S10: no pair of unlike values is the same, and none raises."""
    others = [make for name, make in MADE.items() if name != what]
    for make in [*others, lambda: None, lambda: 1, object, dict]:
        assert not same(MADE[what](), make())
        assert not same((make(),), (MADE[what](),))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.arange(3), np.arange(3.0)),
        (np.arange(3), np.arange(3).reshape(3, 1)),
        (np.array([1]), np.array([[1]])),
        (np.arange(3), np.array([0, 1, 3])),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
        (np.array([("a", 1)], pairs), np.array([("a", 2)], pairs)),
        (alone(np.arange(2)), alone(np.arange(3))),
        (objects(1, [1]), objects(1, [True])),
        (masked([1, 2], mask=[False, True]), masked([1, 2], mask=[False, False])),
        (np.arange(2), [0, 1]),
        (pd.Series([1]), pd.Series([1], index=[1])),
        (pd.Series([1]), pd.Series([1], name="n")),
        (pd.Series([1]), pd.Series([1.0])),
        (pd.Series([np.arange(2)]), pd.Series([np.arange(1, 3)])),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1], "b": [1]}), pd.DataFrame({"b": [1], "a": [1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=["i"])),
        (pd.Index([1]), pd.Index([1], name="i")),
        (pd.Timestamp(0), pd.NaT),
        (complex(nan(), 1), complex(nan(), 2)),
        (Tensor(1, 2), Tensor(1, 3)),
        (Sheet(1), Sheet(2)),
        (Holder(np.arange(2)), Holder(np.arange(3))),
        ({nan(): 1}, {nan(): 2}),
        ({1: "a", 2: "b"}, {1: "a", 3: "b"}),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (Tail.of([np.arange(2)]), Tail.of([np.arange(3)])),
        (MISSING, None),
    ],
)
def test_a_difference_anywhere_counts(one, two):
    """S10: of a value, a type, a shape, a label, a mask."""
    assert not same(one, two)
    assert not same(two, one)


def test_an_index_is_one_however_it_was_made():
    """S10: a range of numbers, and the numbers."""
    assert same(pd.Series([1, 2]), pd.Series([1, 2], index=pd.Index([0, 1])))


@pytest.mark.parametrize(("one", "two"), [(1, True), (1, 1.0), ("a", b"a"), ((1,), [1])])
def test_equal_values_of_other_types_are_not_the_same(one, two):
    """S10: not to a reader, at whatever depth; `equal` leaves it to Python."""
    assert not same(one, two)
    assert not same({"k": [one]}, {"k": [two]})
    assert equal({"k": [one]}, {"k": [two]}) is (one == two)


def test_members_of_sets_are_of_their_types_too():
    """S10: {1} and {True} are not the same."""
    assert same({1, (2, "a")}, frozenset({(2, "a"), 1}))
    assert not same({1}, {True})
    assert not same({(1,)}, {(True,)})


class Refuses:
    """Whatever is asked of it, it raises."""

    def __eq__(self, other):
        raise OSError("no")

    def __getattr__(self, name):
        raise OSError("no")

    __hash__ = None


class Never:
    """Is equal to nothing, not even to itself."""

    def __eq__(self, other):
        return False

    __hash__ = None


@pytest.mark.parametrize("kind", [Refuses, Never, object])
def test_what_cannot_be_compared_is_different_but_from_itself(kind):
    """S10: the very same object is the same, whatever it says."""
    one = kind()

    assert same(one, one)
    assert same([one, 1], [one, 1])
    assert not same(one, kind())
    assert not same({"k": one}, {"k": kind()})
    assert equal([one], [one])
    assert not equal(one, kind())


def test_what_contains_itself_is_compared():
    """S10: a circle ends."""
    one, two = [1], [1]
    one.append(one)
    two.append(two)

    assert same(one, two)
    two[0] = 2
    assert not same(one, two)


def test_no_depth_is_too_deep_and_shared_parts_are_looked_at_once():
    """S10: without recursion; 2 ** 60 paths lead to the same few lists."""
    deep: list[Any] = [None, None]
    wide: list[Any] = [[0], [0]]
    held: list[Any] = [Holder(1), Holder(1)]
    for _ in range(5_000):
        deep = [[side] for side in deep]
        held = [Holder(side) for side in held]
    for _ in range(60):
        wide = [[side, side] for side in wide]

    assert same(*deep)
    assert same(*wide)
    assert same(*held)
    assert not same(deep[0], [deep[1]])


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(width=16) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=1), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(one=values)
def test_a_copy_is_the_same(one):
    """S10: and so is its read-only form."""
    assert same(one, thaw(one))
    assert same(freeze(one), one)


@given(one=values, two=values)
def test_the_same_are_equal_and_the_order_does_not_matter(one, two):
    """S10: whatever Python takes for different is different, but for what is not a number."""
    assert same(one, two) is same(two, one)
    assert equal(one, two) is (one == two or same(one, two))


def test_comparing_imports_nothing():
    """S10: who has no array needs no numpy."""
    code = "import sys; from lellm_nb.state.sameness import same; assert same([{}], [{}])\n"
    code += "assert not {'numpy', 'pandas'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
