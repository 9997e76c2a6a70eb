"""P: branches and their merge as a session sees them."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Approve, ExecutionSession, GraphBuilder, Reducer
from lellm_nb.errors import MergeConflictError
from tests.session.graphs import paths
from tests.strategies import chain, fanned, finish, note, steps


def test_every_branch_gets_the_state_committed_before_the_node():
    """P1, P2: none sees another's writes; the join folds them in registration order."""

    def look(ctx):
        ctx.append("log", (ctx.node, len(ctx.state["log"])))
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("g").parallel("par", {"b": look, "a": look, "c": look})
    session = finish(ExecutionSession({"log": ["base"]}, g.start("par").end("par").build()))

    assert session.state == {"log": ["base", ("b", 1), ("a", 1), ("c", 1)], "n": 3}
    assert paths(session.frame_stack) == [
        "commit par/b",
        "commit par/a",
        "commit par/c",
        "join par",
    ]
    assert session.head.changed_keys == ["log", "n"]


def test_stepping_takes_the_branches_in_turn():
    """P1: whose turn it is stands in the position: after a commit in branch i it is i + 1."""
    g = GraphBuilder("g")
    g.parallel("par", {"a": steps("one", "two"), "b": steps("one", "two"), "c": note})
    session = finish(ExecutionSession({}, g.start("par").end("par").build()))

    assert paths(session.frame_stack)[:5] == [
        "commit par/a/one",
        "commit par/b/one",
        "commit par/c",
        "commit par/a/two",
        "commit par/b/two",
    ]


def test_a_waiting_branch_waits_alone():
    """P5, B5: the others go on; the run holds when nothing can move."""
    session = ExecutionSession({}, fanned())
    asyncio.run(session.run())

    assert [w.barrier_id for w in session.waiting] == ["par/check/ok#0"]
    assert {f.path for f in session.frame_stack} >= {"par/a", "par/deep/one", "par/deep/two"}
    asyncio.run(session.decide(Approve()))
    asyncio.run(session.run())
    assert session.state["log"][-1] == "last"


def test_a_branch_frame_holds_the_whole_position():
    """DESIGN: every frame of a parallel graph can be rewound to."""
    session = finish(ExecutionSession({}, fanned()))
    end = session.state
    for frame in list(session.line):
        session.rewind(frame)
        finish(session)

        assert session.state == end
        assert session.head.kind == "commit"


@pytest.mark.parametrize(
    ("one", "two", "key"),
    [
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.put("n", 2), "n"),
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.delete("n"), "n"),
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.reduce("n", 1, Reducer.SUM), "n"),
        (lambda ctx: ctx.put("m", {}), lambda ctx: ctx.put(("m", "x"), 1), "m"),
        (lambda ctx: ctx.put(("m", "x"), 1), lambda ctx: ctx.put("m", {}), "m"),
        (
            lambda ctx: ctx.reduce("m", {"x": 1}, Reducer.MERGE_OBJECT),
            lambda ctx: ctx.reduce("m", {"x": 2}, Reducer.MERGE_OBJECT),
            ("m", "x"),
        ),
    ],
)
def test_different_values_for_one_key_are_a_conflict(one, two, key):
    """P2: named by key, branches and values; the state is untouched."""
    g = GraphBuilder("g").parallel("par", {"one": one, "two": two}).start("par").end("par")
    session = ExecutionSession({"n": 0, "m": {"x": 0}}, g.build())
    with pytest.raises(MergeConflictError) as caught:
        finish(session)

    assert caught.value.key == key
    assert set(caught.value.values) == {"one", "two"}
    assert session.state == {"n": 0, "m": {"x": 0}}
    assert session.head.kind == "error"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (lambda ctx: ctx.put("n", 1), lambda ctx: ctx.put("n", 1), {"n": 1}),
        (lambda ctx: ctx.delete("n"), lambda ctx: ctx.delete("n"), {}),
        (lambda ctx: ctx.put("a", 1), lambda ctx: ctx.put("b", 2), {"n": 0, "a": 1, "b": 2}),
        (
            lambda ctx: ctx.reduce("n", 5, Reducer.MAX),
            lambda ctx: ctx.reduce("n", 3, Reducer.MAX),
            {"n": 5},
        ),
        (
            lambda ctx: ctx.reduce("m", {"x": 1}, Reducer.MERGE_OBJECT),
            lambda ctx: ctx.reduce("m", {"y": 2}, Reducer.MERGE_OBJECT),
            {"n": 0, "m": {"x": 1, "y": 2}},
        ),
    ],
)
def test_equal_and_commutative_writes_merge(one, two, expected):
    """P2: no conflict where the order cannot matter."""
    g = GraphBuilder("g").parallel("par", {"one": one, "two": two}).start("par").end("par")

    assert finish(ExecutionSession({"n": 0}, g.build())).state == expected


def test_a_graph_in_a_branch_uses_all_of_chain():
    """P1: a branch is a task, a node or a whole graph."""

    class Thing:
        def execute(self, ctx):
            return {"thing": True}

    def graph(ctx):
        ctx.put("graph", True)

    g = GraphBuilder("g").parallel("par", {"task": note, "object": Thing(), "deep": chain(graph)})
    state = finish(ExecutionSession({}, g.start("par").end("par").build())).state

    assert state == {"log": ["par/task"], "thing": True, "graph": True}
