"""B3, B5, B7: what a decision does, which barrier it reaches, and what is recorded of it."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    Debugger,
    Decided,
    Delete,
    ExecutionSession,
    GraphBuilder,
    Modify,
    Put,
    Reject,
    Reroute,
    StopReason,
)
from lellm_nb.errors import MissingKeyError, NodeNotFoundError, NotWaitingError, StateTypeError
from tests.engine.graphs import Answers, gate, waiting
from tests.strategies import review

# -- B3 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "mutations", "next_node"),
    [
        (Approve(), (Put("ask.approved", True), Delete("ask.reject_reason")), "after"),
        (Reject("bad"), (Put("ask.reject_reason", "bad"), Delete("ask.approved")), "after"),
        (
            Modify("n", [1]),
            (Put("n", [1]), Put("ask.approved", True), Delete("ask.reject_reason")),
            "after",
        ),
        (
            Modify(("plan", "x"), 2),
            (Put(("plan", "x"), 2), Put("ask.approved", True), Delete("ask.reject_reason")),
            "after",
        ),
        (Reroute("aside"), (), "aside"),
        (Reroute("ask"), (), "ask"),
    ],
    ids=repr,
)
def test_a_decision_is_applied_as_mutations_before_routing(decision, mutations, next_node):
    """B3: committed as a frame of kind decision, then routed."""
    session = ExecutionSession({"plan": {}}, gate())
    asyncio.run(session.run())
    frame = asyncio.run(session.decide(decision))

    assert frame.kind == "decision"
    assert frame.mutations == mutations
    assert frame.next_node == next_node
    assert frame.decision.decision == decision


def test_an_approval_and_a_rejection_replace_each_other():
    """B3: Approve deletes the reason; Reject deletes the approval."""
    dbg = Debugger(review(), {"topic": "x", "approve.approved": True})
    dbg.run()
    dbg.reject("short")
    rejected = dict(dbg.state)
    dbg.run()
    dbg.approve()

    assert rejected["approve.reject_reason"] == "short"
    assert "approve.approved" not in rejected
    assert dbg.state["approve.approved"] is True
    assert "approve.reject_reason" not in dbg.state


def test_both_key_names_can_be_set():
    """B3: custom names, in the mutations and in what a condition sees."""
    dbg = waiting(approve_key="ok", reject_key="why not")
    dbg.reject("late")
    reject_state = dbg.state
    dbg.rewind(2)
    dbg.modify("n", 1)

    assert reject_state == {"log": ["before"], "why not": "late"}
    assert dbg.state == {"log": ["before"], "n": 1, "ok": True}


def test_the_routing_sees_the_decision():
    """B3: the documentation's loop: reject goes back, approve goes on."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()

    assert dbg.reject("short").frame.next_node == "draft"
    dbg.run()
    assert dbg.approve().frame.next_node == "publish"


def test_a_reroute_to_an_unknown_node_is_refused_and_it_goes_on_waiting():
    """R2, B3: nothing is committed; the error lists the nodes."""
    dbg = waiting()
    count = len(dbg.frames)
    with pytest.raises(NodeNotFoundError, match="Did you mean 'after'"):
        dbg.reroute("aftre")

    assert len(dbg.frames) == count
    assert [p.id for p in dbg.pending] == ["ask#0"]
    assert dbg.approve().reason is StopReason.STEP


def test_a_reroute_of_a_sink_to_an_unknown_node_is_refused_and_it_is_asked_again():
    """R2: in a whole run as well."""
    sink = Answers(Decided(Reroute("nowhere")), Decided(Reroute("aside")))
    result = gate().run({}, barrier=sink)

    assert [asked[0] for asked in sink.asked] == ["ask#0", "ask#0"]
    assert result.state == {"log": ["before", "aside", "after"]}


def test_a_modify_through_a_path_that_is_not_there_is_refused_and_it_goes_on_waiting():
    """S3, B3: a decision that can't be written is not a decision."""
    dbg = waiting()
    with pytest.raises(MissingKeyError):
        dbg.modify(("absent", "x"), 1)

    assert [p.id for p in dbg.pending] == ["ask#0"]
    assert dbg.frames[-1].kind == "waiting"


def test_a_modify_of_a_sink_that_cannot_be_written_is_refused_and_it_is_asked_again():
    """S3, B3: a wrong answer from outside never ends the run."""
    sink = Answers(Decided(Modify(("absent", "x"), 1)), Decided(Approve()))
    result = gate().run({}, barrier=sink)

    assert [asked[0] for asked in sink.asked] == ["ask#0", "ask#0"]
    assert result.state["ask.approved"] is True


@pytest.mark.parametrize("key", [3, None, (), (1, "a")], ids=repr)
def test_a_modify_needs_a_key(key):
    """B3: text, or a path that begins with text."""
    with pytest.raises(StateTypeError):
        Modify(key, 1)


def test_a_modified_value_is_frozen_when_it_is_decided():
    """S1: as for ctx.put."""
    dbg = waiting()
    value = [1]
    dbg.modify("list", value)
    value.append(2)

    assert dbg.state["list"] == [1]


# -- B5 ----------------------------------------------------------------------------------


def test_several_barriers_wait_at_once_and_a_decision_reaches_the_one_it_names():
    """B5: in any order."""

    def ask(ctx):
        ctx.pause(ctx.node)

    g = GraphBuilder("g").parallel("par", {"a": ask, "b": ask, "c": ask})
    dbg = Debugger(g.start("par").end("par").build())
    ids = [p.id for p in dbg.run().pending]
    dbg.reject("no", id="par/b/b#0")

    assert ids == ["par/a/a#0", "par/b/b#0", "par/c/c#0"]
    assert [p.id for p in dbg.pending] == ["par/a/a#0", "par/c/c#0"]
    dbg.modify("n", 1, id="par/c/c#0")
    dbg.approve()
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == {"a.approved": True, "b.reject_reason": "no", "n": 1, "c.approved": True}


def test_a_decision_without_an_id_needs_exactly_one_waiting_barrier():
    """B5: otherwise the error lists them."""

    def ask(ctx):
        ctx.pause(ctx.node)

    g = GraphBuilder("g").parallel("par", {"a": ask, "b": ask})
    dbg = Debugger(g.start("par").end("par").build())
    dbg.run()
    for verb in (dbg.approve, dbg.reject, lambda: dbg.preview(Approve())):
        with pytest.raises(NotWaitingError, match="par/a/a#0, par/b/b#0") as caught:
            verb()
    assert caught.value.waiting == ["par/a/a#0", "par/b/b#0"]


# -- B7 ----------------------------------------------------------------------------------


def test_every_decision_is_recorded():
    """B7: id, decision, who, when, proposed and effective value."""
    dbg = Debugger(gate(), {"n": 1})
    dbg.run()
    record = dbg.modify("n", 2).frame.decision

    assert (record.barrier_id, record.decision, record.by) == ("ask#0", Modify("n", 2), dbg.user)
    assert (record.proposed, record.effective) == (1, 2)
    assert record.at > 1_700_000_000


def test_who_decided_can_be_said():
    """B7: a program that decides in somebody's name says so."""
    session = ExecutionSession({}, gate())
    asyncio.run(session.run())
    frame = asyncio.run(session.decide(Approve(), by="nightly"))

    assert frame.decision.by == "nightly"
    assert str(frame.decision) == "approve (by nightly)"
