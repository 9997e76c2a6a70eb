"""What fails and is taken: tried again, handled; and limits of time (LANGGRAPH.md L5)."""

from __future__ import annotations

import asyncio

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.failing.breaking import cause
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_failing import (
    HANDLED_BESIDE,
    HAS_HANDLERS,
    HAS_TIMEOUTS,
    NOW,
    flaky,
    handled,
    handled_beside,
    handled_inside,
    retried,
)
from tests.adapters.langgraph.law import debugger, finish

R = StopReason
needs_handlers = pytest.mark.skipif(not HAS_HANDLERS, reason="nodes of this version have none")


def test_a_node_that_is_tried_again_is_one_frame():
    """A retry policy is LangGraph's own: what failed and was tried again is no failure."""
    case = retried()
    dbg = debugger(case)

    assert dbg.run().reason is R.COMPLETED
    assert [f.path for f in dbg.frames if f.path == "a"] == ["a"]
    assert not [f for f in dbg.frames if f.kind == "error"]
    assert case.ran.counts["a"] == 3


def test_a_node_that_fails_each_time_it_is_tried_fails():
    """The policy gives up, and so the run stops there."""
    ran = Ran()
    policy = RetryPolicy(max_attempts=2, **NOW)
    g = StateGraph(Log).add_node("a", flaky(ran, "a", 5), retry_policy=policy)
    dbg = Debugger(g.add_edge(START, "a").compile(), {"log": []})
    reasons = [dbg.run().reason, dbg.run().reason, dbg.run().reason]

    assert reasons == [R.FAILED, R.FAILED, R.COMPLETED]
    assert ran.counts == {"a": 6}


@needs_handlers
def test_a_failure_that_a_handler_takes_is_an_error_frame_that_moves():
    """L5, R9: the handler commits at `<node>.error`."""
    found = [(handled, "bad"), (handled_inside, "sub")]
    found += [(handled_beside, "bad")] if HANDLED_BESIDE else []
    for make, path in found:
        case = make()
        dbg = debugger(case)
        finish(case, dbg, "step")
        errors = [f for f in dbg.frames if f.kind == "error"]

        assert len(errors) == 1
        assert errors[0].path in (path, f"{path}/bad")
        assert not errors[0].failed
        assert dbg.at(f"{path}.error").kind == "commit"
        assert dbg.status == "completed"


@pytest.mark.skipif(not HAS_TIMEOUTS, reason="nodes of this version have no limit")
def test_a_node_past_its_limit_of_time_fails():
    """It never comes back by itself; the run goes on once it does."""
    stuck = [True]

    async def slow(state: Log) -> dict:
        if stuck:
            await asyncio.Event().wait()
        return {"log": ["slow"]}

    g = StateGraph(Log).add_node("slow", slow, timeout=0.02).add_edge(START, "slow")
    dbg = Debugger(g.compile(), {"log": []})
    stop = dbg.run()
    stuck.clear()

    assert (stop.reason, stop.error.node) == (R.FAILED, "slow")
    assert "Timeout" in type(cause(stop)).__name__
    assert dbg.run().reason is R.COMPLETED
