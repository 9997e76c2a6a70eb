"""A function without a graph, and any function as a call (K4, K9, K11)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import DebuggerError
from tests.debug.calls.agents import aask, aclient, ask, debug, heard, user, weather_agent

R = StopReason


def agent(ai: Any, texts: Any, *, end: str = "!") -> str:
    return " ".join(ask(ai, text) for text in texts) + end


async def aagent(server: Any, texts: Any, *, end: str = "!") -> str:
    async with aclient(server) as ai:
        return " ".join([await aask(ai, text) for text in texts]) + end


def of(kind: str, server: Any, ai: Any, *texts: str) -> Debugger:
    if kind == "async":
        return Debugger.of(aagent, server, list(texts), end="?")
    if kind == "returns a coroutine":
        return Debugger.of(lambda: aagent(server, texts, end="?"))
    if kind == "runs a loop":
        return Debugger.of(lambda: asyncio.run(aagent(server, texts, end="?")))
    return Debugger.of(agent, ai, list(texts), end="?")


KINDS = pytest.mark.parametrize("kind", ["sync", "async", "returns a coroutine", "runs a loop"])


@KINDS
def test_its_calls_are_the_steps_of_a_person(server, ai, kind):
    """K9: stepped, stopped, and gone on with, without a line changed."""
    dbg = of(kind, server, ai, "a", "b")
    assert (dbg.result, server.count) == (None, 0)
    stops = [dbg.step_call() for _ in range(3)]

    assert [stop.reason for stop in stops] == [R.STEP, R.STEP, R.COMPLETED]
    assert dbg.result == "answer 1 answer 2?"
    assert heard(server) == ["a", "b"]


@KINDS
def test_it_is_run_on_from_any_call(server, ai, kind):
    """K9: edited, asked again, answered otherwise, replayed."""
    dbg = of(kind, server, ai, "a", "b")
    dbg.run()
    edited = dbg.rerun(1, calls=1, edit={1: user("B")})
    said = dbg.rerun(1, answer={0: "so be it"})
    dbg.mode(dbg.frames[1].path, "calls")
    dbg.rewind(0)
    dbg.run()

    assert edited.result == "answer 1 answer 3?"
    assert said.result == "so be it answer 2?"
    assert dbg.result == "answer 1 answer 2?"
    assert heard(server) == ["a", "b", "B"]


def test_what_it_is_given_is_as_it_was_at_each_restart(server, ai):
    """K9: what it changes in its arguments is not there when it is begun anew."""
    messages: list[Any] = user("a")

    def chat(given: list[Any]) -> int:
        for _ in range(2):
            answer = ai.chat.completions.create(model="gpt-4o", messages=given)
            given.append({"role": "assistant", "content": answer.choices[0].message.content})
            given.append({"role": "user", "content": "more"})
        return len(given)

    dbg = Debugger.of(chat, messages)
    reasons = [dbg.step_call().reason, dbg.step_call().reason, dbg.run().reason]

    assert reasons == [R.STEP, R.STEP, R.COMPLETED]
    assert (dbg.result, server.count, messages) == (5, 2, user("a"))


@dataclass
class Answer:
    """What agents return: an object of their own."""

    text: str


def test_what_it_returns_may_be_anything(server, ai):
    """K9: an object of an SDK, or nothing."""
    answer = Debugger.of(lambda: Answer(ask(ai, "a")))
    whole = Debugger.of(ai.chat.completions.create, model="gpt-4o", messages=user("b"))
    none = Debugger.of(lambda: ask(ai, "c") and None)
    stops = [one.run() for one in (answer, whole, none)]

    assert [stop.reason for stop in stops] == [R.COMPLETED] * 3
    assert answer.result == Answer("answer 1")
    assert whole.result.choices[0].message.content == "answer 2"
    assert none.result is None
    assert server.count == 3


def test_what_it_raises_is_a_failure_that_is_tried_again(server, ai):
    """K9, K13: over what worked."""
    bad = [True]

    def flaky() -> str:
        said = ask(ai, "a")
        if bad:
            bad.clear()
            raise ValueError(said)
        return said

    dbg = Debugger.of(flaky)
    assert dbg.run().reason is R.FAILED
    assert dbg.retry().reason is R.COMPLETED
    assert (dbg.result, server.count) == ("answer 1", 1)


def test_an_agents_loop_is_debugged_as_it_is(server, ai):
    """K9: a plain `while` loop; its tools run again, its model does not."""
    ran: list[str] = []
    loop = weather_agent(ai, ran)
    dbg = Debugger.of(lambda: loop(None)["answer"])
    dbg.break_on_call(tool="weather")
    reasons = [dbg.run().reason, dbg.run().reason]

    assert reasons == [R.BREAKPOINT, R.COMPLETED]
    assert (ran, server.count, dbg.result) == (["weather"], 2, "answer 2")


def test_what_is_no_function_is_refused():
    """K9."""
    with pytest.raises(DebuggerError, match="function"):
        Debugger.of("agent")


# -- ctx.call ----------------------------------------------------------------------------------


class Tool:
    """Counts how often it ran."""

    def __init__(self) -> None:
        self.ran = 0

    def search(self, text: str, *, most: int = 3) -> list[str]:
        self.ran += 1
        return [f"{text} {self.ran}"] * most

    async def asearch(self, text: str) -> list[str]:
        return self.search(text, most=1)

    def fails(self, text: str) -> None:
        self.ran += 1
        raise ValueError(f"no {text}")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_function_is_taken_down_and_served_like_a_call(server, ai, kind):
    """K4: tools without HTTP, models in this process: looked up where the node runs again."""
    tool = Tool()

    def node(ctx):
        return {"said": [ctx.call(tool.search, "a", most=2), ask(ai, "b")]}

    async def anode(ctx):
        async with aclient(server) as made:
            return {"said": [await ctx.call(tool.asearch, "a"), await aask(made, "b")]}

    dbg = debug(anode if kind == "async" else node)
    dbg.break_on_call(nth=1)
    stop = dbg.run()
    assert (stop.reason, tool.ran, server.count) == (R.BREAKPOINT, 1, 0)
    assert dbg.run().reason is R.COMPLETED
    said = dbg.state["said"]
    fork = dbg.rerun(1)

    assert (tool.ran, server.count) == (1, 1)
    assert fork.state["said"] == said
    assert [call.kind for call in dbg.calls] == ["function", "chat"]
    assert [call.served for call in fork.calls] == [True, True]


def test_a_function_asked_otherwise_is_a_miss(server, ai):
    """K3, K4: and says what differs."""
    tool, words = Tool(), ["a"]
    dbg = debug(lambda ctx: {"said": ctx.call(tool.search, words[0])})
    dbg.run()
    words[0] = "b"
    fork = dbg.rerun(1)

    assert (fork.last_stop.reason, tool.ran) == (R.PAUSED, 1)
    assert "call 0 differs" in fork.last_stop.inside


def test_what_a_function_raises_is_raised_again(server, ai):
    """K4: where it is served, in its words; the error route of the node sees it."""
    tool = Tool()

    def node(ctx):
        try:
            ctx.call(tool.fails, "luck")
        except Exception as error:
            return {"said": [str(error).rpartition(": ")[2], ask(ai, "a")]}

    dbg = debug(node)
    dbg.run()
    fork = dbg.rerun(1)

    assert fork.state == dbg.state
    assert (tool.ran, server.count) == (1, 1)
    assert "no luck" in (dbg.calls[0].error or "")


def test_what_a_function_asks_itself_is_a_call_too(server, ai):
    """K4, K11: in the order of their start; served, it asks nothing."""
    dbg = debug(lambda ctx: {"said": ctx.call(ask, ai, "a")})
    dbg.run()
    sent = server.count
    fork = dbg.rerun(1)

    assert (sent, server.count) == (1, 1)
    assert fork.state == dbg.state
    assert [call.kind for call in dbg.calls] == ["function", "chat"]


def test_a_stop_inside_of_a_function_begins_it_anew(server, ai):
    """K2, K4: it was not answered; what it asked itself is served."""
    dbg = debug(lambda ctx: {"said": ctx.call(lambda: [ask(ai, "a"), ask(ai, "b")])})
    dbg.break_on_call(nth=2)
    reasons = [dbg.run().reason, dbg.run().reason]

    assert reasons == [R.BREAKPOINT, R.COMPLETED]
    assert heard(server) == ["a", "b"]
    assert list(dbg.state["said"]) == ["answer 1", "answer 2"]


def test_without_calls_a_function_is_called(server, ai):
    """K4: `ctx.call` is of no consequence there, nor outside of a debugger."""
    tool = Tool()
    dbg = debug(lambda ctx: {"said": ctx.call(tool.search, "a")}, calls=False)

    assert dbg.run().reason is R.COMPLETED
    assert (tool.ran, list(dbg.calls)) == (1, [])
