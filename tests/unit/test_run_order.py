"""R1, R2: the order of one step, the step limit, goto and end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lellm_nb import (
    Approve,
    CancellationToken,
    Debugger,
    Decided,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    NoopBarrierSink,
    NoopStepCallback,
    Reducer,
    StopReason,
)
from lellm_nb.errors import (
    NodeExecutionError,
    NodeNotFoundError,
    RunCancelledError,
    StepsExceededError,
)
from tests.strategies import chain, fanned, finish, nested, note, review, steps


class Diary:
    """Everything that a run tells of, in the order in which it tells it."""

    def __init__(self):
        self.lines = []

    def on_node_start(self, path, step):
        self.lines.append(f"start {path} {step}")

    def on_node_end(self, path, step, error):
        self.lines.append(f"end {path} {step}" + (f" {error!r}" if error else ""))

    def on_checkpoint(self, state, info):
        self.lines.append(f"sink {info.path} {info.step} {info.frame.kind}")

    async def wait_decision(self, barrier_id, timeout):
        self.lines.append(f"wait {barrier_id}")
        return Decided(Approve())


def told(graph, state=None):
    """What a run of `graph` tells, with everything in one diary."""
    diary = Diary()
    engine = ExecutionEngine(state, checkpoint=diary, barrier=diary)
    asyncio.run(graph.run_inline(engine, 100, diary))
    return diary.lines, engine


# -- R1: the order -----------------------------------------------------------------------


def test_a_step_is_told_in_order():
    """R1: execute, end callback, checkpoint sink, barrier wait, and only then the next node."""
    lines, engine = told(review(), {"topic": "otters"})

    assert lines == [
        "start draft 1",
        "end draft 1",
        "sink draft 1 commit",
        "sink approve 2 waiting",
        "wait approve#0",
        "sink approve 2 decision",
        "start publish 3",
        "end publish 3",
        "sink publish 3 commit",
    ]
    assert engine.state["published"] is True


def test_a_pausing_node_is_told_before_it_waits():
    """R1, B2: ctx.pause commits the node and tells the sink, then waits."""

    def ask(ctx):
        ctx.put("asked", True)
        ctx.pause("sure")

    lines, _ = told(chain(ask))

    assert lines == [
        "start ask 1",
        "end ask 1",
        "sink ask 1 commit",
        "wait sure#0",
        "sink sure 1 decision",
    ]


def test_the_sink_gets_the_state_of_the_commit():
    """R1, N2: state, node, step and graph of the level."""
    sink = MemorySink()
    asyncio.run(nested().execute({}, checkpoint=sink, barrier=NoopBarrierSink()))
    first = {f.path: f for f in reversed(sink.frames)}

    assert first["plan"].state == {"log": ["plan"]}
    assert (first["plan"].graph_id, first["plan"].cursor) == ("outer", 1)
    assert first["agent/llm"].state == {"log": ["plan", "agent/llm"]}
    assert (first["agent/llm"].graph_id, first["agent/llm"].cursor) == ("agent graph", 1)
    assert first["agent/llm"].root_state == {"log": ["plan"]}


def test_an_awaitable_of_a_sink_is_awaited():
    """DESIGN: sinks are plain methods, and may return an awaitable."""
    done = []

    class Slow:
        async def on_checkpoint(self, state, info):
            await asyncio.sleep(0)
            done.append(info.path)

    def second(ctx):
        assert done == ["first"]

    def first(ctx):
        pass

    asyncio.run(chain(first, second).execute({}, checkpoint=Slow()))

    assert done == ["first", "second"]


def test_a_sink_that_raises_is_switched_off_and_the_run_goes_on(caplog):
    """R7: it is reported once."""

    class Broken:
        calls = 0

        def on_checkpoint(self, state, info):
            self.calls += 1
            raise RuntimeError("disk full")

    sink = Broken()
    with caplog.at_level(logging.ERROR, "lellm_nb"):
        result = asyncio.run(steps("a", "b", "c").execute({}, checkpoint=sink))

    assert result.state == {"log": ["a", "b", "c"]}
    assert sink.calls == 1
    assert "disk full" in caplog.text


@pytest.mark.parametrize("method", ["on_node_start", "on_node_end"])
def test_a_callback_that_raises_is_switched_off_and_the_run_goes_on(method, caplog):
    """R7: a step callback is optional; a failing one never fails a node."""

    class Broken(NoopStepCallback):
        pass

    def fail(*_args):
        raise RuntimeError("broken callback")

    callback = Broken()
    setattr(callback, method, fail)
    engine = ExecutionEngine({})
    asyncio.run(steps("a", "b").run_inline(engine, 10, callback))

    assert engine.state == {"log": ["a", "b"]}
    assert "broken callback" in caplog.text


def test_a_failing_node_ends_its_callback_and_reaches_no_sink():
    """R1, R3: the end callback gets what the node raised."""

    def a(ctx):
        raise ValueError("no")

    diary = Diary()
    engine = ExecutionEngine({"n": 1}, checkpoint=diary)
    with pytest.raises(NodeExecutionError):
        asyncio.run(chain(a).run_inline(engine, 10, diary))

    assert diary.lines == ["start a 1", "end a 1 ValueError('no')"]
    assert engine.state == {"n": 1}


def test_a_run_can_start_at_any_node():
    """DESIGN: `start_at` begins there; an unknown one is refused before anything runs."""
    engine = ExecutionEngine({})
    asyncio.run(steps("a", "b", "c").run_inline(engine, 10, start_at="b"))

    assert engine.state == {"log": ["b", "c"]}
    with pytest.raises(NodeNotFoundError, match="Did you mean"):
        asyncio.run(steps("aa", "b").run_inline(engine, 10, start_at="a"))


def test_a_result_logs_every_step():
    """C8: one entry per commit, the state, and a duration."""
    result = steps("a", "b").run({})

    assert [(e.step, e.node, e.success) for e in result.execution_log] == [
        (1, "a", True),
        (2, "b", True),
    ]
    assert result.state == {"log": ["a", "b"]}
    assert result.duration > 0
    assert len(result.trace_id) == 32


def test_run_works_inside_a_running_event_loop():
    """DESIGN: `graph.run` is `execute` without await, in a notebook cell too."""

    async def cell():
        return steps("a").run({}).state

    assert asyncio.run(cell()) == {"log": ["a"]}


def test_many_sessions_share_one_graph():
    """C10: a graph holds nothing of a run."""
    graph = nested()

    async def main():
        runs = [graph.execute({}, barrier=NoopBarrierSink()) for _ in range(5)]
        return await asyncio.gather(*runs)

    first, *others = asyncio.run(main())

    assert all(other.state == first.state for other in others)


# -- R1: the limit -----------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_exactly_max_steps_nodes_may_run(limit):
    """R1: a run that ends on the last allowed node succeeds; one more raises."""
    names = "abcdefghijk"
    sink = MemorySink()

    assert len(steps(*names[:limit]).run({}, max_steps=limit).state["log"]) == limit
    with pytest.raises(StepsExceededError) as caught:
        steps(*names[: limit + 1]).run({}, max_steps=limit, checkpoint=sink)
    assert caught.value.limit == limit
    assert caught.value.path == caught.value.node == names[limit]
    assert caught.value.state == {"log": list(names[:limit])}
    assert len(sink.frames) == limit


def test_a_barrier_counts_once():
    """B1: two frames, one cursor, one step of the limit."""
    graph = review()
    options = {"barrier": NoopBarrierSink()}

    assert graph.run({"topic": "x"}, max_steps=3, **options).state["published"]
    with pytest.raises(StepsExceededError) as caught:
        graph.run({"topic": "x"}, max_steps=2, **options)
    assert caught.value.node == "publish"
    with pytest.raises(StepsExceededError) as caught:
        graph.run({"topic": "x"}, max_steps=1, **options)
    assert caught.value.node == "approve"


def test_steps_inside_a_composite_count_at_their_own_level():
    """N1, P1: an inner level has a limit of its own; the outer counts the composite once."""
    assert fanned().run({}, max_steps=3, barrier=NoopBarrierSink()).state["log"][-1] == "last"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_subgraph_has_an_exact_limit_of_its_own(limit):
    """N1: exactly `max_steps` inner nodes may run; the path is the inner node's."""
    g = GraphBuilder("g").subgraph("sub", steps("a", "b"), max_steps=limit)
    graph = g.start("sub").end("sub").build()
    if limit >= 2:
        assert graph.run({}).state == {"log": ["sub/a", "sub/b"]}
        return
    with pytest.raises(StepsExceededError) as caught:
        graph.run({})
    assert (caught.value.limit, caught.value.path, caught.value.node) == (1, "sub/b", "b")


def test_a_session_and_a_debugger_hold_at_the_limit():
    """DESIGN: the Debugger holds with LIMIT, and the next run goes on from there."""
    dbg = Debugger(steps("a", "b", "c", "d", "e"), max_steps=2)

    assert dbg.run().reason is StopReason.LIMIT
    assert dbg.state == {"log": ["a", "b"]}
    assert dbg.run().reason is StopReason.LIMIT
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == {"log": list("abcde")}


def test_a_debugger_that_ends_on_the_last_allowed_step_has_completed():
    """R1: exactly `max_steps`, here as well."""
    assert Debugger(steps("a", "b"), max_steps=2).run().reason is StopReason.COMPLETED


# -- R2: control -------------------------------------------------------------------------


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


# -- R5: cancellation, as far as a run is cancelled from outside ----------------------------


def test_a_cancelled_run_commits_nothing_more():
    """R5: looked at before every node and at commit."""
    token = CancellationToken()

    def b(ctx):
        ctx.put("b", True)
        token.cancel()

    g = GraphBuilder("g").node("a", note).node("b", b).node("c", note)
    graph = g.edge("a", "b").edge("b", "c").start("a").end("c").build()
    engine = ExecutionEngine({}, cancel=token)
    with pytest.raises(RunCancelledError) as caught:
        asyncio.run(graph.run_inline(engine, 10))

    assert engine.state == {"log": ["a"]}
    assert caught.value.state == {"log": ["a"]}
    assert caught.value.path == "b"


def test_a_cancel_reaches_into_an_await():
    """R5: a node that waits is cancelled; a token set before the run lets nothing start."""
    token = CancellationToken()

    async def a(ctx):
        asyncio.get_running_loop().call_soon(token.cancel)
        await asyncio.Event().wait()

    async def main():
        engine = ExecutionEngine({}, cancel=token)
        with pytest.raises(RunCancelledError):
            await chain(a).run_inline(engine, 10)
        with pytest.raises(RunCancelledError):
            await steps("a").run_inline(engine, 10)
        return engine.state

    assert asyncio.run(main()) == {}


def test_a_node_can_see_that_it_was_cancelled():
    """R5: a long sync node looks at ctx.is_cancelled."""
    token = CancellationToken()
    seen = []

    def a(ctx):
        seen.append(ctx.is_cancelled)
        token.cancel()
        seen.append(ctx.is_cancelled)

    with pytest.raises(RunCancelledError):
        asyncio.run(chain(a).run_inline(ExecutionEngine({}, cancel=token), 10))

    assert seen == [False, True]


# -- what a node sees -----------------------------------------------------------------------


def test_a_node_knows_where_it_is():
    """N2: name, path with the visits of composites, and its visit in this entry."""
    seen = []

    def look(ctx):
        seen.append((ctx.node, ctx.path, ctx.visit))
        if ctx.visit < 2:
            ctx.goto("look")

    inner = chain(look, name="inner")
    g = GraphBuilder("outer").subgraph("sub", inner).node("after", note)
    g.edge("sub", "after").edge_if("after", "sub", lambda s: len(s["log"]) < 2)
    g.node("end", note).edge("after", "end").start("sub").end("end")
    finish(ExecutionSession({}, g.build()))

    assert seen == [
        ("look", "sub/look", 1),
        ("look", "sub/look", 2),
        ("look", "sub#2/look", 1),
        ("look", "sub#2/look", 2),
    ]


def test_cost_side_effects_and_stream_are_taken_into_the_frame():
    """R6: what a node says of its step stands in its frame."""

    def a(ctx):
        ctx.set_token_cost(12)
        ctx.set_has_side_effects()
        ctx.emit("chunk 1")
        ctx.emit({"chunk": 2})

    frame = finish(ExecutionSession({}, chain(a))).head

    assert (frame.cost, frame.side_effects) == (12.0, True)
    assert frame.stream == ("chunk 1", {"chunk": 2})
    assert frame.duration > 0
    assert frame.started > 1_700_000_000
