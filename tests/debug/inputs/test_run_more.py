"""run(more=n): a few more steps, once; `max_steps` stays what it is."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError
from tests.debug.graphs import looping
from tests.strategies import fanned, nested, steps


def test_at_a_limit_it_goes_on_for_so_many_steps():
    """And holds with LIMIT again."""
    dbg = Debugger(looping(100), {"n": 0}, max_steps=4)
    assert dbg.run().reason.name == "LIMIT"

    stop = dbg.run(more=3)

    assert (stop.reason.name, dbg.state["n"], dbg.max_steps) == ("LIMIT", 7, 4)
    assert dbg.run().reason.name == "LIMIT"
    assert dbg.state["n"] == 11


def test_anywhere_it_is_the_most_that_runs():
    """What stops before stops as ever."""
    dbg = Debugger(looping(3), {"n": 0})

    assert (dbg.run(more=2).reason.name, dbg.state["n"]) == ("LIMIT", 2)
    assert dbg.run(more=9).reason.name == "COMPLETED"
    assert dbg.run(more=1).reason.name == "COMPLETED"


@pytest.mark.parametrize("graph", [nested, fanned])
def test_steps_of_the_root_level_are_counted(graph):
    """A composite is one of them, whatever runs inside."""
    dbg = Debugger(graph(), {})
    dbg.step()
    while True:
        stop = dbg.run(more=1)
        if not stop.pending:
            break
        dbg.approve(stop.pending[0].id)

    assert (stop.reason.name, dbg.position.step) == ("LIMIT", 2)


def test_the_twins_take_it_as_well():
    """`arun` and `start`."""

    async def go():
        dbg = Debugger(looping(100), {"n": 0})
        first = await dbg.arun(more=2)
        second = await dbg.start(more=3)
        return first.reason.name, second.reason.name, dbg.state["n"]

    assert asyncio.run(go()) == ("LIMIT", "LIMIT", 5)


@pytest.mark.parametrize("more", [0, -1, 1.5, "2", True])
def test_what_is_no_number_of_steps_is_refused(more):
    """Nothing has run then."""
    dbg = Debugger(looping(), {"n": 0})

    with pytest.raises(DebuggerError, match="more"):
        dbg.run(more=more)
    assert dbg.head == 0


def test_a_stop_on_the_way_comes_first():
    """With `until` as well."""
    dbg = Debugger(looping(100), {"n": 0})

    assert dbg.run(until=("add", 3), more=10).reason.name == "STEP"
    assert dbg.state["n"] == 2
    assert dbg.run(until=lambda f: f.state["n"] == 90, more=5).reason.name == "LIMIT"


def test_a_number_alone_is_told_how_it_is_written():
    """R12: `until` is a place; how far is said by `more`, or by `step`."""
    dbg = Debugger(steps("a", "b"))
    with pytest.raises(DebuggerError, match=r"until is .*, not 5\..*run\(more=5\) or step\(5\)"):
        dbg.run(5)
    with pytest.raises(DebuggerError, match=r"not 0\.$"):
        dbg.run(0)
    assert dbg.head == 0
