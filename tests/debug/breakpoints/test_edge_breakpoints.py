"""Breakpoints on edges of every kind."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.debug.breakpoints.graphs import routed, twice_inside
from tests.debug.graphs import looping as counting
from tests.strategies import review

R = StopReason


@pytest.mark.parametrize(
    ("edge", "at", "next_node"),
    [
        (("pick", "ask"), [1, 3], "ask"),
        (("ask", "pick"), [2], "pick"),
        (("ask", "jump"), [4], "jump"),
        (("jump", "breaks"), [5], "breaks"),
        (("breaks", "mend"), [6], "mend"),
        (("mend", "done"), [7], "done"),
        (("breaks", "done"), [], None),
    ],
)
def test_an_edge_of_any_kind_can_be_stopped_on(edge, at, next_node):
    """Normal and fallback edges, a condition's cases, declared gotos and error routes."""
    dbg = Debugger(routed())
    mark = dbg.break_on(edge=edge)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append(stop.frame.index)
        assert stop.breakpoint is mark
        assert stop.frame.next_node == dbg.position.node == next_node

    assert heads == at
    assert stop.reason is R.COMPLETED


def test_a_conditional_edge_is_stopped_on_only_when_it_is_taken():
    """The stop comes after the step that took it, before the next node runs."""
    dbg = Debugger(counting(3))
    dbg.break_on(edge=("add", "done"))
    stop = dbg.run()

    assert (stop.frame.index, stop.frame.next_node) == (3, "done")
    assert dbg.state == {"n": 3}
    assert dbg.run().reason is R.COMPLETED


def test_an_edge_inside_a_composite():
    """The source is a path; the target is a name of that level, or its path."""
    for target in ("tool", "agent/tool"):
        dbg = Debugger(twice_inside(), {"part": {"n": 0}})
        dbg.break_on(edge=("agent/llm", target))
        met = []
        while (stop := dbg.run()).reason is R.BREAKPOINT:
            met.append(stop.frame.path)
        assert met == ["agent/llm", "agent#2/llm"]


def test_an_edge_out_of_a_composite_is_stopped_on_at_its_exit():
    """A composite leaves along its own edges, in the frame of its exit."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_on(edge=("agent", "agent"))
    stop = dbg.run()

    assert (stop.frame.kind, stop.frame.path, stop.frame.index) == ("exit", "agent", 3)


def test_an_edge_after_a_decision():
    """A barrier's way out is found by the decision; deciding stays where it is by itself."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.break_on(edge=("approve", "draft"))
    dbg.run()
    dbg.reject("no")

    assert dbg.frames[dbg.head].next_node == "draft"
    # the step that took the edge was the decision itself: going on does not meet it again
    assert dbg.run().reason is R.BARRIER


def test_a_decision_by_button_stops_on_its_edge():
    """A button decides and runs on to the next stop: the edge it takes is one."""
    dbg = Debugger(review(), {"topic": "x"})
    mark = dbg.break_on(edge=("approve", "publish"))
    dbg.run()
    stop = dbg.approve(then_run=True)

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert dbg.position.node == "publish"


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (("add", "nowhere"), "add -> done"),
        (("dune", "add"), "done"),
        (("done", "add"), "There is no edge 'done -> add'"),
        ("add", "source, target"),
        (("add",), "source, target"),
        (("add", 3), "source, target"),
        (None, "source, target"),
    ],
)
def test_an_edge_that_is_not_there(edge, says):
    """Bad input: the edges that there are, or what an edge is."""
    dbg = Debugger(counting())
    with pytest.raises((NoSuchNodeError, DebuggerError), match=says):
        dbg.break_on(edge=edge)
    assert len(dbg.breakpoints) == 0
