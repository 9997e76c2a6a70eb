"""Breakpoints and watches on LangGraph graphs: before and after nodes, between siblings, inside."""

from __future__ import annotations

import pytest
from langgraph.graph import START, StateGraph

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.graphs import Log, chain, functional, handoff, map_reduce, nested
from tests.adapters.langgraph.graphs_failing import retried
from tests.adapters.langgraph.graphs_nesting import issue_8458, loop_over_subgraph
from tests.adapters.langgraph.law import debugger, finish

R = StopReason


def three(ran):
    """Return a graph of three nodes in one super-step, then `end`."""
    g = StateGraph(Log).add_node("end", step_node(ran, "end"))
    for name in "abc":
        g.add_node(name, step_node(ran, name)).add_edge(START, name)
    return g.add_edge(["a", "b", "c"], "end").compile()


# -- breakpoints ---------------------------------------------------------------------------


def test_a_breakpoint_stops_before_its_node_each_time():
    """The node has not run; going on ignores the one just reported (P5)."""
    case = chain()
    dbg = debugger(case)
    point = dbg.break_at("b")
    stops = [dbg.run(), dbg.run(), dbg.run()]

    assert [stop.reason for stop in stops] == [R.BREAKPOINT, R.BREAKPOINT, R.COMPLETED]
    assert stops[0].breakpoint is point
    assert [stop.frame.index for stop in stops] == [1, 4, 6]
    assert case.ran.counts == {"a": 2, "b": 2, "c": 2}


def test_a_breakpoint_in_mid_super_step_lets_no_sibling_be_lost_or_run_twice():
    """P5: what was in flight commits, what had not begun waits; each runs once in all."""
    ran = Ran()
    dbg = Debugger(three(ran), {"log": []})
    dbg.break_at("b")
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint.label) == (R.BREAKPOINT, "before b")
    assert "b" not in ran.counts
    assert "end" not in ran.counts
    assert dbg.state["log"] == []
    assert dbg.run().reason is R.COMPLETED
    assert ran.counts == {"a": 1, "b": 1, "c": 1, "end": 1}
    assert dbg.state["log"] == ["a", "b", "c", "end"]


@pytest.mark.parametrize(
    ("make", "node", "before"),
    [
        (issue_8458, "sub/b", "sub/a"),
        (issue_8458, "b", "sub/a"),
        (handoff, "bob/go", "bob/think"),
        (nested, "sub/deep/i3", None),
        (nested, "call_other/o2", "call_other/o1"),
        (functional, "flow/inc", None),
    ],
)
def test_a_breakpoint_inside_a_subgraph(make, node, before):
    """By path, or by a bare name where that is unique."""
    case = make()
    dbg = debugger(case)
    point = dbg.break_at(node)
    stop = dbg.run()
    while stop.reason is R.BARRIER:
        dbg.answer(case.answers.get("ok?" if dbg.pending[0].value == {"ask": "ok?"} else "sure?"))
        stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, point)
    assert node.rpartition("/")[2] not in [f.node for f in dbg.frames]
    if before is not None:
        assert before in [f.path for f in dbg.frames]


def test_one_breakpoint_is_for_every_send_of_its_node():
    """L4: `break_at` takes `work` for all of them."""
    case = map_reduce()
    dbg = debugger(case)
    dbg.break_at("work")
    stops = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        stops.append(case.ran.counts["work"])

    assert stops[0] == 0
    assert stop.reason is R.COMPLETED
    assert case.ran.counts["work"] == 3


def test_a_breakpoint_with_a_condition_a_visit_or_hits_to_pass():
    """`when` gets the state of the node's level."""
    dbg = debugger(chain())
    dbg.break_at("a", when=lambda state: state["n"] == 3)
    assert dbg.run().frame.index == 3
    dbg = debugger(chain())
    dbg.break_at("c", visit=2)
    assert dbg.run().frame.index == 5
    dbg = debugger(chain())
    dbg.break_at("b", ignore=1)
    assert dbg.run().frame.index == 4


def test_a_breakpoint_after_a_node_and_on_an_edge():
    """After the commit; and before the next node where an edge was taken."""
    dbg = debugger(chain())
    dbg.break_at("b", after=True)
    assert (dbg.run().frame.path, dbg.position.node) == ("b", "c")
    dbg = debugger(chain())
    dbg.break_on(edge=("c", "a"))
    stop = dbg.run()
    assert (stop.reason, stop.frame.index, dbg.position.node) == (R.BREAKPOINT, 3, "a")
    assert dbg.run().reason is R.COMPLETED


def test_a_conditional_edge_that_is_refused():
    """Where the function of a conditional edge said another node; plain edges are never refused."""
    dbg = debugger(chain())
    dbg.break_on(edge=("c", "a"), refused=True)
    stop = dbg.run()
    assert (stop.frame.path, stop.route.leads_to("a")) == ("c", False)
    assert stop.frame.visit == 2
    with pytest.raises(DebuggerError, match="no condition, so it is never refused"):
        dbg.break_on(edge=("a", "b"), refused=True)


def test_the_turns_of_a_loop_say_by_which_edge_it_was_left():
    """What a conditional edge asks is LangGraph's own; which way was taken is known."""
    dbg = debugger(chain())
    dbg.run()
    table = dbg.loops()

    assert list(table["exits"]) == ["c -> the end: False", "c -> the end: True"]
    assert list(table["left"].fillna("")) == ["", "c -> the end"]


def test_a_breakpoint_in_each_entry_of_a_subgraph():
    """A path without visits is meant for all of them."""
    dbg = debugger(loop_over_subgraph())
    dbg.break_at("sub/y")
    found = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        found.append(stop.frame.path)

    assert found == ["sub/x", "sub#2/x", "sub#3/x"]


def test_breakpoints_hold_after_a_rewind_on_a_fork_and_until_they_are_removed():
    """They survive; `breakpoints` lists, disables and removes them."""
    dbg = debugger(chain())
    dbg.break_at("c")
    dbg.run()
    dbg.rewind(0)
    assert dbg.run().reason is R.BREAKPOINT
    fork = dbg.fork(at=0)
    assert fork.run().reason is R.BREAKPOINT
    dbg.breakpoints.clear()
    assert dbg.run().reason is R.COMPLETED


def test_an_error_stop_stops_at_failures_that_a_policy_does_not_take():
    """A node that is tried again by LangGraph has not failed."""
    dbg = debugger(retried())
    dbg.break_on_error()
    assert dbg.run().reason is R.COMPLETED


def test_a_node_that_is_not_there_is_refused_and_the_nearest_is_named():
    """Bad input: the paths that exist."""
    dbg = debugger(issue_8458())
    for wrong in ("reviw", "sub/z", "zzz"):
        with pytest.raises(NoSuchNodeError, match="sub/a"):
            dbg.break_at(wrong)


# -- watches -------------------------------------------------------------------------------


def test_a_watch_stops_where_a_value_changes_forward_and_backward():
    """The stop has the value before and after."""
    dbg = debugger(chain())
    dbg.watch("n")
    first, second = dbg.run(), dbg.run()

    assert (first.reason, first.old, first.new, first.frame.index) == (R.WATCH, 0, 1, 1)
    assert (second.old, second.new) == (1, 2)
    assert dbg.run_back().reason is R.WATCH


def test_a_watch_on_a_reduced_channel_stops_at_the_join():
    """L4: what a task of a super-step wrote is there when it is joined."""
    case = map_reduce()
    dbg = debugger(case)
    dbg.watch("out")
    stop = dbg.run()

    assert (stop.reason, stop.frame.kind) == (R.WATCH, "join")
    assert stop.new == ["side", 10, 20, 30]
    assert dbg.run().reason is R.COMPLETED


def test_a_watch_inside_a_subgraph_and_by_a_predicate():
    """`"level:key"` names a level; a predicate is of the root state."""
    case = nested()
    dbg = debugger(case)
    dbg.watch("sub/deep:secret")
    stop = dbg.run()
    assert (stop.reason, stop.frame.path, stop.new) == (R.WATCH, "sub/deep/i1", "p")
    dbg = debugger(chain())
    dbg.watch(lambda state: len(state["log"]) > 3)
    stop = dbg.run()
    assert (stop.reason, stop.old, stop.new, stop.frame.index) == (R.WATCH, False, True, 4)


@pytest.mark.parametrize("make", [nested, map_reduce, functional, handoff])
def test_a_stop_at_every_frame_changes_nothing(make):
    """However often a run is stopped, it ends the same, and nothing runs twice for it."""
    plain, case = make(), make()
    once = debugger(plain)
    finish(plain, once, "run")
    dbg = debugger(case)
    for path in dbg.paths:
        dbg.break_at(path)
        dbg.break_at(path, after=True)
    for _ in range(200):
        stop = dbg.run()
        if stop.reason is R.BARRIER:
            waits = dbg.pending[0].value
            key = waits["ask"] if isinstance(waits, dict) else waits
            dbg.answer(case.answers[key])
        if stop.reason is R.COMPLETED:
            break

    assert dbg.state == once.state
    same = {name for name in plain.ran.counts if name not in plain.again}
    assert {n: case.ran.counts[n] for n in same} == {n: plain.ran.counts[n] for n in same}
