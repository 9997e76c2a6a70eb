"""S3: mutations."""

from __future__ import annotations

import json
import pickle

import pytest

from lellm_nb import Debugger, Delete, ExecutionSession, GraphBuilder, Put, Reduce, Reducer
from lellm_nb.errors import MissingKeyError, NodeExecutionError, ReducerError, StateError
from lellm_nb.state import fold
from lellm_nb.state.mutation import mutation_from_json
from tests.state.graphs import PLAN, after
from tests.strategies import chain, finish


def recorded(ctx):
    """Record a reduce without a reducer."""
    ctx.record(Reduce("n", 1))


def test_the_three_mutations():
    """S3: Put, Delete and Reduce."""
    log = [Put("a", 1), Reduce("a", 2, Reducer.SUM), Put("b", 1), Delete("b")]

    assert fold({}, log) == {"a": 3}


def test_deleting_an_absent_key_does_nothing():
    """S3: flat, through a path, and through a path that is not there."""
    assert after(lambda ctx: ctx.delete("absent"), {"a": 1}) == {"a": 1}
    assert after(lambda ctx: ctx.delete(("plan", "absent")), PLAN) == PLAN
    assert after(lambda ctx: ctx.delete(("absent", "deep", 1)), PLAN) == PLAN
    assert after(lambda ctx: ctx.delete(("plan", "steps", 7)), PLAN) == PLAN


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        (Put(("plan", "steps", 1), "z"), {"steps": ["a", "z"], "owner": {"name": "Ada"}}),
        (Put(("plan", "steps", -1), "z"), {"steps": ["a", "z"], "owner": {"name": "Ada"}}),
        (Put(("plan", "owner", "name"), "Bo"), {"steps": ["a", "b"], "owner": {"name": "Bo"}}),
        (Put(("plan", "new"), 1), {"steps": ["a", "b"], "owner": {"name": "Ada"}, "new": 1}),
        (Delete(("plan", "owner")), {"steps": ["a", "b"]}),
        (Delete(("plan", "steps", 0)), {"steps": ["b"], "owner": {"name": "Ada"}}),
        (
            Reduce(("plan", "steps"), ["c"], Reducer.APPEND),
            {"steps": ["a", "b", "c"], "owner": {"name": "Ada"}},
        ),
        (
            Reduce(("plan", "n"), 2, Reducer.SUM),
            {"steps": ["a", "b"], "owner": {"name": "Ada"}, "n": 2},
        ),
    ],
    ids=repr,
)
def test_mutations_reach_inside_a_value(mutation, expected):
    """S3: the same three on a path inside a value."""
    assert fold(PLAN, [mutation]) == {"plan": expected}
    assert after(lambda ctx: ctx.record(mutation), PLAN) == {"plan": expected}


@pytest.mark.parametrize(
    "path",
    [
        ("absent", "x"),
        ("plan", "absent", "x"),
        ("plan", "steps", 2),
        ("plan", "steps", "x"),
        ("plan", "owner", "name", "x"),
    ],
)
def test_a_put_through_a_path_that_is_not_there_raises(path):
    """S3: the error names the path; nothing of the step is committed."""

    def node(ctx):
        ctx.put("early", 1)
        ctx.put(path, "z")

    dbg = Debugger(chain(node), PLAN)
    stop = dbg.run()

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, MissingKeyError)
    assert stop.error.__cause__.key == path
    assert path[0] in str(stop.error)
    assert dbg.state == PLAN


def test_text_is_a_flat_key_even_with_dots():
    """S3: keys may contain dots; only a tuple is a path."""

    def node(ctx):
        ctx.put("plan.steps", 1)
        ctx.put(("plan", "x"), 2)
        ctx.put(("flat",), 3)

    assert after(node, {"plan": {}}) == {"plan.steps": 1, "plan": {"x": 2}, "flat": 3}


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        (Put(("n",), 2), {"n": 2}),
        (Delete(("n",)), {}),
        (Reduce(("n",), 2, Reducer.SUM), {"n": 3}),
    ],
    ids=repr,
)
def test_a_path_of_one_part_is_the_flat_key(mutation, expected):
    """S3: however the mutation is made."""
    assert after(lambda ctx: ctx.record(mutation), {"n": 1}) == expected


@pytest.mark.parametrize(
    ("mutation", "form"),
    [
        (Put("k", [1]), {"Put": ["k", [1]]}),
        (Put(("plan", "steps", 0), "x"), {"Put": [["plan", "steps", 0], "x"]}),
        (Delete("k"), {"Delete": "k"}),
        (Delete(("plan", "a")), {"Delete": ["plan", "a"]}),
        (Reduce("k", 1, Reducer.APPEND), {"Reduce": ["k", 1, "append"]}),
        (Reduce("k", 1, Reducer.MERGE_OBJECT), {"Reduce": ["k", 1, "merge_object"]}),
    ],
    ids=repr,
)
def test_json_forms(mutation, form):
    """S3: mutations have one JSON form, and are read back from it."""
    assert mutation.to_json() == form
    assert json.loads(json.dumps(mutation.to_json())) == form
    assert mutation_from_json(json.loads(json.dumps(form))) == mutation


@pytest.mark.parametrize("form", [{}, {"Put": "k"}, {"Drop": ["k", 1]}, {"Put": ["k", 1, 2]}])
def test_a_wrong_json_form_is_refused(form):
    """S3: anything else is no mutation."""
    with pytest.raises(StateError):
        mutation_from_json(form)


def test_a_reduce_carries_the_reducer_that_its_graph_resolved():
    """S3: the recorded mutation says how it was joined."""

    def node(ctx):
        ctx.reduce("total", 2)
        ctx.reduce("other", 2, Reducer.MAX)

    session = finish(ExecutionSession({}, chain(node, reducers={"total": Reducer.SUM})))
    forms = [m.to_json() for m in session.head.mutations]

    assert forms == [{"Reduce": ["total", 2, "sum"]}, {"Reduce": ["other", 2, "max"]}]


def test_a_branch_uses_the_surrounding_registry_and_a_graph_its_own():
    """S3: reducers are resolved where the node stands."""

    def add(ctx):
        ctx.reduce("n", 3)

    inner = chain(add, reducers={"n": Reducer.MAX})
    g = GraphBuilder("g", reducers={"n": Reducer.SUM})
    g.parallel("par", {"solo": add, "deep": inner}).start("par").end("par")
    session = finish(ExecutionSession({"n": 1}, g.build()))
    made = {f.path: f.mutations[0].reducer for f in session.frame_stack if f.node == "add"}
    made |= {f.path: f.mutations[0].reducer for f in session.frame_stack if f.node == "solo"}

    assert made == {"par/solo": Reducer.SUM, "par/deep/add": Reducer.MAX}


@pytest.mark.parametrize(
    "record", [lambda ctx: ctx.reduce("n", 1), recorded], ids=["call", "object"]
)
def test_a_reduce_without_a_reducer_says_how_to_give_one(record):
    """S3: no rule for the key is an error, not a guess."""
    with pytest.raises(NodeExecutionError, match=r"ctx\.reduce\('n', value, Reducer\.SUM\)"):
        after(record)


def test_a_recorded_reduce_carries_the_reducer_of_its_graph():
    """S3: where it has none, the graph that records it says which, and the record has it."""
    session = finish(ExecutionSession({"n": 1}, chain(recorded, reducers={"n": Reducer.SUM})))

    assert session.state["n"] == 2
    assert session.head.mutations == (Reduce("n", 1, Reducer.SUM),)
    assert session.head.mutations[0].to_json() == {"Reduce": ["n", 1, "sum"]}


def test_a_reduce_without_a_reducer_is_a_value():
    """S3: it comes back from JSON and from pickle as what it was, and folds nothing by itself."""
    bare = Reduce("n", 1)

    assert repr(bare) == "Reduce('n', 1)"
    assert mutation_from_json(bare.to_json()) == bare == pickle.loads(pickle.dumps(bare))
    assert bare.resolved({"n": Reducer.MAX}) == Reduce("n", 1, Reducer.MAX)
    assert Reduce("n", 1, Reducer.SUM).resolved({}) == Reduce("n", 1, Reducer.SUM)
    with pytest.raises(ReducerError, match="State key 'n': no reducer is known"):
        fold({"n": 1}, [bare])


def test_mutations_are_values():
    """S3: equal content is equal, and a mutation shows what it writes."""
    assert Put("a", [1]) == Put("a", [1])
    assert Put("a", 1) != Put("a", 2)
    assert Put("a", 1) != Delete("a")
    assert repr(Reduce("a", 1, Reducer.SUM)) == "Reduce('a', 1, Reducer.SUM)"


def test_a_frame_has_its_mutations_in_order():
    """S1, S3: what was recorded, as it was recorded."""

    def node(ctx):
        ctx.put("a", 1)
        ctx.append("log", [1])
        ctx.delete("b")

    session = finish(ExecutionSession({"b": 1}, chain(node)))

    assert session.head.mutations == (
        Put("a", 1),
        Reduce("log", [[1]], Reducer.APPEND),
        Delete("b"),
    )
    assert session.head.changed_keys == ["a", "log", "b"]
