"""Nodes that are looked up instead of run, and locked because they act."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import NotRecordedError
from tests.debug.graphs_modes import World
from tests.strategies import fanned, finish_debugger, note

R = StopReason


# -- live and recorded -------------------------------------------------------------------


def test_a_recorded_node_does_not_run_again():
    """R10: the outcome is looked up by path and visit, in the line last left."""
    world = World()
    dbg = world.dbg
    dbg.run()
    dbg.mode("call", "recorded")
    dbg.rewind(0)
    dbg.run()

    assert world.runs == ["ask", "call", "tell", "ask", "tell"]
    frame = dbg.at("call")
    assert frame.recorded
    assert frame.state["call"] == 2
    assert frame.output == "ran call\n"
    assert not dbg.at("ask").recorded
    assert dbg.modes == {"call": "recorded"}


def test_a_recorded_outcome_is_marked_stale_where_its_state_differs():
    """Issue 4: marked stale when the state it read differs; the keys are named."""
    world = World()
    dbg = world.dbg
    dbg.run()
    dbg.mode("call", "recorded")
    dbg.rewind(1)
    dbg.run()
    fresh = dbg.at("call")
    fork = dbg.fork(0, put={"n": 5})
    fork.run()
    stale = fork.at("call")

    assert (fresh.recorded, fresh.stale) == (True, ())
    assert (stale.recorded, stale.stale) == (True, ("n", "ask"))


def test_a_recorded_node_without_an_outcome_pauses_and_says_so():
    """R10: it never goes live by itself."""
    world = World()
    dbg = world.dbg
    dbg.mode("call", "recorded")
    stop = dbg.run()

    assert stop.reason is R.PAUSED
    assert isinstance(stop.error, NotRecordedError)
    assert "call" in str(stop.error)
    assert dbg.status_line == "paused before call · frame 1 of 1 · main"
    assert dbg.step().reason is R.PAUSED
    dbg.mode("call", "live")
    assert dbg.run().reason is R.COMPLETED


def test_outcomes_are_known_by_visit():
    """Path, node and visit name an outcome: each turn of a loop has its own."""
    runs = []

    def turn(ctx):
        runs.append(ctx.visit)
        ctx.append("log", len(runs))

    g = GraphBuilder("loop").node("turn", turn).node("end", note)
    g.edge_if("turn", "turn", lambda s: len(s["log"]) < 3).edge("turn", "end")
    dbg = Debugger(g.start("turn").end("end").build())
    dbg.run()
    dbg.mode("turn", "recorded")
    dbg.rewind(0)
    dbg.run()

    assert runs == [1, 2, 3]
    assert dbg.state["log"] == [1, 2, 3, "end"]


def test_an_outcome_of_another_line_is_found_as_well():
    """R10: first the line last left, then the others."""
    world = World()
    dbg = world.dbg
    dbg.run()
    fork = dbg.fork(0, put={"n": 100})
    fork.run()
    fork.mode("call", "recorded")
    dbg.mode("call", "recorded")
    fork.rewind(fork.frames[1])
    fork.run()
    dbg.rewind(0)
    dbg.run()

    assert fork.state["call"] == 105  # its own, from the line it left
    assert dbg.state["call"] == 2


def test_recorded_inside_branches():
    """Branches keep running side by side; one of them is looked up."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)
    dbg.mode("par/deep/one", "recorded")
    dbg.rewind(0)
    stop = finish_debugger(dbg)

    assert stop.reason is R.COMPLETED
    assert dbg.at("par/deep/one").recorded
    assert not dbg.at("par/deep/two").recorded


def test_a_recorded_failure_is_looked_up_too():
    """What failed and was routed fails again in the same way, and nothing runs."""
    runs = []

    def bad(ctx):
        runs.append("bad")
        raise ValueError("once")

    g = GraphBuilder("g").node("bad", bad).node("mend", note).node("end", note)
    g.edge("bad", "end").edge("mend", "end").on_error("bad", "mend")
    dbg = Debugger(g.start("bad").end("end").build())
    dbg.run()
    dbg.mode("bad", "recorded")
    dbg.rewind(0)
    stop = dbg.run()

    assert (stop.reason, runs) == (R.COMPLETED, ["bad"])
    assert dbg.state["bad.error"]["message"] == "once"


# -- side effects ------------------------------------------------------------------------


def test_a_node_with_side_effects_is_locked_to_what_is_recorded():
    """Issue 4: locked to recorded unless the user says yes."""
    world = World(side_effects=True)
    dbg = world.dbg
    assert dbg.modes == {"call": "recorded"}
    dbg.run()
    dbg.rewind(0)
    dbg.run()

    assert world.runs.count("call") == 1
    assert dbg.at("call").recorded
    dbg.mode("call", "live")
    assert dbg.modes == {"call": "live"}
    dbg.rewind(0)
    dbg.run()
    assert world.runs.count("call") == 2


def test_a_lock_does_not_hold_what_never_ran():
    """Where nothing is recorded the node runs: a first run is no repetition."""
    world = World(side_effects=True)

    assert world.dbg.run().reason is R.COMPLETED
    assert world.runs == ["ask", "call", "tell"]


def test_a_fork_and_a_retry_keep_the_lock():
    """A fork goes on with what its parent did to the world."""
    world = World(side_effects=True)
    world.dbg.run()
    fork = world.dbg.fork(0, put={"n": 9})
    fork.run()

    assert world.runs.count("call") == 1
    assert fork.at("call").stale == ("n", "ask")
    fork.mode("call", "live")
    again = fork.fork(0)
    again.run()
    assert world.runs.count("call") == 2


def test_said_to_be_recorded_it_never_runs():
    """A mode that a person set is stricter than the lock."""
    world = World(side_effects=True)
    world.dbg.mode("call", "recorded")

    assert world.dbg.run().reason is R.PAUSED
    assert world.runs == ["ask"]
