"""Whatever a node makes of a stop inside of it: nothing is committed, nothing is lost (K2)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.calls.agents import (
    LIMIT,
    aask,
    aclient,
    ask,
    debug,
    heard,
    one,
    talk,
    user,
)

R = StopReason


def test_a_bare_except_commits_nothing(server, ai):
    """K2: whatever the node returned or raised, its tape is asked."""

    def node(ctx):
        with suppress(BaseException):
            ask(ai, "a")
        ctx.put("n", 1)
        raise ValueError("and more")

    dbg = debug(node)
    dbg.break_on_call()
    stop = dbg.run()

    assert (stop.reason, len(dbg.frames), server.count) == (R.BREAKPOINT, 1, 0)
    assert dbg.run().reason is R.FAILED


@pytest.mark.parametrize("options", [{"retries": 3, "backoff": 0}, {"timeout": LIMIT}])
def test_a_stop_is_no_failure_that_is_tried_again(server, ai, options):
    """K2: a node's own retries do not take it for one."""
    runs = []

    def node(ctx):
        runs.append(1)
        try:
            ask(ai, "a")
        except BaseException as error:
            raise ValueError from error
        return {"n": len(runs)}

    dbg = Debugger(one(node, **options), {})
    dbg.break_on_call()

    assert (dbg.run().reason, len(runs)) == (R.BREAKPOINT, 1)
    assert (dbg.run().reason, len(runs)) == (R.COMPLETED, 2)


def test_an_error_route_is_not_taken(server, ai):
    """K2, R9: a stop is no failure of the node."""
    g = GraphBuilder("g").node("agent", talk(ai, "a")).node("mend", talk(ai, "sorry"))
    dbg = Debugger(
        g.on_error("agent", "mend").edge("agent", "mend").start("agent").end("mend").build(), {}
    )
    dbg.break_on_call(node="agent")

    assert (dbg.run().reason, dbg.position.node) == (R.BREAKPOINT, "agent")


@pytest.mark.parametrize("way", ["gather", "task group", "tasks"])
def test_what_is_in_flight_beside_a_stop_is_kept(server, way):
    """K2, K13: the stop is raised once it has ended, also where a group would cancel it."""

    async def node(ctx):
        async with aclient(server) as ai:

            async def later(text: str) -> str:
                await under_way.wait()
                return await aask(ai, text)

            async def first() -> str:
                under_way.set()
                return await aask(ai, "a")

            under_way = asyncio.Event()
            if way == "gather":
                return {"said": list(await asyncio.gather(first(), later("b")))}
            if way == "task group":
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(first()), group.create_task(later("b"))]
                return {"said": [task.result() for task in tasks]}
            tasks = [asyncio.ensure_future(first()), asyncio.ensure_future(later("b"))]
            return {"said": [await task for task in tasks]}

    dbg = debug(node)
    dbg.break_on_call(nth=1)
    stop = dbg.run()

    assert (stop.reason, heard(server)) == (R.BREAKPOINT, ["a"])
    assert [(call.text, call.cut) for call in dbg.calls] == [("answer 1", False)]
    assert dbg.run().reason is R.COMPLETED
    assert (heard(server), dbg.state["said"]) == (["a", "b"], ["answer 1", "answer 2"])


def test_what_is_in_flight_in_threads_beside_a_stop_is_kept(server, ai):
    """K2: whichever thread comes first."""

    def node(ctx):
        with ThreadPoolExecutor(3) as pool:
            return {"said": [*pool.map(lambda text: ask(ai, text), "abc")]}

    dbg = debug(node)
    dbg.break_on_call(nth=1)
    stop = dbg.run()

    assert (stop.reason, server.count, len(dbg.calls)) == (R.BREAKPOINT, 1, 1)
    assert dbg.run().reason is R.COMPLETED
    assert sorted(heard(server)) == ["a", "b", "c"]


def test_a_stop_in_the_middle_of_streams_keeps_what_was_whole(server, ai):
    """K2, K8: a stream that was read to its end is served; what comes after it is new."""

    def node(ctx):
        said = []
        for text in "ab":
            stream = ai.chat.completions.create(model="gpt-4o", messages=user(text), stream=True)
            said.append("".join(chunk.choices[0].delta.content or "" for chunk in stream))
        return {"said": said}

    dbg = debug(node)
    dbg.break_on_call(nth=1)
    dbg.run()
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["said"] == ["answer 1!", "answer 2!"]
    assert [call.streamed for call in dbg.calls] == [True, True]
    assert heard(server) == ["a", "b"]


def test_a_stop_in_a_node_with_side_effects_warns(server, ai):
    """K4: its own code runs twice: whoever stops in it is told at the stop."""
    done = []

    def node(ctx):
        done.append(1)
        return {"said": ask(ai, "a")}

    g = GraphBuilder("g")
    g.task(node, name="agent", side_effects=True)
    dbg = Debugger(g.start("agent").end("agent").build(), {})
    dbg.break_on_call()

    with pytest.warns(UserWarning, match="agent declared side effects"):
        dbg.run()

    assert (dbg.run().reason, len(done), server.count) == (R.COMPLETED, 2, 1)
