"""How a call may end beside its own way: left, cancelled, too late (K8)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from lellm_nb.calls.serving import Serving
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import NODE, new_tape, run, run_again

STREAM: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user"}]}
CLIENTS = pytest.mark.parametrize("client", ["httpx", "httpx2", "requests", "aiohttp"])


def first_piece(client: str, url: str) -> Any:
    """Read one piece of a stream, and leave it."""
    if client == "requests":
        with requests.post(url, json=STREAM, stream=True) as answer:
            return next(answer.iter_lines())
    if client == "aiohttp":
        return asyncio.run(first_line(url))
    package: Any = httpx if client == "httpx" else httpx2
    with package.stream("POST", url, json=STREAM) as answer:
        return next(answer.iter_lines())


async def first_line(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.post(url, json=STREAM) as answer:
        return await answer.content.readline()


@CLIENTS
def test_a_stream_that_is_left_is_kept_as_far_as_it_was_read(server: ModelServer, client: str):
    """K8: it is marked, and serves whoever leaves it at the same place."""
    url = f"{server.url}/v1/chat/completions"
    live = run(lambda: first_piece(client, url))
    again = run_again(lambda: first_piece(client, url), live)

    assert again.value == live.value
    assert live.exchanges[0].ended
    assert server.count == 1


def test_what_was_left_does_not_pass_for_a_whole_answer(server: ModelServer):
    """K8: whoever reads further than the record goes is told so."""
    url = f"{server.url}/v1/chat/completions"
    held = {**STREAM, "model": "held"}

    def leave() -> bytes:
        with httpx2.stream("POST", url, json=held) as answer:
            return next(answer.iter_raw())

    def read_all() -> None:
        with httpx2.stream("POST", url, json=held) as answer:
            answer.read()

    live = run(leave)

    assert live.exchanges[0].cut
    with pytest.raises(httpx2.ReadError, match="the recorded answer ends here"):
        run_again(read_all, live)


def test_a_stream_that_is_read_after_its_node_is_frozen(server: ModelServer):
    """K8: a frame does not change after it is committed."""
    kept: list[Any] = []

    def node() -> None:
        answer = httpx2.Client().send(
            httpx2.Request("POST", f"{server.url}/v1/chat/completions", json=STREAM), stream=True
        )
        lines = answer.iter_lines()
        kept.extend([next(lines), lines])

    (exchange,) = run(node).exchanges
    frozen = exchange.facts(), list(exchange.chunks)
    rest = list(kept[1])

    assert rest[-2] == "data: [DONE]"
    assert (exchange.facts(), exchange.chunks) == frozen
    assert exchange.cut
    assert exchange.ended


def test_a_stream_that_nobody_keeps_ends_when_it_is_collected(server: ModelServer):
    """K8: without a word on the way."""

    def node() -> None:
        answer = httpx2.Client().send(
            httpx2.Request("POST", f"{server.url}/v1/chat/completions", json=STREAM), stream=True
        )
        next(answer.iter_raw())
        del answer
        gc.collect()

    tape = new_tape()
    (exchange,) = run(node, tape).exchanges

    assert exchange.ended
    assert exchange.chunks


def test_a_call_of_a_thread_that_outlives_its_node_is_late(server: ModelServer):
    """K8: it is sent, marked, and told of; the calls of the node are as they were."""
    go, told = threading.Event(), []
    threads: list[threading.Thread] = []

    def late() -> None:
        go.wait(30)
        httpx2.get(f"{server.url}/late")

    def node() -> None:
        httpx2.get(f"{server.url}/in-time")
        threads.append(threading.Thread(target=late))
        threads[0].start()

    tape = new_tape(ended=lambda _tape, call, exchange: told.append((exchange.url, exchange.late)))
    run(node, tape)
    calls = tape.close()
    go.set()
    threads[0].join()

    assert told == [(f"{server.url}/in-time", False), (f"{server.url}/late", True)]
    assert len(calls) == 1


def test_an_answer_that_comes_after_its_node_is_not_kept(server: ModelServer):
    """K8: what was in flight is frozen as it was."""
    threads: list[threading.Thread] = []
    answers: list[int] = []

    def ask() -> None:
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json={"model": "held"})
        answers.append(answer.status_code)

    def node() -> None:
        threads.append(threading.Thread(target=ask))
        threads[0].start()
        server.wait_for(1)

    (exchange,) = run(node).exchanges
    server.release.set()
    threads[0].join()

    assert exchange.cut
    assert exchange.status is None
    assert exchange.chunks == []


@pytest.mark.parametrize("client", ["httpx2", "aiohttp"])
def test_a_call_that_is_cancelled_is_cut_and_asked_again(server: ModelServer, client: str):
    """K8, K13: there is no answer to serve."""

    async def ask() -> int:
        url = f"{server.url}/v1/chat/completions"
        if client == "aiohttp":
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, json={"model": "held", "messages": [{}]}) as answer,
            ):
                return answer.status
        async with httpx2.AsyncClient(timeout=30) as asking:
            return (await asking.post(url, json={"model": "held", "messages": [{}]})).status_code

    async def cancelled() -> None:
        task = asyncio.ensure_future(ask())
        await asyncio.to_thread(server.wait_for, 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    live = run(cancelled)
    server.release.set()
    again = run_again(ask, live, onwards=True)

    assert live.exchanges[0].unanswered
    assert live.exchanges[0].error == ""
    assert again.value == 200
    assert server.count == 2
    assert "left before its answer came" in str(run_again(ask, live).stop)


def test_what_nobody_reads_of_a_small_answer_is_kept_all_the_same(server: ModelServer):
    """K1: many look at the status alone; aiohttp leaves the rest in its hands."""

    async def node() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/hook", json={}) as answer,
        ):
            await answer.content.wait_eof()
            return answer.status

    (exchange,) = run(node).exchanges

    assert not exchange.cut
    assert exchange.content.startswith(b'{"number": 1')


def test_a_node_inside_of_a_client_has_its_own_calls(server: ModelServer):
    """The outermost boundary counts for one node; another one's calls are its own."""
    inner = new_tape()

    def answer(_request: Any) -> httpx2.Response:
        run(lambda: httpx2.get(f"{server.url}/inner"), inner)
        httpx.get(f"{server.url}/part-of-the-outer")
        return httpx2.Response(200, json={})

    def node() -> None:
        httpx2.Client(transport=httpx2.MockTransport(answer)).get("http://outer.test/")

    outer = run(node)

    assert [one.url for one in outer.exchanges] == ["http://outer.test/"]
    assert [call.last.url for call in inner.calls] == [f"{server.url}/inner"]
    assert NODE.get() is None


def test_served_streams_may_be_read_again_and_again(server: ModelServer):
    """K3: serving takes nothing from the record."""
    url = f"{server.url}/v1/chat/completions"

    def node() -> list[str]:
        with httpx2.stream("POST", url, json=STREAM) as answer:
            return list(answer.iter_lines())

    live = run(node)
    first = run(node, serving=Serving(live.tape.calls))
    second = run(node, serving=Serving(first.tape.calls))

    assert live.value == first.value == second.value
    assert server.count == 1
