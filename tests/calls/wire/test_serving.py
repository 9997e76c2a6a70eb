"""What is served, what is sent, and what is a miss (K2, K3, K13)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.serving import Serving
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import run, run_again, stop_before

CLIENTS = pytest.mark.parametrize("client", ["httpx", "httpx2", "requests", "aiohttp"])


def ask(server: ModelServer, words: str, model: str = "m", client: str = "httpx2") -> str:
    """Ask a model something, and return what it says."""
    url = f"{server.url}/v1/chat/completions"
    body = {"model": model, "messages": [{"role": "user", "content": words}]}
    if client == "requests":
        data = requests.post(url, json=body, timeout=30).json()
    elif client == "aiohttp":
        data = asyncio.run(ask_by_aiohttp(url, body))
    else:
        package: Any = httpx if client == "httpx" else httpx2
        data = package.post(url, json=body).json()
    return data["choices"][0]["message"]["content"]


async def ask_by_aiohttp(url: str, body: Any) -> Any:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return await answer.json()


def words_of(exchange: Exchange) -> str:
    return json.loads(exchange.body)["messages"][-1]["content"]


def test_calls_after_the_first_ones_are_sent(server: ModelServer):
    """K12: `calls=1` serves call 0, and the rest are live."""

    def node() -> list[str]:
        return [ask(server, words) for words in ("one", "two", "three")]

    live = run(node)
    again = run(node, serving=Serving(live.tape.calls, first=1))

    assert live.value == ["answer 1", "answer 2", "answer 3"]
    assert again.value == ["answer 1", "answer 4", "answer 5"]
    assert [one.served for one in again.exchanges] == [True, False, False]


def test_a_restart_pays_for_nothing_twice(server: ModelServer):
    """K13: what was answered before a stop is served, and the node goes on from there."""

    def node() -> list[str]:
        return [ask(server, words) for words in ("one", "two")]

    stopped = run(node, before=stop_before(1))
    again = run(node, serving=Serving(stopped.tape.calls))

    assert again.value == ["answer 1", "answer 2"]
    assert server.count == 2


def clock() -> Iterator[int]:
    return count()


def test_a_clock_in_the_prompt_is_a_miss(server: ModelServer):
    """K3: what is not as it was recorded stops the node, and says which call."""
    time = clock()

    def node() -> str:
        return ask(server, f"it is {next(time)} o'clock")

    live = run(node)
    missed = run(node, serving=Serving(live.tape.calls, differs=lambda new, old: words_of(new)))

    assert isinstance(missed.stop, CallStop)
    assert missed.stop.why == "miss"
    assert str(missed.stop) == "call 0 it is 1 o'clock"
    assert server.count == 1


def test_a_miss_may_go_on_live_or_take_what_was_recorded(server: ModelServer):
    """K3: ``live`` sends it, ``drift`` serves it and marks it as stale."""
    time = clock()

    def node() -> str:
        return ask(server, f"it is {next(time)} o'clock")

    first = run(node)
    drifted = run_again(node, first, miss="drift")
    live = run_again(node, first, miss="live")

    assert drifted.value == "answer 1"
    assert [one.stale for one in drifted.exchanges] == [True]
    assert live.value == "answer 2"


@CLIENTS
def test_a_request_may_be_edited_on_its_way(server: ModelServer, client: str):
    """K12: the server sees the edited one, whole; every later one as its node wrote it."""

    def louder(body: bytes) -> bytes:
        return body.replace(b"hello", b"HELLO, AND LOUDER")

    def node() -> list[str]:
        return [ask(server, words, client=client) for words in ("hello", "hello again")]

    live = run(node)
    sent = dict(server.asked[0].headers)
    again = run(node, serving=Serving(live.tape.calls, first=0, edits={0: louder}))

    edited, after = server.asked[2], server.asked[3]
    assert edited.json["messages"][0]["content"] == "HELLO, AND LOUDER"
    assert after.json["messages"][0]["content"] == "hello again"
    assert edited.headers == {**sent, "content-length": str(len(edited.body))}
    assert [one.edited for one in again.exchanges] == [True, False]
    assert again.exchanges[0].body == edited.body


def test_what_was_edited_is_found_by_what_was_sent(server: ModelServer):
    """K3: a frame with an edited call serves that request."""
    edit = {0: lambda body: body.replace(b"hello", b"goodbye")}
    first = run(lambda: ask(server, "hello"), serving=Serving(edits=edit))

    assert run_again(lambda: ask(server, "goodbye"), first).value == first.value == "answer 1"


@CLIENTS
def test_an_answer_may_be_given_in_place_of_a_call(server: ModelServer, client: str):
    """K12: whatever it asks, nothing is sent."""
    said = {"choices": [{"message": {"content": "as you wish"}}]}
    answer = Exchange("POST", server.url, (), b"")
    answer.status = 200
    answer.response_headers = (("content-type", "application/json"),)
    answer.chunks = [(0.0, json.dumps(said).encode())]

    ran = run(lambda: ask(server, "hello", client=client), serving=Serving(answers={0: answer}))

    assert ran.value == "as you wish"
    assert server.count == 0


def test_an_answer_that_lost_a_secret_is_not_served(server: ModelServer):
    """K5: it is a miss that says so."""
    live = run(lambda: ask(server, "hello"))
    live.exchanges[0].hidden = True

    missed = run_again(lambda: ask(server, "hello"), live)

    assert "a secret was taken out of its answer" in str(missed.stop)


def test_the_order_of_keys_in_a_body_does_not_matter(server: ModelServer):
    """K3: a request is found by what it means."""
    url = f"{server.url}/echo"
    live = run(lambda: httpx2.post(url, json={"a": 1, "b": [2]}).json())

    again = run_again(lambda: httpx2.post(url, content=b'{"b": [2], "a": 1}').json(), live)

    assert again.value == live.value


def test_a_first_attempt_of_the_same_request_is_a_call_of_its_own(server: ModelServer):
    """K1: clients say how often they have tried; a node that asks twice has made two calls."""

    def node() -> None:
        for tried in ("0", "1", "2", "0"):
            headers = {"x-stainless-retry-count": tried}
            body = {"model": "busy", "messages": [{"role": "user", "content": "hello"}]}
            httpx2.post(f"{server.url}/v1/chat/completions", json=body, headers=headers)

    ran = run(node)

    assert [call.attempts for call in ran.tape.calls] == [3, 1]


def test_every_exchange_is_told_of_when_it_ends(server: ModelServer):
    """K1: served ones too; `after` hears of those that were sent."""
    ended: list[str] = []
    after: list[int] = []

    def node() -> None:
        ask(server, "one")
        ask(server, "two")

    live = run(node)
    run(
        node,
        serving=Serving(live.tape.calls, first=1),
        ended=lambda _tape, _call, exchange: ended.append(words_of(exchange)),
        after=lambda _tape, call: after.append(call.number),
    )

    assert ended == ["one", "two"]
    assert after == [1]
