"""Going back over a run, by steps, by frames and to a stop, loses nothing."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.debug.graphs import looping
from tests.strategies import chain, fanned, finish_debugger, nested, review, steps

R = StopReason


def test_going_back_runs_nothing():
    """`back` moves the head; at the first frame it says START."""
    runs = []

    def a(ctx):
        runs.append("a")

    def b(ctx):
        runs.append("b")

    dbg = Debugger(chain(a, b))
    dbg.run()

    assert dbg.back().frame.index == 1
    assert dbg.back().frame.index == 0
    stop = dbg.back()
    assert (stop.reason, stop.frame.kind) == (R.START, "start")
    assert runs == ["a", "b"]
    assert len(dbg.frames) == 3


def test_going_back_several_frames():
    """`back(n)`; further than the start is the start."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.back(2).frame.index == 4
    assert (dbg.back(4).reason, dbg.head) == (R.STEP, 0)
    dbg.rewind(3)
    assert (dbg.back(99).reason, dbg.head) == (R.START, 0)


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True], ids=repr)
def test_a_number_of_steps_is_a_whole_number_from_one(n):
    """Bad input: said at once."""
    dbg = Debugger(steps("a"))
    for verb in (dbg.step, dbg.back):
        with pytest.raises(DebuggerError, match="whole number"):
            verb(n)


def test_rewinding_to_any_way_of_naming_a_frame():
    """DESIGN: an index, a Frame, or (node, visit)."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.rewind(2).frame.index == 2
    assert dbg.rewind(-1).frame.index == 6
    assert dbg.rewind(dbg.frames[4]).frame.index == 4
    assert dbg.rewind(("add", 3)).frame.index == 3
    assert dbg.rewind(("done", 1)).frame.index == 6


@pytest.mark.parametrize(
    ("which", "says"),
    [
        (7, "frames 0 to 6"),
        (-8, "frames 0 to 6"),
        (("add", 9), "visited 5 times"),
        (("ad", 1), "Ran: add, done"),
        ("add", "an index, a Frame"),
        (None, "an index, a Frame"),
        (1.0, "an index, a Frame"),
        (True, "an index, a Frame"),
    ],
    ids=repr,
)
def test_a_frame_that_does_not_exist(which, says):
    """Bad input: the error says what exists; the head stays."""
    dbg = Debugger(looping(5))
    dbg.run()
    for verb in (dbg.rewind, dbg._frame, lambda w: dbg.fork(w) if w is not None else dbg.rewind(w)):
        with pytest.raises(NoSuchFrameError, match=says):
            verb(which)
    assert dbg.head == 6
    assert dbg.lines == ["main"]


def test_rewinding_and_going_on_keeps_everything():
    """History is a tree: `main` keeps its frames, the new line is `fork 1`."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.approve()
    dbg.run()
    main = list(dbg.frames)
    dbg.rewind(2)
    assert dbg.line == "main"
    assert list(dbg.frames) == main
    dbg.reject("no")

    assert dbg.line == "fork 1"
    assert [f.kind for f in dbg.frames] == ["start", "commit", "waiting", "decision"]
    assert list(dbg.branch("main").frames) == main
    assert dbg.lines == ["main", "fork 1"]


def test_run_back_stops_at_breakpoints_and_the_start():
    """DESIGN: stops at breakpoints, going into the past, where they would have stopped."""
    dbg = Debugger(looping(5))
    dbg.run()
    mark = dbg.break_at("add", when=lambda s: s.get("n") in (1, 3))

    first = dbg.run_back()
    assert (first.reason, first.frame.index, first.breakpoint) == (R.BREAKPOINT, 3, mark)
    assert dbg.run_back().frame.index == 1
    assert (dbg.run_back().reason, dbg.head) == (R.START, 0)
    assert (dbg.run_back().reason, dbg.head) == (R.START, 0)
    assert dbg.run().frame.index == 1


def test_going_on_from_where_run_back_stopped_ignores_that_breakpoint():
    """P5: the one just reported."""
    dbg = Debugger(looping(3))
    dbg.run()
    dbg.break_at("add", visit=2)
    dbg.run_back()

    assert dbg.run().reason is R.COMPLETED


def test_run_back_until():
    """`until` a node, (node, visit), or a predicate on a frame."""
    dbg = Debugger(looping(5))
    dbg.run()

    assert dbg.run_back(until="done").frame.index == 5
    assert dbg.run_back(until=("add", 2)).frame.index == 1
    dbg.rewind(6)
    assert dbg.run_back(until=lambda f: f.state.get("n") == 4).frame.index == 4


def test_run_back_inside_composites():
    """N2: a condition sees the state of the node's level as it was before it ran."""
    for graph, path in [(nested(), "agent/tool"), (fanned(), "par/check/go")]:
        dbg = Debugger(graph)
        finish_debugger(dbg)
        seen = []
        dbg.break_at(path, when=lambda s, seen=seen: seen.append(len(s["log"])) or True)
        stop = dbg.run_back()

        assert stop.reason is R.BREAKPOINT
        assert stop.frame.next_node == path.rpartition("/")[2]
        assert stop.frame.kind == "decision"
        assert seen == [len(stop.frame.state["log"])]


def test_visits_stay_right_through_a_hundred_rewinds():
    """B2: counts belong to the position, however deep the lines are nested."""
    dbg = Debugger(looping(200), max_steps=300)
    for turn in range(1, 101):
        dbg.step(2)
        dbg.back()
        frame = dbg.step().frame

        assert (frame.visit, frame.cursor) == (turn + 1, turn + 1)
        assert frame.state == {"n": turn + 1}
        dbg.back()
    dbg.rewind(50)
    assert dbg.step().frame.visit == 51
