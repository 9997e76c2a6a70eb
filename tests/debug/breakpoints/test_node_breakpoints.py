"""Breakpoints on nodes: their conditions, composites and branches."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, StopReason
from tests.debug.breakpoints.graphs import stops_of, twice_inside
from tests.debug.graphs import looping as counting
from tests.strategies import fanned, finish_debugger, steps

R = StopReason


@pytest.mark.parametrize(
    ("options", "before"),
    [
        ({}, ["agent/llm", "agent#2/llm"]),
        ({"visit": 1}, ["agent/llm", "agent#2/llm"]),
        ({"visit": 2}, []),
        ({"ignore": 1}, ["agent#2/llm"]),
        ({"when": lambda s: s["n"] == 2}, ["agent#2/llm"]),
        ({"when": lambda s: "part" in s}, []),
    ],
)
def test_a_condition_is_asked_of_the_level_that_the_node_is_in(options, before):
    """`when` gets the state of the node's level; `visit` counts within the level's entry."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent/llm", **options)
    met = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        met.append(dbg.stack[-1])

    assert met == before
    assert stop.reason is R.COMPLETED


def test_after_a_nested_node_stands_at_its_commit():
    """`after=True` stops once the node has committed, inside the composite."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent/tool", after=True)
    stop = dbg.run()

    assert (stop.reason, stop.frame.path, stop.frame.kind) == (R.BREAKPOINT, "agent/tool", "commit")
    assert dbg.run().frame.path == "agent#2/tool"
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("after", [False, True])
def test_a_breakpoint_at_a_composite(after):
    """Before it is entered, or after its exit: never in between."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent", after=after)
    heads = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        heads.append((stop.frame.index, stop.frame.kind))

    assert heads == ([(3, "exit"), (6, "exit")] if after else [(0, "start"), (3, "exit")])


def test_a_breakpoint_at_a_branch_of_one_node():
    """A branch is named ``par/a``; its siblings have committed or wait for it."""
    dbg = Debugger(fanned())
    dbg.break_at("par/a", when=lambda s: s["log"] == ["first"])
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint.path) == (R.BREAKPOINT, "par/a")
    assert not [f for f in dbg.frames if f.path == "par/a"]
    assert finish_debugger(dbg).reason is R.COMPLETED


@pytest.mark.parametrize("path", ["par/deep/two", "par/check/ok", "par"])
@pytest.mark.parametrize("after", [False, True])
def test_a_breakpoint_inside_branches_is_met_once(path, after):
    """Nodes of a graph in a branch, barriers in branches, and the Parallel itself."""
    dbg = Debugger(fanned())
    mark = dbg.break_at(path, after=after)
    hits = 0
    while (stop := dbg.run()).reason is not R.COMPLETED:
        if stop.reason is R.BREAKPOINT:
            hits += 1
            done = [f.kind for f in dbg.frames if f.static_path == path and f.kind != "decision"]
            assert bool(done) is after
        else:
            dbg.approve()

    assert hits == mark.hits == 1


def test_ignoring_counts_only_hits_that_its_condition_lets_through():
    """`ignore` comes after `when` and `visit`: it counts what would have stopped."""
    dbg = Debugger(counting(9))
    dbg.break_at("add", when=lambda s: s.get("n", 0) % 2, ignore=2)

    found, stop = stops_of(dbg)

    assert [index for _, index in found] == [5, 7]
    assert stop.reason is R.COMPLETED


def test_two_stops_at_one_place_are_both_reported():
    """P5: going on ignores the stop just reported, and no other one."""
    dbg = Debugger(steps("a", "b", "c"))
    one, two = dbg.break_at("b"), dbg.break_at("b", when=lambda s: True)

    found, stop = stops_of(dbg)

    assert found == [(one.id, 1), (two.id, 1)]
    assert stop.reason is R.COMPLETED
    assert (one.hits, two.hits) == (1, 1)


def test_a_condition_that_raises_stops_and_offers_to_disable():
    """Issue 4: stop there, show it, offer to disable; the name of the stop is in the text."""
    dbg = Debugger(counting(3))
    mark = dbg.break_at("add", when=lambda s: s["absent"] > 1)
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint) == (R.BREAKPOINT, mark)
    assert isinstance(stop.error, KeyError)
    assert f"dbg.breakpoints.disable({mark.id})" in repr(stop)
    dbg.breakpoints.disable(mark.id)
    assert dbg.run().reason is R.COMPLETED


def test_a_condition_whose_answer_has_no_truth_raises_like_any_other():
    """What `when` returns is asked for its truth under the same guard."""

    class Odd:
        def __bool__(self):
            raise TypeError("ambiguous")

    dbg = Debugger(counting(3))
    dbg.break_at("add", when=lambda s: Odd())

    assert isinstance(dbg.run().error, TypeError)
    assert dbg.head == 0


def test_a_condition_may_not_change_what_it_looks_at():
    """Conditions get the frozen state, as nodes do; the attempt is shown as their error."""
    dbg = Debugger(steps("a", "b"))
    dbg.break_at("b", when=lambda s: s["log"].append("x"))
    stop = dbg.run()

    assert stop.error is not None
    assert dbg.state["log"] == ["a"]
