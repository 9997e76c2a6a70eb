"""R7: events and chunks of a run under way."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lellm_nb import (
    BarrierResolved,
    BarrierWaiting,
    CheckpointSaved,
    GraphBuilder,
    GraphComplete,
    GraphFailed,
    GraphStart,
    InMemoryStore,
    MemorySink,
    NodeEnd,
    NodeStart,
    NodeStream,
    RoundStarted,
    StoreSink,
    TextDelta,
    ThinkingDelta,
    ToolFinished,
    ToolOutput,
    ToolQueued,
    ToolStarted,
)
from lellm_nb.errors import (
    BarrierCancelledError,
    NodeExecutionError,
    RunCancelledError,
    StepsExceededError,
)
from lellm_nb.record.chunks import chunk_text
from tests.strategies import fanned, nested, note, review, steps
from tests.strategies_story import approves, heard


def short(events):
    """Events by kind and place."""
    return [
        (type(e).__name__, getattr(e, "path", getattr(e, "node", getattr(e, "barrier_id", ""))))
        for e in events
    ]


# -- control events ----------------------------------------------------------------------------


def test_events_come_in_order_and_none_is_lost():
    """R7: start, node start and end, checkpoint, waiting, resolved, complete; each once."""
    events, result = heard(review(), {"topic": "otters"}, approves, checkpoint=MemorySink())

    assert short(events) == [
        ("GraphStart", ""),
        ("NodeStart", "draft"),
        ("NodeEnd", "draft"),
        ("CheckpointSaved", "draft"),
        ("CheckpointSaved", "approve"),
        ("BarrierWaiting", "approve"),
        ("CheckpointSaved", "approve"),
        ("BarrierResolved", "approve#0"),
        ("NodeStart", "publish"),
        ("NodeEnd", "publish"),
        ("CheckpointSaved", "publish"),
        ("GraphComplete", ""),
    ]
    assert events[-1].result.state == result.state
    assert events[0].trace_id == result.trace_id


def test_a_failed_run_ends_with_its_error():
    """R7: complete-or-error exactly once; with the last committed state."""

    def fails(ctx):
        raise ValueError("no")

    g = GraphBuilder("g").node("a", note).node("b", fails).edge("a", "b").start("a").end("b")
    events, error = heard(g.build())

    assert short(events)[-1] == ("GraphFailed", "")
    assert [type(e) for e in events].count(GraphFailed) == 1
    assert not any(isinstance(e, GraphComplete) for e in events)
    assert isinstance(error, NodeExecutionError)
    assert events[-1].error is error
    assert events[-1].state == {"log": ["a"]}
    assert [e.ok for e in events if isinstance(e, NodeEnd)] == [True, False]


def test_a_run_that_needs_more_steps_than_it_may_take_fails_in_the_stream_as_well():
    """R1, R7: the limit is the last event."""
    events, error = heard(steps("a", "b", "c"), max_steps=2)

    assert isinstance(error, StepsExceededError)
    assert isinstance(events[-1], GraphFailed)


def test_every_start_has_one_end_also_inside_composites():
    """R7, N2: with path, visit, step and a span id of its own."""
    events, _ = heard(nested(), {}, approves)
    starts = [e for e in events if isinstance(e, NodeStart)]
    ends = [e for e in events if isinstance(e, NodeEnd)]

    assert [(e.path, e.node, e.visit, e.step, e.span_id) for e in starts] == [
        (e.path, e.node, e.visit, e.step, e.span_id) for e in ends
    ]
    assert [e.path for e in starts][:3] == ["plan", "agent/llm", "agent/tool"]
    assert len({e.span_id for e in starts}) == len(starts)
    assert all(e.duration >= 0 for e in ends)


def test_events_of_branches_are_each_in_order():
    """R7, P4: side by side, but within a branch start comes before end before the next start."""
    events, _ = heard(fanned(), {}, approves)
    deep = [(type(e).__name__, e.path) for e in events if "deep" in getattr(e, "path", "")]

    assert deep == [
        ("NodeStart", "par/deep/one"),
        ("NodeEnd", "par/deep/one"),
        ("NodeStart", "par/deep/two"),
        ("NodeEnd", "par/deep/two"),
    ]


def test_a_saved_checkpoint_has_its_store_s_id():
    """R7, C5: what the sink returned; a commit that it did not keep is no event."""
    store = InMemoryStore()
    graph = steps("a", "b")
    sink = StoreSink(store, graph.canonical_hash)
    events, _ = heard(graph, {}, checkpoint=sink)
    saved = [e.checkpoint_id for e in events if isinstance(e, CheckpointSaved)]

    assert saved == list(reversed(store.list(sink.trace_id)))

    class Refuses:
        def on_checkpoint(self, state, info):
            return info.node_id == "a"

    events, _ = heard(graph, {}, checkpoint=Refuses())
    assert [e.node for e in events if isinstance(e, CheckpointSaved)] == ["a"]


def test_without_a_sink_nothing_is_said_to_be_saved():
    """R7: no checkpoint, no event."""
    events, _ = heard(steps("a", "b"))

    assert not any(isinstance(e, CheckpointSaved) for e in events)


def test_a_slow_reader_loses_nothing():
    """R7: control events are lossless, however late they are read."""

    async def slow():
        execution = steps(*[f"n{i}" for i in range(50)]).execute_stream({})
        await execution.result()
        return [event async for event in execution.events]

    events = asyncio.run(slow())
    assert [e.path for e in events if isinstance(e, NodeStart)] == [f"n{i}" for i in range(50)]


def test_closing_the_events_early_cancels_the_run():
    """R7: nobody listens, nobody works."""
    ran = []

    async def forever(ctx):
        ran.append(ctx.node)
        await asyncio.Event().wait()

    async def leave():
        g = GraphBuilder("g").node("a", forever).start("a").end("a")
        execution = g.build().execute_stream({})
        async for event in execution.events:
            if isinstance(event, NodeStart):
                break
        await execution.events.aclose()
        with pytest.raises(RunCancelledError):
            await asyncio.wait_for(execution.result(), 5)

    asyncio.run(leave())
    assert ran == ["a"]


def test_cancelling_by_the_handle_ends_the_stream():
    """R5, R7: the last event says so."""

    async def forever(ctx):
        await asyncio.Event().wait()

    g = GraphBuilder("g").node("a", forever).start("a").end("a")
    events, error = heard(
        g.build(), {}, lambda e, handle: handle.cancel() if isinstance(e, NodeStart) else None
    )

    assert isinstance(error, RunCancelledError)
    assert isinstance(events[-1], GraphFailed)
    assert isinstance(events[-1].error, RunCancelledError)


def test_cancelling_while_a_barrier_waits_ends_the_wait():
    """R5, B4: the run is cancelled; no decision is made up."""
    events, error = heard(
        review(),
        {"topic": "x"},
        lambda e, handle: handle.cancel() if isinstance(e, BarrierWaiting) else None,
    )

    assert isinstance(error, (RunCancelledError, BarrierCancelledError))
    assert not any(isinstance(e, BarrierResolved) for e in events)


# -- chunks --------------------------------------------------------------------------------------

CHUNKS = [
    RoundStarted(1),
    ThinkingDelta("hm"),
    ThinkingDelta("secret", redacted=True),
    TextDelta("hel"),
    TextDelta("lo"),
    ToolQueued("t1", "search", {"q": 1}),
    ToolStarted("t1", "search"),
    ToolOutput("t1", "found"),
    ToolFinished("t1", "search", True, [1]),
    "plain text",
]


def talk(ctx):
    """Send one chunk of each kind."""
    for chunk in CHUNKS:
        ctx.emit(chunk)


def test_chunks_are_a_second_plane_and_kept_in_the_frame():
    """R7: in the stream between start and end; whole and in order in the frame."""
    sink, got = MemorySink(), []

    class Stream:
        def emit(self, chunk):
            got.append(chunk)

    g = GraphBuilder("g").node("talk", talk).start("talk").end("talk")
    events, _ = heard(g.build(), {}, checkpoint=sink, stream=Stream())

    assert [e.chunk for e in events if isinstance(e, NodeStream)] == CHUNKS
    assert [type(e) for e in events][:2] == [GraphStart, NodeStart]
    assert [type(e) for e in events][-3:] == [NodeEnd, CheckpointSaved, GraphComplete]
    assert list(sink.frames[0].stream) == got == CHUNKS


def test_a_redacted_thought_is_never_shown():
    """R7: as text, only that something was there."""
    texts = [chunk_text(chunk) for chunk in CHUNKS]

    assert "[redacted]" in texts
    assert not any("secret" in text for text in texts)


def test_chunks_of_a_node_that_fails_are_kept_in_its_error_frame():
    """R3, R7: what was heard was heard, though nothing is committed."""
    from lellm_nb import Debugger

    def fails(ctx):
        ctx.emit(TextDelta("half"))
        raise ValueError("no")

    dbg = Debugger(GraphBuilder("g").node("a", fails).start("a").end("a").build())

    assert dbg.run().frame.stream == (TextDelta("half"),)


def test_chunks_from_threads_of_branches_all_arrive():
    """R7, P1: a sync branch emits from its thread."""

    def many(ctx):
        for i in range(100):
            ctx.emit((ctx.node, i))

    g = GraphBuilder("g").parallel("par", {"a": many, "b": many}).start("par").end("par")
    events, _ = heard(g.build())
    chunks = [e.chunk for e in events if isinstance(e, NodeStream)]

    for branch in "ab":
        assert [i for name, i in chunks if name == branch] == list(range(100))


# -- who raises is switched off ------------------------------------------------------------------


class Raises:
    """Every kind of sink; each call raises and is counted."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append(name)
            raise RuntimeError(f"{name} is broken")

        return call


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("checkpoint", "on_checkpoint"),
        ("stream", "emit"),
        ("trace", "on_start"),
        ("log", "append_batch"),
    ],
)
def test_a_sink_that_raises_is_reported_and_switched_off(part, method, caplog):
    """R7: once; the run goes on, and its events are all there."""
    broken = Raises()
    g = GraphBuilder("g").node("a", talk).node("b", note).node("c", note)
    graph = g.edge("a", "b").edge("b", "c").start("a").end("c").build()
    with caplog.at_level(logging.ERROR, logger="lellm_nb"):
        events, result = heard(graph, {}, **{part: broken})

    assert result.state == {"log": ["b", "c"]}
    assert broken.calls == [method]
    assert caplog.text.count("switched off") == 1
    assert f"{method} is broken" in caplog.text
    assert isinstance(events[-1], GraphComplete)


def test_a_sink_whose_awaitable_raises_is_switched_off_too(caplog):
    """R7: also when it fails later than it is called."""
    calls = []

    class Async:
        async def on_checkpoint(self, state, info):
            calls.append(info.path)
            raise RuntimeError("later")

    with caplog.at_level(logging.ERROR, logger="lellm_nb"):
        assert steps("a", "b").run({}, checkpoint=Async()).state == {"log": ["a", "b"]}
    assert calls == ["a"]
    assert "later" in caplog.text
