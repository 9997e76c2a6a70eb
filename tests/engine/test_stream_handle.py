"""B5, B6: answering a run under way, in any order and from any thread."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import (
    Approve,
    BarrierResolved,
    BarrierWaiting,
    ChannelBarrierSink,
    Decided,
    GraphBuilder,
    GraphStart,
    Modify,
    Reject,
    Reroute,
    TimedOut,
)
from lellm_nb.errors import (
    BarrierCancelledError,
    DebuggerError,
    RunCancelledError,
)
from tests.strategies import nested, review
from tests.strategies_story import heard


def asks(*names):
    """Branches that each pause under their own name."""
    g = GraphBuilder("g").parallel("par", dict.fromkeys(names, lambda ctx: ctx.pause(ctx.node)))
    return g.start("par").end("par").build()


@pytest.mark.parametrize("order", ["abc", "cba", "bca"])
def test_several_barriers_are_decided_in_any_order(order):
    """B5: each decision reaches exactly the id it names."""
    waiting = []

    def answer(event, handle):
        if isinstance(event, BarrierWaiting):
            waiting.append(event.barrier_id)
            if len(waiting) == 3:
                assert sorted(handle.waiting) == ["par/a/a#0", "par/b/b#0", "par/c/c#0"]
                for name in order:
                    handle.decide(f"par/{name}/{name}#0", Modify(f"for {name}", name))

    events, result = heard(asks("a", "b", "c"), {}, answer)
    resolved = [e for e in events if isinstance(e, BarrierResolved)]

    assert {k: v for k, v in result.state.items() if k.startswith("for")} == {
        "for a": "a",
        "for b": "b",
        "for c": "c",
    }
    assert sorted(e.barrier_id for e in resolved) == ["par/a/a#0", "par/b/b#0", "par/c/c#0"]
    assert all(e.by == "person" for e in resolved)


def test_a_decision_for_a_barrier_that_does_not_wait_yet_is_kept():
    """B5: never a cancel, and used once."""

    def answer(event, handle):
        if isinstance(event, GraphStart):
            handle.decide("approve#1", Approve())
            handle.decide("approve#0", Reject("too short"))

    _, result = heard(review(), {"topic": "x"}, answer)

    assert result.state["drafts"] == 2
    assert result.state["approve.approved"] is True


def test_the_last_of_several_kept_decisions_for_one_barrier_counts():
    """B5: changing one's mind before it waits."""

    def answer(event, handle):
        if isinstance(event, GraphStart):
            handle.decide("approve#0", Reject("no"))
            handle.decide("approve#0", Reroute("publish"))

    _, result = heard(review(), {"topic": "x"}, answer)

    assert result.state["drafts"] == 1
    assert "approve.reject_reason" not in result.state


def test_a_wildcard_is_for_a_node_name_once():
    """B5: the next barrier of that name anywhere; the one after it waits again."""
    ids = []

    def answer(event, handle):
        if isinstance(event, GraphStart):
            handle.decide_wildcard("approve", Approve())
        if isinstance(event, BarrierWaiting):
            ids.append(event.barrier_id)
            if len(ids) == 2:
                handle.decide(event.barrier_id, Reject("second"))

    _, result = heard(nested(), {}, answer)

    assert ids == ["agent/approve#0", "agent#2/approve#0"]
    assert result.state["approve.reject_reason"] == "second"


def test_a_wildcard_may_hold_for_the_whole_run():
    """B5: its scope is stated, and a decision by id comes before it."""

    def answer(event, handle):
        if isinstance(event, GraphStart):
            handle.decide_wildcard("approve", Approve(), scope="run")
            handle.decide("approve#0", Reject("first"))

    _, result = heard(review(), {"topic": "x"}, answer)

    assert result.state["drafts"] == 2
    assert result.state["approve.approved"] is True


def test_a_wildcard_of_another_scope_is_refused():
    """B5: once, or this run."""
    with pytest.raises(DebuggerError, match="once"):
        ChannelBarrierSink().decide_wildcard("approve", Approve(), scope="always")


def test_a_wildcard_does_not_reach_another_name():
    """B5: `approve` is not `approve2`, and not a path."""
    sink = ChannelBarrierSink()
    sink.decide_wildcard("approve", Approve(), scope="run")

    async def ask():
        return (
            await sink.wait_decision("approve2#0", 0.01),
            await sink.wait_decision("x/approve#3", 1),
        )

    assert asyncio.run(ask()) == (TimedOut(), Decided(Approve()))


def test_the_handle_is_safe_from_other_threads():
    """B5: a button lives on another thread, and may be pressed as the run ends."""
    problems, threads = [], []

    def press(handle, barrier_id):
        try:
            handle.decide(barrier_id, Approve())
            handle.decide(barrier_id, Approve())  # a double click: nothing waits any more
        except Exception as error:
            problems.append(error)

    def answer(event, handle):
        if isinstance(event, BarrierWaiting):
            threads.append(threading.Thread(target=press, args=(handle, event.barrier_id)))
            threads[-1].start()

    for _ in range(50):
        _, result = heard(asks("a", "b"), {}, answer)
        assert result.state == {"a.approved": True, "b.approved": True}
    for thread in threads:
        thread.join(10)
    assert problems == []


def test_nothing_is_approved_by_itself_in_a_stream():
    """B6: it always has a sink."""
    events, error = heard(
        review(),
        {"topic": "x"},
        lambda e, handle: (
            asyncio.get_running_loop().call_later(0.05, handle.cancel)
            if isinstance(e, BarrierWaiting)
            else None
        ),
    )

    assert not any(isinstance(e, BarrierResolved) for e in events)
    assert isinstance(error, (RunCancelledError, BarrierCancelledError))
