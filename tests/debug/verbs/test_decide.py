"""What a run that failed or waits is answered: a retry, a decision, and its preview."""

from __future__ import annotations

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NodeExecutionError, NotWaitingError
from tests.strategies import chain, nested, note, review, steps

R = StopReason


# -- failures and retry ------------------------------------------------------------------


def test_a_failure_is_returned_and_not_raised():
    """DESIGN: each verb returns a Stop and never raises for user code."""

    def a(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(a))
    stops = [dbg.step(), dbg.run(), dbg.over(), dbg.into(), dbg.out(), dbg.retry()]

    assert {stop.reason for stop in stops} == {R.FAILED}
    assert all(isinstance(stop.error, NodeExecutionError) for stop in stops)
    assert "ValueError: no" in repr(stops[0])


def test_retry_is_for_a_failure():
    """Bad input: it says what to call instead."""
    dbg = Debugger(steps("a", "b"))
    for _ in range(2):
        with pytest.raises(DebuggerError, match="Nothing failed"):
            dbg.retry()
        dbg.step()


def test_stepping_again_is_the_same_as_retrying():
    """DESIGN: fixing the function and retrying is the same as stepping again."""
    world = {"up": False}

    def a(ctx):
        if not world["up"]:
            raise ConnectionError
        return {"ok": True}

    dbg = Debugger(chain(a))
    dbg.step()
    world["up"] = True

    assert dbg.step().reason is R.COMPLETED
    assert dbg.state == {"ok": True}


def test_a_failed_branch_is_retried_and_the_others_are_kept():
    """P3: commits that other branches made before a failure stay in the position."""
    runs, broken = [], [True]

    def good(ctx):
        runs.append("good")
        note(ctx)

    def bad(ctx):
        runs.append("bad")
        if broken[0]:
            raise ValueError("no")
        note(ctx)

    g = GraphBuilder("g").parallel("par", {"good": good, "bad": bad})
    dbg = Debugger(g.start("par").end("par").build())
    stop = dbg.run()
    broken[0] = False

    assert stop.reason is R.FAILED
    assert dbg.run().reason is R.COMPLETED
    assert runs == ["good", "bad", "bad"]
    assert dbg.state == {"log": ["par/good", "par/bad"]}


# -- barriers ----------------------------------------------------------------------------


def test_a_decision_decides_and_stays():
    """DESIGN: a call decides, makes the decision frame, and stays."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    stop = dbg.approve()

    assert (stop.reason, stop.frame.kind, stop.pending) == (R.STEP, "decision", ())
    assert dbg.position.node == "publish"
    assert "published" not in dbg.state


def test_a_button_decides_and_runs_on():
    """DESIGN: a button runs on to the next stop."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()

    assert dbg.reject("no", then_run=True).reason is R.BARRIER
    assert dbg.approve(then_run=True).reason is R.COMPLETED


@pytest.mark.parametrize(
    "verb",
    [
        lambda dbg, **more: dbg.approve(**more),
        lambda dbg, **more: dbg.reject("no", **more),
        lambda dbg, **more: dbg.modify("n", 1, **more),
        lambda dbg, **more: dbg.reroute("draft", **more),
        lambda dbg, **more: dbg.preview(Approve(), **more),
        lambda dbg, **more: dbg.reroute_targets(**more),
    ],
    ids=["approve", "reject", "modify", "reroute", "preview", "reroute_targets"],
)
def test_a_decision_for_what_does_not_wait_is_refused(verb):
    """B5: Debugger verbs raise, and list what waits; nothing is lost."""
    dbg = Debugger(review(), {"topic": "x"})
    with pytest.raises(NotWaitingError, match="No barrier waits"):
        verb(dbg)
    dbg.run()
    with pytest.raises(NotWaitingError, match="Waiting: approve#0") as caught:
        verb(dbg, id="approve#1")

    assert (caught.value.wanted, caught.value.waiting) == ("approve#1", ["approve#0"])
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert len(dbg.frames) == 3


def test_preview_tells_what_a_decision_would_do_and_does_nothing():
    """DESIGN: state diff and next node."""
    from lellm_nb import Modify, Reject, Reroute

    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    approve, reject = dbg.preview(Approve()), dbg.preview(Reject("short"))
    modify, reroute = dbg.preview(Modify("topic", "y")), dbg.preview(Reroute("publish"))

    assert (approve.diff.keys, approve.next_node) == (["approve.approved"], "publish")
    assert (reject.diff.keys, reject.next_node) == (["approve.reject_reason"], "draft")
    assert modify.diff.keys == ["topic", "approve.approved"]
    assert modify.diff[0].old == "x"
    assert (list(reroute.diff), reroute.next_node) == ([], "publish")
    assert len(dbg.frames) == 3
    assert [p.id for p in dbg.pending] == ["approve#0"]
    assert dbg.approve().frame.state == {**dbg.frames[2].state, "approve.approved": True}


def test_preview_of_a_nested_barrier_looks_at_its_level():
    """N2: the diff and the way on are those of the barrier's own graph."""
    dbg = Debugger(nested())
    dbg.run()
    would = dbg.preview(Approve())

    assert (would.diff.keys, would.next_node) == (["approve.approved"], "tool")
    assert dbg.reroute_targets() == ["llm", "approve", "tool"]
