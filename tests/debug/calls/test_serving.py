"""A node's code runs, and its calls are looked up (K3, K8, K13): the mode *calls*."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import CallDiffersError, DebuggerError
from tests.debug.calls.agents import (
    KEY,
    aclient,
    ask,
    atalk,
    debug,
    gathered,
    heard,
    talk,
    told,
    user,
    weather_agent,
)

R = StopReason


def again(dbg: Debugger, node: str = "agent", **miss: Any) -> Any:
    """Run a line anew from its start, with the calls of a node looked up."""
    dbg.mode(node, "calls", **miss)
    dbg.rewind(0)
    return dbg.run()


def kinds(server: Any, ai: openai.OpenAI) -> dict[str, Any]:
    """Nodes of every kind, each with its own way to ask."""

    def in_threads(ctx):
        with ThreadPoolExecutor(4) as pool:
            return {"said": [*pool.map(lambda text: ask(ai, text), "abcdefgh")]}

    def streamed(ctx):
        said = []
        for tools in ({}, {"tools": [{"type": "function", "function": {"name": "weather"}}]}):
            stream = ai.chat.completions.create(
                model="gpt-4o", messages=user("hi"), stream=True, **tools
            )
            said += [chunk.model_dump_json() for chunk in stream]
        return {"said": said}

    def left(ctx):
        stream = ai.chat.completions.create(model="gpt-4o", messages=user("hi"), stream=True)
        for chunk in stream:
            return {"said": chunk.id}

    def refused(ctx):
        dead = openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=1)
        found = []
        for made, model in ((ai, "broken"), (dead, "gpt-4o")):
            try:
                ask(made, "hi", model)
            except openai.OpenAIError as error:
                found.append(type(error).__name__)
        return {"said": found}

    def claude(ctx):
        made = anthropic.Anthropic(api_key=KEY, base_url=server.url)
        asked: Any = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": user("hi")}
        whole = made.messages.create(**asked)
        with made.messages.stream(**asked) as stream:
            return {"said": [whole.content[0].text, stream.get_final_text()]}

    async def chained(ctx):
        model = ChatOpenAI(model="gpt-4o", api_key=KEY, base_url=f"{server.url}/v1")
        whole = model.invoke("hello").content
        pieces = "".join([str(chunk.content) async for chunk in model.astream("stream it")])
        return {"said": [whole, pieces, *(one.content for one in model.batch(["b1", "b2"]))]}

    def raw(ctx):
        made = ai.chat.completions.with_raw_response.create(model="gpt-4o", messages=user("x"))
        page = httpx.get(f"{server.url}/weather?q=paris").json()
        return {"said": [made.parse().choices[0].message.content, page["temperature"]]}

    def typed(ctx):
        class Answer(BaseModel):
            x: int = 1

        try:
            ai.chat.completions.parse(model="gpt-4o", messages=user("x"), response_format=Answer)
        except ValueError as error:
            return {"said": type(error).__name__}

    return {
        "sync": talk(ai, "a", "b"),
        "async": atalk(server, "a", "b"),
        "gathered": gathered(server, *"abcdefgh"),
        "in threads": in_threads,
        "the same": talk(ai, "same", "same", "same"),
        "an agent": weather_agent(ai),
        "busy": lambda ctx: {"said": ask(ai, "hi", "busy")},
        "streamed": streamed,
        "left": left,
        "refused": refused,
        "claude": claude,
        "chained": chained,
        "raw": raw,
        "typed": typed,
    }


@pytest.mark.parametrize("kind", list(kinds(None, None)))  # type: ignore[arg-type]  # names alone
def test_every_kind_of_node_comes_to_the_same_and_sends_nothing(server, ai, kind):
    """K3: in whatever order; errors, attempts and streams as they came, without their waits."""
    dbg = debug(kinds(server, ai)[kind])
    dbg.run()
    sent, state, asked = server.count, dict(dbg.state), [call.attempts for call in dbg.calls]
    stop = again(dbg)

    assert stop.reason is R.COMPLETED
    assert server.count == sent
    assert dict(dbg.state) == state
    assert [call.attempts for call in dbg.calls] == asked
    assert all(call.served and call.source == 1 for call in dbg.calls)


def test_a_plain_rewind_and_run_is_live(server, ai):
    """K13: unless the mode says otherwise."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    dbg.rewind(0)
    dbg.run()

    assert heard(server) == ["a", "a"]
    assert dbg.modes == {}


def test_a_clock_in_the_prompt_is_a_miss_that_says_what_differs(server, ai):
    """K3: again at each run, until the mode or the miss is live; nothing is sent meanwhile."""
    now = ["Paris"]
    dbg = debug(lambda ctx: {"said": ask(ai, f"Weather in {now[0]}?")})
    dbg.run()
    now[0] = "Rome"
    stops = [again(dbg), dbg.run(), dbg.step()]

    assert [stop.reason for stop in stops] == [R.PAUSED] * 3
    assert all(isinstance(stop.error, CallDiffersError) for stop in stops)
    assert "call 0 differs from the recorded one: messages[0].content:" in stops[0].inside
    assert "'Paris?' -> 'Rome?'" in stops[0].inside
    assert (server.count, dbg.head, list(dbg.calls)) == (1, 0, [])

    dbg.mode("agent", "calls", miss="live")

    assert dbg.run().reason is R.COMPLETED
    assert heard(server)[1:] == ["Weather in Rome?"]
    assert [call.served for call in dbg.calls] == [False]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_miss_in_the_middle_stays_one(server, ai, at):
    """K3, K12: what is served before it is served again; nothing goes live by itself."""
    texts = ["a", "b", "c"]
    dbg = debug(lambda ctx: {"said": [ask(ai, text) for text in texts]})
    dbg.run()
    texts[at] = "other"
    stops = [again(dbg), dbg.run(), dbg.run()]

    assert [stop.reason for stop in stops] == [R.PAUSED] * 3
    assert heard(server) == ["a", "b", "c"]
    texts[at] = "abc"[at]
    assert dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b", "c"]


def test_a_call_more_than_was_recorded_is_a_miss(server, ai):
    """K3: and says so."""
    texts = ["a"]
    dbg = debug(lambda ctx: {"said": [ask(ai, text) for text in texts]})
    dbg.run()
    texts.append("b")
    stop = again(dbg)

    assert (stop.reason, server.count) == (R.PAUSED, 1)
    assert "call 1" in stop.inside
    assert dbg.run().reason is R.PAUSED
    assert server.count == 1


def test_drift_serves_what_was_recorded_and_marks_it(server, ai):
    """K3: `miss="drift"`: the node is answered as before, and the call is stale."""
    texts = ["a", "b", "c"]
    dbg = debug(lambda ctx: {"said": [ask(ai, text) for text in texts]})
    dbg.run()
    said = dbg.state["said"]
    texts[1] = "other"
    stop = again(dbg, miss="drift")

    assert (stop.reason, server.count) == (R.COMPLETED, 3)
    assert dbg.state["said"] == said
    assert [call.stale for call in dbg.calls] == [False, True, False]
    assert dbg.calls[1].messages == user("other")
    assert list(dbg.calls.to_pandas()["stale"]) == [False, True, False]


def test_a_node_that_was_never_recorded_is_a_miss_and_not_live(server, ai):
    """K3: nothing is paid by itself."""
    dbg = debug(talk(ai, "a"))
    dbg.mode("agent", "calls")

    assert (dbg.run().reason, dbg.run().reason, server.count) == (R.PAUSED, R.PAUSED, 0)
    dbg.mode("agent", "live")
    assert (dbg.run().reason, server.count) == (R.COMPLETED, 1)


def test_each_visit_of_a_loop_is_served_its_own(server, ai):
    """K3: by path and visit."""
    g = GraphBuilder("g").node("llm", lambda ctx: {"said": [*ctx.state["said"], ask(ai, "hi")]})
    g = g.edge_if("llm", "llm", lambda state: len(state["said"]) < 3).edge_fallback("llm", "end")
    dbg = Debugger(g.node("end", lambda ctx: None).start("llm").end("end").build(), {"said": []})
    dbg.run()
    said = list(dbg.state["said"])

    assert again(dbg, "llm").reason is R.COMPLETED
    assert (list(dbg.state["said"]), server.count) == (said, 3)


def test_branches_are_served_their_own_and_others_are_live(server, ai):
    """K3: a mode is of one node."""
    g = GraphBuilder("g").parallel(
        "par", {"x": talk(ai, "hi", key="x"), "y": talk(ai, "hi", key="y")}
    )
    dbg = Debugger(g.start("par").end("par").build(), {})
    dbg.run()
    before = dict(dbg.state)
    again(dbg, "par/x")

    assert dbg.state["x"] == before["x"]
    assert dbg.state["y"] != before["y"]
    assert server.count == 3


def test_random_numbers_of_a_seeded_run_find_their_calls(server, ai):
    """K3: a seed makes what is random in a prompt the same again."""
    dbg = debug(lambda ctx: {"said": ask(ai, str(random.random()))}, seed=7)
    dbg.run()

    assert (again(dbg).reason, server.count) == (R.COMPLETED, 1)


def test_a_tool_that_is_not_there_any_more_is_served(server, ai):
    """K3, K4: the node's own Python runs again; what it asked over HTTP is looked up."""
    ran: list[str] = []
    dbg = debug(weather_agent(ai, ran))
    dbg.run()
    ai.close()
    server.end()

    assert again(dbg).reason is R.COMPLETED
    assert ran == ["weather", "weather"]


@pytest.mark.parametrize("miss", ["stop", "live", "drift"])
def test_a_miss_under_gather_loses_nothing(server, ai, miss):
    """K3: of several at once, what is found is served and what is not is treated as said."""
    texts = ["a", "b", "c"]

    async def node(ctx):
        import asyncio

        async with aclient(server) as made:

            async def one_of(text: str) -> str:
                answer = await made.chat.completions.create(model="gpt-4o", messages=user(text))
                return answer.choices[0].message.content or ""

            return {"said": list(await asyncio.gather(*map(one_of, texts)))}

    dbg = debug(node)
    dbg.run()
    texts[1] = "other"
    stop = again(dbg, miss=miss)

    assert stop.reason is (R.PAUSED if miss == "stop" else R.COMPLETED)
    assert heard(server)[3:] == (["other"] if miss == "live" else [])
    if miss != "stop":
        assert sorted(told(dbg.calls)) == [("a", True), ("c", True), ("other", miss == "drift")]


def test_what_does_not_fit_is_refused(server, ai):
    """K12: named, before anything runs."""
    dbg = debug(talk(ai, "a"))
    with pytest.raises(DebuggerError, match="miss"):
        dbg.mode("agent", "calls", miss="maybe")
    with pytest.raises(DebuggerError, match="mode"):
        dbg.mode("agent", "call")
