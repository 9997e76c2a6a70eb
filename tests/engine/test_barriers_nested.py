"""B3 to B7 inside composites: several waits, wildcards, clocks, and what is recorded."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Approve,
    ChannelBarrierSink,
    Debugger,
    Decided,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
    MockBarrierSink,
    Modify,
    Reject,
    Reroute,
    StopReason,
    TimedOut,
)
from lellm_nb.clock import Clock
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import BarrierCancelledError, NodeNotFoundError, NotWaitingError
from tests.strategies import note


def gates(*names, **barrier):
    """Branches that are graphs of one barrier ``ok`` and a node after it."""

    def gate():
        g = GraphBuilder("gate").barrier("ok", **barrier).node("after", note)
        g.node("other", note).edge("ok", "after").edge("other", "after")
        return g.start("ok").end("after").build()

    keys = {name: gate() for name in names}
    g = GraphBuilder("g").parallel("par", keys).node("last", note).edge("par", "last")
    return g.start("par").end("last").build()


async def until(condition):
    """Let others go on until a condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def test_a_wildcard_once_decides_one_of_several_that_wait():
    """B5: the others go on waiting; a second one decides a second."""
    sink = ChannelBarrierSink()

    async def drive():
        task = asyncio.ensure_future(gates("a", "b").execute({}, barrier=sink))
        await until(lambda: len(sink.waiting) == 2)
        sink.decide_wildcard("ok", Approve())
        await until(lambda: len(sink.waiting) == 1)
        left = list(sink.waiting)
        sink.decide_wildcard("ok", Approve())
        return left, await task

    left, result = asyncio.run(drive())

    assert left in (["par/a/ok#0"], ["par/b/ok#0"])
    assert sorted(result.state["log"]) == ["last", "par/a/after", "par/b/after"]


def test_cancelling_all_waits_cancels_every_branch_s():
    """B4: a cancelled wait names its barrier."""
    sink = ChannelBarrierSink()

    async def drive():
        task = asyncio.ensure_future(gates("a", "b").execute({}, barrier=sink))
        await until(lambda: len(sink.waiting) == 2)
        sink.cancel()
        await task

    with pytest.raises(BarrierCancelledError) as caught:
        asyncio.run(drive())
    assert caught.value.path.startswith("par/")
    assert caught.value.state == {}


@pytest.mark.parametrize("inside", ["branch", "subgraph"])
def test_a_cancelled_wait_is_taken_by_no_error_route(inside):
    """B4, R9: it is nobody's failure."""
    gate = GraphBuilder("gate").barrier("ok").start("ok").end("ok").build()
    g = GraphBuilder("g").node("rescue", note)
    if inside == "branch":
        g.parallel("par", {"a": gate, "b": note})
    else:
        g.subgraph("par", gate)
    g.edge("par", "rescue").on_error("par", "rescue").start("par").end("rescue")
    with pytest.raises(BarrierCancelledError):
        g.build().run({}, barrier=MockBarrierSink())


def test_a_script_answers_by_id_at_any_depth():
    """B6: one sink for all; each is asked for once."""
    script = MockBarrierSink({"par/a/ok#0": Approve(), "par/b/ok#0": Reroute("other")})
    state = gates("a", "b").run({}, barrier=script).state

    assert sorted(script.asked) == ["par/a/ok#0", "par/b/ok#0"]
    assert state["log"] == ["par/a/after", "par/b/other", "par/b/after", "last"]


def test_a_script_with_nothing_more_to_say_cancels():
    """B4: so that a test ends instead of waiting."""
    with pytest.raises(BarrierCancelledError):
        gates("a", "b").run({}, barrier=MockBarrierSink([Approve()]))


def test_a_reroute_inside_a_branch_jumps_within_its_graph():
    """B3, R2: only to nodes of its own level; a refused one leaves all as it was."""
    dbg = Debugger(gates("a", "b"))
    dbg.run()
    with pytest.raises(NodeNotFoundError) as caught:
        dbg.reroute("last", id="par/a/ok#0")
    assert "after" in str(caught.value)
    assert [p.id for p in dbg.pending] == ["par/a/ok#0", "par/b/ok#0"]
    dbg.reroute("other", id="par/a/ok#0")
    dbg.approve()

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state["log"] == ["par/a/other", "par/a/after", "par/b/after", "last"]


def test_every_wait_of_a_rewound_run_has_its_old_id():
    """B2: the counters are in the position; what was decided can be decided otherwise."""
    dbg = Debugger(gates("a", "b"))
    dbg.run()
    ids = [p.id for p in dbg.pending]
    at = dbg.head
    dbg.approve(ids[1])
    dbg.rewind(at)

    assert [p.id for p in dbg.pending] == ids
    dbg.reject("now no", id=ids[1])
    assert dbg.frames[dbg.head].state == {"ok.reject_reason": "now no"}
    assert [p.id for p in dbg.pending] == ids[:1]


def test_a_decided_barrier_does_not_wait_any_more():
    """B5: a second decision is refused, and lists what does."""
    session = ExecutionSession({}, gates("a", "b"))
    asyncio.run(session.run())
    asyncio.run(session.decide(Approve(), "par/a/ok#0"))
    with pytest.raises(NotWaitingError) as caught:
        asyncio.run(session.decide(Approve(), "par/a/ok#0"))
    assert caught.value.waiting == ["par/b/ok#0"]


def test_barriers_of_branches_that_are_decided_differently_are_joined():
    """N4: what they decided is no conflict; one rejection stands for all, the first one."""
    dbg = Debugger(gates("a", "b", "c"))
    dbg.run()
    dbg.approve("par/a/ok#0")
    dbg.reject("no", id="par/b/ok#0")
    dbg.reject("never", id="par/c/ok#0")

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state["ok.reject_reason"] == "no"
    assert "ok.approved" not in dbg.state


def test_the_clock_starts_when_a_session_is_put_at_the_waiting_position():
    """B4: a restored wait has its whole time again, and then takes the default."""
    ticks, asked = iter(range(0, 10**9, 1000)), []

    class Patient:
        async def wait_decision(self, barrier_id, timeout):
            asked.append((barrier_id, timeout))
            return TimedOut()

    graph = gates("a", timeout=60.0, default_action="approve")
    hours_pass = Clock(tick=lambda: float(next(ticks)))
    session = ExecutionSession({}, graph, clock=hours_pass)
    asyncio.run(session.run())
    restored = ExecutionSession.restore(session.checkpoint(), graph, clock=hours_pass)
    halt = asyncio.run(restored.run(barrier=Patient()))

    assert [w.barrier_id for w in session.waiting] == ["par/a/ok#0"]
    assert asked == [("par/a/ok#0", 60.0)]
    assert halt is Halt.ENDED
    assert [f.decision.by for f in restored.line if f.decision] == ["timeout"]


def test_one_timeout_does_not_touch_another_branch():
    """B4, B5: each clock is its own."""
    quick = GraphBuilder("q").barrier("ask", timeout=0.01, default_action="skip")
    slow = GraphBuilder("s").barrier("wait")
    g = GraphBuilder("g").parallel(
        "par",
        {"q": quick.start("ask").end("ask").build(), "s": slow.start("wait").end("wait").build()},
    )
    sink, frames = ChannelBarrierSink(), MemorySink()

    class Answers:
        async def wait_decision(self, barrier_id, timeout):
            if barrier_id.startswith("par/s"):
                await asyncio.sleep(0.1)
                return Decided(Approve())
            return await sink.wait_decision(barrier_id, timeout)

    state = g.start("par").end("par").build().run({}, barrier=Answers(), checkpoint=frames).state
    decided = {f.decision.barrier_id: f.decision.by for f in frames.frames if f.decision}

    assert state == {"wait.approved": True}
    assert decided == {"par/q/ask#0": "timeout", "par/s/wait#0": "person"}


@pytest.mark.parametrize(
    ("decision", "proposed", "effective"),
    [
        (Modify("n", 5), 1, 5),
        (Modify(("tree", "x"), 2), 0, 2),
        (Modify("new", 3), None, 3),
        (Approve(), None, None),
        (Reject("no"), None, None),
    ],
)
def test_a_record_has_the_proposed_and_the_effective_value(decision, proposed, effective):
    """B7: and who, when, what and for which id; at the barrier's own level."""
    g = GraphBuilder("g").barrier("ask").start("ask").end("ask")
    outer = GraphBuilder("outer").subgraph("sub", g.build(), lens="part").start("sub").end("sub")
    state = {"part": {"n": 1, "tree": {"x": 0}}}
    session = ExecutionSession(state, outer.build(), clock=Clock(wall=lambda: 7.0))
    asyncio.run(session.run())
    record = asyncio.run(session.decide(decision, by="Ada")).decision

    assert (record.barrier_id, record.decision, record.by) == ("sub/ask#0", decision, "Ada")
    assert (record.proposed, record.effective) == (proposed, effective)
    assert record.at == 7.0
