"""Stops that are hit by nodes in flight beside the one that stopped the run (P5)."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder
from tests.debug.breakpoints.graphs import R
from tests.strategies import note


def side_by_side():
    """Return a debugger of two branches; the second is in flight until the first has committed."""
    started, committed = asyncio.Event(), asyncio.Event()

    async def first(ctx):
        await started.wait()
        ctx.put("first", 1)

    async def second(ctx):
        started.set()
        await committed.wait()
        ctx.put("second", 1)

    def look():
        if dbg.frames[-1].path == "par/first":
            committed.set()

    g = GraphBuilder("g").parallel("par", {"first": first, "second": second}).node("end", note)
    dbg = Debugger(g.edge("par", "end").start("par").end("end").build())
    dbg.subscribe(look)
    return dbg


@pytest.mark.parametrize("kind", ["watch", "until", "after"])
def test_a_stop_names_the_frame_that_it_is_about(kind):
    """P5: a node that is in flight beside it commits after it, and is not what it tells of."""
    dbg = side_by_side()
    if kind == "watch":
        dbg.watch("par/first:first")
    if kind == "after":
        dbg.break_at("par/first", after=True)
    stop = dbg.run((lambda frame: frame.node == "first") if kind == "until" else None)

    assert (stop.frame.path, stop.frame.index) == ("par/first", 1)
    assert (stop.head.path, stop.head.index) == ("par/second", 2)
    assert dbg.head == 2
    assert dbg.run().head is None


@pytest.mark.parametrize("kind", ["watch", "after"])
def test_what_was_in_flight_hits_its_own_stop(kind):
    """P5: going on ignores the one just reported, and no other one; nothing moves for that."""
    dbg = side_by_side()
    for name in ("first", "second"):
        if kind == "watch":
            dbg.watch(f"par/{name}:{name}")
        else:
            dbg.break_at(f"par/{name}", after=True)

    stops = [dbg.run(), dbg.run()]

    assert [stop.frame.path for stop in stops] == ["par/first", "par/second"]
    assert [stop.breakpoint for stop in stops] == list(dbg.breakpoints)
    assert [stop.breakpoint.hits for stop in stops] == [1, 1]
    assert (dbg.head, dbg.run().reason) == (2, R.COMPLETED)


@pytest.mark.parametrize("gone", ["step", "removed", "disabled", "rewound"])
def test_a_stop_beside_another_is_forgotten_with_what_it_is_about(gone):
    """Where the run has moved, or the stop is gone, nobody is told of it any more."""
    dbg = side_by_side()
    dbg.break_at("par/first", after=True)
    other = dbg.break_at("par/second", after=True)
    dbg.run()
    if gone == "step":
        dbg.step()
    elif gone == "removed":
        dbg.breakpoints.remove(other)
    elif gone == "disabled":
        dbg.breakpoints.disable(other)
    else:
        dbg.rewind(0)
        assert dbg.run().frame.path == "par/first"
        dbg.breakpoints.clear()

    assert dbg.run().reason is R.COMPLETED
