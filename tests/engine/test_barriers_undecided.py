"""B4, B6: barriers that nobody decides: timeouts, cancelled waits, and runs without a sink."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from lellm_nb import (
    Approve,
    CancellationToken,
    Cancelled,
    Decided,
    DefaultAction,
    ExecutionEngine,
    ExecutionSession,
    MemorySink,
    NoopBarrierSink,
    Reject,
    StopReason,
    TimedOut,
)
from lellm_nb.errors import BarrierCancelledError, InvalidNodeError, RunCancelledError
from tests.engine.graphs import Answers, gate, waiting
from tests.strategies import chain, fanned, nested

# -- B4 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "written", "decided"),
    [
        (DefaultAction.APPROVE, {"ask.approved": True}, Approve()),
        (DefaultAction.SKIP, {}, "skip"),
    ],
)
def test_a_timeout_applies_the_default_action(action, written, decided):
    """B4: as a decision marked "by timeout"; SKIP routes on without writing."""
    sink, frames = Answers(TimedOut()), MemorySink()
    graph = gate(timeout=3, default_action=action)
    result = graph.run({"log": []}, barrier=sink, checkpoint=frames)
    record = frames.frames[2].decision

    assert sink.asked == [("ask#0", 3)]
    assert result.state == {"log": ["before", "after"], **written}
    assert (record.by, record.decision, record.barrier_id) == ("timeout", decided, "ask#0")


def test_a_timeout_rejects_by_default():
    """B4: REJECT is the default of the default; a plain pause is rejected as well."""

    def a(ctx):
        ctx.pause("sure", timeout=1)

    frames = MemorySink()
    state = gate(timeout=3).run({}, barrier=Answers(TimedOut()), checkpoint=frames).state
    paused = chain(a).run({}, barrier=Answers(TimedOut())).state

    assert isinstance(frames.frames[2].decision.decision, Reject)
    assert frames.frames[2].decision.by == "timeout"
    assert "ask.approved" not in state
    assert state["ask.reject_reason"]
    assert paused["sure.reject_reason"]


def test_the_default_action_may_be_given_as_text():
    """B4: and a wrong one is refused when the barrier is added."""
    state = gate(timeout=1, default_action="skip").run({}, barrier=Answers(TimedOut())).state

    assert state == {"log": ["before", "after"]}
    with pytest.raises(InvalidNodeError, match=r"default_action is .* not 'maybe'"):
        gate(default_action="maybe")


def test_a_cancelled_wait_raises():
    """B4: BarrierCancelledError(node); what was committed before is kept."""
    sink = MemorySink()
    with pytest.raises(BarrierCancelledError, match="'ask'") as caught:
        gate().run({}, barrier=Answers(Cancelled()), checkpoint=sink)

    assert (caught.value.path, caught.value.node) == ("ask", "ask")
    assert caught.value.state == {"log": ["before"]}
    assert [f.kind for f in sink.frames] == ["commit", "waiting"]


def test_cancelling_the_run_ends_the_wait():
    """R5: cancellation is looked at inside every wait."""
    token = CancellationToken()

    class Forever:
        async def wait_decision(self, barrier_id, timeout):
            asyncio.get_running_loop().call_soon(token.cancel)
            await asyncio.Event().wait()

    engine = ExecutionEngine({}, barrier=Forever(), cancel=token)
    with pytest.raises(RunCancelledError):
        asyncio.run(gate().run_inline(engine, 10))

    assert engine.state == {"log": ["before"]}


def test_a_debugger_that_stands_still_lets_no_timeout_expire():
    """B4: the timeout is shown, and the barrier goes on waiting."""
    dbg = waiting(timeout=1e-9)
    [pending] = dbg.pending

    assert pending.timeout == 1e-9
    assert dbg.run().reason is StopReason.BARRIER
    assert dbg.approve().frame.decision.by == dbg.user


def test_a_timeout_expires_in_a_run_through_barriers():
    """B4: there the clock runs."""
    dbg = waiting(timeout=1e-6, default_action="approve")
    stop = asyncio.run(dbg.arun(through_barriers=True))

    assert stop.reason is StopReason.COMPLETED
    assert dbg.frames[3].decision.by == "timeout"


# -- B6 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("graph", "ids"),
    [
        (gate, ["ask#0"]),
        (nested, ["agent/approve#0", "agent#2/approve#0"]),
        (fanned, ["par/check/ok#0"]),
    ],
)
def test_without_a_sink_a_barrier_is_approved_in_the_open(graph, ids):
    """B6: at every depth alike: applied, recorded as by `no sink`, and warned of."""
    frames = MemorySink()
    with pytest.warns(UserWarning, match="approved by itself") as caught:
        graph().run({}, checkpoint=frames)
    records = [f.decision for f in frames.frames if f.kind == "decision"]

    assert [record.by for record in records] == ["no sink"] * len(ids)
    assert [record.barrier_id for record in records] == ids
    assert [barrier_id for barrier_id in ids if barrier_id in str(caught.list[0].message)]
    assert len(caught) == len(ids)


def test_a_noop_sink_approves_without_a_warning():
    """B6: said on purpose, so not warned of."""
    frames = MemorySink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = gate().run({}, checkpoint=frames, barrier=NoopBarrierSink())

    assert result.state["ask.approved"] is True
    assert frames.frames[2].decision.decision == Approve()


def test_a_nested_barrier_uses_the_same_sink():
    """B6: inside a subgraph and a branch."""
    deep, fan = Answers(*[Decided(Approve())] * 2), Answers(Decided(Reject("x")))
    nested().run({}, barrier=deep)
    fanned().run({}, barrier=fan)

    assert [asked[0] for asked in deep.asked] == ["agent/approve#0", "agent#2/approve#0"]
    assert [asked[0] for asked in fan.asked] == ["par/check/ok#0"]


def test_after_a_restore_the_barrier_waits_again():
    """B6: under the same id, and nothing runs twice."""
    session = ExecutionSession({}, gate())
    asyncio.run(session.run())
    restored = ExecutionSession.restore(session.checkpoint(), gate())
    asyncio.run(restored.run())

    assert [w.barrier_id for w in restored.waiting] == ["ask#0"]
    asyncio.run(restored.decide(Approve()))
    asyncio.run(restored.run())
    assert restored.state["log"] == ["before", "after"]
