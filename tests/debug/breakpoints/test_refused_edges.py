"""Stops where an edge was asked and another way was taken."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.debug.breakpoints.graphs import routed, stops_of, twice_inside
from tests.debug.graphs import looping
from tests.strategies import note, review

R = StopReason


def refused_at(dbg):
    """The frames at which runs stop, up to where nothing stops them."""
    return [index for _, index in stops_of(dbg)[0]]


def test_it_stops_where_the_condition_did_not_hold():
    """G2: the edge was asked, said no, and the step went another way, which the stop names."""
    dbg = Debugger(looping(3))
    mark = dbg.break_on(edge=("add", "add"), refused=True)
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint, stop.frame.index) == (R.BREAKPOINT, mark, 3)
    assert (stop.route.next_node, stop.route.tried) == ("done", (("add -> add", False),))
    assert repr(stop).endswith("breakpoint=on add -> add refused, went to done)")
    assert dbg.run().reason is R.COMPLETED


def test_every_stop_has_the_route_of_its_frame():
    """`Stop.route` is `None` where the frame went no way."""
    dbg = Debugger(review(), {"topic": "x"})
    steps = [dbg.run(), dbg.approve(), dbg.run()]

    assert [stop.route and stop.route.next_node for stop in steps] == [None, "publish", None]
    assert [stop.route and stop.route.kind for stop in steps] == [None, "normal", "end"]


def test_stepping_does_not_stop_and_the_step_says_it_all_the_same():
    """A step comes back by itself; the stop that it hit is told with it."""
    dbg = Debugger(looping(1))
    mark = dbg.break_on(edge=("add", "add"), refused=True)
    stop = dbg.step()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)


def test_only_what_was_asked_is_refused():
    """An earlier condition that holds, a goto and an error route ask no later edge."""
    dbg = Debugger(routed())
    dbg.break_on(edge=("ask", "pick"), refused=True)
    dbg.break_on(edge=("ask", "jump"), refused=True)

    assert refused_at(dbg) == [4]  # ask -> pick at last; ask -> jump was never asked in vain


def test_going_back_stops_there_too():
    """Backward as forward; each time that it was refused."""
    dbg = Debugger(looping(3))
    dbg.run()
    mark = dbg.break_on(edge=("add", "add"), refused=True)
    stop = dbg.run_back()

    assert (stop.reason, stop.breakpoint, dbg.head) == (R.BREAKPOINT, mark, 3)
    assert stop.route.next_node == "done"
    assert dbg.run_back().reason is R.START


def test_inside_of_a_subgraph_and_of_a_branch():
    """The source is a path; each entry of the level is looked at."""
    inner = GraphBuilder("inner").node("ask", note).node("more", note).node("last", note)
    inner.edge_if("ask", "more", lambda s: "x" in s).edge("ask", "last").edge("more", "last")
    built = inner.start("ask").end("last").build()
    g = GraphBuilder("outer").subgraph("sub", built).parallel("both", {"deep": built, "t": note})
    g.edge("sub", "both").start("sub").end("both")
    dbg = Debugger(g.build())
    dbg.break_on(edge=("sub/ask", "more"), refused=True)
    dbg.break_on(edge=("both/deep/ask", "more"), refused=True)
    paths = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        paths.append(stop.frame.path)

    assert paths == ["sub/ask", "both/deep/ask"]
    assert stop.reason is R.COMPLETED


def test_out_of_a_composite_and_after_a_decision():
    """A composite asks at its exit, a barrier at its decision."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_on(edge=("agent", "agent"), refused=True)
    stop = dbg.run()
    assert (stop.frame.kind, stop.frame.visit, stop.route.next_node) == ("exit", 2, "done")

    dbg = Debugger(review(), {"topic": "x"})
    mark = dbg.break_on(edge=("approve", "draft"), refused=True)
    dbg.run()
    assert dbg.approve(then_run=True).breakpoint is mark


def test_an_edit_refuses_nothing():
    """A frame of kind edit has the way of the frame before it; it was not asked again."""
    dbg = Debugger(looping(3))
    dbg.run()
    fork = dbg.fork(at=3, put={"n": 7})
    fork.break_on(edge=("add", "add"), refused=True)
    fork.run()

    assert fork.run_back().frame.index == 3


def test_forks_and_stores_keep_it(file):
    """As every stop: copied for another line, and there again when the run is opened."""
    dbg = Debugger(looping(3), store=file)
    dbg.break_on(edge=("add", "add"), refused=True)
    fork = dbg.fork(at=0)
    assert [stop.label for stop in fork.breakpoints] == ["on add -> add refused"]
    assert fork.run().frame.index == 3
    dbg.close()

    again = Debugger.open(file, graph=looping(3))
    assert refused_at(again) == [3]


@pytest.mark.parametrize(
    ("edge", "refused", "says"),
    [
        (("add", "done"), True, "no condition, so it is never refused; those .*: add -> add"),
        (("done", "add"), True, "There is no edge"),
        (("add", "add"), "yes", "refused is True or False, not 'yes'"),
        (("add", "add"), 2, "refused is True or False"),
        (("add", "add"), None, "refused is True or False"),
        ("add", True, "source, target"),
    ],
)
def test_what_cannot_be_refused(edge, refused, says):
    """Bad input is refused at the door, and sets nothing."""
    dbg = Debugger(looping(3))
    with pytest.raises((DebuggerError, NoSuchNodeError), match=says):
        dbg.break_on(edge=edge, refused=refused)
    assert len(dbg.breakpoints) == 0
