"""Calls are filed with the frames of their nodes (K1, K8)."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.calls.agents import (
    KEY,
    LIMIT,
    TOOLS,
    aclient,
    ask,
    atalk,
    client,
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


def test_an_agent_of_plain_code_shows_what_its_model_saw_and_said(server, ai):
    """K1: calls are filed with the frame of the step, in the order of their start."""
    dbg = debug(weather_agent(ai))
    dbg.run()
    first, second = dbg.frames[1].calls

    assert server.count == 2
    assert [call.number for call in dbg.frames[1].calls] == [0, 1]
    assert [message["role"] for message in first.messages] == ["system", "user"]
    assert first.tools == TOOLS
    assert first.tool_calls[0]["name"] == "weather"
    assert second.messages[-1] == {
        "role": "tool",
        "tool_call_id": first.tool_calls[0]["id"],
        "content": "18 C",
    }
    assert second.text == dbg.state["answer"] == "answer 2"
    assert (second.tokens_in, second.tokens_out, second.attempts) == (11, 7, 1)
    assert second.before is first
    assert "18 C" in str(second.diff())
    assert (dbg.frames[0].calls, list(dbg.calls)) == ((), [first, second])


@pytest.mark.parametrize("kind", ["sync", "async", "with a limit", "with retries"])
def test_every_kind_of_node_files_its_calls(server, ai, kind):
    """K1: whichever way the engine runs it: on its thread, on the loop, in a thread."""
    node = atalk(server, "a", "b") if kind == "async" else talk(ai, "a", "b")
    options: dict[str, Any] = {"with a limit": {"timeout": LIMIT}, "with retries": {"retries": 1}}
    dbg = Debugger(one(node, **options.get(kind, {})), {})

    assert dbg.run().reason is R.COMPLETED
    assert told(dbg.calls) == [("a", False), ("b", False)]
    assert dbg.calls.frames == [1, 1]
    assert server.count == 2


def test_calls_of_threads_and_tasks_are_those_of_their_node(server, ai):
    """K1: pools, plain threads and `asyncio.to_thread` belong to the node that starts them."""

    async def node(ctx):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda text: ask(ai, text), ["a", "b"]))
        plain = threading.Thread(target=ask, args=(ai, "c"))
        plain.start()
        await asyncio.to_thread(plain.join)
        await asyncio.to_thread(ask, ai, "d")

    dbg = debug(node)
    dbg.run()

    assert sorted(call.messages[0]["content"] for call in dbg.calls) == ["a", "b", "c", "d"]
    assert dbg.calls.frames == [1] * 4


def test_attempts_of_a_client_are_one_call(server, ai):
    """K1: an SDK's retries are attempts, numbered apart from calls."""
    dbg = debug(lambda ctx: {"said": [ask(ai, "hi", "busy"), ask(ai, "b")]})
    dbg.run()
    first, second = dbg.calls

    assert server.count == 4
    assert (first.attempts, second.attempts) == (3, 1)
    assert [attempt.status for attempt in first.exchanges] == [429, 429, 200]
    assert (first.number, second.number) == (0, 1)


def test_tries_of_a_node_are_calls_of_one_frame(server, ai):
    """K1: what a try asked that failed stays with the frame of the one that worked."""
    tries: list[str] = []

    def node(ctx):
        said = ask(ai, "hi")
        tries.append(said)
        if len(tries) == 1:
            raise ValueError(said)
        return {"said": said}

    dbg = Debugger(one(node, retries=1, backoff=0), {})
    dbg.run()

    assert [call.text for call in dbg.frames[1].calls] == tries == ["answer 1", "answer 2"]
    assert [call.number for call in dbg.calls] == [0, 1]


def test_a_failed_node_shows_what_it_asked(server, ai):
    """K1: a failure has the calls of its step; so has the frame of an error route."""

    def node(ctx):
        ask(ai, "hi", "broken")

    g = GraphBuilder("g").node("agent", node).node("mend", talk(ai, "sorry"))
    g = g.on_error("agent", "mend").edge("agent", "mend")
    dbg = Debugger(g.start("agent").end("mend").build(), {})
    stop, alone = dbg.run(), debug(node)
    failed = alone.run()

    assert stop.reason is R.COMPLETED
    assert [(call.path, call.status) for call in dbg.calls] == [("agent", 400), ("mend", 200)]
    assert failed.reason is R.FAILED
    assert "bad schema" in (alone.calls[0].error or "")
    assert list(failed.frame.calls) == list(alone.calls)


def test_a_server_that_is_not_there_is_told_of(server):
    """K1: an answer that never came is a call with its error and all its attempts."""
    ai = openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=1)
    dbg = debug(talk(ai, "hi"))
    dbg.run()
    (call,) = dbg.calls

    assert (call.status, call.attempts) == (None, 2)
    assert "ConnectError" in (call.error or "")


def test_calls_of_nodes_side_by_side_do_not_mix(server, ai):
    """K1: each branch has its own, whether it runs on the loop or in a thread."""
    g = GraphBuilder("g").parallel(
        "par", {"x": talk(ai, "x1", "x2"), "y": atalk(server, "y1"), "z": gathered(server, "z1")}
    )
    dbg = Debugger(g.start("par").end("par").build(), {})
    dbg.run()
    found = {frame.path: told(frame.calls) for frame in dbg.frames if frame.calls}

    assert found == {
        "par/x": [("x1", False), ("x2", False)],
        "par/y": [("y1", False)],
        "par/z": [("z1", False)],
    }
    assert server.count == 4


def test_calls_of_a_subgraph_and_of_a_loop_have_their_visits(server, ai):
    """K1: path and visit are those of the node, and `of` finds it by either name."""
    inner = one(talk(ai, "hi"), "llm")
    g = GraphBuilder("g").subgraph("agent", inner).node("count", lambda ctx: None)
    g = g.edge("agent", "count").edge_if("count", "agent", lambda s: again.pop())
    again = [False, True]
    dbg = Debugger(
        g.edge_fallback("count", "end")
        .node("end", talk(ai, "bye"))
        .start("agent")
        .end("end")
        .build(),
        {},
    )
    dbg.run()

    assert [call.path for call in dbg.calls] == ["agent/llm", "agent#2/llm", "end"]
    assert len(dbg.calls.of("llm")) == len(dbg.calls.of("agent/llm")) == 2
    assert dbg.calls[1].before is dbg.calls[0]


def test_calls_outside_of_nodes_are_nobodys(server, ai):
    """K8, K13: before, between and after runs, and of conditions and predicates."""

    def asks(state: Any) -> bool:
        return bool(ask(ai, "condition"))

    g = GraphBuilder("g").node("a", talk(ai, "a")).node("b", talk(ai, "b"))
    g = g.edge_if("a", "b", asks).start("a").end("b")
    dbg = Debugger(g.build(), {})
    ask(ai, "before")
    dbg.break_at("b", when=lambda state: bool(ask(ai, "breakpoint")))
    dbg.run(until=lambda frame: bool(ask(ai, "until")) and False)
    dbg.run()
    ask(ai, "after")

    assert told(dbg.calls) == [("a", False), ("b", False)]
    assert {"before", "condition", "breakpoint", "until", "after"} <= set(heard(server))


def test_late_calls_of_a_thread_that_outlives_its_node_are_marked(server, ai):
    """K8: they are in no frame, and shown beside the frame of their node."""
    go, threads = threading.Event(), []

    def late():
        assert go.wait(LIMIT)
        ask(ai, "late")

    def node(ctx):
        threads.append(threading.Thread(target=late))
        threads[0].start()
        return {"said": ask(ai, "in time")}

    dbg = debug(node)
    dbg.run()
    go.set()
    threads[0].join()

    assert told(dbg.frames[1].calls) == [("in time", False)]
    assert told(dbg.calls) == [("in time", False), ("late", False)]
    assert [call.late for call in dbg.calls] == [False, True]
    assert dbg.calls.frames == [1, None]
    assert told(dbg.calls_at(1)) == told(dbg.calls)


def test_a_call_in_flight_when_its_node_is_given_up_is_frozen(server, ai):
    """K8: a node that took too long has the call that it was waiting for, marked as cut."""
    dbg = Debugger(one(lambda ctx: ask(ai, "hi", "held"), timeout=0.05), {})
    stop = dbg.run()
    (call,) = stop.frame.calls
    before = call.latency
    server.release.set()

    assert stop.reason is R.FAILED
    assert (call.cut, call.status, call.text) == (True, None, "")
    assert call.latency == before


@pytest.mark.parametrize("left", ["break", "close", "never read"])
def test_a_stream_that_is_left_keeps_what_came_of_it(server, ai, left):
    """K8: with the times of its chunks; it is marked as cut and costs what is known."""
    kept = []

    def node(ctx):
        stream = ai.chat.completions.create(model="gpt-4o", messages=user("hi"), stream=True)
        kept.append(stream)
        if left == "never read":
            return {"said": ""}
        said = ""
        for chunk in stream:
            said += chunk.choices[0].delta.content or ""
            if said:
                break
        if left == "close":
            stream.close()
        return {"said": said}

    dbg = debug(node)
    dbg.run()
    (call,) = dbg.calls

    assert (call.streamed, call.cut, call.latency is None) == (True, True, False)
    assert call.text.startswith(dbg.state["said"])
    assert server.count == 1


def test_real_clients_of_every_kind_are_taken_down(server, ai):
    """K1: OpenAI's two APIs and embeddings, Anthropic, LangChain, plain HTTP, streams, raw ones."""
    claude = anthropic.Anthropic(api_key=KEY, base_url=server.url)
    chain = ChatOpenAI(model="gpt-4o-mini", api_key=KEY, base_url=f"{server.url}/v1")

    def node(ctx):
        ai.responses.create(model="gpt-4o", input="hi")
        ai.embeddings.create(model="text-embedding-3-small", input="x")
        claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=user("hi"))
        with claude.messages.stream(
            model="claude-haiku-4-5", max_tokens=9, messages=user("s")
        ) as stream:
            stream.get_final_text()
        chain.invoke("hello")
        "".join(str(chunk.content) for chunk in chain.stream("stream it"))
        httpx.get(f"{server.url}/weather?q=paris")
        ai.chat.completions.with_raw_response.create(model="gpt-4o", messages=user("raw")).parse()

    dbg = debug(node)
    assert dbg.run().reason is R.COMPLETED
    kinds = [call.kind for call in dbg.calls]

    assert kinds == ["responses", "embeddings", *["anthropic"] * 2, *["chat"] * 2, "http", "chat"]
    assert [call.streamed for call in dbg.calls] == [False] * 3 + [True, False, True, False, False]
    assert all(call.ttft is not None for call in dbg.calls if call.streamed)
    assert server.count == len(dbg.calls)


def test_a_client_made_and_imported_inside_of_the_node_is_taken_down(server):
    """K1: wrappers are at the class, and find what is imported later."""

    async def node(ctx):
        import openai as later

        made = later.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
        async with aclient(server) as ai:
            await ai.chat.completions.create(model="gpt-4o", messages=user("b"))
        return {"said": ask(made, "a")}

    dbg = debug(node)
    dbg.run()

    assert told(dbg.calls) == [("b", False), ("a", False)]


def test_the_tables_say_what_was_paid(server, ai):
    """K6: a cost is never 0 where nobody knows it; what was served is paid 0."""
    dbg = Debugger(row(a=talk(ai, "a"), b=talk(client(server), "b1", "b2")), {})
    dbg.run()
    unknown = dbg.calls.to_pandas()
    dbg.prices({"gpt-4o": (1.0, 10.0)})
    cost = (11 * 1.0 + 7 * 10.0) / 1_000_000
    fork = dbg.rerun(2)
    calls, frames = fork.calls.to_pandas(), fork.frames.to_pandas()

    assert set(unknown["tokens_in"]) == {11}
    assert list(calls["cost"]) == pytest.approx([cost] * 3)
    assert list(calls["paid"]) == pytest.approx([cost, 0.0, 0.0])
    assert list(calls["served"]) == [False, True, True]
    assert list(calls["frame"]) == [1, 2, 2]
    assert list(frames["calls"]) == [0, 1, 2]
    assert list(frames["tokens_in"])[1:] == [11, 22]
    assert list(frames["cost"])[1:] == pytest.approx([cost, 2 * cost])
    assert list(frames["paid"])[1:] == pytest.approx([cost, 0.0])


def test_a_cost_that_nobody_knows_is_none(server, ai):
    """K6: not 0: a sum of it would say that it is free."""
    dbg = debug(lambda ctx: {"said": ask(ai, "hi", "my-own-model")})
    dbg.run()

    assert dbg.calls[0].cost is None
    assert dbg.calls.to_pandas()["cost"].isna().all()
    assert dbg.frames.to_pandas()["cost"].isna()[1]


def test_stepping_into_the_past_shows_only_calls_up_to_there(server, ai):
    """K1: `calls` is of the line up to the head."""
    dbg = Debugger(row(a=talk(ai, "a"), b=talk(ai, "b")), {})
    dbg.run()
    dbg.rewind(1)

    assert told(dbg.calls) == [("a", False)]
