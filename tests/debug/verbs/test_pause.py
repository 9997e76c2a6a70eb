"""Pause, stop and interrupt while nodes are in flight, each waited for by a condition."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.graphs_blocked import LIMIT, Blocked
from tests.strategies import note, steps

R = StopReason


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_pause_lets_the_node_finish_and_starts_no_other(later):
    """P5: nodes in flight finish and commit, then the run stops."""
    with Blocked(later) as blocked:
        blocked.dbg.pause()

    assert (blocked.stop.reason, blocked.stop.frame.node) == (R.PAUSED, "b")
    assert blocked.dbg.state == {"log": ["a", "b"]}
    assert blocked.dbg.status == "paused"
    assert blocked.dbg.run().reason is R.COMPLETED


def test_pause_while_nothing_runs_does_nothing():
    """It does not linger: the next run is not paused by it."""
    dbg = Debugger(steps("a"))
    dbg.pause()
    dbg.stop()

    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("later", [False, True], ids=["sync node", "async node"])
def test_stop_does_not_commit_what_is_in_flight(later):
    """P5, R5: everything before is kept; going on runs the node again."""
    with Blocked(later) as blocked:
        blocked.dbg.stop()

    assert blocked.stop.reason is R.CANCELLED
    assert blocked.dbg.state == {"log": ["a"]}
    assert blocked.dbg.position.node == "b"
    assert blocked.left.is_set() is not later
    assert blocked.dbg.run().reason is R.COMPLETED
    assert blocked.dbg.state == {"log": ["a", "b", "c"]}


@pytest.mark.parametrize(("verb", "reason"), [("pause", R.PAUSED), ("stop", R.CANCELLED)])
def test_pause_and_stop_count_from_the_moment_the_run_was_asked_for(verb, reason):
    """P5: asked for before the runner came to it, they are not lost."""
    dbg = Debugger(steps("a", "b"))
    with Blocked():  # a sync node keeps the runner from beginning
        handle = dbg.start()
        getattr(dbg, verb)()
    stop = handle.result(LIMIT)

    assert stop.reason is reason
    assert dbg.state == {}
    assert dbg.run().reason is R.COMPLETED


def test_pause_reaches_all_branches():
    """P5: no new node starts in any branch; a node in flight finishes and commits."""
    entered, go = threading.Semaphore(0), threading.Event()

    async def slow(ctx):
        entered.release()
        assert await asyncio.to_thread(go.wait, LIMIT)
        note(ctx)

    after = GraphBuilder("two").node("one", slow).node("two", note).edge("one", "two")
    branch = after.start("one").end("two").build()
    g = GraphBuilder("g").parallel("par", {"x": branch, "y": branch}).start("par").end("par")
    dbg = Debugger(g.build())
    handle = dbg.start()
    assert entered.acquire(timeout=LIMIT)
    assert entered.acquire(timeout=LIMIT)
    dbg.pause()
    go.set()

    assert handle.result(LIMIT).reason is R.PAUSED
    assert sorted(f.path for f in dbg.frames)[1:] == ["par/x/one", "par/y/one"]
    assert dbg.run().reason is R.COMPLETED
    assert len(dbg.state["log"]) == 4


# -- branches ----------------------------------------------------------------------------


def test_stop_cancels_every_branch_and_keeps_what_was_committed():
    """P5: nodes in flight are not committed; going on runs only those again."""
    entered, runs = threading.Event(), []

    def quick(ctx):
        runs.append("quick")
        note(ctx)

    async def slow(ctx):
        runs.append("slow")
        entered.set()
        if runs.count("slow") == 1:
            await asyncio.Event().wait()
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"quick": quick, "slow": slow})
    dbg = Debugger(g.start("par").end("par").build())
    committed = threading.Event()
    dbg.subscribe(lambda: committed.set() if len(dbg.frames) > 1 else None)
    handle = dbg.start()
    assert entered.wait(LIMIT)
    assert committed.wait(LIMIT)
    dbg.stop()

    assert handle.result(LIMIT).reason is R.CANCELLED
    assert [f.path for f in dbg.frames][1:] == ["par/quick"]
    assert dbg.run().reason is R.COMPLETED
    assert sorted(runs) == ["quick", "slow", "slow"]
    assert dbg.state == {"log": ["par/quick", "par/slow"]}


def test_a_failure_cancels_the_siblings_in_flight():
    """P3: fail fast; what was cancelled is not committed and runs again."""
    started, runs = threading.Event(), []

    async def slow(ctx):
        runs.append("slow")
        started.set()
        if runs.count("slow") == 1:
            await asyncio.Event().wait()
        note(ctx)

    async def bad(ctx):
        runs.append("bad")
        await asyncio.to_thread(started.wait, LIMIT)
        if runs.count("bad") == 1:
            raise ValueError("no")
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"slow": slow, "bad": bad})
    dbg = Debugger(g.start("par").end("par").build())

    assert dbg.run().reason is R.FAILED
    assert [f.kind for f in dbg.frames] == ["start", "error"]
    assert dbg.run().reason is R.COMPLETED
    assert sorted(runs) == ["bad", "bad", "slow", "slow"]
