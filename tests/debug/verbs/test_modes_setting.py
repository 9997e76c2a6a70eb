"""Setting modes: wrong ones, on forks, and while a run is going on."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import BusyError, DebuggerError, NoSuchNodeError
from tests.debug.graphs_modes import World

R = StopReason


def test_a_node_is_live_unless_somebody_says_otherwise():
    """Without modes everything runs again after a rewind."""
    world = World()
    world.dbg.run()
    world.dbg.rewind(0)
    world.dbg.run()

    assert world.runs == ["ask", "call", "tell"] * 2
    assert world.dbg.modes == {}


@pytest.mark.parametrize("mode", ["off", "", None, 3, "Live"])
def test_a_mode_that_is_none(mode):
    """Bad input: lists the three."""
    with pytest.raises(DebuggerError, match="'live', 'recorded', 'ask' or 'calls'"):
        World().dbg.mode("call", mode)


def test_a_mode_of_an_unknown_node():
    """Bad input: the nearest name."""
    with pytest.raises(NoSuchNodeError, match="call"):
        World().dbg.mode("cal", "ask")


def test_modes_go_with_a_fork_and_are_its_own():
    """A fork begins with its parent's modes."""
    world = World()
    world.dbg.mode("call", "ask")
    fork = world.dbg.fork(0)
    fork.mode("call", "live")

    assert fork.run().reason is R.COMPLETED
    assert world.dbg.run().reason is R.BARRIER


def test_modes_while_a_run_is_going_on():
    """Only pause, stop and looking are allowed then."""

    async def slow(ctx):
        await asyncio.sleep(5)

    dbg = Debugger(GraphBuilder("g").node("slow", slow).start("slow").end("slow").build())
    handle = dbg.start()
    try:
        with pytest.raises(BusyError):
            dbg.mode("slow", "ask")
        assert dbg.modes == {}
    finally:
        dbg.stop()
        handle.result(10)
