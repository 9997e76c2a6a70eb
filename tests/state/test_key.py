"""S5: keys with a type, and what is required of them."""

from __future__ import annotations

import pytest

from lellm_nb import Reducer, State, StateKey
from lellm_nb.errors import MissingKeyError, NodeExecutionError, StateTypeError
from tests.state.graphs import PLAN, after

COUNT = StateKey("count", int, Reducer.SUM)


def test_require_returns_what_is_there():
    """S5: by name, by path and by StateKey."""
    state = State({**PLAN, "count": 3})

    assert state.require("count") == 3
    assert state.require(COUNT) == 3
    assert state.require(("plan", "steps", 1)) == "b"


@pytest.mark.parametrize(
    ("key", "named"),
    [("cuont", "Did you mean 'count'"), (StateKey("cuont", int), "Did you mean 'count'")],
)
def test_require_of_a_missing_key_names_it_and_the_nearest(key, named):
    """S5: a missing key raises an error that says what there is."""
    with pytest.raises(MissingKeyError, match=named) as caught:
        State({**PLAN, "count": 3}).require(key)

    assert caught.value.key == "cuont"
    assert isinstance(caught.value, KeyError)


def test_require_of_a_missing_path_names_it_and_what_is_there():
    """S5: the error has the whole path and lists the keys where it breaks off."""
    with pytest.raises(MissingKeyError, match=r"plan\.step.*steps, owner") as caught:
        State(PLAN).require(("plan", "step"))

    assert caught.value.key == ("plan", "step")


def test_require_of_another_type_names_key_expected_and_found():
    """S5: the facts are attributes as well."""
    with pytest.raises(StateTypeError, match=r"'count'.*int.*str") as caught:
        State({"count": "3"}).require(COUNT)

    error = caught.value
    assert (error.key, error.expected, error.found) == ("count", "int", "str")


@pytest.mark.parametrize("value", ["3", None, [1]], ids=repr)
@pytest.mark.parametrize(
    "write",
    [
        lambda ctx, value: ctx.put(COUNT, value),
        lambda ctx, value: {COUNT: value},
    ],
    ids=["put", "returned"],
)
def test_a_value_of_another_type_is_refused_when_it_is_written(write, value):
    """S5: a StateKey is checked at the write, where the mistake is."""
    with pytest.raises(NodeExecutionError) as caught:
        after(lambda ctx: write(ctx, value))

    assert isinstance(caught.value.__cause__, StateTypeError)
    assert caught.value.__cause__.key == "count"


def test_a_state_key_is_a_key_wherever_one_is_asked_for():
    """S4, S5: put, delete, reduce and append take one."""

    def node(ctx):
        ctx.reduce(COUNT, 2)
        ctx.append(StateKey("log", list), "x")
        ctx.put(StateKey("name", str), "Ada")
        ctx.delete(StateKey("old"))

    assert after(node, {"count": 1, "old": 1}) == {"count": 3, "log": ["x"], "name": "Ada"}
