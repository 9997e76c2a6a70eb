"""The list of stops: in words, removed, switched off, and kept through rewinds and forks."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, Reducer, StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.breakpoints.graphs import routed, stops_of
from tests.debug.graphs import looping as counting

R = StopReason


def test_all_stops_are_listed_in_words():
    """`breakpoints` shows each with its number, what it is, and how often it was met."""
    dbg = Debugger(counting(3))

    def big(state):
        return state["n"] > 1

    dbg.break_at("add", visit=2)
    dbg.break_at("done", when=big, after=True)
    dbg.break_on(edge=("add", "done"))
    dbg.break_on_error()
    dbg.watch("n")
    dbg.watch(big)
    dbg.breakpoints.disable(4)

    assert repr(dbg.breakpoints).splitlines() == [
        "<Breakpoint 1 before add visit 2, hits 0>",
        "<Breakpoint 2 after done if big, hits 0>",
        "<EdgeStop 3 on add -> done, hits 0>",
        "<ErrorStop 4 on any error (disabled), hits 0>",
        "<Watch 5 when n changes (nothing has this key yet), hits 0>",
        "<Watch 6 when big changes, hits 0>",
    ]
    assert repr(Debugger(counting()).breakpoints) == "(no breakpoints)"


def test_a_stop_is_removed_by_itself_its_number_its_label_or_its_place():
    """Numbers are not used again."""
    dbg = Debugger(counting(3))
    first, edge = dbg.break_at("add"), dbg.break_on(edge=("add", "done"))
    watch, last = dbg.watch("n"), dbg.break_at("done")
    dbg.breakpoints.remove(first)
    dbg.breakpoints.remove(edge.label)
    dbg.breakpoints.remove("n")
    dbg.breakpoints.remove(last.id)

    assert len(dbg.breakpoints) == 0
    assert dbg.break_at("add").id == watch.id + 2
    with pytest.raises(DebuggerError, match="Set: 5 \\(before add\\)"):
        dbg.breakpoints.remove("n")
    with pytest.raises(DebuggerError, match="no breakpoint 1"):
        dbg.breakpoints.enable(1)


def test_a_disabled_stop_is_kept_and_neither_stops_nor_counts():
    """Disabled, each kind lets the run through; enabled again, it stops."""
    dbg = Debugger(routed())
    marks = [
        dbg.break_at("pick"),
        dbg.break_at("pick", after=True),
        dbg.break_on(edge=("pick", "ask")),
        dbg.break_on_error(),
        dbg.watch("n"),
        dbg.watch(lambda s: s.get("n")),
    ]
    for mark in marks:
        dbg.breakpoints.disable(mark)

    assert dbg.run().reason is R.COMPLETED
    assert [mark.hits for mark in marks] == [0] * 6
    dbg.rewind(0)
    for mark in marks:
        dbg.breakpoints.enable(mark)
    met = set()
    while (stop := dbg.run()).reason in (R.BREAKPOINT, R.WATCH):
        met.add(stop.breakpoint)
    assert marks[0] in met
    assert marks[3] in met
    assert stop.reason is R.COMPLETED


def test_stops_survive_rewinding_forking_new_code_and_branches():
    """Kept by path: the line, the code and the frame they were set at do not matter."""
    dbg = Debugger(counting(3))
    dbg.break_at("add", visit=3)
    dbg.break_on(edge=("add", "done"))
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    dbg.rewind(0)
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    dbg.patch({"add": lambda ctx: ctx.reduce("n", 1, Reducer.SUM)})
    dbg.rewind(1)
    assert stops_of(dbg)[0] == [(1, 2), (2, 3)]
    fork = dbg.fork(0)
    assert stops_of(fork)[0] == [(1, 2), (2, 3)]
    again = dbg.branch("fork 1")
    again.rewind(0)
    assert [stop.label for stop in again.breakpoints] == [s.label for s in dbg.breakpoints]


def test_a_forks_stops_are_its_own():
    """Removed or disabled on one line, a stop stays on the other."""
    dbg = Debugger(counting(3))
    mark = dbg.break_at("add", visit=2)
    fork = dbg.fork(0)
    fork.breakpoints.disable(mark.id)
    dbg.breakpoints.clear()

    assert fork.run().reason is R.COMPLETED
    assert dbg.run().reason is R.COMPLETED
    fork.rewind(0)
    fork.breakpoints.enable(mark.id)
    assert fork.run().reason is R.BREAKPOINT
