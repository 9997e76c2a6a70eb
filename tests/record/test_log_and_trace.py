"""R6, C1, C7, C8: what a run leaves behind."""

from __future__ import annotations

import asyncio
import datetime
import json

import pytest

from lellm_nb import (
    Approve,
    ExecutionEngine,
    ExecutionSession,
    FrameStack,
    GraphBuilder,
    InMemoryMutationLog,
    MemoryTraceSink,
    MutationLog,
    MutationLogEntry,
    NoopBarrierSink,
    Put,
    Reducer,
    SessionCheckpointSink,
    TraceSink,
)
from lellm_nb.clock import Clock
from lellm_nb.errors import NodeExecutionError
from lellm_nb.record.mutation_log import mutation_json
from lellm_nb.state import fold
from lellm_nb.state.mutation import mutation_from_json
from tests.record.logs import logged
from tests.strategies import chain, fanned, nested, note, review, steps

# -- C7 ------------------------------------------------------------------------------------


def test_the_log_is_written_at_every_commit():
    """C7: step from 1, node, index from 0, the mutation's JSON form, and a time in UTC."""

    def first(ctx):
        ctx.put("n", 1)
        ctx.reduce("n", 2, Reducer.SUM)

    def idle(ctx):
        return None

    def last(ctx):
        ctx.delete("n")

    log, run, _ = logged(chain(first, idle, last))
    entries = log.replay(run)

    assert isinstance(log, MutationLog)
    assert [(e.step, e.node_id, e.mutation_index) for e in entries] == [
        (1, "first", 0),
        (1, "first", 1),
        (3, "last", 0),
    ]
    assert [e.mutation for e in entries] == [
        {"Put": ["n", 1]},
        {"Reduce": ["n", 2, "sum"]},
        {"Delete": "n"},
    ]
    assert {e.trace_id for e in entries} == {run}
    assert all(e.timestamp.tzinfo is datetime.UTC for e in entries)


def test_a_log_folds_to_the_end_of_its_run():
    """C7, S3: read back from JSON, decisions included."""
    log, run, state = logged(review(), {"topic": "otters"})
    mutations = [mutation_from_json(json.loads(json.dumps(e.mutation))) for e in log.replay(run)]

    assert fold({"topic": "otters"}, mutations) == state
    assert "approve" in {e.node_id for e in log.replay(run)}


def test_inner_commits_are_logged_under_their_path():
    """C7, N3: and the exit's, which brings them out, under its own."""
    log, run, state = logged(nested())
    entries = log.replay(run, level=None)
    levels = {e.node_id: e.level for e in entries}

    assert levels["agent"] == ""
    assert levels["agent/llm"] == levels["agent/approve"] == "agent"
    assert levels["agent#2/llm"] == "agent#2"
    assert log.replay(run).fold({}) == state
    assert log.replay(run) == [e for e in entries if "/" not in e.node_id]
    assert [e.step for e in entries] == sorted(e.step for e in entries)


def test_a_step_that_failed_is_not_in_the_log():
    """C7, R3: what was not committed was not written."""

    def fails(ctx):
        ctx.put("half", True)
        raise ValueError("no")

    log = InMemoryMutationLog()
    engine = ExecutionEngine({}, log=log)
    with pytest.raises(NodeExecutionError):
        asyncio.run(chain(note, fails).run_inline(engine, 10))

    assert [e.node_id for e in log.replay(engine.trace_id)] == ["note"]


def test_an_error_route_is_logged():
    """C7, R9: its facts are a mutation like any other."""

    def fails(ctx):
        raise ValueError("no")

    g = GraphBuilder("g").node("a", fails).node("b", note).edge("a", "b").on_error("a", "b")
    log, run, _ = logged(g.start("a").end("b").build())

    assert log.replay(run)[0].mutation["Put"][0] == "a.error"


def test_what_cannot_be_serialised_leaves_a_marker_never_a_gap():
    """C7, S7: with its type, key and repr; the run goes on."""

    def node(ctx):
        ctx.put("a", 1)
        ctx.put("tools", [{"client": object()}])
        ctx.put("b", 2)

    log, run, state = logged(chain(node))
    entries = log.replay(run)
    marker = entries[1].mutation["$unserializable"]

    assert [e.mutation_index for e in entries] == [0, 1, 2]
    assert (marker["type"], marker["key"]) == ("Put", "tools")
    assert "object object" in marker["repr"]
    assert json.dumps([e.mutation for e in entries])
    assert state["b"] == 2


@pytest.mark.parametrize("value", [{1, 2}, object(), b"x", 1j, {(1, 2): 3}])
def test_any_value_has_a_form_in_the_log(value):
    """C7: whatever it is, JSON can write it."""
    assert json.dumps(mutation_json(Put("k", value)))


def test_replay_from_a_step_is_inclusive():
    """C7: truncate drops what is before a step, and says how much."""
    log, run, _ = logged(steps("a", "b", "c"))

    assert [e.node_id for e in log.replay(run, from_step=2)] == ["b", "c"]
    assert log.replay(run, from_step=9) == log.replay("nobody") == []
    assert log.truncate(run, keep_from_step=2) == 1
    assert [e.node_id for e in log.replay(run)] == ["b", "c"]
    assert log.truncate("nobody", keep_from_step=2) == 0


def test_branching_after_a_step_copies_up_to_it():
    """C7: the new run is its own; the old one stays as it was."""
    log, run, _ = logged(steps("a", "b", "c"))
    branch = log.branch_after(run, 2)
    before = log.replay(run)
    now = datetime.datetime.now(datetime.UTC)
    log.append(MutationLogEntry(branch, 3, "other", None, 0, {"Delete": "k"}, now))

    assert branch != run
    assert [e.node_id for e in log.replay(branch)] == ["a", "b", "other"]
    assert {e.trace_id for e in log.replay(branch)} == {branch}
    assert log.replay(run) == before


def test_two_runs_with_one_log_are_kept_apart():
    """C7, C10: by the run's id."""
    log = InMemoryMutationLog()
    engines = [ExecutionEngine({}, log=log) for _ in range(2)]
    graph = steps("a", "b")
    for engine in engines:
        asyncio.run(graph.run_inline(engine, 10))

    assert [len(log.replay(e.trace_id)) for e in engines] == [2, 2]
    assert len(log) == 4


# -- C8 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [nested, fanned, lambda: steps("a", "b", "c")])
def test_the_fold_of_a_trace_is_the_final_state(graph):
    """C8: of any graph; every step is an entry with its time."""
    result = graph().run({"given": 1}, trace=MemoryTraceSink(), barrier=NoopBarrierSink())
    trace = result.trace

    assert trace.trace_id == result.trace_id
    assert trace.initial_state == {"given": 1}
    assert fold(trace.initial_state, trace.mutations) == trace.final_state == result.state
    assert all(entry.success and entry.error is None for entry in trace.entries)
    assert all(entry.end >= entry.start > 0 for entry in trace.entries)


def test_a_trace_has_its_decisions_and_its_failures():
    """C8, B7: who decided what; and which step failed with what."""
    sink = MemoryTraceSink()

    def fails(ctx):
        raise ValueError("no luck")

    g = GraphBuilder("g").barrier("ask").node("a", fails).edge("ask", "a").start("ask").end("a")
    with pytest.raises(NodeExecutionError):
        g.build().run({}, trace=sink, barrier=NoopBarrierSink())
    trace = sink.trace

    assert isinstance(sink, TraceSink)
    assert [d.barrier_id for d in trace.barrier_decisions] == ["ask#0"]
    assert trace.barrier_decisions[0].decision == Approve()
    assert [(e.node, e.success) for e in trace.entries] == [
        ("ask", True),
        ("ask", True),
        ("a", False),
    ]
    assert "no luck" in trace.entries[-1].error


def looping(times):
    """A node that runs a number of times and grows a list."""

    def again(ctx):
        ctx.append("log", ctx.visit)
        ctx.put("n", ctx.visit)
        if ctx.visit < times:
            ctx.goto("again")

    return chain(again)


@pytest.mark.parametrize("most", [1, 3, 10, 100])
def test_the_ring_keeps_the_newest_and_folds_what_drops_out(most):
    """C8: into the initial state, so that the fold stays the final state."""
    result = looping(25).run({"given": True}, trace=MemoryTraceSink(most), max_steps=100)
    trace = result.trace

    assert len(trace.entries) == min(most, 25)
    assert [e.step for e in trace.entries] == list(range(26 - min(most, 25), 26))
    assert fold(trace.initial_state, trace.mutations) == trace.final_state == result.state
    assert trace.initial_state["given"] is True


def test_the_ring_holds_ten_thousand_by_default():
    """C8: one more drops out."""
    result = looping(10_001).run({}, trace=MemoryTraceSink(), max_steps=20_000)

    assert len(result.trace.entries) == 10_000
    assert result.trace.initial_state["n"] == 1
    assert result.trace.final_state == result.state


def test_a_trace_sink_can_be_used_again():
    """C8: a new run begins a new trace."""
    sink = MemoryTraceSink()
    steps("a", "b").run({}, trace=sink)
    second = steps("x").run({"k": 1}, trace=sink)

    assert [e.node for e in sink.trace.entries] == ["x"]
    assert sink.trace.trace_id == second.trace_id


def test_a_trace_already_given_out_does_not_change():
    """C8: it is a value."""
    sink = MemoryTraceSink()
    one = steps("a").run({}, trace=sink).trace
    steps("x", "y").run({}, trace=sink)

    assert [e.node for e in one.entries] == ["a"]
    assert one.final_state == {"log": ["a"]}


def test_a_result_has_all_five_parts():
    """C8: trace_id, state, execution_log, duration, trace."""
    result = steps("a", "b").run({})

    assert result.trace is None
    assert result.duration > 0
    assert [(e.node, e.step, e.success) for e in result.execution_log] == [
        ("a", 1, True),
        ("b", 2, True),
    ]
    assert len(result.trace_id) >= 16


# -- R6 ------------------------------------------------------------------------------------


def test_a_frame_has_cost_effects_duration_and_time():
    """R6: what the node said, and what the clock said."""

    async def node(ctx):
        ctx.set_token_cost(2.5)
        ctx.set_has_side_effects()

    wall, tick = iter(range(100, 200)), iter(range(0, 700, 7))
    clock = Clock(wall=lambda: float(next(wall)), tick=lambda: float(next(tick)))
    session = ExecutionSession({}, chain(node, note), clock=clock)
    asyncio.run(session.run())
    start, first, second = session.line

    assert (first.cost, first.side_effects) == (2.5, True)
    assert (second.cost, second.side_effects) == (0.0, False)
    assert (first.duration, second.duration) == (7.0, 7.0)
    assert (start.started, first.started, second.started) == (100.0, 101.0, 102.0)


def test_each_step_has_a_span_id_of_its_own():
    """R6: stable for a step of a run, different for another step and another run."""
    from lellm_nb import NodeStart

    async def spans(graph):
        execution = graph.execute_stream({})
        return [e.span_id async for e in execution.events if isinstance(e, NodeStart)]

    graph = looping(5)
    one, two = asyncio.run(spans(graph)), asyncio.run(spans(graph))

    assert len(set(one + two)) == 10


# -- C1 ------------------------------------------------------------------------------------


def test_a_session_sink_pushes_onto_a_stack():
    """C1: the four fields of each frame."""
    stack = FrameStack()
    steps("a", "b", name="graph").run({}, checkpoint=SessionCheckpointSink(stack, "graph"))

    assert [(f.graph_id, f.node_id, f.cursor) for f in stack] == [
        ("graph", "a", 1),
        ("graph", "b", 2),
    ]
    assert stack.current().state == {"log": ["a", "b"]}
