"""Runs through barriers, answered from another thread."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import Debugger, StopReason
from tests.debug.graphs_blocked import LIMIT
from tests.strategies import review

R = StopReason


def through(dbg, answer):
    """Run through barriers, answering from another thread each time something waits."""
    answered = []

    def look():
        waiting = [p.id for p in dbg.pending]
        if dbg.status == "waiting" and waiting and waiting[0] not in answered:
            answered.append(waiting[0])
            threading.Thread(target=answer, args=(dbg, waiting[0])).start()

    leave = dbg.subscribe(look)
    try:
        return asyncio.run(dbg.arun(through_barriers=True)), answered
    finally:
        leave()


def test_a_run_through_barriers_goes_on_after_each_answer():
    """DESIGN: the one cell that shows Approve and Reject and goes on after the click."""
    dbg = Debugger(review(), {"topic": "x"})

    def answer(dbg, waiting):
        dbg.reject("no", id=waiting) if waiting == "approve#0" else dbg.approve(waiting)

    stop, answered = through(dbg, answer)

    assert stop.reason is R.COMPLETED
    assert answered == ["approve#0", "approve#1"]
    assert dbg.state["drafts"] == 2


def test_a_wrong_answer_to_a_run_through_barriers_is_refused():
    """B5, R2: it goes on waiting for a right one."""
    dbg = Debugger(review(), {"topic": "x"})
    refused = []

    def answer(dbg, waiting):
        for wrong in (
            lambda: dbg.approve("approve#7"),
            lambda: dbg.reroute("nowhere"),
            lambda: dbg.modify(("absent", "x"), 1),
            lambda: dbg.step(),
        ):
            try:
                wrong()
            except Exception as error:
                refused.append(type(error).__name__)
        dbg.approve()

    stop, _ = through(dbg, answer)

    assert stop.reason is R.COMPLETED
    assert refused == ["NotWaitingError", "NodeNotFoundError", "MissingKeyError", "BusyError"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_run_through_barriers_can_be_ended_while_it_waits(verb):
    """P5, R5: at a barrier there is nothing in flight; nothing is lost, it waits on."""
    dbg = Debugger(review(), {"topic": "x"})
    stop, _ = through(dbg, lambda dbg, waiting: getattr(dbg, verb)())

    assert stop.reason in (R.PAUSED, R.CANCELLED, R.BARRIER)
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert [f.kind for f in dbg.frames] == ["start", "commit", "waiting"]
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.timeout(10)
def test_interrupting_a_run_that_waits_at_a_barrier_leaves_it_paused():
    """DESIGN: Interrupt cancels the await; the run is left at a commit, and not busy."""
    dbg = Debugger(review(), {"topic": "x"})
    waits = threading.Event()
    dbg.subscribe(lambda: waits.set() if dbg.busy and dbg.status == "waiting" else None)

    async def cell():
        task = asyncio.ensure_future(dbg.arun(through_barriers=True))
        assert await asyncio.to_thread(waits.wait, LIMIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())

    assert not dbg.busy
    assert [p.id for p in dbg.pending] == ["approve#0"]
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED
