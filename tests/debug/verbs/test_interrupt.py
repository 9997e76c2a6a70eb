"""R11: Interrupt ends the node where it stands and commits nothing of it; the run pauses."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.graphs_blocked import LIMIT
from tests.strategies import note

R = StopReason


class Once:
    """Interrupts the main thread the first time it is called."""

    def __init__(self):
        self.calls = 0

    def __call__(self, *_):
        self.calls += 1
        if self.calls == 1:
            signal.raise_signal(signal.SIGINT)


def of(node, **options):
    """first -> node -> last."""
    g = GraphBuilder("g").node("first", note).node("last", note)
    g.task(node, name="node", **options)
    return g.edge("first", "node").edge("node", "last").start("first").end("last").build()


def paused_at_node(dbg, once):
    stop = dbg.run()
    assert (stop.reason, stop.error) == (R.PAUSED, None)
    assert [frame.kind for frame in dbg.frames] == ["start", "commit"]
    assert (dbg.busy, dbg.position.node, once.calls) == (False, "node", 1)
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"][-2:] == ["node", "last"]


def test_in_a_sync_node():
    once = Once()

    def node(ctx):
        note(ctx)
        once()

    paused_at_node(Debugger(of(node)), once)


def test_in_an_async_node():
    once = Once()

    async def node(ctx):
        note(ctx)
        await asyncio.sleep(0)
        once()

    paused_at_node(Debugger(of(node)), once)


def test_while_an_async_node_waits():
    """The signal meets the event loop, and the node is cancelled where it awaits."""
    once = Once()

    async def node(ctx):
        note(ctx)
        if not once.calls:
            asyncio.get_running_loop().call_soon(once)
            await asyncio.sleep(3600)

    paused_at_node(Debugger(of(node)), once)


def test_in_a_task_that_an_async_node_made():
    once = Once()

    async def child():
        once()

    async def node(ctx):
        note(ctx)
        await asyncio.gather(child(), asyncio.sleep(0))

    paused_at_node(Debugger(of(node)), once)


def test_a_node_that_is_tried_again_is_not_tried_again():
    once = Once()

    async def node(ctx):
        note(ctx)
        once()

    paused_at_node(Debugger(of(node, retries=3, backoff=0)), once)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
def test_while_branches_run_in_threads():
    """What a branch has committed is kept; the others run again."""
    committed, go = threading.Event(), threading.Event()
    runs = []

    def slow(ctx):
        runs.append("slow")
        if runs.count("slow") == 1:
            assert committed.wait(LIMIT)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert go.wait(LIMIT)
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"quick": note, "slow": slow})
    dbg = Debugger(g.start("par").end("par").build())
    dbg.subscribe(lambda: committed.set() if len(dbg.frames) > 1 else None)
    stop = dbg.run()
    go.set()

    assert stop.reason is R.PAUSED
    assert [f.path for f in dbg.frames][1:] == ["par/quick"]
    assert dbg.run().reason is R.COMPLETED
    assert (runs, dbg.state) == (["slow", "slow"], {"log": ["par/quick", "par/slow"]})


def test_a_node_that_catches_it_is_committed_and_the_run_pauses():
    """It chose to end well, as it may in a plain cell."""

    def node(ctx):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            ctx.put("partial", True)

    dbg = Debugger(of(node))
    stop = dbg.run()

    assert (stop.reason, stop.frame.node) == (R.PAUSED, "node")
    assert dbg.state["partial"] is True


def test_a_keyboard_interrupt_of_the_nodes_own_is_a_failure_like_any_other():
    def node(ctx):
        raise KeyboardInterrupt("mine")

    dbg = Debugger(of(node))
    stop = dbg.run()

    assert stop.reason is R.FAILED
    assert isinstance(stop.error.__cause__, KeyboardInterrupt)
    assert dbg.frames[-1].kind == "error"


@pytest.mark.parametrize("place", ["condition", "watch", "when", "until", "edge"])
def test_in_a_predicate(place):
    """Nothing is half done, and the run goes on from there."""
    once = Once()

    def asked(*_):
        once()
        return False

    g = GraphBuilder("g").node("first", note).node("node", note).node("last", note)
    g.edge("first", "node").edge("node", "last").start("first").end("last")
    if place == "edge":
        g.edge_if("first", "last", asked)
    if place == "condition":
        g.condition("which", [("node", asked)]).edge("which", "node")
        g.edge_if("first", "which", lambda state: True)
    dbg = Debugger(g.build())
    if place == "watch":
        dbg.watch(asked)
    if place == "when":
        dbg.break_at("node", when=asked)
    stop = dbg.run(until=asked if place == "until" else None)

    assert (stop.reason, dbg.busy) == (R.PAUSED, False)
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"log": ["first", "node", "last"]}
    assert once.calls >= 1


def test_what_takes_no_time_is_done_whole_and_then_says_that_it_was_interrupted(tmp_path):
    """A loop around it ends as the person meant it to."""
    dbg = Debugger(of(note), store=tmp_path / "runs.db")
    dbg.step()

    once = Once()
    dbg.subscribe(once)
    with pytest.raises(KeyboardInterrupt):
        dbg.rewind(0)

    assert (dbg.busy, dbg.state) == (False, {})
    assert dbg.run().reason is R.COMPLETED


def test_the_handler_that_was_there_is_there_again():
    dbg = Debugger(of(note))
    before = signal.getsignal(signal.SIGINT)
    dbg.step()
    dbg.fork(at=0)
    dbg.run()

    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_that_does_not_hear_interrupts_is_left_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert Debugger(of(lambda ctx: signal.raise_signal(signal.SIGINT))).run().error is None
    finally:
        signal.signal(signal.SIGINT, before)
