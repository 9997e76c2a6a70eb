"""B9: decisions of a sink that cannot be committed are refused, and the sink is asked again."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lellm_nb import (
    Approve,
    CancellationToken,
    ChannelBarrierSink,
    Debugger,
    Decided,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MockBarrierSink,
    Modify,
    Reject,
    Reroute,
    StopReason,
)
from lellm_nb.errors import (
    LellmError,
    MissingKeyError,
    NodeNotFoundError,
    RunCancelledError,
)
from tests.engine.graphs import gate
from tests.strategies import note


class Says:
    """A sink that says one thing at once, however often it is asked."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.asked = []

    async def wait_decision(self, barrier_id, timeout):
        self.asked.append(barrier_id)
        return self.outcome


WRONG = [
    (Decided(Reroute("nope")), NodeNotFoundError, "nope"),
    (Decided(Modify(("plan", "x"), 1)), MissingKeyError, "plan"),
    (Approve(), TypeError, "must return Decided"),
    (None, TypeError, "answered None for ask#0"),
]


@pytest.mark.parametrize(("outcome", "error", "words"), WRONG)
def test_a_refused_decision_is_asked_for_three_times_and_then_raised(outcome, error, words, caplog):
    """B9: nothing is committed; each refusal is told, and says what and why."""
    sink, engine = Says(outcome), ExecutionEngine({"n": 1})
    engine.barrier = sink
    with caplog.at_level(logging.WARNING), pytest.raises(error, match=words) as caught:
        asyncio.run(gate().run_inline(engine, 10))

    assert sink.asked == ["ask#0"] * 3
    assert engine.state == {"n": 1, "log": ["before"]}
    assert "ask#0" in caught.value.__notes__[-1]
    told = [record.getMessage() for record in caplog.records]
    assert all("ask#0 was refused" in line and words in line for line in told)
    assert [line.rpartition(". ")[2] for line in told] == [
        *["The sink is asked again."] * 2,
        "The barrier goes on waiting.",
    ]


@pytest.mark.parametrize("graph", [gate, lambda: gate(timeout=60)])
def test_the_loop_has_its_turn_before_a_sink_is_asked_again(graph):
    """B9: a sink that never waits keeps nothing else from going on."""
    turns = []

    class Counts(Says):
        async def wait_decision(self, barrier_id, timeout):
            turns.append(others)
            return await super().wait_decision(barrier_id, timeout)

    others = 0

    async def beside():
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    async def main():
        task = asyncio.ensure_future(beside())
        with pytest.raises(NodeNotFoundError):
            await graph().execute({}, barrier=Counts(Decided(Reroute("nope"))))
        task.cancel()

    asyncio.run(main())

    assert turns[0] < turns[1] < turns[2]


def test_a_right_decision_at_last_is_taken():
    """B9: the barrier goes on waiting meanwhile; a next barrier is asked anew."""
    g = GraphBuilder("g").barrier("a").barrier("b").edge("a", "b").start("a").end("b").build()
    bad = Reroute("nope")
    sink = MockBarrierSink([bad, bad, Approve(), bad, bad, Reject("no")])
    state = g.run({}, barrier=sink).state

    assert sink.asked == ["a#0"] * 3 + ["b#0"] * 3
    assert state == {"a.approved": True, "b.reject_reason": "no"}


def test_a_sink_that_is_asked_again_has_the_time_that_is_left():
    """B4, B9: a refusal does not start the clock anew."""
    given = []

    class Slow:
        async def wait_decision(self, barrier_id, timeout):
            given.append(timeout)
            return Decided(Reroute("nope"))

    with pytest.raises(NodeNotFoundError):
        gate(timeout=60).run({}, barrier=Slow())

    assert given[0] == 60
    assert given[0] > given[1] > given[2] > 0


@pytest.mark.parametrize("patient", [False, True])
def test_a_refusal_in_one_branch_lets_the_others_go_on(patient):
    """B9, P3: they end, or are decided; then `execute` raises what was refused."""

    def ask(name):
        g = GraphBuilder(name).barrier(name).node("go", note).edge(name, "go")
        return g.start(name).end("go").build()

    async def slow(ctx):
        for _ in range(20):
            await asyncio.sleep(0)
        ctx.put("slow", True)

    g = GraphBuilder("g")
    on_error = "collect_all" if patient else "fail_fast"
    g.parallel("par", {"bad": ask("x"), "good": ask("y"), "slow": slow}, on_error=on_error)
    graph = g.start("par").end("par").build()
    sink = MockBarrierSink({"par/bad/x#0": Reroute("nope"), "par/good/y#0": Approve()})
    session = ExecutionSession({}, graph)
    with pytest.raises(NodeNotFoundError, match="nope") as caught:
        asyncio.run(session.run(barrier=sink))

    assert sorted(sink.asked) == ["par/bad/x#0"] * 3 + ["par/good/y#0"]
    assert {f.path for f in session.line if f.kind == "commit"} == {"par/good/go", "par/slow"}
    assert [w.barrier_id for w in session.waiting] == ["par/bad/x#0"]
    assert caught.value.path == "par/bad/x"


def test_a_session_that_raised_a_refusal_still_waits_and_can_be_decided():
    """B9: nothing was committed but what went before."""
    session = ExecutionSession({}, gate())

    async def go():
        with pytest.raises(LellmError):
            await session.run(barrier=Says(Decided(Reroute("nope"))))
        assert [w.barrier_id for w in session.waiting] == ["ask#0"]
        await session.decide(Approve())
        await session.run()

    asyncio.run(go())

    assert session.state["log"] == ["before", "after"]


def test_a_stream_goes_on_after_a_refusal_and_fails_after_three():
    """B9: by handle, too; what was refused is the run's error."""

    async def main(*decisions):
        execution = gate().execute_stream({})
        for decision in decisions:
            execution.handle.decide_wildcard("ask", decision)
        names = [type(event).__name__ async for event in execution.events]
        return names, await execution.result()

    names, result = asyncio.run(main(Reroute("nope"), Approve()))
    assert names[-1] == "GraphComplete"
    assert result.state["log"] == ["before", "after"]

    with pytest.raises(NodeNotFoundError):
        asyncio.run(main(*[Reroute("nope")] * 3))


def test_a_wildcard_that_is_refused_ends_the_run():
    """B5, B9: it would be the same decision for ever."""
    sink = ChannelBarrierSink()
    sink.decide_wildcard("ask", Reroute("nope"), "run")

    with pytest.raises(NodeNotFoundError):
        gate().run({}, barrier=sink)


def test_cancelling_while_a_sink_is_asked_again_ends_the_run():
    """R5, B9: looked at before each question."""
    token = CancellationToken()

    class Cancels(Says):
        async def wait_decision(self, barrier_id, timeout):
            token.cancel()
            return await super().wait_decision(barrier_id, timeout)

    sink = Cancels(Decided(Reroute("nope")))
    engine = ExecutionEngine({}, barrier=sink, cancel=token)
    with pytest.raises(RunCancelledError):
        asyncio.run(gate().run_inline(engine, 10))

    assert sink.asked == ["ask#0"]


@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("error", [RuntimeError("the desk is closed"), TimeoutError("no line")])
def test_a_sink_that_raises_ends_the_run_with_what_it_raised(error, timeout):
    """B9: at once, and told for which barrier; its own time-out is not the barrier's (B4)."""

    class Broken(Says):
        async def wait_decision(self, barrier_id, timeout):
            self.asked.append(barrier_id)
            raise error

    sink = Broken(None)
    with pytest.raises(type(error), match=str(error)) as caught:
        gate(timeout=timeout).run({}, barrier=sink)

    assert sink.asked == ["ask#0"]
    assert any("asked for ask#0" in line for line in caught.value.__notes__)


def test_a_sink_may_answer_without_a_coroutine():
    """DESIGN: sinks are plain methods; an awaitable is awaited."""

    class Plain:
        def wait_decision(self, barrier_id, timeout):
            return Decided(Approve())

    for timeout in (None, 60):
        state = gate(timeout=timeout).run({}, barrier=Plain()).state
        assert state["log"] == ["before", "after"]


def test_a_debugger_holds_at_a_barrier_whose_recorded_decision_is_refused():
    """B9, R10: the stop says why, and the barrier can be decided otherwise."""
    dbg = Debugger(gate(), {"plan": {}})
    dbg.run()
    dbg.modify(("plan", "x"), 1)
    dbg.rewind(0)
    fork = dbg.fork(0, delete=["plan"])
    fork.mode("ask", "recorded")
    stop = fork.run()

    assert stop.reason is StopReason.BARRIER
    assert isinstance(stop.error, MissingKeyError)
    assert [waits.id for waits in stop.pending] == ["ask#0"]
    assert "MissingKeyError" in repr(stop)
    assert fork.approve(then_run=True).reason is StopReason.COMPLETED
