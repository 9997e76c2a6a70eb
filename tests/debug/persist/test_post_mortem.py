"""A debugger where a run failed that had none (SEMANTICS C11, R3)."""

from __future__ import annotations

import asyncio
import gc
import pickle
import sys
import weakref

import pytest

from lellm_nb import (
    Debugger,
    DiskSink,
    ExecutionEngine,
    ExecutionSession,
    FrameStack,
    GraphBuilder,
    InMemoryStore,
    MemorySink,
    SessionCheckpointSink,
    StoreSink,
)
from lellm_nb.errors import DebuggerError, RunError, StepsExceededError
from tests.strategies import finish_debugger


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch):
    """No error of another test is the last one."""
    for name in ("last_exc", "last_value"):
        monkeypatch.delattr(sys, name, raising=False)
    monkeypatch.setattr("lellm_nb.record.past.stopped_run._Last.error", lambda: None)


def first(ctx):
    return {"n": ctx.state.get("n", 0) + 1}


def second(ctx):
    return {"m": ctx.state["missing"]}


def mended(ctx):
    return {"m": ctx.state["n"]}


def row():
    g = GraphBuilder("row").node("first", first).node("second", second)
    return g.edge("first", "second").start("first").end("second").build()


def inside():
    """It fails inside of a subgraph."""
    g = GraphBuilder("outer").node("plan", first).subgraph("agent", row())
    return g.edge("plan", "agent").start("plan").end("agent").build()


def beside():
    """It fails in one of two branches, after the other."""
    g = GraphBuilder("beside").node("plan", first)
    g.parallel("par", {"good": lambda ctx: {"good": True}, "bad": second}, on_error="collect_all")
    return g.edge("plan", "par").start("plan").end("par").build()


def failure_of(run):
    """What a run raises."""
    with pytest.raises(RunError) as caught:
        run()
    return caught.value


async def streamed(graph, **options):
    execution = graph.execute_stream({"n": 1}, **options)
    async for _ in execution.events:
        pass
    return await execution.result()


async def stepped(graph):
    await ExecutionSession({"n": 1}, graph).run()


RUNS = {
    "run": lambda g: g.run({"n": 1}),
    "execute": lambda g: asyncio.run(g.execute({"n": 1})),
    "execute_stream": lambda g: asyncio.run(streamed(g)),
    "run_inline": lambda g: asyncio.run(g.run_inline(ExecutionEngine({"n": 1}), 10)),
}
GRAPHS = {"row": (row, "second"), "inside": (inside, "agent/second"), "beside": (beside, "par")}


@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("which", GRAPHS)
def test_it_stands_where_the_run_failed(which, how):
    """C11: with how it began and the failure; mended and retried it goes on to the end."""
    make, where = GRAPHS[which]
    error = failure_of(lambda: RUNS[how](make()))

    dbg = Debugger.post_mortem(error)

    assert dbg.status == "failed"
    assert dbg.session.head.path.startswith(where.partition("/")[0])
    assert dict(dbg.frames[0].state) == {"n": 1}
    assert not dbg.frames[0].gap
    assert dbg.back().frame.kind != "error"
    dbg.rewind(len(dbg.frames) - 1)
    node = {"row": "second", "inside": "agent/second", "beside": "par/bad"}[which]
    dbg.patch({node: mended})
    assert dbg.retry().reason.name in ("COMPLETED", "STEP")
    finish_debugger(dbg)
    assert dbg.status == "completed"
    assert dbg.state["m"] == (3 if which == "inside" else 2)


SINKS = {
    "memory": lambda graph, tmp: MemorySink(),
    "stack": lambda graph, tmp: SessionCheckpointSink(FrameStack(), graph.name),
    "disk": lambda graph, tmp: DiskSink(tmp / "disk"),
    "store": lambda graph, tmp: StoreSink(InMemoryStore(), graph.canonical_hash),
}


@pytest.mark.parametrize("kind", SINKS)
def test_with_a_sink_every_frame_is_there(kind, tmp_path):
    """C11: what a sink has kept of the run is its past, without a gap."""
    graph = inside()
    sink = SINKS[kind](graph, tmp_path)
    error = failure_of(lambda: graph.run({"n": 1}, checkpoint=sink))

    dbg = Debugger.post_mortem(error)

    assert [(f.kind, f.path) for f in dbg.frames] == [
        ("start", ""),
        ("commit", "plan"),
        ("commit", "agent/first"),
        ("error", "agent/second"),
    ]
    assert not any(f.gap for f in dbg.frames)
    assert [w.frame.path for w in dbg.who("n")] == ["plan"]


def test_the_last_error_is_meant_where_none_is_given(monkeypatch):
    """C11: the one on its way, else what the interpreter or IPython showed last."""
    ready = Debugger(row())
    with pytest.raises(DebuggerError, match="no failed run"):
        Debugger.post_mortem()
    assert ready.status == "ready"
    try:
        row().run({"n": 1})
    except RunError:
        assert Debugger.post_mortem().session.head.path == "second"
    error = failure_of(lambda: inside().run({"n": 1}))
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    assert Debugger.post_mortem().session.head.path == "agent/second"


def test_it_is_found_inside_of_other_errors():
    """C11: as a cause, and in a group."""
    error = failure_of(lambda: row().run({"n": 1}))
    try:
        raise KeyError("outer") from error
    except KeyError as outer:
        group = ExceptionGroup("several", [ValueError("x"), outer])

    assert Debugger.post_mortem(group).session.head.path == "second"
    with pytest.raises(DebuggerError, match="ValueError is not the error of a run"):
        Debugger.post_mortem(ValueError("x"))


def test_of_a_debugger_it_is_that_debugger():
    """C11: as long as it stands there; else a new one stands where it stood."""
    dbg = Debugger(row(), {"n": 1})
    stop = dbg.run()

    assert Debugger.post_mortem(stop.error) is dbg
    assert Debugger.post_mortem() is dbg
    dbg.back()
    other = Debugger.post_mortem(stop.error)
    assert other is not dbg
    assert other.status == "failed"
    assert list(other.frames) == list(dbg.frames)

    session = ExecutionSession({"n": 1}, row())
    error = failure_of(lambda: asyncio.run(session.run()))
    assert Debugger.post_mortem(error).session.head is session.head


def test_an_error_keeps_no_history_alive():
    """C11: what ran is held weakly; when it is gone that is what is said."""
    dbg = Debugger(row(), {"n": 1})
    error = dbg.run().error
    history = weakref.ref(dbg.session.history)
    error.__traceback__ = error.__cause__ = None
    del dbg
    gc.collect()

    assert history() is None
    with pytest.raises(DebuggerError, match="is gone"):
        Debugger.post_mortem(error)

    class Sink(MemorySink):
        pass

    def failed():
        sink = Sink()
        return failure_of(lambda: row().run({"n": 1}, checkpoint=sink)), weakref.ref(sink)

    error, seen = failed()
    error.__traceback__ = error.__cause__ = None
    gc.collect()
    assert seen() is None
    assert [f.kind for f in Debugger.post_mortem(error).frames] == ["start", "commit", "error"]


def test_an_error_travels_without_the_run():
    """C11: a copy in another process has nothing of it."""
    error = failure_of(lambda: row().run({"n": 1}))

    copy = pickle.loads(pickle.dumps(error))

    assert error.stopped is not None
    assert copy.stopped is None


def test_a_run_that_took_too_many_steps_goes_on():
    """C11: its limit is the debugger's from then on."""
    g = GraphBuilder("loop").node("a", first).edge_if("a", "a", lambda s: s["n"] < 20)
    g = g.node("b", lambda ctx: None).edge("a", "b").start("a").end("b").build()
    error = failure_of(lambda: g.run({}, max_steps=5))
    assert isinstance(error, StepsExceededError)

    dbg = Debugger.post_mortem(error)

    assert (dbg.state["n"], dbg.frames[-1].gap) == (5, True)
    assert dbg.run().reason.name == "COMPLETED"
    assert dbg.state["n"] == 20


def test_between_two_frames_that_are_known_the_gap_is_told():
    """C11: without a sink only the last commit is known, and nobody is named for the rest."""
    g = GraphBuilder("long").node("first", first).node("again", lambda ctx: {"z": 1})
    g.node("second", second).edge("first", "again").edge("again", "second")
    error = failure_of(lambda: g.start("first").end("second").build().run({}))

    dbg = Debugger.post_mortem(error)

    assert [(f.kind, f.gap) for f in dbg.frames] == [
        ("start", False),
        ("commit", True),
        ("error", False),
    ]
    assert [w.frame.kind for w in dbg.who("n")] == ["gap"]
