"""S4: reducers, alone and as a node uses them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lellm_nb import ExecutionSession, Put, Reduce, Reducer, ReducerRegistry, StateKey
from lellm_nb.errors import ReducerError
from lellm_nb.state import fold
from tests.state.graphs import after
from tests.strategies import chain, finish


@pytest.mark.parametrize(
    ("reducer", "old", "new", "expected"),
    [
        (Reducer.REPLACE, 1, 2, 2),
        (Reducer.SUM, 1, 2, 3),
        (Reducer.MAX, 1, 2, 2),
        (Reducer.MIN, 1, 2, 1),
        (Reducer.APPEND, [1], [2, 3], [1, 2, 3]),
        (Reducer.APPEND, [1], 2, [1, 2]),
        (Reducer.APPEND, [1], {"a": 1}, [1, {"a": 1}]),
        (Reducer.MERGE_OBJECT, {"a": 1, "b": 1}, {"b": 2}, {"a": 1, "b": 2}),
        (Reducer.custom(lambda old, new: old + new), "a", "b", "ab"),
    ],
    ids=repr,
)
def test_reducers_join_two_values(reducer, old, new, expected):
    """S4: the ready-made reducers and a custom one."""
    assert fold({"k": old}, [Reduce("k", new, reducer)]) == {"k": expected}


@pytest.mark.parametrize(
    ("reducer", "value", "expected"),
    [
        (Reducer.ERROR, 1, 1),
        (Reducer.REPLACE, 1, 1),
        (Reducer.SUM, 1, 1),
        (Reducer.MAX, 1, 1),
        (Reducer.MIN, 1, 1),
        (Reducer.APPEND, 1, [1]),
        (Reducer.APPEND, [1, 2], [1, 2]),
        (Reducer.MERGE_OBJECT, {"a": 1}, {"a": 1}),
        (Reducer.custom(lambda old, new: old + new), "b", "b"),
    ],
    ids=repr,
)
def test_reducers_take_a_first_value(reducer, value, expected):
    """S4: the first write needs nothing to join."""
    assert fold({}, [Reduce("k", value, reducer)]) == {"k": expected}


def test_error_refuses_a_second_write():
    """S4: a key under ERROR is written once; the message names key and values."""
    with pytest.raises(ReducerError, match="'k'") as caught:
        fold({"k": 1}, [Reduce("k", 2, Reducer.ERROR)])

    assert caught.value.key == "k"


@pytest.mark.parametrize(
    ("reducer", "old", "new"),
    [
        (Reducer.APPEND, 1, 2),
        (Reducer.MERGE_OBJECT, 1, {"a": 1}),
        (Reducer.MERGE_OBJECT, {}, 1),
        (Reducer.SUM, 1, "x"),
        (Reducer.MAX, 1, "x"),
    ],
    ids=repr,
)
def test_a_reducer_that_cannot_join_names_the_key(reducer, old, new):
    """S4: the error is a failure of the node, and carries the key."""
    with pytest.raises(ReducerError) as caught:
        fold({"k": old}, [Reduce("k", new, reducer)])

    assert caught.value.key == "k"
    assert "'k'" in str(caught.value)


def test_ctx_append_adds_one_item_whatever_it_is():
    """S4: a list that is appended is one item."""

    def node(ctx):
        ctx.append("log", [1, 2])
        ctx.append("log", 3)

    assert after(node, {"log": [0]}) == {"log": [0, [1, 2], 3]}


def test_a_returned_mapping_goes_through_the_reducers():
    """G1, S4: one Put or Reduce per key."""

    def node(ctx):
        return {"total": 2, "plain": [1]}

    session = finish(
        ExecutionSession({"total": 1}, chain(node, reducers=[StateKey("total", int, Reducer.SUM)]))
    )

    assert session.state == {"total": 3, "plain": [1]}
    assert session.head.mutations == (Reduce("total", 2, Reducer.SUM), Put("plain", [1]))


def test_a_registry_is_a_mapping_of_keys_to_reducers():
    """S4: it may be made of a mapping, of StateKeys, or of pairs."""
    key = StateKey("n", int, Reducer.SUM)

    assert dict(ReducerRegistry([key])) == {"n": Reducer.SUM}
    assert dict(ReducerRegistry({"m": Reducer.MAX})) == {"m": Reducer.MAX}
    with pytest.raises(ReducerError, match="'n'"):
        ReducerRegistry({"n": max})


@pytest.mark.parametrize(
    ("name", "kind", "reducer"),
    [
        ("messages", list, Reducer.APPEND),
        ("count", int, Reducer.SUM),
        ("steps", list, Reducer.APPEND),
        ("iterations", int, Reducer.REPLACE),
        ("pending_tool_calls", list, Reducer.REPLACE),
        ("total_tool_calls", int, Reducer.SUM),
        ("output_tokens", int, Reducer.SUM),
        ("reasoning_tokens", int, Reducer.SUM),
    ],
)
def test_ready_made_keys(name, kind, reducer):
    """S4: the keys that come with the package."""
    import lellm_nb.state.key as keys

    key = getattr(keys, name.upper())

    assert (key.name, key.type, key.reducer) == (name, kind, reducer)


@pytest.mark.parametrize("reducer", [Reducer.MAX, Reducer.MIN])
def test_what_is_not_a_number_wins_from_either_side(reducer):
    """S4: the order of writers does not matter to MAX and MIN."""
    nan = float("nan")

    assert math.isnan(reducer(nan, 1.0))
    assert math.isnan(reducer(1.0, nan))
    assert math.isnan(reducer(nan, nan))


@pytest.mark.parametrize("reducer", [Reducer.MAX, Reducer.MIN])
def test_of_two_arrays_none_comes_first_unless_they_are_the_same(reducer):
    """S4, S10: the same joins, and others are refused by the reducer, not by numpy."""
    one = np.arange(2)

    assert reducer(one, np.arange(2)) is one
    with pytest.raises(ReducerError, match="cannot join"):
        reducer(one, np.arange(1, 3))


def test_a_foreign_operator_that_raises_is_a_refusal():
    """S4: whatever it raises; the reducer says what it could not join."""
    with pytest.raises(ReducerError, match="sum cannot join"):
        Reducer.SUM(np.zeros(2), np.zeros(3))
