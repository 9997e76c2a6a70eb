"""Nodes that ask first, and every answer to the question."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, Modify, Reject, Reroute, StopReason
from lellm_nb.errors import DebuggerError, NodeNotFoundError, NotWaitingError, StateError
from tests.debug.graphs_modes import World
from tests.strategies import fanned, note, steps

R = StopReason


def asked():
    """A world that has come to `call`, which is in mode ask."""
    world = World()
    world.dbg.mode("call", "ask")
    stop = world.dbg.run()
    assert stop.reason is R.BARRIER
    assert [p.id for p in stop.pending] == ["call#0"]
    return world


def test_a_node_that_asks_waits_and_says_so():
    """The status line, `pending` and `run` treat it as a barrier; nothing is added."""
    world = asked()
    dbg = world.dbg

    assert dbg.status == "waiting"
    assert dbg.status_line == "waiting at call · frame 1 of 1 · main"
    assert (dbg.pending[0].path, dbg.pending[0].node) == ("call", "call")
    assert dbg.run().reason is R.BARRIER
    assert dbg.step().reason is R.BARRIER
    assert len(dbg.frames) == 2
    assert world.runs == ["ask"]


def test_approving_runs_the_node():
    """`approve`: run it, as it is."""
    world = asked()
    stop = world.dbg.approve()

    assert stop.reason is R.STEP
    assert world.dbg.head == 1
    assert world.dbg.pending == []
    assert world.dbg.run().reason is R.COMPLETED
    assert world.runs == ["ask", "call", "tell"]


def test_rejecting_uses_what_is_recorded():
    """`reject`: the recorded outcome, and no run; where there is none, it says so."""
    world = World()
    dbg = world.dbg
    dbg.run()
    dbg.mode("call", "ask")
    dbg.rewind(0)
    dbg.run()
    dbg.reject("as before")
    dbg.run()
    assert world.runs == ["ask", "call", "tell", "ask", "tell"]
    assert dbg.at("call").recorded

    fresh = asked()
    with pytest.raises(DebuggerError, match="Nothing is recorded"):
        fresh.dbg.reject("no")
    assert fresh.dbg.pending


def test_modifying_puts_a_value_in_its_place():
    """`modify`: one value instead of what the node would do."""
    world = asked()
    world.dbg.modify("call", "by hand")
    world.dbg.run()

    assert world.dbg.state["call"] == "by hand"
    assert world.runs == ["ask", "tell"]


@pytest.mark.parametrize("mode", ["live", "recorded"])
def test_an_answer_stays_whatever_mode_the_node_gets(mode):
    """The answer is for that visit; the mode is for those to come."""
    world = asked()
    world.dbg.modify("call", "by hand")
    world.dbg.mode("call", mode)
    world.dbg.run()

    assert world.dbg.state["call"] == "by hand"
    assert world.runs == ["ask", "tell"]


def test_rerouting_goes_elsewhere():
    """`reroute`: to another node instead; the node does not run."""
    world = asked()
    assert world.dbg.reroute_targets() == ["ask", "call", "tell"]
    world.dbg.reroute("tell")
    world.dbg.run()

    assert world.runs == ["ask", "tell"]
    assert "call" not in world.dbg.state


def test_an_answer_by_button_runs_on():
    """DESIGN: a button decides and runs on to the next stop."""
    world = asked()

    assert world.dbg.approve(then_run=True).reason is R.COMPLETED
    other = asked()
    assert other.dbg.post("approve", then_run=True).result(10).reason is R.COMPLETED


@pytest.mark.parametrize(
    ("decision", "diff", "next_node"),
    [
        (Approve(), [], "call"),
        (Modify("call", 3), ["call"], "tell"),
        (Modify(("ask",), 3), ["ask"], "tell"),
        (Reroute("ask"), [], "ask"),
    ],
)
def test_the_preview_of_an_answer(decision, diff, next_node):
    """What can be told before: a value put, and where it leads; a live run can't be foretold."""
    dbg = asked().dbg
    would = dbg.preview(decision)

    assert [change.path[0] for change in would.diff] == diff
    assert would.next_node == next_node
    assert dbg.pending


def test_the_preview_of_what_is_recorded():
    """A rejected question looks the outcome up: that can be foretold."""
    world = World()
    dbg = world.dbg
    dbg.run()
    dbg.mode("call", "ask")
    dbg.rewind(1)
    would = dbg.preview(Reject("as before"))

    assert [change.path[0] for change in would.diff] == ["call"]
    assert would.next_node == "tell"
    assert dbg.head == 1


def test_a_wrong_answer_is_refused_and_the_question_stays():
    """Bad input: an unknown node, an unknown id, a path that is not there."""
    dbg = asked().dbg
    with pytest.raises(NodeNotFoundError, match="tell"):
        dbg.reroute("tel")
    with pytest.raises(NodeNotFoundError, match="tell"):
        dbg.preview(Reroute("tel"))
    with pytest.raises(NotWaitingError, match="call#0"):
        dbg.approve("call#7")
    for ask in (
        lambda: dbg.modify(("not", "there"), 1),
        lambda: dbg.preview(Modify(("not", "there"), 1)),
        lambda: dbg.modify(3, 1),
    ):
        with pytest.raises(StateError):
            ask()
    assert [p.id for p in dbg.pending] == ["call#0"]
    assert dbg.head == 1


def test_a_question_follows_the_head():
    """Rewound, the answer is forgotten and the question asked again, under the same id."""
    world = asked()
    dbg = world.dbg
    dbg.approve()
    dbg.back()
    assert dbg.pending == []
    assert dbg.run().reason is R.BARRIER
    assert [p.id for p in dbg.pending] == ["call#0"]


def test_each_visit_asks_again():
    """Ids carry the visit, as a barrier's do."""
    g = GraphBuilder("loop").node("turn", note).node("end", note)
    g.edge_if("turn", "turn", lambda s: len(s["log"]) < 3).edge("turn", "end")
    dbg = Debugger(g.start("turn").end("end").build())
    dbg.mode("turn", "ask")
    ids = []
    while (stop := dbg.run()).reason is R.BARRIER:
        ids += [p.id for p in stop.pending]
        dbg.approve()

    assert ids == ["turn#0", "turn#1", "turn#2"]
    assert stop.reason is R.COMPLETED


def parallel_asks():
    """Two branches that ask, one barrier, one plain branch."""
    dbg = Debugger(fanned())
    dbg.mode("par/a", "ask")
    dbg.mode("par/deep/two", "ask")
    return dbg


def test_questions_inside_branches():
    """What can move goes on; then all that wait are listed, barriers and questions alike."""
    dbg = parallel_asks()
    stop = dbg.run()

    assert stop.reason is R.BARRIER
    assert sorted(p.id for p in stop.pending) == ["par/a#0", "par/check/ok#0", "par/deep/two#0"]
    with pytest.raises(NotWaitingError, match="par/a#0"):
        dbg.approve()
    dbg.modify("log", ["by hand"], "par/a#0")
    assert sorted(p.id for p in dbg.pending) == ["par/check/ok#0", "par/deep/two#0"]
    dbg.approve("par/deep/two#0")
    assert dbg.run().reason is R.BARRIER
    dbg.approve("par/check/ok#0")
    assert dbg.run().reason in (R.COMPLETED, R.FAILED)


def test_stepping_past_a_question_in_a_branch():
    """A single step takes a branch that can move; only when none can, it holds."""
    dbg = parallel_asks()
    reasons = [dbg.step().reason for _ in range(6)]

    assert reasons.count(R.BARRIER) >= 1
    assert {f.path for f in dbg.frames[1:]} == {"first", "par/check/look", "par/check/ok"} | {
        "par/deep/one"
    }


@pytest.mark.parametrize("composite", ["agent", "par"])
def test_a_composite_has_no_mode_of_its_own(composite):
    """A mode is about a node that runs; what has nodes inside says which to name."""
    inner = steps("x", "y", name="inner")
    g = GraphBuilder("g").subgraph("agent", inner).parallel("par", {"p": inner, "q": note})
    dbg = Debugger(g.edge("agent", "par").start("agent").end("par").build())
    with pytest.raises(DebuggerError, match="inside"):
        dbg.mode(composite, "recorded")


def test_a_barrier_asks_as_it_is():
    """A barrier can be recorded, which takes the decision of before; but it asks anyway."""
    g = GraphBuilder("g").barrier("ok").node("end", note).edge("ok", "end").start("ok").end("end")
    dbg = Debugger(g.build())
    with pytest.raises(DebuggerError, match="barrier"):
        dbg.mode("ok", "ask")
    dbg.run()
    dbg.approve(then_run=True)
    dbg.mode("ok", "recorded")
    dbg.rewind(0)

    assert dbg.run().reason is R.COMPLETED


def test_questions_with_await():
    """The async twins answer questions as well."""

    async def conversation():
        dbg = asked().dbg
        reasons = [(await dbg.amodify("call", 1)).reason, (await dbg.arun()).reason]
        dbg = asked().dbg
        reasons += [(await dbg.aapprove()).reason, (await dbg.astep()).reason]
        dbg = asked().dbg
        reasons += [(await dbg.areroute("tell", then_run=True)).reason]
        with pytest.raises(DebuggerError):
            await asked().dbg.areject("no")
        return reasons

    assert asyncio.run(conversation()) == [R.STEP, R.COMPLETED, R.STEP, R.STEP, R.COMPLETED]
