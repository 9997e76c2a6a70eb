"""Interrupts before and after nodes: they wait, and ask for no value (LANGGRAPH.md L6, L15)."""

from __future__ import annotations

import pytest
from langgraph.graph import START, StateGraph

from lellm_nb import StopReason
from tests.adapters.langgraph.asking.waiting import ids
from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_interrupts import (
    static_all,
    static_and_asked,
    static_both_levels,
)
from tests.adapters.langgraph.law import debugger, finish

R = StopReason


def test_static_interrupts_wait_at_both_levels_and_approve_goes_on():
    """L6: before its commit or after it, under the node's own path; they ask for no value."""
    case, seen = static_both_levels(), []
    dbg = debugger(case)
    while (stop := dbg.run()).reason is R.BARRIER:
        assert len(stop.pending) == 1
        assert dbg.pending[0].value is None
        seen.append((stop.pending[0].path, case.ran.counts[stop.pending[0].node]))
        dbg.approve()

    assert seen == [("a", 1), ("sub/y", 0), ("sub/y", 1), ("b", 0)]
    assert stop.reason is R.COMPLETED
    assert len({one.decision.barrier_id for one in dbg.frames if one.decision}) == 4


def test_a_static_interrupt_in_a_loop_is_of_the_visit_that_has_run():
    """What waits after a node, and the decision, are of its run in this round."""
    g = StateGraph(Log).add_node("a", step_node(Ran(), "a")).add_edge(START, "a")
    g.add_conditional_edges("a", lambda state: "a" if len(state["log"]) < 3 else "__end__")
    dbg = debugger(Case(g.compile(interrupt_after=["a"]), {"log": []}, Ran()))
    while dbg.run().reason is R.BARRIER:
        dbg.approve()

    held = [(f.kind, f.visit) for f in dbg.frames if f.kind in ("waiting", "decision")]
    assert held == [(kind, n) for n in (1, 2) for kind in ("waiting", "decision")]


@pytest.mark.parametrize("way", ["step", "run"])
def test_a_static_interrupt_is_not_passed_by_any_verb(way):
    """L15: `run()` must not say that it is done at `interrupt_before`."""
    case = static_all()
    dbg = debugger(case)
    stop = dbg.run() if way == "run" else dbg.step()

    assert (stop.reason, dbg.pending[0].path) == (R.BARRIER, "a")
    assert case.ran.counts == {}
    assert dbg.status == "waiting"
    finish(case, dbg, way)
    assert dbg.state["log"] == ["a", "b", "c", "d"]


def test_a_node_that_is_held_and_then_asks_waits_twice():
    """L6: the static one first, under ids that differ."""
    dbg = debugger(static_and_asked())
    dbg.run()
    static = ids(dbg)
    dbg.approve()
    dbg.run()
    asked = ids(dbg)

    assert [id.rpartition("#")[0] for id in static + asked] == ["ask", "ask"]
    assert static != asked
    assert dbg.pending[0].value == "q?"
    dbg.answer("yes")
    dbg.run()
    dbg.approve()
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "ask:yes", "b"]
