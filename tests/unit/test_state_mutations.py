"""S3, S4, S5: mutations, reducers and keys."""

from __future__ import annotations

import json

import pytest

from lellm_nb import (
    Debugger,
    Delete,
    ExecutionSession,
    GraphBuilder,
    Put,
    Reduce,
    Reducer,
    ReducerRegistry,
    State,
    StateKey,
)
from lellm_nb.errors import (
    MissingKeyError,
    NodeExecutionError,
    ReducerError,
    StateError,
    StateTypeError,
)
from lellm_nb.state import fold
from lellm_nb.state.mutation import mutation_from_json
from tests.strategies import chain, finish

PLAN = {"plan": {"steps": ["a", "b"], "owner": {"name": "Ada"}}}


def after(function, state=None, **options):
    """The state after one node."""
    function.__name__ = "node"
    return finish(ExecutionSession(state or {}, chain(function, **options))).state


# -- S3 --------------------------------------------------------------------------------


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


def test_a_reduce_without_a_reducer_says_how_to_give_one():
    """S3: no rule for the key is an error, not a guess."""
    with pytest.raises(NodeExecutionError, match=r"ctx\.reduce\('n', value, Reducer\.SUM\)"):
        after(lambda ctx: ctx.reduce("n", 1))


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


# -- S4: reducers ----------------------------------------------------------------------


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


# -- S5: keys --------------------------------------------------------------------------

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
