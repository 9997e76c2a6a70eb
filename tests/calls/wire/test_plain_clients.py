"""httpx, httpx2, requests and aiohttp as they are: what a tool uses that asks no model."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from tests.calls.server import ModelServer
from tests.calls.wire.nodes import run, run_again

CHAT = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
BOTH = pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)


def served_the_same(server: ModelServer, node: Callable[[], Any]) -> Any:
    """Run a node live, then over its record; return what it saw both times."""
    live = run(node)
    sent = server.count
    again = run_again(node, live)

    assert again.value == live.value
    assert server.count == sent
    assert sent == len(live.exchanges)
    assert all(one.served for one in again.exchanges)
    assert not any(one.cut for one in live.exchanges)
    return live.value


@BOTH
def test_httpx(server: ModelServer, package: ModuleType):
    """K3: whole, in lines, raw, of a form, of a generator, of a file; and `elapsed` is there."""

    def node() -> Any:
        got = package.get(f"{server.url}/tool?q=paris")
        with package.Client(base_url=server.url) as client:
            posted = client.post("/form", data={"a": "1"}, files={"f": b"bytes"})
            by_generator = client.post("/generator", content=(piece for piece in (b"a", b"b")))
            with client.stream("POST", "/v1/chat/completions", json=CHAT) as answer:
                lines = list(answer.iter_lines())
            with client.stream("GET", "/raw") as answer:
                raw = b"".join(answer.iter_raw())
        assert got.elapsed is not None
        return got.json(), posted.json(), by_generator.json(), lines, raw, got.text, got.encoding

    value = served_the_same(server, node)

    assert value[0] == {"path": "/tool?q=paris", "temperature": 18}
    assert server.asked[2].body == b"ab"


@BOTH
def test_httpx_async(server: ModelServer, package: ModuleType):
    """K3: the same on an event loop."""

    async def pieces() -> Any:
        yield b"a"
        yield b"b"

    async def node() -> Any:
        async with package.AsyncClient(base_url=server.url) as client:
            got = await client.get("/tool", params={"q": "paris"})
            posted = await client.post("/generator", content=pieces())
            async with client.stream("POST", "/v1/chat/completions", json=CHAT) as answer:
                lines = [line async for line in answer.aiter_lines()]
            async with client.stream("GET", "/raw") as answer:
                raw = await answer.aread()
        return got.json(), posted.json(), lines, raw

    served_the_same(server, node)


def test_requests(server: ModelServer):
    """K3: whole, in lines, in pieces, as a file, and of a session."""

    def node() -> Any:
        got = requests.get(f"{server.url}/tool?q=paris", timeout=30)
        with requests.Session() as session:
            posted = session.post(f"{server.url}/form", data={"a": "1"}, files={"f": b"bytes"})
            of_file = session.post(f"{server.url}/file", data=io.BytesIO(b"file"))
            asking = {"json": CHAT, "stream": True}
            with session.post(f"{server.url}/v1/chat/completions", **asking) as answer:
                lines = list(answer.iter_lines())
            pieces = session.post(f"{server.url}/v1/chat/completions", **asking)
            joined = b"".join(pieces.iter_content(7))
            raw = session.get(f"{server.url}/raw", stream=True).raw.read(decode_content=True)
            later = session.get(f"{server.url}/later", stream=True).json()
        return got.json(), posted.json(), of_file.json(), lines, joined, raw, later, got.ok

    value = served_the_same(server, node)

    assert value[3][-2:] == [b"data: [DONE]", b""]
    assert server.asked[2].body == b"file"


def test_the_raw_file_of_requests(server: ModelServer):
    """K3: read line by line, as text, in two goes, and with an adapter that gives a plain file."""

    class OfAFile(requests.adapters.BaseAdapter):
        def send(self, request: Any, **_options: Any) -> requests.Response:
            response = requests.Response()
            response.status_code, response.request, response.url = 200, request, request.url
            response.raw = io.BytesIO(b"one\ntwo\n")
            return response

        def close(self) -> None:
            """There is nothing to close."""

    def node() -> Any:
        session = requests.Session()
        session.headers["accept-encoding"] = "identity"
        session.mount("file-of-ours://", OfAFile())
        asking = {"json": CHAT, "stream": True}
        with session.post(f"{server.url}/v1/chat/completions", **asking).raw as raw:
            lines = list(raw)
        with session.post(f"{server.url}/v1/chat/completions", **asking).raw as raw:
            text = io.TextIOWrapper(raw).read()
        with session.get(f"{server.url}/raw", stream=True).raw as raw:
            goes = raw.read(5), raw.read(5) + raw.read()
        plain = session.get("file-of-ours://here/", stream=True)
        whole = session.get("file-of-ours://here/").text
        return lines, text, goes, list(plain.iter_lines()), plain.close(), whole

    live = run(node)
    sent = server.count
    again = run_again(node, live)

    assert again.value == live.value
    assert server.count == sent == 3
    assert live.value[0][-2:] == [b"data: [DONE]\n", b"\n"]
    assert live.value[1].endswith("data: [DONE]\n\n")
    assert live.value[3] == [b"one", b"two"]
    assert not any(one.cut for one in live.exchanges)


def test_aiohttp(server: ModelServer):
    """K3: whole, in lines, in pieces of any size, with the status looked at first."""

    async def node() -> Any:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            async with session.get(f"{server.url}/tool", params={"q": "paris"}) as answer:
                answer.raise_for_status()
                got = await answer.json()
            text = await (await session.post(f"{server.url}/form", data={"a": "1"})).text()
            seen = []
            for way in ("iter_any", "iter_chunks", "lines"):
                async with session.post(f"{server.url}/v1/chat/completions", json=CHAT) as answer:
                    content = answer.content
                    if way == "lines":
                        seen.append(b"".join([line async for line in content]))
                    elif way == "iter_chunks":
                        seen.append(b"".join([piece async for piece, _ in content.iter_chunks()]))
                    else:
                        seen.append(b"".join([piece async for piece in content.iter_any()]))
            async with session.post(f"{server.url}/v1/chat/completions", json=CHAT) as answer:
                small = [piece async for piece in answer.content.iter_chunked(16)]
            read = await (await session.get(f"{server.url}/read")).read()
        return got, text, seen, b"".join(small), read, answer.status, answer.content_type

    value = served_the_same(server, node)

    assert value[0] == {"path": "/tool?q=paris", "temperature": 18}
    assert json.loads(server.asked[2].body) == CHAT
    assert server.asked[2].headers["content-type"] == "application/json"


def test_aiohttp_raises_for_a_status_as_it_was_asked_to(server: ModelServer):
    """K3: the answer that it made an error of is kept, and made one again."""

    async def node() -> Any:
        async with aiohttp.ClientSession() as session:
            try:
                await session.post(
                    f"{server.url}/", json={"model": "broken"}, raise_for_status=True
                )
            except aiohttp.ClientResponseError as error:
                return error.status, error.message

    live = run(node)
    again = run_again(node, live)

    assert live.value == again.value == (400, "Bad Request")
    assert live.exchanges[0].status == 400
    assert server.count == 1


@BOTH
def test_a_hook_that_raises_for_a_status_does_so_again(server: ModelServer, package: ModuleType):
    """K3: httpx' event hooks see what is served, too."""

    def raises(answer: Any) -> None:
        answer.read()
        answer.raise_for_status()

    def node() -> Any:
        with package.Client(event_hooks={"response": [raises]}) as client:
            try:
                client.post(server.url, json={"model": "broken"})
            except package.HTTPStatusError as error:
                return error.response.status_code, error.response.json()

    assert served_the_same(server, node) == (400, {"error": {"message": "bad schema"}})


def unreachable(package: Any) -> Any:
    async def by_aiohttp() -> Any:
        async with aiohttp.ClientSession() as session:
            await session.get("http://127.0.0.1:9/x?api_key=secret-of-a-query")

    try:
        if package is aiohttp:
            asyncio.run(by_aiohttp())
        else:
            package.get("http://127.0.0.1:9/x?api_key=secret-of-a-query")
    except Exception as error:
        return type(error).__name__, type(error).__mro__[1], str(error)
    return None


@pytest.mark.parametrize("package", [httpx, httpx2, requests, aiohttp], ids=lambda p: p.__name__)
def test_a_connection_that_fails_fails_again_the_same_way(package: Any):
    """K3, K5: with the class that its client raises, and without the secrets of the URL."""
    live = run(lambda: unreachable(package))
    again = run_again(lambda: unreachable(package), live)

    assert again.value[0] == live.value[0]
    assert live.exchanges[0].error.startswith(f"{live.value[0]}: ")
    assert "secret-of-a-query" not in repr([live.exchanges[0].error, live.exchanges[0].url])


async def cut_by_aiohttp(server: ModelServer) -> Any:
    said = b""
    asked = {**CHAT, "model": "breaks"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/v1/chat/completions", json=asked) as answer,
        ):
            async for piece in answer.content.iter_any():
                said += piece
    except aiohttp.ClientPayloadError:
        return said


def cut_by_requests(server: ModelServer) -> Any:
    said = b""
    asked = {**CHAT, "model": "breaks"}
    try:
        url = f"{server.url}/v1/chat/completions"
        for piece in requests.post(url, json=asked, stream=True).iter_content(None):
            said += piece
    except requests.exceptions.ChunkedEncodingError:
        return said


@pytest.mark.parametrize("ask", [cut_by_aiohttp, cut_by_requests], ids=lambda ask: ask.__name__)
def test_a_stream_that_broke_breaks_again_at_the_same_place(server: ModelServer, ask: Any):
    """K8: what came before is served, then what its client raised."""

    async def async_node() -> Any:
        return await ask(server)

    node = async_node if asyncio.iscoroutinefunction(ask) else lambda: ask(server)
    live = run(node)
    again = run_again(node, live)

    assert again.value == live.value
    assert live.value.count(b"data:") == 2
    assert live.exchanges[0].error
    assert server.count == 1


def test_secrets_of_a_url_are_never_kept(server: ModelServer):
    """K5: whoever asks, and values of a query that are keys."""

    def node() -> None:
        address = server.url.replace("http://", "http://me:my-password@")
        httpx.get(f"{address}/t?api_key=one-secret&keyword=paris")
        requests.get(f"{address}/t?token=one-secret&q=a%20b", timeout=30)

    first, second = run(node).exchanges

    assert first.url == f"{server.url}/t?api_key=hidden&keyword=paris"
    assert second.url == f"{server.url}/t?token=hidden&q=a%20b"
    assert "api_key=one-secret" in server.asked[0].path


@BOTH
def test_a_transport_of_ones_own_is_taken_down_as_any_other(package: ModuleType):
    """The boundary is `send`, whatever lies below."""
    calls = []

    def answer(request: Any) -> Any:
        calls.append(request)
        return package.Response(200, json={"said": len(calls)})

    client = package.Client(transport=package.MockTransport(answer))

    def node() -> Any:
        with client.stream("GET", "http://nowhere.test/x") as streamed:
            read = streamed.read()
        return client.get("http://nowhere.test/").json(), read

    live = run(node)
    again = run_again(node, live)

    assert again.value == live.value
    assert len(calls) == len(live.exchanges) == 2
    assert not any(one.cut for one in live.exchanges)
