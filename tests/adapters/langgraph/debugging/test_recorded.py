"""Nodes that are looked up, mocked, or ask first (L4, L6)."""

from __future__ import annotations

import pytest

from lellm_nb import StopReason
from lellm_nb.errors import NotRecordedError
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import CASES as FIRST
from tests.adapters.langgraph.graphs import chain, map_reduce, nested
from tests.adapters.langgraph.graphs_failing import HAS_HANDLERS
from tests.adapters.langgraph.graphs_nesting import issue_8458, loop_over_subgraph
from tests.adapters.langgraph.law import debugger, finish
from tests.adapters.langgraph.plain import normal

R = StopReason


@pytest.mark.parametrize("name", FIRST)
def test_a_run_that_is_all_recorded_ends_the_same_and_runs_nothing(name):
    """R10: outcomes are looked up by path and visit; frame by frame it is the same run."""
    case = CASES[name]()
    dbg = debugger(case)
    finish(case, dbg, "run")
    end, old = normal(dbg.state), [(f.kind, f.path, f.visit) for f in dbg.frames]
    for path in dbg.paths:
        dbg.mode(path, "recorded")
    dbg.rewind(0)
    case.ran.clear()
    finish(case, dbg, "run")

    assert normal(dbg.state) == end
    leaves = {name for name in case.ran.counts if name not in case.again}
    assert leaves == set()
    assert sorted((f.kind, f.path, f.visit) for f in dbg.frames) == sorted(old)
    assert any(frame.recorded for frame in dbg.frames)


def test_one_recorded_node_among_live_ones():
    """It does not run, and its frame says that it was looked up."""
    case = chain()
    dbg = debugger(case)
    dbg.run()
    dbg.mode("b", "recorded")
    dbg.rewind(0)
    case.ran.clear()
    dbg.run()

    assert case.ran.counts == {"a": 2, "c": 2}
    assert [frame.recorded for frame in dbg.frames[1:4]] == [False, True, False]
    assert dbg.state["n"] == 6
    dbg.mode("b", "live")
    dbg.rewind(1)
    dbg.run()
    assert case.ran.counts["b"] == 2


def test_a_recorded_composite_covers_everything_inside():
    """L6: no node of it runs; what is around it does."""
    case = nested()
    dbg = debugger(case)
    finish(case, dbg, "run")
    dbg.mode("sub", "recorded")
    dbg.rewind(0)
    case.ran.clear()
    finish(case, dbg, "run")

    assert set(case.ran.counts) == {"pre", "call_other", "o1", "o2", "post"}
    assert "i2:yes:really:p" in dbg.state["log"]


def test_a_recorded_node_takes_all_its_sends():
    """L4: `mode` takes `work` for all of them."""
    case = map_reduce()
    dbg = debugger(case)
    dbg.run()
    dbg.mode("work", "recorded")
    dbg.rewind(0)
    case.ran.clear()
    dbg.run()

    assert case.ran.counts == {"plan": 1, "side": 1, "sum": 1}
    assert normal(dbg.state["out"]) == ["side", 10, 20, 30]


def test_what_was_never_recorded_pauses_and_says_so():
    """R10: it never goes live by itself."""
    case = issue_8458()
    dbg = debugger(case)
    dbg.mode("sub/b", "recorded")
    stop = dbg.run()

    assert stop.reason is R.PAUSED
    assert isinstance(stop.error, NotRecordedError)
    assert "sub/b" in str(stop.error)
    assert case.ran.counts == {"a": 1}
    dbg.mode("sub/b", "live")
    assert dbg.run().reason is R.BARRIER


def test_each_visit_has_an_outcome_of_its_own():
    """Path and visit name it, also in a subgraph that is entered again."""
    case = loop_over_subgraph()
    dbg = debugger(case)
    dbg.run()
    end = normal(dbg.state)
    dbg.mode("sub/x", "recorded")
    dbg.rewind(0)
    case.ran.clear()
    dbg.run()

    assert case.ran.counts == {"y": 3, "count": 3}
    assert normal(dbg.state) == end


def test_a_recorded_outcome_is_stale_where_the_state_differs():
    """The keys that differ from when it was recorded are named."""
    case = chain()
    dbg = debugger(case)
    dbg.run()
    fork = dbg.fork(at=0, put={"n": 2})
    fork.mode("b", "recorded")
    fork.run(until="c")
    frame = fork.at("b")

    assert frame.recorded
    assert "n" in frame.stale


@pytest.mark.skipif(not HAS_HANDLERS, reason="nodes of this version have no handlers")
def test_a_recorded_failure_is_looked_up_too():
    """What failed and was handled fails again in the same way, and nothing runs."""
    case = CASES["handled"]()
    dbg = debugger(case)
    dbg.run()
    dbg.mode("bad", "recorded")
    dbg.rewind(0)
    case.ran.clear()

    assert dbg.run().reason is R.COMPLETED
    assert "bad" not in case.ran.counts
    assert dbg.state["log"] == ["a", "fixed"]


# -- ask and mock --------------------------------------------------------------------------


def test_a_node_in_mode_ask_waits_and_runs_when_it_is_approved():
    """Also inside a subgraph; `modify` puts a value instead of running it."""
    case = issue_8458()
    dbg = debugger(case)
    dbg.mode("sub/b", "ask")
    stop = dbg.run()

    assert stop.reason is R.BARRIER
    assert [one.path for one in dbg.pending] == ["sub/b"]
    assert case.ran.counts == {"a": 1}
    dbg.approve()
    dbg.run()
    assert case.ran.counts["b"] == 1
    dbg.rewind(1)
    dbg.run()
    dbg.modify("log", ["instead"])
    dbg.run()
    assert case.ran.counts["b"] == 1
    assert normal(dbg.state["log"]) == ["a", "instead", "c"]
