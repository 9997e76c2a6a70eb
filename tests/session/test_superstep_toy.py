"""An engine of super-steps stands behind the debugger and its panel: the protocol suffices."""

from __future__ import annotations

import pytest

from lellm_nb import StopReason
from lellm_nb.debug.names.level_frames import frames_inside
from lellm_nb.errors import NodeExecutionError
from lellm_nb.graph.drawing.outline import outline
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.record.position import SuperStep
from tests.session.superstep_plans import finished, said, started
from tests.session.superstep_toy import GATHER, Plan

R = StopReason
END = ["a", "x", "y", *"ppppp", "end"]


def test_a_step_is_one_task_and_the_state_changes_when_all_are_through():
    """What tasks of a super-step wrote is joined at once, in the order of the tasks."""
    dbg = started(Plan("p", {k: said(k) for k in "abc"}, "a b", "c", log=GATHER))
    dbg.step()

    assert (dbg.state["log"], dbg.frames[-1].mutations[0].values) == ([], [["a"]])
    assert dbg.step().frame.kind == "join"
    assert dbg.state["log"] == ["a", "b"]
    assert dbg.step().reason is R.COMPLETED
    assert [f.path for f in dbg.frames] == ["", "a", "b", "a + b", "c"]


def test_it_waits_when_nothing_else_can_move():
    """A question holds its own task alone; the super-step is joined after the answer."""
    dbg = started()
    stop = dbg.run()

    assert (stop.reason, [waits.id for waits in stop.pending]) == (R.BARRIER, ["ok#0"])
    assert (dbg.status_line, dbg.stack) == ("waiting at ok · frame 14 of 14 · main", ["ok"])
    dbg.approve()
    assert dbg.frames[-1].path == "sub + side + w + ok"
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state == {"log": END, "n": 3, "side": 1, "ok.approved": True}


def test_every_frame_can_be_gone_back_to_and_gone_on_from():
    """Also in the middle of a super-step, and inside of its graphs."""
    dbg = finished()
    end, last = dbg.state, len(dbg.frames)

    for frame in list(dbg.frames):
        dbg.rewind(frame)
        assert dbg.state == frame.root_state
        while dbg.run().reason is R.BARRIER:
            dbg.approve()
        assert dbg.state == end
        assert len(dbg.frames) == last


def test_the_open_levels_are_those_of_every_task():
    """The tasks of a super-step stand in one level, and what is entered stands below its task."""
    dbg = started()
    dbg.step(2)

    assert dbg.stack == ["sub", "sub/y", "side", "w", "w/p", "w#2", "w#2/p", "ok"]
    kinds = dict(zip(dbg.stack, dbg.stack.to_pandas()["kind"], strict=True))
    assert kinds == {
        "sub": "inside",
        "sub/y": "run",
        "side": "run",
        "w": "inside",
        "w/p": "run",
        "w#2": "inside",
        "w#2/p": "run",
        "ok": "run",
    }
    assert dbg.stack[1].state == {"log": ["a"], "n": 0}


def test_over_into_and_out_know_the_graphs_inside():
    """A composite is left by its own exit, whatever stands beside it."""
    dbg = started()
    dbg.step()

    assert dbg.over().frame.path == "sub"
    dbg.step()
    assert dbg.into().frame.path == "w/p"
    assert dbg.out().frame.path == "w"
    assert dbg.over().frame.path == "w#2"


def test_breakpoints_and_watches():
    """A task is stopped before by its node's name; a value changes when it is joined."""
    dbg = started()
    dbg.break_at("w/q")
    stops = [dbg.run() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.BREAKPOINT, R.BREAKPOINT, R.BARRIER]
    assert [stop.frame.path for stop in stops] == ["w/p", "w#2/p", "ok"]

    dbg = started()
    dbg.watch("side")
    dbg.run()
    dbg.approve()
    assert dbg.frames[-1].kind == "join"
    dbg = finished()
    dbg.watch("side")
    stop = dbg.run_back()
    assert (stop.reason, stop.frame.kind, stop.frame.path) == (R.WATCH, "decision", "ok")


def test_a_value_of_a_level_inside_is_watched():
    """``w:n`` is told for each entry; the first change is the one that stops it."""
    dbg = started()
    dbg.watch("w:n")
    stop = dbg.run()

    assert (stop.reason, stop.frame.path, stop.old, stop.new) == (R.WATCH, "w/q", 0, 1)


def test_a_fork_in_the_middle_of_a_super_step_keeps_what_is_done():
    """The tasks that are through stay so; what is put is there for the others."""
    dbg = finished()
    fork = dbg.fork(at=7, put={"n": 40})

    assert isinstance(fork.frames[-1].position.inner, SuperStep)
    while fork.run().reason is R.BARRIER:
        fork.approve()
    assert (fork.state["n"], fork.state["log"]) == (43, END)
    assert fork.compare("main").diff.keys == ["n"]


def test_a_task_that_raises_leaves_its_siblings_where_they_are():
    """The failure is a frame; the others have committed, and it is tried again."""
    broken = [True]

    def fails(state):
        if broken:
            raise ValueError("no")
        return {"b": 1}

    dbg = started(Plan("p", {"a": said("a"), "b": fails}, "a b", log=GATHER))
    stop = dbg.run()
    broken.clear()

    assert (stop.reason, type(stop.error)) == (R.FAILED, NodeExecutionError)
    assert dbg.status_line == "failed at b · frame 2 of 2 · main"
    dbg.retry()
    assert (dbg.status, dbg.state) == ("completed", {"log": ["a"], "n": 0, "b": 1})


def test_frames_of_a_level_and_times():
    """A level is that of every entry; a join of a super-step is the run of no node."""
    dbg = finished()
    times = dbg.timing().set_index("path")["visits"].to_dict()

    assert len(frames_inside(dbg.frames, dbg.graph, "w")) == 10
    fourth = frames_inside(dbg.frames, dbg.graph, "w#4")
    assert [f.path for f in fourth] == ["w#4/p", "w#4/q"]
    assert times == {
        "a": 1,
        "sub": 1,
        "sub/x": 1,
        "sub/y": 1,
        "sub/z": 1,
        "side": 1,
        "w": 5,
        "w/p": 5,
        "w/q": 5,
        "ok": 1,
        "end": 1,
    }


def test_its_panel_has_every_open_task_as_current():
    """Each task of a super-step is a place that is current, at the same level."""
    dbg = finished()
    drawn = outline(dbg.graph)

    def current(at):
        return {drawn.nodes[number].path for number in places_after(dbg.frames[at], drawn)}

    assert current(1) == {"sub/x", "sub/y", "side", "w/p", "ok"}
    assert current(2) == {"sub/y", "side", "w/p", "ok"}
    assert current(3) == {"sub", "side", "w/p", "ok"}
    assert current(4) == {"sub/z", "side", "w/p", "ok"}
    assert current(14) == {"ok"}
    assert current(15) == current(27) == set()


def test_its_panel_counts_the_visits_of_nodes_alone():
    """The join of two tasks of one node is called like it, and is no run of it."""
    dbg = finished()
    feed = Updates(dbg)
    standing = feed.snapshot()["standing"]
    names = [node.path for node in feed.outline.nodes]
    visits = {names[number]: seen for number, _, seen, _ in standing["marks"]}
    taken = {(names[a], names[b]) for a, b, _ in standing["taken"]}

    assert (visits["w"], visits["w/p"], visits["side"]) == (5, 5, 1)
    assert ("a", "side") in taken
    assert taken.isdisjoint({("sub/x", "sub/y"), ("sub/y", "sub/x"), ("ok", "side")})


@pytest.mark.parametrize("at", [2, 14, 25])
def test_its_panel_shows_any_frame(at):
    """What is told of the head, and what would come next."""
    dbg = finished()
    dbg.rewind(at)
    told = Updates(dbg).snapshot()

    assert f"frame {at} of 27" in told["head"]["line_text"]
