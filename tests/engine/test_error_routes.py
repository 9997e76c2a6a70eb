"""R8, R9: trying again, and error routes."""

from __future__ import annotations

import asyncio
import threading
from itertools import count

import pytest

from lellm_nb import (
    Debugger,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    StopReason,
)
from lellm_nb.clock import Clock
from lellm_nb.errors import (
    EdgeError,
    LellmError,
    NodeExecutionError,
    StepsExceededError,
    UnroutedError,
)
from tests.strategies import finish, note


def one(fn, name="node", **options):
    """A graph of one task."""
    g = GraphBuilder("g")
    g.task(fn, name=name, **options)
    return g.start(name).end(name).build()


# -- R8 ------------------------------------------------------------------------------------


def shaky(times):
    """A node that fails a number of times, then works."""

    def node(ctx):
        node.calls += 1
        ctx.append("log", node.calls)
        if node.calls <= times:
            raise ConnectionError(f"call {node.calls}")

    node.calls = 0
    return node


def test_each_attempt_is_recorded_and_only_the_last_one_counts():
    """R8: in the frame, with its error; what a failed attempt wrote is gone."""
    sink = MemorySink()
    state = one(shaky(2), retries=2, backoff=0).run({}, checkpoint=sink).state
    attempts = sink.frames[0].attempts

    assert state == {"log": [3]}
    assert [a.number for a in attempts] == [1, 2, 3]
    assert [str(a.error) for a in attempts] == ["call 1", "call 2", "None"]
    assert [a.late for a in attempts] == [False, False, False]
    assert all(a.duration >= 0 and a.started > 0 for a in attempts)


def test_when_every_attempt_fails_the_last_failure_is_the_node_s():
    """R8, R3: the error and its frame have the attempts."""
    dbg = Debugger(one(shaky(9), retries=1, backoff=0))
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    assert str(stop.error.__cause__) == "call 2"
    assert len(stop.error.attempts) == len(stop.frame.attempts) == 2
    assert dbg.state == {}


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [(0.5, [0.5, 1.0, 2.0]), (lambda attempt: attempt / 10, [0.1, 0.2, 0.3])],
)
def test_backoff_doubles_or_is_a_function(backoff, waits):
    """R8: seconds before each further attempt."""
    hours_pass = Clock(tick=map(float, count(step=3600)).__next__)
    session = ExecutionSession({}, one(shaky(3), retries=3, backoff=backoff), clock=hours_pass)
    asyncio.run(session.run())

    assert [a.pause for a in session.head.attempts] == pytest.approx([0, *waits])


def test_no_retries_mean_one_attempt():
    """R8: nothing is tried again by itself."""
    node = shaky(1)
    with pytest.raises(NodeExecutionError):
        one(node).run({})
    assert node.calls == 1


def test_an_async_node_that_takes_too_long_is_cancelled():
    """R8: it can clean up; the failure is a TimeoutError that says the limit."""
    cleaned = []

    async def slow(ctx):
        try:
            await asyncio.sleep(10)
        finally:
            cleaned.append(True)

    with pytest.raises(NodeExecutionError, match=r"0\.01") as caught:
        one(slow, timeout=0.01).run({})

    assert isinstance(caught.value.__cause__, TimeoutError)
    assert cleaned == [True]


def test_the_late_result_of_a_sync_node_is_dropped_and_its_frame_says_so():
    """R8: plain Python can't be killed; what comes after the time is up goes nowhere."""
    go_on, finished = threading.Event(), threading.Event()
    chunks = []

    class Stream:
        def emit(self, chunk):
            chunks.append(chunk)

    def node(ctx):
        node.calls += 1
        if node.calls == 1:
            go_on.wait(10)
            ctx.put("late", True)
            ctx.emit("late")
            finished.set()
            return
        ctx.put("second", threading.current_thread() is not threading.main_thread())

    node.calls = 0
    sink = MemorySink()

    async def run():
        result = await one(node, retries=1, backoff=0, timeout=0.05).execute(
            {}, checkpoint=sink, stream=Stream()
        )
        go_on.set()
        await asyncio.to_thread(finished.wait, 10)
        return result

    result = asyncio.run(run())

    assert result.state == sink.frames[0].state == {"second": True}
    assert [a.late for a in sink.frames[0].attempts] == [True, False]
    assert chunks == []
    assert sink.frames[0].stream == ()


def test_a_timeout_that_a_node_raises_itself_is_its_own_failure():
    """R8: it is not taken for the engine's."""

    async def node(ctx):
        raise TimeoutError("my own")

    dbg = Debugger(one(node, timeout=30))

    assert str(dbg.run().error.__cause__) == "my own"
    assert dbg.frames[-1].attempts[0].late is False if dbg.frames[-1].attempts else True


@pytest.mark.parametrize("options", [{"retries": 2, "backoff": 0}, {"timeout": 30}])
def test_a_node_in_a_thread_may_do_all_that_others_do(options):
    """R8: write, go, pause, emit, and see its state."""

    def node(ctx):
        ctx.put("seen", ctx.state["n"])
        ctx.emit("chunk")
        ctx.goto("end")

    g = GraphBuilder("g")
    g.task(node, name="node", **options)
    g.node("skipped", note).node("end", note).edge("node", "skipped").edge("skipped", "end")
    sink = MemorySink()
    state = g.start("node").end("end").build().run({"n": 7}, checkpoint=sink).state

    assert state == {"n": 7, "seen": 7, "log": ["end"]}
    assert sink.frames[0].stream == ("chunk",)


# -- R9 ------------------------------------------------------------------------------------


def fails(ctx):
    """Write, then raise."""
    ctx.put("half", True)
    raise ValueError("no luck")


def test_an_error_route_takes_the_failure():
    """R9: an error frame is its step: it moves, counts, reaches the sink; facts are put."""
    g = GraphBuilder("g").node("a", fails).node("rescue", note).node("b", note)
    g.edge("a", "b").on_error("a", "rescue").edge("rescue", "b").start("a").end("b")
    sink = MemorySink()
    result = g.build().run({}, checkpoint=sink, max_steps=3)
    frame = sink.frames[0]

    assert result.state["log"] == ["rescue", "b"]
    assert result.state["a.error"] == {"type": "ValueError", "message": "no luck", "path": "a"}
    assert "half" not in result.state
    assert (frame.kind, frame.cursor, frame.visit, frame.next_node) == ("error", 1, 1, "rescue")
    assert frame.route.kind == "error"
    assert isinstance(frame.error, NodeExecutionError)
    with pytest.raises(StepsExceededError):
        g.build().run({}, max_steps=2)


def rescued(at):
    """outer(mid(inner(fails))), with an error route at the level named."""
    inner = GraphBuilder("inner").node("ok", note).node("bad", fails).node("after", note)
    inner.edge("ok", "bad").edge("bad", "after").start("ok").end("after")
    if at == "inner":
        inner.on_error("bad", "after")
    mid = GraphBuilder("mid").subgraph("inner", inner.build()).node("next", note)
    mid.edge("inner", "next").start("inner").end("next")
    if at == "mid":
        mid.on_error("inner", "next")
    outer = GraphBuilder("outer").subgraph("mid", mid.build()).node("last", note)
    outer.edge("mid", "last").start("mid").end("last")
    if at == "outer":
        outer.on_error("mid", "last")
    return outer.build()


@pytest.mark.parametrize(
    ("at", "log", "key"),
    [
        ("inner", ["mid/inner/ok", "mid/inner/after", "mid/next", "last"], "bad.error"),
        ("mid", ["mid/next", "last"], "inner.error"),
        ("outer", ["last"], "mid.error"),
    ],
)
@pytest.mark.parametrize("how", ["run", "step", "debugger"])
def test_the_innermost_level_with_a_route_takes_it_and_composites_on_the_way_are_abandoned(
    at, log, key, how
):
    """R9: what was committed inside an abandoned composite is in the history, not in the state."""
    if how == "run":
        state = rescued(at).run({}).state
    elif how == "step":
        session = finish(ExecutionSession({}, rescued(at)))
        state = session.state
        assert "mid/inner/ok" in [f.path for f in session.line]
    else:
        dbg = Debugger(rescued(at))
        assert dbg.run().reason is StopReason.COMPLETED
        state = dbg.state

    assert state["log"] == log
    assert state[key]["type"] == "ValueError"
    assert state[key]["path"].startswith("mid/inner/bad")
    assert "half" not in state


def test_without_a_route_anywhere_the_run_fails_at_the_node():
    """R9, R3: as ever."""
    with pytest.raises(NodeExecutionError) as caught:
        rescued("nowhere").run({})
    assert caught.value.path == "mid/inner/bad"


def test_a_failure_on_the_error_route_is_a_failure_of_its_own():
    """R9: the rescuer may fail, too; its route is taken, or nobody's."""
    g = GraphBuilder("g").node("a", fails).node("b", fails).node("c", note)
    g.edge("a", "c").edge("b", "c").on_error("a", "b").start("a").end("c")
    with pytest.raises(NodeExecutionError) as caught:
        g.build().run({})
    assert caught.value.path == "b"
    assert "a.error" in caught.value.state

    state = g.on_error("b", "c").build().run({}).state
    assert (state["a.error"]["path"], state["b.error"]["path"]) == ("a", "b")


def test_an_error_route_may_lead_back_and_visits_count_on():
    """R9: a failed visit is a visit."""

    def second_time(ctx):
        if ctx.visit < 3:
            raise ValueError(f"visit {ctx.visit}")
        ctx.put("visit", ctx.visit)

    g = GraphBuilder("g").node("a", second_time).on_error("a", "a").start("a").end("a")
    session = finish(ExecutionSession({}, g.build()))

    assert session.state["visit"] == 3
    assert [(f.kind, f.visit, f.cursor) for f in session.line][1:] == [
        ("error", 1, 1),
        ("error", 2, 2),
        ("commit", 3, 3),
    ]


def test_the_end_node_may_have_an_error_route():
    """R9: its failure does not end the run."""
    g = GraphBuilder("g").node("end", fails).node("rescue", note)
    g.edge("rescue", "end").on_error("end", "rescue").start("end").end("end")
    with pytest.raises(StepsExceededError):
        g.build().run({}, max_steps=4)


def test_retries_come_before_the_route():
    """R8, R9: only what fails for good is routed; the frame has the attempts."""
    g = GraphBuilder("g")
    g.task(shaky(5), name="a", retries=2, backoff=0)
    g.node("b", note).edge("a", "b").on_error("a", "b").start("a").end("b")
    sink = MemorySink()
    state = g.build().run({}, checkpoint=sink).state

    assert state["a.error"]["message"] == "call 3"
    assert len(sink.frames[0].attempts) == 3


@pytest.mark.parametrize("kind", ["edge", "unrouted"])
def test_a_way_out_that_fails_is_not_the_node_s_failure(kind):
    """R4, R9: the node worked and is committed; its own error route is for its work."""
    g = GraphBuilder("g").node("a", note).node("b", note)
    g.edge_if("a", "b", (lambda s: s["absent"]) if kind == "edge" else (lambda s: False))
    g.on_error("a", "b").start("a").end("b")
    with pytest.raises(EdgeError if kind == "edge" else UnroutedError) as caught:
        g.build().run({})
    assert caught.value.state == {"log": ["a"]}


def test_a_way_out_that_fails_inside_is_a_failure_of_the_composite():
    """R9: a level further out may take it."""
    inner = GraphBuilder("inner").node("a", note).node("b", note)
    inner = inner.edge_if("a", "b", lambda s: False).start("a").end("b").build()
    g = GraphBuilder("g").subgraph("sub", inner).node("rescue", note)
    g.edge("sub", "rescue").on_error("sub", "rescue").start("sub").end("rescue")
    state = g.build().run({}).state

    assert state["sub.error"]["type"] == "UnroutedError"
    assert state["log"] == ["rescue"]


def test_a_goto_to_an_unknown_node_is_a_failure_that_can_be_routed():
    """R2, R9: it is a failure of the node."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.goto("nowhere")).node("b", note)
    g.edge("a", "b").on_error("a", "b").start("a").end("b")

    assert g.build().run({}).state["a.error"]["type"] == "NodeNotFoundError"


@pytest.mark.parametrize("on_error", ["fail_fast", "collect_all"])
def test_a_parallel_may_have_an_error_route(on_error):
    """R9, P3: its branches' work is abandoned, whoever failed."""
    g = GraphBuilder("g").parallel("par", {"a": note, "b": fails}, on_error=on_error)
    g.node("rescue", note).edge("par", "rescue").on_error("par", "rescue")
    graph = g.start("par").end("rescue").build()
    stepped = finish(ExecutionSession({}, graph)).state
    ran = graph.run({}).state

    assert stepped == ran
    assert ran["log"] == ["rescue"]
    assert ran["par.error"]["type"] in ("ValueError", "ParallelError")


def test_an_abandoned_composite_can_still_be_rewound_into():
    """R9, N2: its frames are in the history, and the run can go on from them."""
    dbg = Debugger(rescued("outer"))
    dbg.run()
    inside = next(f for f in dbg.frames if f.path == "mid/inner/ok")
    dbg.rewind(inside)

    assert dbg.position.stack[-1].node == "bad"
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state["log"] == ["last"]


def test_a_debugger_can_stop_at_a_failure_that_is_taken():
    """R9: `break_on_error` sees it, with the error at hand."""
    dbg = Debugger(rescued("mid"))
    dbg.break_on_error()
    stop = dbg.run()

    assert stop.reason is StopReason.BREAKPOINT
    assert isinstance(stop.frame.error, LellmError)
    assert dbg.run().reason is StopReason.COMPLETED
