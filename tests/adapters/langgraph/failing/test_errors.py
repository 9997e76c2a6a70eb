"""What fails: shown, kept, tried again once it is mended (LANGGRAPH.md L5)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph.errors import InvalidUpdateError
from langgraph.graph import END, START, StateGraph

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError, NodeExecutionError
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.failing.breaking import Breaks, beside, cause
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_failing import retried
from tests.adapters.langgraph.law import debugger

R = StopReason


# -- failing -------------------------------------------------------------------------------


def test_a_failure_is_returned_as_a_stop_and_the_position_stays():
    """An ERROR write is an error frame; nothing of the step is committed."""
    bad = Breaks()
    g = StateGraph(Log).add_node("a", step_node(bad.ran, "a")).add_node("bad", bad)
    dbg = Debugger(g.add_edge(START, "a").add_edge("a", "bad").compile(), {"log": []})
    stop = dbg.run()

    assert stop.reason is R.FAILED
    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(cause(stop), ValueError)
    assert (stop.error.path, stop.error.node) == ("bad", "bad")
    assert (stop.frame.kind, stop.frame.path, stop.frame.failed) == ("error", "bad", True)
    assert dbg.state["log"] == ["a"]
    assert dbg.status_line == "failed at bad · frame 2 of 2 · main"
    assert {dbg.step().reason, dbg.over().reason, dbg.retry().reason} == {R.FAILED}


def test_mended_and_tried_again_only_what_failed_runs():
    """Fixing the function and retrying is the same as stepping again."""
    bad = Breaks()
    dbg = Debugger(beside(bad), {"log": []})
    first = dbg.run()
    bad.broken = False

    assert first.reason is R.FAILED
    assert dbg.retry().reason is R.STEP
    assert dbg.run().reason is R.COMPLETED
    assert sorted(dbg.state["log"]) == ["a", "bad", "end", "good"]
    assert bad.ran.counts == {"a": 1, "bad": 2, "good": 1, "end": 1}


def test_a_task_that_fails_is_told_when_stepping_too():
    """L5: the other tasks of the super-step are stepped all the same."""
    bad = Breaks()
    dbg = Debugger(beside(bad), {"log": []})
    dbg.step()
    reasons = [dbg.step().reason, dbg.step().reason]

    assert R.FAILED in reasons
    assert bad.ran.counts["bad"] >= 1
    bad.broken = False
    assert dbg.run().reason is R.COMPLETED
    assert bad.ran.counts["good"] == 1


def test_retry_is_for_a_failure():
    """Bad input: it says what to call instead."""
    dbg = debugger(retried())
    with pytest.raises(DebuggerError, match="Nothing failed"):
        dbg.retry()


@pytest.mark.parametrize("way", ["step", "run"])
def test_an_error_inside_a_subgraph_makes_one_frame_at_the_innermost_path(way):
    """L5: what the composite repeats of it, and cancelled siblings, are left out."""
    bad = Breaks()
    inner = StateGraph(Log).add_node("i", step_node(bad.ran, "i")).add_node("bad", bad)
    sub = inner.add_edge(START, "i").add_edge("i", "bad").compile()
    g = StateGraph(Log).add_node("sub", sub).add_node("good", step_node(bad.ran, "good"))
    dbg = Debugger(g.add_edge(START, "sub").add_edge(START, "good").compile(), {"log": []})
    while (stop := dbg.step() if way == "step" else dbg.run()).reason is R.STEP:
        pass

    assert stop.reason is R.FAILED
    assert [f.path for f in dbg.frames if f.kind == "error"] == ["sub/bad"]
    assert stop.error.path == "sub/bad"
    bad.broken = False
    assert dbg.run().reason is R.COMPLETED
    assert bad.ran.counts == {"i": 1, "bad": 2, "good": 1}
    assert sorted(dbg.state["log"]) == ["bad", "good", "i"]


def test_a_way_out_that_raises_fails_its_node():
    """LangGraph asks for the way out inside the task: nothing of it is committed."""
    ran, broken = Ran(), [True]

    def way(state: Log) -> str:
        return END if not broken else broken[1]

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_edge(START, "a")
    dbg = Debugger(g.add_conditional_edges("a", way, [END]).compile(), {"log": []})
    stop = dbg.run()
    broken.clear()

    assert (stop.reason, stop.error.node) == (R.FAILED, "a")
    assert isinstance(cause(stop), IndexError)
    assert dbg.state["log"] == []
    assert dbg.run().reason is R.COMPLETED


RAISING = """
import asyncio, sys
from lellm_nb import Debugger
from langgraph.graph import START, StateGraph
from tests.adapters.langgraph.graphs import Log

raised = {"K": KeyboardInterrupt, "S": SystemExit, "C": asyncio.CancelledError}[sys.argv[1]]
for later in (False, True):
    broken = [True]

    def node(state: Log) -> dict:
        if broken:
            raise raised("by itself")
        return {"log": ["node"]}

    async def awaited(state: Log) -> dict:
        return node(state)

    g = StateGraph(Log).add_node("node", awaited if later else node).add_edge(START, "node")
    dbg = Debugger(g.compile(), {"log": []})
    stop = dbg.run()
    broken.clear()
    print(stop.reason.name in ("FAILED", "PAUSED", "CANCELLED"), dbg.busy, dbg.run().reason.name)
"""


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "SystemExit", "CancelledError"])
def test_an_exception_of_any_kind_ends_in_a_stop(raised):
    """R11: never in a dead thread, a lost verb or a half-claimed debugger.

    In a process of its own: what came out of a verb would end the tests.
    """
    root = Path(__file__).parents[4]
    said = subprocess.run(
        [sys.executable, "-c", RAISING, raised[0]],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert said.stdout.splitlines() == ["True False COMPLETED"] * 2, said.stderr[-1500:]
    assert said.stderr == ""


# -- joins ---------------------------------------------------------------------------------


def test_an_update_that_a_join_refuses_fails_and_the_commits_are_kept():
    """L5: two tasks write one channel that takes one value; a fork goes on."""
    ran, second = Ran(), [2]

    def one(state: Log) -> dict:
        ran("one")
        return {"n": 1}

    def two(state: Log) -> dict:
        ran("two")
        return {"n": second[0]} if second else {}

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("one", one)
    g.add_node("two", two).add_edge(START, "a").add_edge("a", "one").add_edge("a", "two")
    dbg = Debugger(g.compile(), {"log": [], "n": 0})
    stop = dbg.run()

    assert stop.reason is R.FAILED
    assert isinstance(cause(stop), InvalidUpdateError)
    assert sorted(f.path for f in dbg.frames if f.kind == "commit") == ["a", "one", "two"]
    assert dbg.state["n"] == 0
    second.clear()
    fork = dbg.fork(at=1)
    assert fork.run().reason is R.COMPLETED
    assert fork.state["n"] == 1
    assert dbg.retry().reason in (R.FAILED, R.STEP, R.COMPLETED)
