"""OpenAI's and Anthropic's clients: whatever way they are asked, and in either generation.

`test_older_clients.py` runs this file again, with the clients that lie on httpx.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from tests.calls.server import ModelServer
from tests.calls.wire.nodes import KEY, TOOLS, run, run_again

Node = Callable[[], Any]
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def chat(client: openai.OpenAI, model: str = "gpt-4o", **more: Any) -> Any:
    return client.chat.completions.create(model=model, messages=HELLO, **more)


def whole(client: openai.OpenAI) -> Any:
    return chat(client).choices[0].message.content


def streamed(client: openai.OpenAI) -> Any:
    return [chunk.model_dump_json() for chunk in chat(client, stream=True)]


def streamed_tools(client: openai.OpenAI) -> Any:
    options = {"include_usage": True}
    return [
        chunk.model_dump_json()
        for chunk in chat(client, stream=True, tools=TOOLS, stream_options=options)
    ]


def stream_helper(client: openai.OpenAI) -> Any:
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
        return stream.get_final_completion().choices[0].message.content


def tools(client: openai.OpenAI) -> Any:
    messages = list(HELLO)
    asked = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
    message = asked.choices[0].message
    assert message.tool_calls
    messages.append(message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "18"})
    done = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
    return message.tool_calls[0].function.arguments, done.choices[0].message.content


def raw(client: openai.OpenAI) -> Any:
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
    said = answer.parse().choices[0].message.content
    return said, answer.headers.get("x-request-id"), answer.text, answer.status_code


def raw_streamed(client: openai.OpenAI) -> Any:
    asking = client.chat.completions.with_streaming_response
    with asking.create(model="gpt-4o", messages=HELLO) as answer:
        first = answer.read()
    with asking.create(model="gpt-4o", messages=HELLO, stream=True) as answer:
        return first, list(answer.iter_lines())


def responses(client: openai.OpenAI) -> Any:
    said = client.responses.create(model="gpt-4o", input="hello", instructions="be brief")
    stream = client.responses.create(model="gpt-4o", input="hello", stream=True)
    return said.output_text, [event.model_dump_json() for event in stream]


def embeddings(client: openai.OpenAI) -> Any:
    return client.embeddings.create(model="text-embedding-3-small", input="x").data[0].embedding


def busy(client: openai.OpenAI) -> Any:
    return chat(client, "busy").choices[0].message.content


def refused(client: openai.OpenAI) -> Any:
    try:
        chat(client, "broken")
    except openai.BadRequestError as error:
        return str(error), error.response.json()


def unreachable(client: openai.OpenAI) -> Any:
    nobody = openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=1)
    try:
        chat(nobody)
    except openai.APIConnectionError as error:
        return type(error).__name__, type(error.__cause__).__name__


def breaks_off(client: openai.OpenAI) -> Any:
    said = []
    try:
        for chunk in chat(client, "breaks", stream=True):
            said.append(chunk.choices[0].delta.content)
    except Exception as error:
        return said, type(error).__name__


OPENAI = [
    whole, streamed, streamed_tools, stream_helper, tools, raw, raw_streamed, responses,
    embeddings, busy, refused, unreachable, breaks_off,
]  # fmt: skip


@pytest.mark.parametrize("ask", OPENAI, ids=lambda ask: ask.__name__)
def test_what_openai_was_answered_is_served_again(server: ModelServer, ask: Callable[..., Any]):
    """K3: the same requests get the same answers, to the letter, and nothing is sent."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1", max_retries=3)

    def node() -> Any:
        return ask(client)

    live = run(node)
    sent = server.count
    again = run_again(node, live)

    assert again.value == live.value is not None
    assert server.count == sent
    assert all(one.served for one in again.exchanges)
    assert len(again.tape.calls) == len(live.tape.calls)


@pytest.mark.parametrize("ask", OPENAI, ids=lambda ask: ask.__name__)
def test_a_client_is_answered_the_same_with_a_tape(server: ModelServer, ask: Callable[..., Any]):
    """Being taken down changes nothing of what the code of a node sees."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1", max_retries=3)

    taken_down = run(lambda: ask(client)).value
    server.asked.clear()
    server.tries.clear()
    alone = ask(client)

    assert taken_down == alone


def test_retries_of_a_client_are_attempts_of_one_call(server: ModelServer):
    """K1: and where they are served, nobody waits for what the server asked to wait for."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1", max_retries=3)

    live = run(lambda: busy(client))
    again = run_again(lambda: busy(client), live)

    for ran in (live, again):
        (call,) = ran.tape.calls
        assert [one.status for one in call.exchanges] == [429, 429, 200]
    assert server.count == 3


def test_a_stream_that_its_client_closes_at_the_end_mark_is_whole(server: ModelServer):
    """K13: OpenAI's client reads no further than ``[DONE]``."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")

    (exchange,) = run(lambda: streamed(client)).exchanges

    assert exchange.ended
    assert not exchange.cut
    assert exchange.content.endswith(b"data: [DONE]\n\n")
    assert len(exchange.chunks) > 1
    assert exchange.first is not None


async def gathered(server: ModelServer) -> Any:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{server.url}/v1") as client:

        async def ask(words: str) -> Any:
            messages: list[Any] = [{"role": "user", "content": words}]
            said = await client.chat.completions.create(model="gpt-4o", messages=messages)
            return said.choices[0].message.content

        answers = await asyncio.gather(*(ask(f"question {n}") for n in range(8)))
        stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
        pieces = [chunk.model_dump_json() async for chunk in stream]
        again = await client.responses.create(model="gpt-4o", input="hello", stream=True)
        return answers, pieces, [event.type async for event in again]


def test_async_clients_side_by_side(server: ModelServer):
    """K3: each is served its own answer, in whatever order they ask."""

    async def node() -> Any:
        return await gathered(server)

    live = run(node)
    again = run_again(node, live)

    assert again.value == live.value
    assert len(live.tape.calls) == server.count == 10
    assert not any(one.cut for one in live.exchanges)


def test_the_same_question_twice_gets_both_answers_in_their_order(server: ModelServer):
    """K3: each recorded answer is served once."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")

    def node() -> Any:
        return [whole(client) for _ in range(3)]

    live = run(node)

    assert live.value == ["answer 1", "answer 2", "answer 3"]
    assert run_again(node, live).value == live.value


def claude(server: ModelServer) -> Any:
    client = anthropic.Anthropic(api_key=KEY, base_url=server.url, max_retries=2)
    asked: dict[str, Any] = {"model": "claude-of-the-test", "max_tokens": 99, "messages": HELLO}
    said = client.messages.create(system="be kind", **asked)
    with client.messages.stream(**asked) as stream:
        text = stream.get_final_text()
    events = [event.type for event in client.messages.create(stream=True, **asked)]
    with client.messages.with_streaming_response.create(**asked) as answer:
        read = answer.read()
    raw_answer = client.messages.with_raw_response.create(**asked)
    return said.model_dump_json(), text, events, read, raw_answer.parse().model_dump_json()


async def async_claude(server: ModelServer) -> Any:
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=server.url) as client:
        asked: dict[str, Any] = {"model": "claude-of-the-test", "max_tokens": 99, "messages": HELLO}
        said = await client.messages.create(**asked)
        async with client.messages.stream(**asked) as stream:
            return said.model_dump_json(), [text async for text in stream.text_stream]


def test_anthropic_whole_and_streamed(server: ModelServer):
    """K3: with Anthropic's client, sync and async."""

    async def async_node() -> Any:
        return await async_claude(server)

    for node in (lambda: claude(server), async_node):
        live = run(node)
        sent = server.count
        again = run_again(node, live)

        assert again.value == live.value
        assert server.count == sent
        assert not any(one.cut for one in live.exchanges)


def test_a_client_that_was_made_before_the_recorder_is_wrapped_too(server: ModelServer):
    """The wrappers are on the class, so it does not matter when a client was made."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")

    def node() -> Any:
        inside = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
        return whole(client), whole(inside)

    assert len(run(node).tape.calls) == 2


def test_no_key_is_kept(server: ModelServer):
    """K5: not of the headers, not of the cookies."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")

    (exchange,) = run(lambda: whole(client)).exchanges
    kept = repr([getattr(exchange, name) for name in type(exchange).__slots__])

    assert KEY in server.asked[0].headers["authorization"]
    assert KEY not in kept
    assert "uthorization" not in kept
    assert "cookie" not in kept.lower()
