"""A frame knows its step and its run, and goes wherever records go."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import pickle

import pytest

from lellm_nb import (
    Approve,
    BarrierWaiting,
    Checkpoint,
    Debugger,
    ExecutionSession,
    Frame,
    GraphComplete,
    IncrementalSnapshots,
    MemorySink,
    MemoryTraceSink,
    Modify,
    NodeEnd,
    Put,
)
from lellm_nb.ids import new_trace_id
from lellm_nb.record.mutation_log import entries_of
from tests.debug.graphs_changing import named
from tests.strategies import chain, fanned, nested


async def streamed(graph):
    """Run a graph as a stream that approves; the frames its sink got, and its node's ends."""
    sink, ends = MemorySink(), []
    execution = graph.execute_stream({}, checkpoint=sink)
    async for event in execution.events:
        if isinstance(event, BarrierWaiting):
            execution.handle.decide(event.barrier_id, Approve())
        if isinstance(event, NodeEnd):
            ends.append(event)
    return sink.frames, ends


@pytest.mark.parametrize("make", [nested, fanned])
def test_a_frame_has_the_span_id_of_its_steps_events(make):
    """R6: what an event of a node calls its span is what the frame of the step calls it."""
    frames, ends = asyncio.run(streamed(make()))
    commits = [frame for frame in frames if frame.kind == "commit"]

    assert {f.span_id: f.path for f in commits} == {e.span_id: e.path for e in ends}
    assert len({frame.trace_id for frame in frames}) == 1


def test_the_frames_of_one_step_share_its_span():
    """B1, R6: a barrier's two frames are one step; another step has another id."""
    dbg = Debugger(nested(), {})
    dbg.run()
    dbg.approve()
    kinds = {frame.kind: frame.span_id for frame in dbg.frames}

    assert kinds["waiting"] == kinds["decision"]
    assert len({frame.span_id for frame in dbg.frames}) == len(dbg.frames) - 1


def test_a_failed_step_has_the_span_that_it_would_have_had():
    """R3, R6: the position has not moved, the step is the same when it is tried again."""

    def sometimes(ctx):
        if not mended:
            raise ValueError("no")

    mended = []
    dbg = Debugger(chain(named("a", 1), sometimes), {})
    failed = dbg.run().frame
    mended.append(True)

    assert dbg.retry().frame.span_id == failed.span_id


def test_a_frame_knows_its_run(tmp_path):
    """R6: in memory, stored and read again, on every line of it."""
    dbg = Debugger(chain(named("a", 1), named("b", 2)), {}, store=tmp_path / "runs.db")
    dbg.run()
    dbg.fork(at=1, put={"c": 3}).run()
    spans = [frame.span_id for frame in dbg.frames]
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db")

    assert {frame.trace_id for frame in dbg.frames} == {dbg.trace_id} == {again.trace_id}
    assert [frame.span_id for frame in again.frames] == spans
    assert {frame.trace_id for frame in again.branch("fork 1").frames} == {dbg.trace_id}
    assert Frame("g", "a", {}, 1).trace_id == ""


def test_a_frame_is_copied_as_itself_and_sent_alone():
    """Nothing in it changes, and a long history behind it is no part of it."""
    dbg = Debugger(chain(*[named(f"n{i}", i) for i in range(3)]), {})
    dbg.run()
    frame = dbg.frames[2]
    sent = pickle.loads(pickle.dumps(frame))

    assert copy.deepcopy(frame) is copy.copy(frame) is frame
    assert (sent.state, sent.path, sent.span_id) == (frame.state, frame.path, frame.span_id)
    assert sent.parent is None


def records():
    """Every kind of record that a run leaves, by name."""
    graph, trace, sink = chain(named("a", {"x": [1, {2}]})), MemoryTraceSink(), MemorySink()
    result = graph.run({"deep": {"k": [1]}}, trace=trace, checkpoint=sink)
    session = ExecutionSession({"n": 1}, graph)
    asyncio.run(session.run())
    dbg = Debugger(graph, {"n": 1})
    dbg.watch("a")
    stop = dbg.run()
    snapshots = IncrementalSnapshots({"n": 1})
    snapshots.record([Put("n", 2)])
    return {
        "result": result,
        "trace": trace.trace,
        "event": GraphComplete(result),
        "session checkpoint": session.checkpoint(),
        "checkpoint": Checkpoint.of(sink.frames[0], 1),
        "stop": stop,
        "summary": dbg.summary,
        "snapshot": snapshots.snapshot(),
        "log entry": entries_of(sink.frames[0], new_trace_id(), 1)[0],
        "route": sink.frames[0].route,
        "decision": Modify("a", {"b": [1]}),
        "write": dbg.who("a")[0],
    }


@pytest.mark.parametrize("name", records())
def test_every_record_is_taken_apart_and_copied(name):
    """C8: `dataclasses.asdict` and `deepcopy` take them, states and frames included."""
    record = records()[name]
    apart = dataclasses.asdict(record)

    assert set(apart) == {field.name for field in dataclasses.fields(record)}
    assert type(copy.deepcopy(record)) is type(record)
    if "state" in apart:
        assert apart["state"] == record.state
