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
    retried_inside,
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


TRIED = [(retried, {"a": 3}), (retried_inside, {"sub/shaky": 2, "call_it/flow/fetch": 2})]


@pytest.mark.parametrize(("make", "tries"), TRIED, ids=["at the top", "inside"])
def test_what_is_tried_again_is_told_and_kept(make, tries, tmp_path):
    """R8: each attempt stands in the frame, and is told as it begins, as far as LangGraph says."""
    case = make()
    dbg = Debugger(case.graph, case.input, store=tmp_path / "runs.db", **case.given())
    notes = []
    dbg.subscribe(lambda: notes.extend(dbg.summary.retries))
    dbg.run()
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=case.graph)

    for path, count in tries.items():
        for found in (dbg.frames[path, 1].attempts, again.frames[path, 1].attempts):
            assert [one.number for one in found] == [*range(1, count + 1)]
            assert [isinstance(one.error, ConnectionError) for one in found[:-1]] == [True] * (
                count - 1
            )
            assert found[-1].error is None
    told = {(note.path, note.attempt, note.of) for note in notes}
    assert told == {(path, n, 0) for path, count in tries.items() for n in range(2, count + 1)}


def test_a_node_that_fails_each_time_it_is_tried_fails():
    """The policy gives up, and so the run stops there."""
    ran = Ran()
    policy = RetryPolicy(max_attempts=2, **NOW)
    g = StateGraph(Log).add_node("a", flaky(ran, "a", 5), retry_policy=policy)
    dbg = Debugger(g.add_edge(START, "a").compile(), {"log": []})
    reasons = [dbg.run().reason, dbg.run().reason, dbg.run().reason]

    assert reasons == [R.FAILED, R.FAILED, R.COMPLETED]
    failed = [f for f in dbg.frames if f.kind == "error"]
    assert [[a.number for a in f.attempts] for f in failed] == [[1, 2], [1, 2]]
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
