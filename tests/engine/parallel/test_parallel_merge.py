"""P1, P2, P4: what branches see, and how their work becomes one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import (
    Debugger,
    ExecutionSession,
    GraphBuilder,
    LastWriteWins,
    MergeMutations,
    NoopBarrierSink,
    Put,
    Reducer,
    StateMerge,
    StopReason,
)
from lellm_nb.errors import (
    InvalidNodeError,
    MergeConflictError,
    NodeExecutionError,
    StateError,
    StateTypeError,
    StepsExceededError,
)
from tests.strategies import finish, note, steps


def fan(branches, **options):
    """A graph that is one Parallel."""
    return GraphBuilder("g").parallel("par", branches, **options).start("par").end("par").build()


def puts(**content):
    """A node that puts some keys."""
    return lambda ctx: content


# -- P1 ------------------------------------------------------------------------------------


def test_sync_branches_run_side_by_side_in_threads():
    """P1: each waits for the others, which only works if all of them are running."""
    meeting = threading.Barrier(3, timeout=10)
    threads = {}

    def meet(ctx):
        threads[ctx.node] = threading.current_thread()
        meeting.wait()
        ctx.put(f"met {ctx.node}", True)

    state = fan({"a": meet, "b": meet, "c": meet}).run({}).state

    assert state == {"met a": True, "met b": True, "met c": True}
    assert len(set(threads.values())) == 3


def test_sync_nodes_inside_a_branch_graph_run_in_threads_too():
    """P1: a whole graph in a branch does not block its siblings."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(ctx):
        meeting.wait()

    deep = GraphBuilder("deep").node("meet", meet).start("meet").end("meet").build()

    assert fan({"a": deep, "b": deep}).run({}).state == {}


def test_a_branch_sees_no_write_of_another():
    """P1: also when it starts after the other has committed."""
    first_done = asyncio.Event()

    async def first(ctx):
        ctx.put("n", 2)

    async def second(ctx):
        await first_done.wait()
        ctx.put("seen", ctx.state["n"])

    class Done:
        def on_checkpoint(self, state, frame_info):
            first_done.set()

    state = fan({"first": first, "second": second}).run({"n": 1}, checkpoint=Done()).state

    assert state == {"n": 2, "seen": 1}


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_results_are_handled_in_registration_order(order):
    """P1: whatever finished first, the list is in the order in which the branches were added."""
    turns = [asyncio.Event() for _ in order]
    done = []

    def branch(i):
        async def node(ctx):
            await turns[i].wait()
            ctx.append("log", i)
            done.append(i)
            if len(done) < len(order):
                turns[order[len(done)]].set()

        return node

    turns[order[0]].set()
    state = fan({f"b{i}": branch(i) for i in range(3)}).run({}).state

    assert done == order
    assert state == {"log": [0, 1, 2]}


def test_a_node_object_may_be_a_branch():
    """P1: a task, a node, a whole graph, and a Parallel in a branch's graph."""

    class Node:
        async def execute(self, ctx):
            return {"object": ctx.path}

    inner = fan({"x": note, "y": note})
    session = finish(ExecutionSession({}, fan({"n": Node(), "t": note, "g": inner})))

    assert session.state == {"object": "par/n", "log": ["par/t", "par/g/par/x", "par/g/par/y"]}


def test_a_branch_graph_has_a_step_limit_of_its_own():
    """P1: 1000 steps, as a subgraph has; it is counted for each branch alone."""
    g = GraphBuilder("loop").node("again", lambda ctx: ctx.reduce("n", 1, Reducer.SUM))
    g.node("end", note).edge_if("again", "again", lambda s: s["n"] < s["most"])
    graph = fan({"loop": g.edge("again", "end").start("again").end("end").build()})

    assert graph.run({"most": 999}, max_steps=1).state["n"] == 999
    with pytest.raises(NodeExecutionError) as caught:
        graph.run({"most": 1001}, max_steps=1)
    limit = caught.value
    while not isinstance(limit, StepsExceededError):
        limit = limit.__cause__
    assert limit.limit == 1000


def test_two_passes_of_a_loop_run_every_branch_twice():
    """P1, P4: after a join nothing of the first entry is left over."""
    g = GraphBuilder("g").node("first", note).parallel("par", {"a": note, "b": steps("x", "y")})
    g.node("last", note).edge("first", "par")
    g.edge_if("par", "first", lambda s: s["log"].count("first") < 2).edge("par", "last")
    session = finish(ExecutionSession({}, g.start("first").end("last").build()))

    assert [f.path for f in session.line if f.path.endswith(("/a", "/x", "/y"))] == [
        *("par/a", "par/b/x", "par/b/y"),
        *("par#2/a", "par#2/b/x", "par#2/b/y"),
    ]
    assert [f.visit for f in session.line if f.kind == "join"] == [1, 2]


def test_a_hundred_branches_merge():
    """P1, P2: many branches are one join."""
    graph = fan({f"b{i:03}": note for i in range(100)})

    assert graph.run({}).state["log"] == [f"par/b{i:03}" for i in range(100)]


# -- P2: the default ------------------------------------------------------------------------


def test_a_write_that_is_taken_back_is_no_conflict():
    """P2: compared are each branch's *last* writes."""

    def back(ctx):
        ctx.put("n", 5)
        ctx.put("n", 1)

    assert fan({"a": puts(n=1), "b": back}).run({}).state == {"n": 1}


@pytest.mark.parametrize(("one", "two"), [(1, True), (1, 1.0), (0, False)])
def test_values_of_different_types_are_different(one, two):
    """P2: 1 and True are not the same answer, though they are equal."""
    with pytest.raises(MergeConflictError):
        fan({"a": puts(n=one), "b": puts(n=two)}).run({})


def test_a_conflict_inside_a_loop_can_be_mended_and_retried():
    """P2: the state is untouched, and the branches' work is still in the position."""
    graph = fan({"a": lambda ctx: {"n": 1}, "b": lambda ctx: {"n": ctx.state.get("b", 2)}})
    dbg = Debugger(graph)
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, MergeConflictError)
    assert (stop.error.key, stop.error.values, stop.error.path) == ("n", {"a": 1, "b": 2}, "par")
    assert dbg.state == {}
    again = dbg.fork(0, put={"b": 1})
    assert again.run().reason is StopReason.COMPLETED
    assert again.state == {"b": 1, "n": 1}


def test_a_custom_reducer_may_be_commutative():
    """P2: two reduces with one that is not say so; with one that is, they join."""
    longest = Reducer.custom(lambda old, new: max(old, new, key=len), name="longest")
    either = Reducer.custom(lambda old, new: max(old, new), name="either", commutative=True)

    def writes(value, reducer):
        return lambda ctx: ctx.reduce("k", value, reducer)

    assert fan({"a": writes(1, either), "b": writes(2, either)}).run({}).state == {"k": 2}
    with pytest.raises(MergeConflictError):
        fan({"a": writes("x", longest), "b": writes("yy", longest)}).run({})


def test_a_branch_that_reads_and_appends_conflicts_with_nobody():
    """P2: the mutations are folded, not the states: both items are there once."""
    graph = fan({"a": lambda ctx: ctx.append("log", "a"), "b": lambda ctx: ctx.append("log", "b")})

    assert graph.run({"log": ["old"]}).state == {"log": ["old", "a", "b"]}


def test_the_position_holds_each_branch_s_mutations():
    """P2: since the fork, so that a stored position can still be merged."""
    session = ExecutionSession({}, fan({"a": puts(x=1), "b": puts(y=2)}))
    asyncio.run(session.step())
    resumed = ExecutionSession.restore(session.checkpoint(), session.graph)

    assert session.position.inner.branches["a"].wrote == [Put("x", 1)]
    assert finish(resumed).state == {"x": 1, "y": 2}


# -- P2: named choices ------------------------------------------------------------------------


def test_last_write_wins_in_registration_order():
    """P2: a later branch covers an earlier one, however long it took."""

    async def slow(ctx):
        await asyncio.sleep(0.01)
        ctx.put("n", "a")

    graph = fan({"a": slow, "b": puts(n="b")}, merge=LastWriteWins())

    assert graph.run({}).state == {"n": "b"}


def test_state_merge_overlays_whole_states():
    """P2: the seed's way: a later branch covers with values that it only kept."""
    branches = {"a": puts(n=2, x=1), "b": puts(y=1)}

    assert fan(branches, merge=StateMerge).run({"n": 1}).state == {"n": 1, "x": 1, "y": 1}
    assert fan(branches, merge=MergeMutations()).run({"n": 1}).state == {"n": 2, "x": 1, "y": 1}


def test_a_function_may_merge_the_branch_states():
    """P2: it is given every branch's state by name, in registration order."""
    seen = []

    def best(states):
        seen.extend(states)
        return {"best": max(states.values(), key=lambda s: s["score"])["score"]}

    graph = fan({"b": puts(score=3), "a": puts(score=5)}, merge=best)

    assert graph.run({"kept": True}).state == {"kept": True, "best": 5}
    assert seen == ["b", "a"]


def test_a_merge_function_that_raises_fails_the_node():
    """R3: nothing of the branches is committed outside, and nothing is lost inside."""
    dbg = Debugger(fan({"a": puts(x=1)}, merge=lambda states: states["nobody"]))
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, KeyError)
    assert (stop.error.path, dbg.state) == ("par", {})


def test_a_merge_function_that_returns_no_mapping_fails_the_node():
    """P2: and says what it returned."""
    with pytest.raises(NodeExecutionError) as caught:
        fan({"a": puts(x=1)}, merge=lambda states: 5).run({})
    assert isinstance(caught.value.__cause__, StateTypeError)


def test_a_merge_function_cannot_change_what_it_is_given():
    """S1: branch states are read-only as well."""

    def merge(states):
        states["a"]["x"] = 2

    with pytest.raises(NodeExecutionError, match="cannot be changed in place"):
        fan({"a": puts(x=1)}, merge=merge).run({})


@pytest.mark.parametrize("merge", [5, "last", object()])
def test_what_is_no_merge_is_refused_when_it_is_given(merge):
    """P2: where the mistake is."""
    with pytest.raises(StateError, match="merge is a strategy"):
        fan({"a": note}, merge=merge)


def test_what_is_no_error_policy_is_refused_when_it_is_given():
    """P3: fail_fast or collect_all."""
    with pytest.raises(InvalidNodeError, match="fail_fast"):
        fan({"a": note}, on_error="ignore")


# -- P4 ------------------------------------------------------------------------------------------


def test_branches_have_their_frames_and_the_join_is_one():
    """P4: paths under `node/branch`; the join has the merged mutations."""
    session = finish(ExecutionSession({}, fan({"a": puts(x=1), "b": steps("one", "two")})))

    assert [(f.kind, f.path, f.cursor) for f in session.line] == [
        ("start", "", 0),
        ("commit", "par/a", 1),
        ("commit", "par/b/one", 1),
        ("commit", "par/b/two", 2),
        ("exit", "par/b", 1),
        ("join", "par", 1),
    ]
    assert session.line[-1].changed_keys == ["x", "log"]


def test_a_sink_gets_the_state_of_the_branch():
    """N2, P4: with the level's graph name and cursor."""
    told = []

    class Sink:
        def on_checkpoint(self, state, info):
            told.append((info.path, info.graph_id, info.step, dict(state)))

    deep = steps("one", name="deep graph")
    fan({"b": deep, "a": puts(x=1)}).run({}, checkpoint=Sink(), barrier=NoopBarrierSink())

    assert sorted(told) == [
        ("par", "g", 1, {"log": ["par/b/one"], "x": 1}),
        ("par/a", "g", 1, {"x": 1}),
        ("par/b", "g", 1, {"log": ["par/b/one"]}),
        ("par/b/one", "deep graph", 1, {"log": ["par/b/one"]}),
    ]
