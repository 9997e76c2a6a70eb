"""R2: goto and end."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, ExecutionSession, GraphBuilder, MemorySink, Reducer, StopReason
from lellm_nb.errors import NodeNotFoundError
from tests.strategies import finish, note


def visited(graph, state=None):
    """The nodes that ran, in order."""
    return [f.node for f in finish(ExecutionSession(state or {}, graph)).frame_stack]


def four(first):
    """Nodes a (given), b, c, d in a row."""
    g = GraphBuilder("g").node("a", first).node("b", note).node("c", note).node("d", note)
    return g.edge("a", "b").edge("b", "c").edge("c", "d").start("a").end("d").build()


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([("goto", "c")], ["a", "c", "d"]),
        ([("goto", "b"), ("goto", "d")], ["a", "d"]),
        ([("end",)], ["a"]),
        ([("goto", "c"), ("end",)], ["a"]),
        ([("end",), ("goto", "c")], ["a", "c", "d"]),
        ([("end",), ("end",), ("goto", "d"), ("goto", "c")], ["a", "c", "d"]),
    ],
)
def test_the_last_goto_or_end_wins(calls, expected):
    """R2: goto needs no edge; the last one written in the node wins."""

    def a(ctx):
        for name, *arguments in calls:
            getattr(ctx, name)(*arguments)

    assert visited(four(a)) == expected


def test_goto_is_recorded_as_the_route():
    """R2: the frame says where it went and why."""
    session = finish(ExecutionSession({}, four(lambda ctx: ctx.goto("d"))))
    route = session.frame_stack[0].route

    assert (route.next_node, route.kind) == ("d", "goto")


def test_end_keeps_what_the_node_wrote():
    """R2: the node commits, then the run ends."""

    def a(ctx):
        ctx.put("n", 1)
        ctx.end()

    dbg = Debugger(four(a))
    stop = dbg.step()

    assert stop.reason is StopReason.COMPLETED
    assert stop.frame.next_node is None
    assert dbg.state == {"n": 1}


def test_goto_may_leave_the_end_node():
    """R2: the end node runs, and its goto is followed."""

    def b(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        if ctx.visit < 3:
            ctx.goto("a")

    g = GraphBuilder("g").node("a", note).node("b", b).edge("a", "b").start("a").end("b")

    assert visited(g.build()) == ["a", "b", "a", "b", "a", "b"]


def test_out_edges_of_the_end_node_are_ignored():
    """R2: the end node runs, then the run ends."""
    g = GraphBuilder("g").node("a", note).node("b", note).edge("a", "b").edge("b", "a")
    g.edge_if("b", "a", lambda s: True)

    assert visited(g.start("a").end("b").build()) == ["a", "b"]


def test_control_of_a_subgraph_does_not_leak_out():
    """N1: inner end ends the inner level only; the outer graph goes on along its edges."""
    inner = four(lambda ctx: ctx.end())
    g = GraphBuilder("outer").subgraph("sub", inner).node("after", note)
    g.edge("sub", "after").start("sub").end("after")

    assert visited(g.build()) == ["a", "sub", "after"]


@pytest.mark.parametrize("deep", [False, True])
def test_goto_to_an_unknown_node_commits_nothing(deep):
    """R2: it is a failure of the node, looked at before the commit."""
    sink = MemorySink()

    def a(ctx):
        ctx.put("n", 2)
        ctx.goto("dd")

    graph, path = four(a), "a"
    if deep:
        graph = GraphBuilder("outer").subgraph("sub", graph).start("sub").end("sub").build()
        path = "sub/a"
    with pytest.raises(NodeNotFoundError, match="Nodes: a, b, c, d") as caught:
        graph.run({"n": 1}, checkpoint=sink)

    error = caught.value
    assert (error.name, error.path, error.node) == ("dd", path, "a")
    assert error.state == {"n": 1}
    assert sink.frames == []


def test_goto_to_an_unknown_node_can_be_mended_and_retried():
    """R2, R3: the error frame stays, the position did not move."""
    target = ["nowhere"]

    def a(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        ctx.goto(target[0])

    dbg = Debugger(four(a), {"n": 0})
    stop = dbg.step()
    target[0] = "c"
    again = dbg.retry()

    assert isinstance(stop.error, NodeNotFoundError)
    assert (stop.frame.kind, stop.frame.state) == ("error", {"n": 0})
    assert (again.frame.kind, again.frame.state) == ("commit", {"n": 1})
    assert dbg.position.node == "c"
