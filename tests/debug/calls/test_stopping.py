"""A stop inside of a node: its step is not committed, and begins anew for free (K2, K12, K13)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.calls.agents import (
    LIMIT,
    ask,
    atalk,
    debug,
    gathered,
    heard,
    one,
    row,
    talk,
    told,
    user,
    weather_agent,
)

R = StopReason


def three(server: Any, ai: Any, kind: str) -> Any:
    """A graph of one node of a kind, which asks a, b and c."""
    if kind == "async":
        return one(atalk(server, "a", "b", "c"))
    options: dict[str, Any] = {"limit": {"timeout": LIMIT}, "retries": {"retries": 2}}
    if kind == "inside":
        g = GraphBuilder("g").subgraph("sub", one(talk(ai, "a", "b", "c")))
        return g.start("sub").end("sub").build()
    if kind == "branch":
        g = GraphBuilder("g").parallel("par", {"agent": talk(ai, "a", "b", "c")})
        return g.start("par").end("par").build()
    if kind == "threads":

        def node(ctx):
            with ThreadPoolExecutor(1) as pool:
                return {"said": [*pool.map(lambda text: ask(ai, text), "abc")]}

        return one(node)
    return one(talk(ai, "a", "b", "c"), **options.get(kind, {}))


KINDS = ["sync", "async", "limit", "retries", "inside", "branch", "threads"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_before_a_call_restarts_the_node_over_what_is_recorded(server, ai, kind):
    """K2: nothing is committed, nothing is lost, and nothing is paid twice."""
    dbg = Debugger(three(server, ai, kind), {})
    point = dbg.break_on_call(nth=1)
    stop = dbg.run()

    assert (stop.reason, stop.breakpoint, stop.error) == (R.BREAKPOINT, point, None)
    assert stop.call.messages == user("b")
    assert "before call 1 of" in repr(stop)
    assert (dbg.state, dbg.head, dbg.status) == ({}, 0, "paused")
    assert (heard(server), told(dbg.calls)) == (["a"], [("a", False)])

    last = dbg.run()

    assert last.reason is R.COMPLETED
    assert (heard(server), point.hits) == (["a", "b", "c"], 1)
    assert told(dbg.calls) == [("a", True), ("b", False), ("c", False)]
    assert [frame.kind for frame in dbg.frames].count("error") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_the_steps_of_a_person(server, ai, kind):
    """K12: `step_call` is one call more, wherever its node is."""
    dbg = Debugger(three(server, ai, kind), {})
    stops = [dbg.step_call() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.STEP] * 3
    assert [stop.call.text for stop in stops] == ["answer 1", "answer 2", "answer 3"]
    assert heard(server) == ["a", "b", "c"]
    assert dbg.step_call().reason is R.COMPLETED
    assert server.count == 3


def test_steps_by_calls_go_from_node_to_node(server, ai):
    """K12: what has no calls is run through; each node's frame has its calls."""
    g = row(a=talk(ai, "a"), none=lambda ctx: {"n": 1}, b=atalk(server, "b1", "b2"))
    dbg = Debugger(g, {})
    heads = [(dbg.step_call().reason, dbg.head) for _ in range(4)]

    assert heads == [(R.STEP, 0), (R.STEP, 2), (R.STEP, 2), (R.COMPLETED, 3)]
    assert dbg.calls.frames == [1, 3, 3]
    assert heard(server) == ["a", "b1", "b2"]


def test_a_step_by_calls_is_one_call_of_several_at_once(server, ai):
    """K12: of calls that a node sends side by side, too."""
    dbg = debug(gathered(server, "a", "b", "c"))
    counts = [(dbg.step_call().reason, server.count) for _ in range(4)]

    assert counts == [(R.STEP, 1), (R.STEP, 2), (R.STEP, 3), (R.COMPLETED, 3)]
    assert sorted(heard(server)) == ["a", "b", "c"]


def test_attempts_of_a_client_are_no_steps(server, ai):
    """K12: a call that is tried again is one step."""
    dbg = debug(lambda ctx: {"said": [ask(ai, "a", "busy"), ask(ai, "b")]})
    stop = dbg.step_call()

    assert (stop.reason, stop.call.attempts, server.count) == (R.STEP, 3, 3)
    assert dbg.step_call().call.number == 1
    assert dbg.run().reason is R.COMPLETED
    assert server.count == 4
    assert dbg.calls[0].attempts == 3


def test_a_stop_at_a_tool_comes_before_anybody_runs_it(server, ai):
    """K12: after the answer that asks for it; the answer is kept."""
    ran: list[str] = []
    dbg = debug(weather_agent(ai, ran))
    dbg.break_on_call(tool="refund")
    dbg.break_on_call(tool="weather")
    stop = dbg.run()

    assert (stop.reason, server.count, ran) == (R.BREAKPOINT, 1, [])
    assert stop.call.tool_calls[0]["name"] == "weather"
    assert stop.breakpoint.tool == "weather"
    assert dbg.run().reason is R.COMPLETED
    assert (server.count, ran) == (2, ["weather"])


@pytest.mark.parametrize(
    ("where", "stops"),
    [
        ({}, ["a", "b", "c"]),
        ({"nth": 0}, ["a", "c"]),
        ({"node": "two"}, ["c"]),
        ({"model": "gpt"}, ["a", "c"]),
        ({"model": "claude"}, []),
        ({"when": lambda call: call.messages[0]["content"] == "b"}, ["b"]),
        ({"when": "messages[0].content == 'b' and number == 1"}, ["b"]),
        ({"when": "node is None and model == 'gpt' and tokens_in > 10**6"}, []),
    ],
)
def test_a_stop_at_calls_says_which(server, ai, where, stops):
    """K12: by node, model, number, or a condition of the call."""

    def first(ctx):
        ask(ai, "a")
        ask(ai, "b", "other")

    dbg = Debugger(row(one=first, two=talk(ai, "c")), {})
    dbg.break_on_call(**where)
    found = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        found.append(stop.call.messages[0]["content"])

    assert stop.reason is R.COMPLETED
    assert found == stops
    assert heard(server) == ["a", "b", "c"]


def test_a_condition_that_raises_stops_there(server, ai):
    """P5: and says what it raised; nothing is sent meanwhile."""
    dbg = debug(talk(ai, "a"))
    dbg.break_on_call(when=lambda call: call.nothing)
    stop = dbg.run()

    assert (stop.reason, server.count) == (R.BREAKPOINT, 0)
    assert isinstance(stop.error, AttributeError)
    assert "its condition raised" in repr(stop)
    assert dbg.run().reason is R.COMPLETED


def test_a_breakpoint_at_the_node_and_stops_in_it_come_one_after_the_other(server, ai):
    """P5: going on ignores the one just reported, and no other one."""
    dbg = Debugger(row(first=lambda ctx: {"n": 1}, agent=talk(ai, "a", "b")), {})
    dbg.break_at("agent")
    dbg.break_on_call(nth=0)
    dbg.break_on_call(nth=1)
    dbg.break_at("agent", after=True)
    stops = [dbg.run() for _ in range(4)]

    assert [stop.breakpoint for stop in stops] == list(dbg.breakpoints)
    assert [bool(stop.inside) for stop in stops] == [False, True, True, False]
    assert [point.hits for point in dbg.breakpoints] == [1] * 4
    assert heard(server) == ["a", "b"]


@pytest.mark.parametrize("verb", ["step", "into", "over", "out", "run until"])
def test_every_way_forward_stops_at_a_call(server, ai, verb):
    """K2: and goes on by any other one."""
    dbg = Debugger(three(server, ai, "inside"), {})
    dbg.break_on_call(nth=1)
    stop = dbg.run(until="sub") if verb == "run until" else getattr(dbg, verb)()
    if verb == "run until":
        assert stop.reason is R.STEP
        stop = dbg.run()

    assert (stop.reason, dbg.head, heard(server)) == (R.BREAKPOINT, 0, ["a"])
    assert dbg.step().frame.path == "sub/agent"
    assert heard(server) == ["a", "b", "c"]
