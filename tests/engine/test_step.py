"""R1: the order of one step, and what its node and its sinks are told."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lellm_nb import (
    Approve,
    Decided,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    NoopBarrierSink,
    NoopStepCallback,
)
from lellm_nb.errors import NodeExecutionError, NodeNotFoundError
from tests.strategies import chain, finish, nested, note, review, steps


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


# -- what a node sees --------------------------------------------------------------------


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
