"""Calls of nodes side by side: stops in one while others are in flight (K2, K7, P5)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.calls.agents import (
    LIMIT,
    TOOLS,
    aclient,
    ask,
    atalk,
    beside,
    debug,
    gathered,
    heard,
    talk,
    told,
    user,
)

R = StopReason


def talks(server: Any, ai: Any, way: str, **texts: str) -> Any:
    """A graph of branches that ask, in threads or on the loop."""
    made = (
        {name: talk(ai, *said, key=name) for name, said in texts.items()}
        if way == "threads"
        else {name: atalk(server, *said, key=name) for name, said in texts.items()}
    )
    return beside(**made)


WAYS = pytest.mark.parametrize("way", ["threads", "loop"])


@WAYS
def test_a_stop_in_one_branch_lets_the_others_commit(server, ai, way):
    """K2: they are in flight; nothing of either is lost or paid twice."""
    dbg = Debugger(talks(server, ai, way, x="ab", y="cd"), {})
    dbg.break_on_call(node="par/x", nth=1)
    stop = dbg.run()

    assert (stop.reason, stop.call.path) == (R.BREAKPOINT, "par/x")
    assert [frame.path for frame in dbg.frames[1:]] == ["par/y"]
    assert sorted(heard(server)) == ["a", "c", "d"]
    assert sorted(told(dbg.calls)) == [("a", False), ("c", False), ("d", False)]
    assert dbg.run().reason is R.COMPLETED
    assert sorted(heard(server)) == ["a", "b", "c", "d"]


@WAYS
def test_stops_in_several_branches_are_told_one_after_the_other(server, ai, way):
    """P5: going on ignores the one just reported, and no other one."""
    dbg = Debugger(talks(server, ai, way, x="ab", y="cd", z="ef"), {})
    point = dbg.break_on_call(nth=1)
    stops = [dbg.run() for _ in range(4)]

    assert [stop.reason for stop in stops] == [R.BREAKPOINT] * 3 + [R.COMPLETED]
    assert sorted(stop.call.path for stop in stops[:3]) == ["par/x", "par/y", "par/z"]
    assert sorted(heard(server)) == list("abcdef")
    assert point.hits >= 3


def tool_asked(server: Any, name: str, both: threading.Barrier | None = None) -> Any:
    async def node(ctx):
        async with aclient(server) as ai:
            answer = await ai.chat.completions.create(
                model="gpt-4o", messages=user(name), tools=TOOLS
            )
            return {name: answer.choices[0].message.tool_calls[0].id}

    return node


def test_tools_that_several_branches_ask_for_are_told_one_after_the_other(server):
    """P5, K12: an answer that was in flight beside a stop hits its own, and is kept."""
    dbg = Debugger(beside(x=tool_asked(server, "x"), y=tool_asked(server, "y")), {})
    dbg.break_on_call(tool="weather")
    stops = [dbg.run() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.BREAKPOINT, R.BREAKPOINT, R.COMPLETED]
    assert sorted(stop.call.path for stop in stops[:2]) == ["par/x", "par/y"]
    assert server.count == 2


def test_tools_that_one_node_asks_for_at_once_are_told_one_after_the_other(server):
    """P5, K12: the second was in flight when the first was answered."""

    async def node(ctx):
        import asyncio

        async with aclient(server) as ai:

            async def one_of(text: str) -> Any:
                return await ai.chat.completions.create(
                    model="gpt-4o", messages=user(text), tools=TOOLS
                )

            await asyncio.gather(one_of("a"), one_of("b"))

    dbg = debug(node)
    dbg.break_on_call(tool="weather")
    stops = [dbg.run() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.BREAKPOINT, R.BREAKPOINT, R.COMPLETED]
    assert sorted(stop.call.messages[0]["content"] for stop in stops[:2]) == ["a", "b"]
    assert server.count == 2


@pytest.mark.parametrize("gone", ["removed", "disabled", "rewound"])
def test_a_stop_beside_another_is_forgotten_with_what_it_is_about(server, gone):
    """P5: where the stop is gone, or the run is elsewhere, nobody is told of it any more."""
    dbg = Debugger(beside(x=tool_asked(server, "x"), y=tool_asked(server, "y")), {})
    point = dbg.break_on_call(tool="weather")
    dbg.run()
    if gone == "removed":
        dbg.breakpoints.remove(point)
    elif gone == "disabled":
        dbg.breakpoints.disable(point)
    else:
        dbg.rewind(0)
        dbg.breakpoints.clear()

    assert dbg.run().reason is R.COMPLETED
    assert server.count == (4 if gone == "rewound" else 2)


@WAYS
def test_steps_by_calls_take_one_call_of_all_branches(server, ai, way):
    """K12: whichever branch is first."""
    dbg = Debugger(talks(server, ai, way, x="ab", y="cd"), {})
    counts = []
    while dbg.step_call().reason is R.STEP:
        counts.append(server.count)

    assert counts == [1, 2, 3, 4]
    assert sorted(heard(server)) == list("abcd")
    assert dbg.status == "completed"


def test_a_branch_that_fails_keeps_what_others_have_paid(server, ai):
    """K1, R9: what they have in flight is cut off, what is answered is served when it goes on."""
    asked, bad = threading.Event(), [True]

    def fails(ctx):
        if bad:
            assert asked.wait(LIMIT)
            bad.clear()
            raise ValueError("no")
        return {"y": ask(ai, "y")}

    def asks(ctx):
        first = ask(ai, "a")
        asked.set()
        return {"x": [first, ask(ai, "b", "held")]}

    dbg = Debugger(beside(x=asks, y=fails), {})
    failed = dbg.run()
    server.release.set()
    stop = dbg.run()

    assert (failed.reason, stop.reason) == (R.FAILED, R.COMPLETED)
    assert heard(server).count("a") == 1
    assert len(dbg.state["x"]) == 2


def test_a_stop_beside_a_failure_is_told_with_it_and_goes_on(server, ai):
    """K2: the failure is told; the other branch goes on over its calls."""
    bad = [True]

    def fails(ctx):
        said = ask(ai, "y")
        if bad:
            bad.clear()
            raise ValueError(said)
        return {"y": said}

    g = GraphBuilder("g").parallel(
        "par", {"x": talk(ai, "a", "b", key="x"), "y": fails}, on_error="collect_all"
    )
    dbg = Debugger(g.start("par").end("par").build(), {})
    dbg.break_on_call(node="par/x", nth=1)
    reasons = []
    while not reasons or reasons[-1] is not R.COMPLETED:
        reasons.append(dbg.run().reason)
        assert len(reasons) < 5

    assert sorted(heard(server)) == ["a", "b", "y"]


@WAYS
def test_a_budget_of_calls_counts_all_branches(server, ai, way):
    """K7: what is under way counts; never more is sent than there may be."""
    dbg = Debugger(talks(server, ai, way, x="ab", y="cd", z="ef"), {})
    dbg.budget(calls=2)
    counts = []
    while (stop := dbg.run()).reason is R.BUDGET:
        counts.append(server.count)
        assert len(counts) < 9
    used = [one for call in dbg.calls for one in call.exchanges]

    assert stop.reason is R.COMPLETED
    assert all(now <= 2 * (n + 1) for n, now in enumerate(counts))
    assert sorted(heard(server)) == list("abcdef")
    assert len(used) == 6


def test_a_stop_in_a_gathered_branch_is_served_in_whatever_order_it_is_asked_again(server):
    """K3: calls side by side come in another order next time; none of them is a miss."""
    order = [list("abc"), list("cba")]

    def node(ctx):
        return gathered(server, *(order.pop(0) if len(order) > 1 else order[0]))(ctx)

    dbg = debug(node)
    dbg.break_on_call(nth=1)
    reasons = [dbg.run().reason, dbg.run().reason]

    assert reasons == [R.BREAKPOINT, R.COMPLETED]
    assert sorted(heard(server)) == list("abc")
