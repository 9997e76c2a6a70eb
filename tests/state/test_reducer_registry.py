"""S4: how a written value joins what is there, for a key, for a graph, and for deltas."""

from __future__ import annotations

import pytest

from lellm_nb import (
    ExecutionSession,
    GraphBuilder,
    Put,
    Reduce,
    Reducer,
    ReducerRegistry,
    StateDelta,
    StateKey,
)
from lellm_nb.errors import MergeConflictError, NodeExecutionError, ReducerError, StateError
from lellm_nb.state import fold
from lellm_nb.state.key import COUNT, ITERATIONS, MESSAGES, PENDING_TOOL_CALLS, STEPS
from tests.strategies import chain, finish


def fan(branches, **options):
    """A graph that is one Parallel."""
    g = GraphBuilder("g", **options).parallel("par", branches).start("par").end("par")
    return g.build()


# -- the ready-made ones -------------------------------------------------------------------


@pytest.mark.parametrize("second", [2, 1, True, None])
def test_error_refuses_any_second_write(second):
    """S4: also of the very same value; the error names the key and both values."""
    with pytest.raises(ReducerError, match="once") as caught:
        fold({}, [Reduce("once", 1, Reducer.ERROR), Reduce("once", second, Reducer.ERROR)])

    assert caught.value.key == "once"
    assert "written twice" in str(caught.value)


def test_error_refuses_a_write_over_what_the_run_began_with():
    """S4: an initial value is a first write; after a delete it may be written again."""
    with pytest.raises(ReducerError):
        fold({"once": None}, [Reduce("once", 1, Reducer.ERROR)])
    graph = chain(writes_once, reducers={"once": Reducer.ERROR})
    with pytest.raises(NodeExecutionError, match="written twice"):
        graph.run({"once": 0})
    assert graph.run({}).state == {"once": 1}


def writes_once(ctx):
    """Return one key."""
    return {"once": 1}


def test_two_branches_that_write_under_error_are_a_conflict():
    """S4, P2: whichever way it is refused, the state is untouched."""
    graph = fan({"a": writes_once, "b": writes_once}, reducers={"once": Reducer.ERROR})
    session = ExecutionSession({}, graph)
    with pytest.raises((MergeConflictError, NodeExecutionError)):
        finish(session)
    assert session.state == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([2, 3], [1, 2, 3]),
        ([], [1]),
        ([[2]], [1, [2]]),
        (2, [1, 2]),
        ("ab", [1, "ab"]),
        ((2, 3), [1, (2, 3)]),
        ({"a": 1}, [1, {"a": 1}]),
        (None, [1, None]),
    ],
)
def test_append_extends_by_a_list_and_appends_anything_else(value, expected):
    """S4: a tuple, a text and a mapping are one item; `ctx.append` always adds one."""
    assert fold({"k": [1]}, [Reduce("k", value, Reducer.APPEND)]) == {"k": expected}
    state = chain(appends(value)).run({"k": [1]}).state
    assert state["k"] == [1, value]


def appends(value):
    """A node that appends one value."""

    def node(ctx):
        ctx.append("k", value)

    return node


def test_merge_object_compares_per_subkey():
    """S4, P2: branches may write different subkeys, and equal ones; not different values."""

    def writes(**content):
        return lambda ctx: {"config": content}

    rules = {"config": Reducer.MERGE_OBJECT}
    graph = fan({"a": writes(x=1), "b": writes(y=2, x=1)}, reducers=rules)
    assert graph.run({"config": {"old": 0}}).state == {"config": {"old": 0, "x": 1, "y": 2}}

    with pytest.raises(MergeConflictError) as caught:
        fan({"a": writes(x=1), "b": writes(x=2)}, reducers=rules).run({"config": {}})
    assert caught.value.key == ("config", "x")
    assert caught.value.values == {"a": 1, "b": 2}


def test_merge_object_joins_one_level_only():
    """S4: a subkey is replaced as a whole."""
    merge = Reduce("k", {"a": {"y": 2}}, Reducer.MERGE_OBJECT)

    assert fold({"k": {"a": {"x": 1}, "b": 1}}, [merge]) == {"k": {"a": {"y": 2}, "b": 1}}


@pytest.mark.parametrize(
    ("reducer", "expected"),
    [(Reducer.SUM, 6), (Reducer.MAX, 3), (Reducer.MIN, 1), (Reducer.REPLACE, 3)],
)
def test_numbers_of_branches_join(reducer, expected):
    """S4, P2: commutative ones need not agree; REPLACE does."""
    graph = fan({f"b{i}": reduces("n", i, reducer) for i in (1, 2, 3)})
    if reducer is Reducer.REPLACE:
        with pytest.raises(MergeConflictError):
            graph.run({})
        return
    assert graph.run({}).state == {"n": expected}


def reduces(key, value, reducer):
    """A node that reduces one key."""

    def node(ctx):
        ctx.reduce(key, value, reducer)

    return node


def test_a_reducer_inside_a_value():
    """S3, S4: on a path, with the same rules."""
    log = [
        Reduce(("tree", "n"), 2, Reducer.SUM),
        Reduce(("tree", "log"), ["a"], Reducer.APPEND),
        Reduce(("tree", "top"), 5, Reducer.MAX),
        Reduce(("tree", "top"), 4, Reducer.MAX),
    ]

    assert fold({"tree": {"n": 1}}, log) == {"tree": {"n": 3, "log": ["a"], "top": 5}}


# -- of the wrong type -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reducer", "there", "new"),
    [
        (Reducer.SUM, "text", 1),
        (Reducer.SUM, [1], 1),
        (Reducer.APPEND, "text", 1),
        (Reducer.APPEND, {"a": 1}, [1]),
        (Reducer.MERGE_OBJECT, [1], {"a": 1}),
        (Reducer.MERGE_OBJECT, {"a": 1}, 5),
        (Reducer.MAX, 1, "text"),
        (Reducer.MIN, {}, 1),
    ],
)
def test_a_reducer_of_the_wrong_type_fails_its_node(reducer, there, new):
    """S4, R3: names the key; nothing of the step is committed."""

    def node(ctx):
        ctx.put("before", True)
        ctx.reduce("k", new, reducer)

    session = ExecutionSession({"k": there}, chain(node))
    with pytest.raises(NodeExecutionError, match="'k'") as caught:
        finish(session)

    assert isinstance(caught.value.__cause__, ReducerError)
    assert caught.value.__cause__.key == "k"
    assert session.state == {"k": there}


def test_a_custom_function_that_raises_fails_its_node():
    """S4: whatever it raises."""
    broken = Reducer.custom(lambda old, new: 1 / 0, name="broken")
    session = ExecutionSession({"k": 1}, chain(reduces("k", 2, broken)))
    with pytest.raises(NodeExecutionError) as caught:
        finish(session)

    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert session.state == {"k": 1}


def test_a_custom_function_cannot_change_what_is_there():
    """S1, S4: it is given read-only values, and what it returns is frozen."""

    def spoil(old, new):
        old.append(new)
        return old

    with pytest.raises(NodeExecutionError, match="cannot be changed in place"):
        chain(reduces("k", 2, Reducer.custom(spoil))).run({"k": [1]})

    made = []

    def grown(old, new):
        made.append([*old, new])
        return made[0]

    session = finish(ExecutionSession({"k": [1]}, chain(reduces("k", 2, Reducer.custom(grown)))))
    made[0].append("later")
    assert session.state == {"k": [1, 2]}


# -- keys ------------------------------------------------------------------------------------


def test_a_state_key_is_a_name_a_type_and_a_reducer():
    """S4: equal by all three."""
    key = StateKey("score", float, Reducer.MAX)

    assert (key.name, key.type, key.reducer) == ("score", float, Reducer.MAX)
    assert key == StateKey("score", float, Reducer.MAX)
    assert key != StateKey("score", float, Reducer.MIN)
    assert StateKey("plain").reducer is Reducer.REPLACE


def test_ready_made_keys_work_in_a_graph():
    """S4: a registry of them makes returned mappings join."""
    rules = [MESSAGES, COUNT, STEPS, ITERATIONS, PENDING_TOOL_CALLS]

    def node(ctx):
        return {
            "messages": [f"m{ctx.visit}"],
            "count": 2,
            "iterations": ctx.visit,
            "pending_tool_calls": [ctx.visit],
        }

    def again(ctx):
        return node(ctx)

    assert chain(node, again, reducers=rules).run({}).state == {
        "messages": ["m1", "m1"],
        "count": 4,
        "iterations": 1,
        "pending_tool_calls": [1],
    }


# -- deltas ------------------------------------------------------------------------------------

RULES = ReducerRegistry({"log": Reducer.APPEND, "n": Reducer.SUM, "once": Reducer.ERROR})


def test_a_registry_folds_deltas_through_its_reducers():
    """S4: put goes through the key's reducer, where it has one; delete removes."""
    deltas = [
        StateDelta("log", "put", ["a"], "one"),
        StateDelta("n", "put", 2, "one"),
        StateDelta("plain", "put", 1, "one"),
        StateDelta("log", "put", "b", "two"),
        StateDelta("plain", "put", 2, "two"),
        StateDelta("gone", "delete", source="two"),
        StateDelta(("tree", "x"), "put", 5, "two"),
    ]
    start = {"n": 1, "gone": True, "tree": {}}

    assert RULES.fold(start, deltas) == {
        "n": 3,
        "tree": {"x": 5},
        "log": ["a", "b"],
        "plain": 2,
    }
    assert start == {"n": 1, "gone": True, "tree": {}}
    assert RULES.fold(start, []) == start


def test_a_refused_delta_names_its_source():
    """S4: who wrote it, and which key."""
    deltas = [StateDelta("once", "put", 1, "first"), StateDelta("once", "put", 1, "second")]
    with pytest.raises(ReducerError, match="second") as caught:
        RULES.fold({}, deltas)
    assert caught.value.key == "once"


@pytest.mark.parametrize("op", ["append", "", "PUT", None])
def test_an_unknown_operation_is_refused(op):
    """S4: a delta is put or delete."""
    with pytest.raises(StateError, match="put"):
        RULES.fold({}, [StateDelta("k", op, 1, "who")])


def test_a_delta_s_value_is_frozen_when_it_is_folded():
    """S1: what the caller changes later is not seen."""
    mine = [1]
    state = RULES.fold({}, [StateDelta("k", "put", mine)])
    mine.append(2)

    assert state == {"k": [1]}
    assert StateDelta("k", "put", 1).mutation(RULES) == Put("k", 1)


def test_a_registry_is_a_mapping_that_does_not_change():
    """S4: it can be shared by graphs."""
    assert dict(RULES) == {"log": Reducer.APPEND, "n": Reducer.SUM, "once": Reducer.ERROR}
    with pytest.raises(TypeError):
        RULES["more"] = Reducer.SUM
