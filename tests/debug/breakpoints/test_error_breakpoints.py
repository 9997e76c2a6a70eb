"""Stops on errors, whether a route takes them or nothing does."""

from __future__ import annotations

import asyncio

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.breakpoints.graphs import routed
from tests.strategies import note

R = StopReason


def test_an_error_that_a_route_takes_is_still_stopped_on():
    """`break_on_error` stops at every failure, also one that leads on."""
    dbg = Debugger(routed())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint, stop.frame.kind) == (R.BREAKPOINT, mark, "error")
    assert "broken" in str(stop.error.__cause__)
    assert dbg.position.node == "mend"
    assert dbg.run().reason is R.COMPLETED


def test_an_error_that_nothing_takes_fails_the_run():
    """Without a route the run stands at the failure, and says FAILED as ever."""

    def bad(ctx):
        raise ValueError("no")

    dbg = Debugger(GraphBuilder("g").node("bad", bad).start("bad").end("bad").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.FAILED, mark)
    assert mark.hits == 1


def test_an_error_in_a_branch_is_stopped_on_before_the_siblings_go_on():
    """A failure inside a branch that has an error route of its own."""

    def bad(ctx):
        raise ValueError("no")

    inner = GraphBuilder("inner").node("bad", bad).node("mend", note).edge("bad", "mend")
    inner.on_error("bad", "mend")
    g = GraphBuilder("g").parallel("par", {"x": inner.start("bad").end("mend").build(), "y": note})
    dbg = Debugger(g.start("par").end("par").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert [f.path for f in dbg.frames if f.kind == "error"] == ["par/x/bad"]
    assert not [f for f in dbg.frames if f.node == "mend"]
    assert dbg.run().reason is R.COMPLETED


def test_an_error_stops_a_patient_parallel_before_its_siblings_go_on():
    """P5 and P3: no new node starts after the hit; going on, the siblings finish."""
    broken = [True]

    async def bad(ctx):
        if broken[0]:
            raise ValueError("no")
        note(ctx)

    async def slow(ctx):
        await asyncio.sleep(0.01)
        note(ctx)

    line = GraphBuilder("line").node("one", slow).node("two", slow).edge("one", "two")
    g = GraphBuilder("g")
    branches = {"x": bad, "y": line.start("one").end("two").build()}
    g.parallel("par", branches, on_error="collect_all")
    dbg = Debugger(g.start("par").end("par").build())
    mark = dbg.break_on_error()
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.FAILED, mark)
    assert "par/y/two" not in [f.path for f in dbg.frames]
    broken[0] = False
    assert dbg.run().reason is R.COMPLETED
    assert sorted(dbg.state["log"]) == ["par/x", "par/y/one", "par/y/two"]
