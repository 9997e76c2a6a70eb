"""What is in flight when a run is paused or stopped, or fails: what is kept, what runs again."""

from __future__ import annotations

import asyncio
import threading

import pytest
from langgraph.graph import START, StateGraph

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.graphs import Log

R = StopReason
WAIT = 30
"""Seconds after which a test that waits for another thread fails."""


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_pause_lets_what_is_in_flight_commit_and_stop_does_not(verb):
    """P5: no new node starts; everything before is kept, and the run goes on from there."""
    entered, go, ran = threading.Event(), threading.Event(), Ran()

    async def slow(state: Log) -> dict:
        ran("slow")
        entered.set()
        if not go.is_set():
            await asyncio.to_thread(go.wait, WAIT)
        return {"log": ["slow"]}

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("slow", slow)
    g.add_node("b", step_node(ran, "b")).add_edge(START, "a").add_edge("a", "slow")
    dbg = Debugger(g.add_edge("slow", "b").compile(), {"log": []})
    handle = dbg.start()
    assert entered.wait(WAIT)
    getattr(dbg, verb)()
    if verb == "pause":
        go.set()
    stop = handle.result(WAIT)
    go.set()

    assert stop.reason is (R.PAUSED if verb == "pause" else R.CANCELLED)
    assert dbg.state["log"] == (["a", "slow"] if verb == "pause" else ["a"])
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "slow", "b"]
    assert ran.counts == {"a": 1, "slow": 1 if verb == "pause" else 2, "b": 1}


def test_what_was_committed_before_a_failure_is_kept_and_what_was_in_flight_runs_again():
    """P3: LangGraph cancels the siblings; only a person can say that they had acted."""
    ran, in_flight, broken = Ran(), asyncio.Event(), [True]

    async def quick(state: Log) -> dict:
        ran("quick")
        return {"log": ["quick"]}

    async def slow(state: Log) -> dict:
        ran("slow")
        if broken:
            in_flight.set()
            await asyncio.Event().wait()  # never set: it is cancelled
        return {"log": ["slow"]}

    async def bad(state: Log) -> dict:
        ran("bad")
        if broken:
            await in_flight.wait()
            raise ValueError("boom")
        return {"log": ["bad"]}

    g = StateGraph(Log)
    for node in (quick, slow, bad):
        g.add_node(node).add_edge(START, node.__name__)
    dbg = Debugger(g.compile(), {"log": []})
    stop = dbg.run()
    broken.clear()

    assert stop.reason is R.FAILED
    assert [f.path for f in dbg.frames if f.kind == "error"] == ["bad"]
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["bad", "quick", "slow"]
    assert (ran.counts["bad"], ran.counts["slow"]) == (2, 2)
    assert ran.counts["quick"] == len([f for f in dbg.frames if f.path == "quick"])


def test_stop_cancels_what_is_in_flight_and_keeps_what_was_committed():
    """R5, R11: the siblings that had committed do not run again."""
    ran, entered, go = Ran(), threading.Event(), []

    async def quick(state: Log) -> dict:
        ran("quick")
        return {"log": ["quick"]}

    async def slow(state: Log) -> dict:
        ran("slow")
        if not go:
            entered.set()
            await asyncio.Event().wait()
        return {"log": ["slow"]}

    g = StateGraph(Log).add_node("quick", quick).add_node("slow", slow)
    dbg = Debugger(g.add_edge(START, "quick").add_edge(START, "slow").compile(), {"log": []})
    seen = threading.Event()
    dbg.subscribe(lambda: seen.set() if len(dbg.frames) > 1 else None)
    handle = dbg.start()
    assert entered.wait(WAIT)
    assert seen.wait(WAIT)
    dbg.stop()
    stop = handle.result(WAIT)
    go.append(True)

    assert stop.reason is R.CANCELLED
    assert [f.path for f in dbg.frames] == ["", "quick"]
    assert dbg.run().reason is R.COMPLETED
    assert ran.counts == {"quick": 1, "slow": 2}
