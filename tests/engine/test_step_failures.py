"""R3, R4: a step is all or nothing, and a dead end keeps its commit."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, ExecutionSession, GraphBuilder, MemorySink, Reducer, StopReason
from lellm_nb.errors import (
    EdgeError,
    InvalidGraphError,
    NodeExecutionError,
    RunError,
    StateTypeError,
    UnroutedError,
)
from tests.strategies import chain, finish, note, steps


def fails(ctx):
    """Write, then raise."""
    ctx.put("half", True)
    ctx.append("log", "half")
    raise ValueError("no such luck")


def with_failure(where="root"):
    """note -> fails -> note, plain or inside a composite; and the path of the failing node."""
    g = GraphBuilder("inner").node("before", note).node("fails", fails).node("after", note)
    graph = g.edge("before", "fails").edge("fails", "after").start("before").end("after").build()
    if where == "subgraph":
        g = GraphBuilder("outer").node("first", note).subgraph("sub", graph)
        return g.edge("first", "sub").start("first").end("sub").build(), "sub/fails"
    if where == "branch":
        g = GraphBuilder("outer").node("first", note)
        g.parallel("par", {"good": note, "bad": graph})
        return g.edge("first", "par").start("first").end("par").build(), "par/bad/fails"
    return graph, "fails"


# -- R3 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["root", "subgraph", "branch"])
def test_a_node_that_raises_commits_nothing(where):
    """R3: NodeExecutionError with path, node, cause and the last committed state."""
    graph, path = with_failure(where)
    sink = MemorySink()
    with pytest.raises(NodeExecutionError, match="no such luck") as caught:
        graph.run({"log": []}, checkpoint=sink)

    error = caught.value
    if where == "branch":  # P3: a whole run names the branch; the node is its cause
        assert (error.path, error.state) == ("par/bad", {"log": ["first"]})
        error = error.__cause__
    assert (error.path, error.node) == (path, "fails")
    assert isinstance(error.__cause__, ValueError)
    assert "half" not in error.state
    assert error.state["log"][-1].endswith("before")
    assert not [f for f in sink.frames if f.node in ("fails", "sub", "par")]


@pytest.mark.parametrize("where", ["root", "subgraph", "branch"])
def test_an_error_frame_does_not_move_the_position(where):
    """R3: a failed step adds an error frame whose position is the one before."""
    graph, path = with_failure(where)
    session = ExecutionSession({"log": []}, graph)
    with pytest.raises(NodeExecutionError) as caught:
        finish(session)
    frame = session.head

    assert (frame.kind, frame.path, frame.error) == ("error", path, caught.value)
    assert frame.position == frame.parent.position
    assert frame.root_state == frame.parent.root_state
    assert frame.mutations == ()
    assert frame.next_node is None
    assert frame not in list(session.frame_stack)


def test_what_a_failed_node_wrote_is_gone():
    """R3: buffers are cleared; the next attempt starts afresh."""
    broken = [True]

    def a(ctx):
        ctx.append("log", len(ctx.state["log"]))
        ctx.emit("chunk")
        ctx.goto("a") if broken[0] else None
        if broken[0]:
            raise ValueError

    dbg = Debugger(chain(a), {"log": []})
    dbg.step()
    dbg.step()
    broken[0] = False
    stop = dbg.retry()

    assert stop.reason is StopReason.COMPLETED
    assert dbg.state == {"log": [0]}
    assert stop.frame.stream == ("chunk",)
    assert [f.kind for f in dbg.frames] == ["start", "error", "error", "commit"]
    assert [f.visit for f in dbg.frames] == [0, 1, 1, 1]


def test_a_failed_append_does_not_show_up_later():
    """R3, S2: an append of a batch that failed is not seen by anyone, ever."""

    def a(ctx):
        ctx.append("log", f"try {ctx.state['n']}")
        if ctx.state["n"] == 1:
            ctx.put(("absent", "x"), 1)

    dbg = Debugger(chain(a), {"n": 1, "log": ["old"]})
    dbg.step()
    twin = dbg.fork(put={"n": 2})
    twin.run()

    assert dbg.state["log"] == ["old"]
    assert twin.state["log"] == ["old", "try 2"]


@pytest.mark.parametrize(
    "failure",
    [
        KeyError("x"),
        StopIteration(),
        StopAsyncIteration(),
        KeyboardInterrupt(),
        SystemExit(3),
        asyncio.CancelledError(),
        MemoryError("Unable to allocate 7 GiB"),
        RecursionError(),
        ExceptionGroup("many", [ValueError(1), ValueError(2)]),
    ],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_whatever_a_node_raises_is_a_failure_of_the_node(failure, later):
    """R3: no exception of user code ends the run in another way, or hangs it."""

    def a(ctx):
        raise failure

    async def b(ctx):
        await asyncio.sleep(0)
        raise failure

    dbg = Debugger(chain(b if later else a), {"n": 1})
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, NodeExecutionError)
    assert stop.error.__cause__ is not None
    assert dbg.status == "failed"
    assert dbg.frames[-1].kind == "error"


@pytest.mark.parametrize("returned", [3, "text", ["a"], ("a", 1), {1: 2}, {None: 1}], ids=repr)
def test_returning_something_that_is_no_mapping_is_a_failure(returned):
    """G1: a task returns a mapping of text keys, or nothing."""

    def a(ctx):
        return returned

    with pytest.raises(NodeExecutionError) as caught:
        chain(a).run({"n": 1})

    assert isinstance(caught.value.__cause__, StateTypeError)
    assert "'a'" in str(caught.value)
    assert caught.value.state == {"n": 1}


def test_a_reducer_that_raises_is_a_failure_of_the_node():
    """R3: the commit is all or nothing, with a custom reducer too."""

    def join(old, new):
        raise ZeroDivisionError

    def a(ctx):
        ctx.put("first", 1)
        ctx.reduce("n", 1, Reducer.custom(join))

    dbg = Debugger(chain(a), {"n": 1})
    stop = dbg.step()

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, ZeroDivisionError)
    assert dbg.state == {"n": 1}


def test_the_frame_before_a_failure_stays():
    """Issue: a node that raises loses nothing; retry works after the function was mended."""
    graph, _ = with_failure()
    dbg = Debugger(graph, {"log": []})
    stop = dbg.run()
    before = dbg.frames[1]

    assert stop.reason is StopReason.FAILED
    assert before.state == {"log": ["before"]}
    dbg.patch({"fails": note})
    assert dbg.retry().reason is StopReason.STEP
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == {"log": ["before", "fails", "after"]}
    assert dbg.frames[1] is before
    assert [f.kind for f in dbg.frames] == ["start", "commit", "error", "commit", "commit"]


@pytest.mark.parametrize("where", ["subgraph", "branch"])
def test_a_failure_inside_a_composite_is_retried_there(where):
    """R3, N2: going on runs the failed node again, not the composite."""
    graph, path = with_failure(where)
    dbg = Debugger(graph, {"log": []})
    stop = dbg.run()
    dbg.break_at(path)
    first = [f.path for f in dbg.frames if f.kind == "commit"]

    assert stop.frame.path == path
    assert dbg.step().reason is StopReason.FAILED
    assert [f.path for f in dbg.frames if f.kind == "commit"] == first


def test_going_on_after_a_failure_can_rewind_past_it():
    """R3: an error frame is a frame like any other: it can be rewound to and forked from."""
    graph, _ = with_failure()
    dbg = Debugger(graph, {"log": []})
    dbg.run()
    fork = dbg.fork(2, put={"log": ["mine"]}, nodes={"fails": note})

    assert fork.run().reason is StopReason.COMPLETED
    assert fork.state == {"log": ["mine", "fails", "after"]}
    assert dbg.rewind(0).frame.kind == "start"
    assert dbg.rewind(2).frame.kind == "error"
    assert dbg.status == "failed"


# -- R4 ----------------------------------------------------------------------------------


def dead_end(kind):
    """A graph whose node `a` writes n=1 and then leads nowhere."""

    def a(ctx):
        ctx.put("n", 1)

    g = GraphBuilder("g").node("a", a).node("b", note).start("a").end("b")
    if kind == "unrouted":
        g.edge_if("a", "b", lambda s: s["n"] > 5).edge_if("a", "a", lambda s: False)
    elif kind == "edge":
        g.edge_if("a", "b", lambda s: s["missing"])
    return g.build()


KINDS = {"none": InvalidGraphError, "unrouted": UnroutedError, "edge": EdgeError}


@pytest.mark.parametrize(("kind", "error"), KINDS.items())
def test_a_dead_end_keeps_the_commit(kind, error):
    """R4: the frame has the error and no route; the sink had the commit."""
    sink = MemorySink()
    with pytest.raises(error) as caught:
        dead_end(kind).run({"n": 0}, checkpoint=sink)

    assert caught.value.state == {"n": 1}
    assert (caught.value.path, caught.value.node) == ("a", "a")
    assert isinstance(caught.value, RunError)
    [frame] = sink.frames
    assert (frame.kind, frame.state, frame.route) == ("commit", {"n": 1}, None)
    assert frame.error is caught.value


def test_an_unrouted_error_has_every_condition_and_its_result():
    """R4: all conditions tried, in order."""
    with pytest.raises(UnroutedError, match="a -> b: False; a -> a: False") as caught:
        dead_end("unrouted").run({})

    assert list(caught.value.tried.items()) == [("a -> b", False), ("a -> a", False)]


def test_an_edge_error_names_the_edge_and_keeps_the_cause():
    """R4: a predicate that raises is an error of the edge."""
    with pytest.raises(EdgeError, match="a -> b") as caught:
        dead_end("edge").run({})

    error = caught.value
    assert (error.edge, error.source, error.target) == ("a -> b", "a", "b")
    assert isinstance(error.__cause__, KeyError)


def test_a_node_without_edges_says_which_is_the_end():
    """R4: no out-edge and not the end."""
    with pytest.raises(InvalidGraphError, match=r"'a' leads nowhere.*\('b'\)"):
        dead_end("none").run({})


@pytest.mark.parametrize(("kind", "error"), KINDS.items())
def test_a_later_step_only_routes(kind, error):
    """R4: the position holds "to route"; going on makes a frame of kind route."""
    dbg = Debugger(dead_end(kind), {"n": 0})
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, error)
    assert stop.frame.kind == "commit"
    assert dbg.status == "failed"

    again = dbg.step()
    assert again.reason is StopReason.FAILED
    assert isinstance(again.error, error)
    assert (again.frame.kind, again.frame.visit) == ("error", 1)
    assert again.frame.position == stop.frame.position


@pytest.mark.parametrize("kind", ["unrouted", "edge"])
def test_mending_the_condition_and_stepping_routes(kind):
    """R4: after patch, a step only routes: no mutation, the same cursor, no second run."""
    dbg = Debugger(dead_end(kind), {"n": 0})
    dbg.run()
    dbg.patch(edges={("a", "b"): lambda s: s["n"] == 1})
    stop = dbg.retry()
    frame = stop.frame

    assert (stop.reason, frame.kind, frame.path) == (StopReason.STEP, "route", "a")
    assert (frame.mutations, frame.cursor, frame.visit) == ((), 1, 1)
    assert (frame.next_node, frame.state) == ("b", {"n": 1})
    assert dbg.run().reason is StopReason.COMPLETED
    assert [f.kind for f in dbg.frames] == ["start", "commit", "route", "commit"]


def test_a_changed_state_can_route_as_well():
    """R4: fork(put=...) after a dead end changes what the conditions see."""
    dbg = Debugger(dead_end("unrouted"), {"n": 0})
    dbg.run()
    fork = dbg.fork(put={"n": 6})

    assert fork.step().frame.kind == "route"
    assert fork.run().reason is StopReason.COMPLETED
    assert [f.kind for f in fork.frames] == ["start", "commit", "edit", "route", "commit"]


def test_a_route_frame_reaches_no_sink():
    """R4: it is in the history, and not in the frame stack."""
    session = ExecutionSession({"n": 0}, dead_end("unrouted"))
    with pytest.raises(UnroutedError):
        finish(session)
    session.use(session.graph.patched(edges={("a", "b"): lambda s: True}))
    finish(session)

    assert [f.kind for f in session.line] == ["start", "commit", "route", "commit"]
    assert [f.kind for f in session.frame_stack] == ["commit", "commit"]


@pytest.mark.parametrize("composite", ["subgraph", "parallel"])
def test_a_composite_that_leads_nowhere_keeps_its_commit(composite):
    """R4, N2: leaving is committed, only the way on is missing."""
    g = GraphBuilder("g").node("b", note)
    g.subgraph("a", steps("x")) if composite == "subgraph" else g.parallel("a", {"x": note})
    g.edge_if("a", "b", lambda s: "go" in s).start("a").end("b")
    dbg = Debugger(g.build())
    stop = dbg.run()

    assert isinstance(stop.error, UnroutedError)
    assert stop.frame.kind == ("exit" if composite == "subgraph" else "join")
    assert dbg.state == {"log": ["a/x"]}
    fork = dbg.fork(put={"go": 1})
    assert fork.step().frame.kind == "route"
    assert fork.run().reason is StopReason.COMPLETED


def test_a_decision_that_leads_nowhere_keeps_its_commit():
    """R4, B3: the decision is taken; only the routing is left."""
    g = GraphBuilder("g").barrier("ask").node("b", note)
    g.edge_if("ask", "b", lambda s: "go" in s).start("ask").end("b")
    dbg = Debugger(g.build())
    dbg.run()
    stop = dbg.approve()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, UnroutedError)
    assert (stop.frame.kind, stop.frame.state) == ("decision", {"ask.approved": True})
    assert dbg.pending == []
    dbg.patch(edges={("ask", "b"): lambda s: True})
    assert dbg.step().frame.kind == "route"
    assert dbg.run().reason is StopReason.COMPLETED
