"""R8: a node that is tried again, and one that nothing is heard of."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from itertools import count

import pytest

from lellm_nb import (
    Debugger,
    ExecutionSession,
    GraphBuilder,
    MemoryTraceSink,
    NodeEnd,
    NodeRetry,
    NodeStart,
    Retry,
)
from lellm_nb.clock import Clock
from lellm_nb.errors import NodeExecutionError
from lellm_nb.graph import Task
from lellm_nb.session.protocol import Controls, Halt
from tests.strategies import finish, note
from tests.waiting import until

REFUSED = "refused"


def one(fn, **options):
    """A graph of one task."""
    g = GraphBuilder("g")
    g.task(fn, name="a", **options)
    return g.start("a").end("a").build()


def hours_pass():
    """A clock on which every pause is over at once."""
    return Clock(tick=map(float, count(step=3600)).__next__)


class Shaky:
    """A node that fails a number of times in each run of its, then works."""

    def __init__(self, times, error=ConnectionError):
        self.left, self.error, self.calls = times, error, 0

    def __call__(self, ctx):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error(REFUSED)
        ctx.append("log", ctx.path)


# -- told while it happens ---------------------------------------------------------------------


def test_each_further_try_is_an_event_before_its_pause():
    """R8: between the start and the end of the node, with the error and the delay."""
    node = Shaky(2)
    seen = []

    async def run():
        execution = one(node, retry=Retry(backoff=0.001, jitter=False)).execute_stream({})
        async for event in execution.events:
            if isinstance(event, NodeRetry):
                seen.append((event, node.calls))
            elif isinstance(event, (NodeStart, NodeEnd)):
                seen.append(type(event).__name__)
        return await execution.result()

    result = asyncio.run(run())
    first, last = seen[1][0], seen[2][0]

    assert result.state == {"log": ["a"]}
    assert (seen[0], seen[-1], len(seen)) == ("NodeStart", "NodeEnd", 4)
    assert (first.path, first.node, first.visit, first.attempt) == ("a", "a", 1, 2)
    assert (type(first.error), str(first.error)) == (ConnectionError, REFUSED)
    assert [event.delay for event in (first, last)] == [0.001, 0.002]
    assert last.attempt == 3


def test_a_trace_sink_that_wants_to_know_is_told():
    """R7, R8: one without the method is not asked."""

    class Hears(MemoryTraceSink):
        def __init__(self):
            super().__init__()
            self.tries = []

        def on_retry(self, event):
            self.tries.append(event.attempt)

    sink = Hears()
    for trace in (sink, MemoryTraceSink()):
        assert one(Shaky(1), retries=1, backoff=0).run({}, trace=trace).state == {"log": ["a"]}

    assert sink.tries == [2]


# -- which errors ----------------------------------------------------------------------------


@pytest.mark.parametrize("on", [ConnectionError, (KeyError, OSError), lambda e: str(e) == REFUSED])
def test_an_error_that_is_meant_is_tried_again(on):
    """R8: classes, those below them, or what a function says."""
    node = Shaky(2)
    assert one(node, retry=Retry(on=on, backoff=0)).run({}).state == {"log": ["a"]}
    assert node.calls == 3


@pytest.mark.parametrize("on", [KeyError, lambda error: False])
def test_another_error_fails_at_once(on):
    """R8: its one attempt is recorded."""
    node = Shaky(9)
    stop = Debugger(one(node, retry=Retry(on=on, backoff=0))).run()

    assert node.calls == 1
    assert str(stop.error.__cause__) == REFUSED
    assert [str(one.error) for one in stop.frame.attempts] == [REFUSED]


def broken(given):
    """A rule that has a mistake."""
    raise LookupError("no such rule")


@pytest.mark.parametrize("rule", [{"on": broken}, {"backoff": broken}])
def test_a_rule_that_raises_is_the_failure(rule):
    """R8, R3: nothing is committed, and the attempt is there."""
    node = Shaky(9)
    stop = Debugger(one(node, retry=Retry(**rule))).run()

    assert (type(stop.error), str(stop.error.__cause__)) == (NodeExecutionError, "no such rule")
    assert (node.calls, len(stop.frame.attempts)) == (1, 1)


def test_an_interrupt_of_the_node_s_own_is_not_tried_again():
    """R8: nor is anything else that is no `Exception`."""
    node = Shaky(9, SystemExit)
    with pytest.raises(NodeExecutionError):
        one(node, retry=Retry(on=lambda error: True, backoff=0)).run({})
    assert node.calls == 1


# -- everywhere --------------------------------------------------------------------------------


def nest(fails, **options):
    """A task at the top, two in branches (one of them inside of a graph), and one in a subgraph.

    Args:
        fails: How often each of them does.
    """

    def task(name):
        return Task(name, Shaky(fails), **options)

    def inner(name):
        return GraphBuilder("in").node(name, task(name)).start(name).end(name).build()

    g = GraphBuilder("g").node("top", task("top"))
    g.parallel("par", {"x": task("x"), "y": inner("deep")}).subgraph("sub", inner("low"))
    return g.edge("top", "par").edge("par", "sub").start("top").end("sub").build()


PATHS = ["top", "par/x", "par/y/deep", "sub/low"]


@pytest.mark.parametrize("step", [False, True], ids=["run", "stepped"])
def test_tries_are_recorded_at_every_level(step):
    """R8, R3: in branches (threads), in subgraphs, stepped or run; what failed wrote nothing."""
    retry = Retry(on=ConnectionError, backoff=0.5, jitter=False)
    session = ExecutionSession({}, nest(2, retry=retry), clock=hours_pass())
    if step:
        finish(session)
    else:
        asyncio.run(session.run())
    tried = {frame.path: frame.attempts for frame in session.line if frame.attempts}

    assert sorted(session.state["log"]) == sorted(tried) == sorted(PATHS)
    for attempts in tried.values():
        assert [(one.number, one.pause, one.late) for one in attempts] == [
            (1, 0.0, False),
            (2, 0.5, False),
            (3, 1.0, False),
        ]
        assert [str(one.error) for one in attempts] == [REFUSED, REFUSED, "None"]


def test_events_name_the_path_at_every_level():
    """R8: with the visits of the composites around it."""

    async def run():
        execution = nest(1, retries=1, backoff=0).execute_stream({})
        return [event.path async for event in execution.events if isinstance(event, NodeRetry)]

    assert sorted(asyncio.run(run())) == sorted(PATHS)


# -- in a pause ----------------------------------------------------------------------------------


def test_a_run_that_is_to_stop_stops_in_a_pause():
    """R5: nothing of the node is committed, and it begins anew when the run goes on."""
    node = Shaky(1)
    session = ExecutionSession({}, one(node, retry=Retry(backoff=3600, jitter=False)))
    controls = Controls(on_retry=lambda event, tries: controls.stop("enough"))

    assert asyncio.run(session.advance(controls)) is Halt.STOPPED
    assert (controls.stopping, node.calls, len(session.line)) == ("enough", 1, 1)

    assert asyncio.run(session.run()) is Halt.ENDED
    assert (session.state, session.head.attempts) == ({"log": ["a"]}, ())


def test_a_branch_in_a_pause_holds_no_stop_up():
    """R5, P3: what the others committed stays, and that branch begins anew."""
    node = Shaky(1)
    task = Task("x", node, retry=Retry(backoff=3600, jitter=False))
    g = GraphBuilder("g").parallel("par", {"x": task, "y": note}).start("par").end("par")
    session = ExecutionSession({}, g.build())
    controls = Controls(watch=lambda frame: "seen" if frame.path == "par/y" else None)

    assert asyncio.run(session.advance(controls)) is Halt.STOPPED
    assert [frame.path for frame in session.line[1:]] == ["par/y"]

    assert asyncio.run(session.run()) is Halt.ENDED
    assert sorted(session.state["log"]) == ["par/x", "par/y"]


# -- idle_timeout ----------------------------------------------------------------------------------

IDLE = 0.08


class HandClock:
    """Time goes by where a test says so, and it is told how often somebody looked."""

    def __init__(self):
        self.now, self.looks = 0.0, 0
        self.clock = Clock(tick=self.tick)

    def tick(self):
        self.looks += 1
        return self.now

    def pass_by(self, seconds):
        """Let time go by, and wait until somebody has looked at it."""
        self.now += seconds
        seen = self.looks
        until(lambda: self.looks > seen, "a look at the clock", pace=0.005)


def said(way, ctx):
    """Give a sign of life."""
    if way == "emit":
        ctx.emit("chunk")
    elif way == "print":
        print("still here")
    else:
        logging.getLogger("test").warning("still here")


WAYS = ["emit", "print", "log"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("captured", [False, True], ids=["session", "captured"])
def test_a_sync_node_that_is_heard_of_goes_on_and_a_silent_one_fails(way, captured, capsys):
    """R8: by chunks, prints and logs, whether they are kept in a frame or not."""
    hand, go = HandClock(), threading.Event()

    def node(ctx):
        for _ in range(4):
            hand.pass_by(IDLE * 0.7)
            said(way, ctx)
        ctx.append("log", "heard")
        hand.pass_by(0)
        hand.now += IDLE
        go.wait(10)
        ctx.append("log", "late")

    session = ExecutionSession({}, one(node, idle_timeout=IDLE), clock=hand.clock)
    with pytest.raises(NodeExecutionError) as caught:
        asyncio.run(session.advance(Controls(capture=captured)))
    go.set()

    assert type(caught.value.__cause__) is TimeoutError
    assert str(caught.value.__cause__) == f"nothing was heard of it for {IDLE} s"
    assert [one.late for one in session.head.attempts] == [True]
    assert session.state == {}
    if way == "print":
        where = session.head.output if captured else capsys.readouterr().out
        assert where == "still here\n" * 4


def test_an_async_node_that_is_silent_is_cancelled_and_tried_again():
    """R8: it can clean up; the next attempt has the time anew."""
    hand = HandClock()
    cleaned = []

    async def node(ctx):
        if len(cleaned) == 1:
            return {"ok": True}
        hand.now += IDLE
        try:
            await asyncio.sleep(10)
        finally:
            cleaned.append(ctx.path)

    task = one(node, idle_timeout=IDLE, retry=Retry(on=TimeoutError, backoff=0))
    session = ExecutionSession({}, task, clock=hand.clock)
    asyncio.run(session.run())

    assert (session.state, cleaned) == ({"ok": True}, ["a"])
    assert [one.late for one in session.head.attempts] == [True, False]


def test_a_call_that_is_taken_down_is_heard():
    """R8, K4: that it begins, and that it ends."""
    hand = HandClock()

    def node(ctx):
        for _ in range(4):
            hand.pass_by(IDLE * 0.7)
            ctx.call(str, 3)
        return {"ok": True}

    session = ExecutionSession({}, one(node, idle_timeout=IDLE), clock=hand.clock)

    assert Debugger(session).run().reason.name == "COMPLETED"
    assert session.state == {"ok": True}


def test_a_timeout_holds_beside_it():
    """R8: an attempt that chatters on is ended by `timeout`."""

    async def node(ctx):
        while True:
            ctx.emit("chunk")
            await asyncio.sleep(0.005)

    graph = one(node, timeout=0.05, idle_timeout=30)
    with pytest.raises(NodeExecutionError, match=r"took longer than 0\.05 s"):
        graph.run({})


def test_output_of_others_is_left_alone_after_an_attempt():
    """R8: what is put in place to hear is taken away, and nobody hears another node."""
    real = sys.stdout
    assert one(lambda ctx: {"ok": sys.stdout is not real}, idle_timeout=3).run({}).state["ok"]
    assert sys.stdout is real
