"""Asking again: another body with the headers of this process, which are kept nowhere (K5, K12)."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests

from lellm_nb.calls.credentials import NoCredentialsError, forget_credentials, held
from lellm_nb.calls.resend import resend
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import KEY, run

HEADERS = {"authorization": f"Bearer {KEY}", "x-team": "ours"}


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    forget_credentials()
    yield
    forget_credentials()


def body(words: str = "hello", **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": words}], **more}


def post(client: str, url: str, data: dict[str, Any]) -> None:
    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession(headers=HEADERS) as session:
            await (await session.post(url, json=data)).read()

    if client == "aiohttp":
        asyncio.run(by_aiohttp())
    elif client == "requests":
        requests.post(url, json=data, headers=HEADERS, stream=data.get("stream", False)).content  # noqa: B018  # read it
    else:
        package: Any = httpx if client == "httpx" else httpx2
        with package.stream("POST", url, json=data, headers=HEADERS) as answer:
            answer.read()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("client", ["httpx", "httpx2", "requests", "aiohttp"])
def test_a_request_is_sent_again_with_another_body(server: ModelServer, client: str, stream: bool):
    """K12: by the package that sent it, with what went along; nothing moves on the node's tape."""
    url = f"{server.url}/v1/chat/completions?api_key=in-the-query"
    ran = run(lambda: post(client, url, body(stream=stream)))

    came = resend(ran.exchanges[0], json.dumps(body("goodbye", stream=stream)).encode())

    first, second = server.asked
    assert second.path == first.path
    assert second.json["messages"][0]["content"] == "goodbye"
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert second.headers["x-team"] == "ours"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert came.status == 200
    assert b"2" in came.content
    assert came.ended
    assert not came.cut
    assert len(ran.exchanges) == 1


def test_a_client_that_is_still_there_sends_it(server: ModelServer):
    """K12: with its own transport."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
    ran = run(lambda: client.chat.completions.create(**body()))

    for number in (2, 3):
        assert f"answer {number}".encode() in resend(ran.exchanges[0], b'{"model": "m"}').content
    assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "x-stainless-retry-count" not in server.asked[-1].headers


def test_what_went_wrong_is_told_of(server: ModelServer):
    """K12: an answer that refuses is an answer, and an error of the client is kept in words."""
    ran = run(lambda: post("httpx2", f"{server.url}/v1/chat/completions", body()))

    assert resend(ran.exchanges[0], json.dumps(body(model="broken")).encode()).status == 400
    server.end()
    assert resend(ran.exchanges[0], b"{}").error.startswith("ConnectError: ")


def test_without_credentials_it_says_what_to_do(server: ModelServer):
    """K5: another process, another origin, or forgotten."""
    ran = run(lambda: post("httpx2", f"{server.url}/v1/chat/completions", body()))

    with pytest.raises(NoCredentialsError, match=r"Nothing was sent to http://other\.test"):
        resend(ran.exchanges[0], b"{}", url="http://other.test/v1")
    forget_credentials()
    with pytest.raises(LookupError, match="run the node once"):
        resend(ran.exchanges[0], b"{}")


def test_credentials_show_nothing_and_go_nowhere(server: ModelServer):
    """K5: no repr, no pickle, no copy."""
    run(lambda: post("httpx2", f"{server.url}/v1/chat/completions", body()))
    credentials = held(server.url)

    assert KEY not in repr(credentials)
    for out in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor stored"):
            out(credentials)
    assert not hasattr(credentials, "__dict__")


def test_it_belongs_to_no_node(server: ModelServer):
    """K12: inside of a node, too."""
    ran = run(lambda: post("httpx2", f"{server.url}/v1/chat/completions", body()))

    inside = run(lambda: resend(ran.exchanges[0], b'{"model": "m"}'))

    assert inside.exchanges == []
    assert inside.value.status == 200
