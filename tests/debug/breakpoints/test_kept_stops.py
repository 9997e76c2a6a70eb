"""A cell that is run again finds the stops of the debugger that it made before."""

from __future__ import annotations

import gc
import weakref

import pytest

from lellm_nb import Debugger, GraphBuilder, InMemoryStore, StopReason
from lellm_nb.debug.persist.kept_stops import KEPT, MOST
from lellm_nb.errors import DebuggerError
from lellm_nb.notebook.model.stop_text import stop_text
from lellm_nb.notebook.widget import kernel
from tests.debug.breakpoints.graphs import twice_inside
from tests.debug.graphs import looping
from tests.strategies import note

R = StopReason


def cell(graph=None, state=None, **more):
    """What a cell does that makes a debugger and keeps the stops of the last."""
    return Debugger(graph or looping(3), state, stops="keep", **more)


def is_two(state):
    """A condition that only this process knows."""
    return state.get("n") == 2


def labels(dbg):
    """What is set, in words, and whether it is on."""
    return [(stop.label, stop.enabled) for stop in dbg.breakpoints]


def test_every_kind_of_stop_is_found_again():
    """Conditions are functions of this process, so they come back armed; numbers stay."""
    dbg = cell()
    dbg.break_at("done", visit=1, ignore=1, after=True)
    dbg.break_at("add", when=is_two)
    dbg.break_on(edge=("add", "add"), refused=True)
    dbg.break_on(edge=("add", "done"))
    dbg.break_on_error()
    dbg.break_on_call(tool="search", node="add", when=lambda call: True)
    dbg.watch("n")
    dbg.watch(is_two)
    dbg.breakpoints.disable(4)
    before, ids = labels(dbg), [stop.id for stop in dbg.breakpoints]

    again = cell()

    assert labels(again) == before
    assert [stop.id for stop in again.breakpoints] == ids
    assert [stop.missing for stop in again.breakpoints] == [None] * 8
    assert again.breakpoints[0].ignore == 1
    assert again.breakpoints[1].when is is_two


def test_they_stop_the_new_run_and_count_from_nothing():
    """A found stop is one like any other, forward and backward; the hits were those of that run."""
    dbg = cell()
    dbg.break_at("add", when=is_two)
    dbg.run()
    dbg.run()

    again = cell()
    assert [stop.hits for stop in again.breakpoints] == [0]
    stop = again.run()
    assert (stop.reason, again.state["n"]) == (R.BREAKPOINT, 2)
    again.breakpoints.clear()
    again.run()
    assert again.run_back().reason is R.START


def test_the_first_stop_and_the_repr_say_so_and_no_other():
    """As new code is told: once."""
    cell().break_at("done")
    again = cell()

    said = "<Debugger of 'loop': ready · frame 0 of 0 · main; stops kept: before done>"
    assert repr(again) == said
    assert again.summary.kept_stops == ("before done",)
    assert stop_text(again.summary) == "stops kept: before done"
    assert repr(again.breakpoints[0]) == (
        "<Breakpoint 1 before done (kept from the debugger before), hits 0>"
    )
    first = again.step()
    assert first.kept_stops == ("before done",)
    assert repr(first) == "Stop(STEP, frame 1 add, stops kept: before done)"
    assert stop_text(again.summary) == "stops kept: before done"
    assert again.step().kept_stops == ()
    assert "kept" not in repr(again)


def test_where_a_stop_is_from_is_told_until_it_was_met():
    """In the list and in its table alike."""
    cell().break_at("done")
    again = cell()
    assert again.breakpoints.to_pandas()["note"][0] == "kept from the debugger before"

    again.run()

    assert again.breakpoints.to_pandas()["note"].isna().all()
    assert "kept" not in repr(again.breakpoints[0])


def test_the_same_stop_set_again_takes_the_place_of_the_found_one():
    """A cell that sets its stops itself does not pile them up; a stop that is off stays off."""
    for _ in range(3):
        dbg = cell()
        dbg.break_at("add", when=lambda state: state["n"] == 1)
        dbg.break_at("done")
        dbg.watch("n")
        dbg.break_on_error()
        assert [stop.id for stop in dbg.breakpoints] == [1, 2, 3, 4]

    dbg.breakpoints.disable(2)
    again = cell()
    assert not again.break_at("done").enabled
    assert again.break_at("done").id == 5  # set a second time by hand, it is another one
    other = again.break_at("add", when=lambda state: state["n"] == 2)
    assert other.id == 6  # another condition is another stop


def test_conditions_that_are_text():
    """They come back armed, Python after `py:` too; set again they are the same stops."""
    for _ in range(2):
        dbg = cell()
        dbg.break_at("add", when="n == 1")
        dbg.break_at("add", when="n == 2")
        dbg.watch("n > 1")
        dbg.break_at("done", when="py:state['n'] > 2")
        assert [stop.id for stop in dbg.breakpoints] == [1, 2, 3, 4]

    again = cell()
    assert [(stop.enabled, stop.missing) for stop in again.breakpoints] == [(True, None)] * 4
    assert [again.run().breakpoint.id for _ in range(4)] == [1, 3, 2, 4]


def test_a_debugger_without_stops_leaves_none():
    """What was removed is not found; `none` begins without, and forgets nothing by itself."""
    dbg = cell()
    dbg.break_at("done")
    assert list(Debugger(looping(3), stops="none").breakpoints) == []
    assert len(cell().breakpoints) == 1
    bare = Debugger(looping(3), stops="none")
    bare.break_at("add")
    assert [stop.label for stop in cell().breakpoints] == ["before add"]

    last = cell()
    last.breakpoints.clear()
    assert len(cell().breakpoints) == 0
    assert not KEPT


def test_what_a_graph_does_not_have_any_more_is_off():
    """The note says which; where the node comes back, so does its stop."""
    dbg = cell(twice_inside(), {"part": {"n": 0}})
    dbg.break_at("agent/llm")
    dbg.break_on(edge=("agent", "agent"), refused=True)
    dbg.watch("agent:n")
    dbg.break_on_call(node="agent/tool")
    dbg.break_at("done", when=is_two)
    g = GraphBuilder("outer").node("first", note).node("done", note).edge("first", "done")
    smaller = g.start("first").end("done").build()

    again = cell(smaller)

    assert [on for _, on in labels(again)] == [False, False, False, False, True]
    assert again.breakpoints[0].note == "not in this graph"
    stop = again.step()
    assert stop.kept_stops[0] == "before agent/llm (off: not in this graph)"
    assert stop.kept_stops[4] == "before done if is_two"
    again.breakpoints.remove(5)
    again.breakpoints.disable(4)  # by hand: it is meant to be off
    back = cell(twice_inside(), {"part": {"n": 0}})
    assert [on for _, on in labels(back)] == [True, True, True, False]
    assert back.run().breakpoint is back.breakpoints[0]


def test_graphs_are_told_apart_by_their_names():
    """Another graph of another name has none of them."""
    cell().break_at("done")
    other = GraphBuilder("other").node("done", note).start("done").end("done").build()

    assert len(cell(other).breakpoints) == 0


def test_forks_and_opened_runs_remember_nothing(tmp_path):
    """Only a debugger that the constructor made is what a cell makes."""
    dbg = cell(store=tmp_path / "runs.db")
    dbg.break_at("done")
    fork = dbg.fork(at=0)
    fork.break_at("add")
    dbg.close()
    Debugger.open(tmp_path / "runs.db", graph=looping(3)).break_on_error()

    assert [stop.label for stop in cell().breakpoints] == ["before done"]


def test_the_store_of_the_new_run_has_them(tmp_path):
    """Found stops are the run's own: kept with it, and copied to its forks."""
    cell().break_at("done")
    again = cell(store=tmp_path / "runs.db")
    assert [stop.label for stop in again.fork(at=0).breakpoints] == ["before done"]
    again.close()

    opened = Debugger.open(tmp_path / "runs.db", graph=looping(3))
    assert [stop.label for stop in opened.breakpoints] == ["before done"]
    kept = InMemoryStore()
    assert [stop.label for stop in cell(store=kept).breakpoints] == ["before done"]


def test_nothing_of_the_debugger_before_is_held():
    """A watch knows its run; what is remembered of it does not."""
    dbg = cell()
    dbg.watch("n")
    dbg.break_at("add")
    gone = weakref.ref(dbg)
    del dbg
    gc.collect()

    assert gone() is None
    assert len(cell().breakpoints) == 2


def test_only_so_many_names_are_remembered():
    """A process that makes graphs by the thousand does not grow."""
    for i in range(MOST + 5):
        g = GraphBuilder(f"g{i}").node("a", note).start("a").end("a").build()
        cell(g).break_at("a")

    assert len(KEPT) == MOST
    assert "g4" not in KEPT


def test_by_default_a_shell_decides(monkeypatch):
    """A script, a server or a test begins without; a cell begins with what was set before."""
    Debugger(looping(3)).break_at("done")
    assert not KEPT
    assert len(Debugger(looping(3)).breakpoints) == 0

    monkeypatch.setattr(kernel, "shell", lambda: object())
    pytest.importorskip("IPython")
    Debugger(looping(3)).break_at("done")
    assert [stop.label for stop in Debugger(looping(3)).breakpoints] == ["before done"]


@pytest.mark.parametrize("stops", ["kept", "", None, True, ["keep"], b"keep"])
def test_anything_else_is_refused(stops):
    """Bad input names the argument and what would do."""
    with pytest.raises(DebuggerError, match="stops is 'keep' or 'none', not"):
        Debugger(looping(3), stops=stops)
