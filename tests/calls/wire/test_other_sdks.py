"""Clients that lie on the ones we wrap: google-genai, litellm, langchain-openai."""

from __future__ import annotations

from typing import Any

import litellm
import pytest
from google import genai
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from tests.calls.server import ModelServer
from tests.calls.wire.nodes import KEY, TOOLS, run, run_again

GEMINI = "gemini-2.5-flash"


def served_the_same(server: ModelServer, node: Any, calls: int) -> None:
    """Run a node live, then over its record: so many calls, each filed once."""
    live = run(node)
    assert server.count == len(live.exchanges) == calls

    again = run_again(node, live)

    assert again.value == live.value
    assert server.count == calls
    assert not any(one.cut or one.error for one in live.exchanges)


def gemini(server: ModelServer) -> genai.Client:
    return genai.Client(api_key=KEY, http_options={"base_url": server.url})


def test_gemini(server: ModelServer):
    """K3: whole and in a stream."""

    def node() -> Any:
        client = gemini(server)
        said = client.models.generate_content(model=GEMINI, contents="hello").text
        stream = client.models.generate_content_stream(model=GEMINI, contents="hello")
        return said, [piece.text for piece in stream]

    served_the_same(server, node, 2)


def test_gemini_async(server: ModelServer):
    """K3: on aiohttp, where that is there."""

    async def node() -> Any:
        client = gemini(server).aio
        said = (await client.models.generate_content(model=GEMINI, contents="hello")).text
        stream = await client.models.generate_content_stream(model=GEMINI, contents="hello")
        pieces = [piece.text async for piece in stream]
        await client.aclose()
        return said, pieces

    served_the_same(server, node, 2)


def asked(server: ModelServer, model: str, **more: Any) -> dict[str, Any]:
    root = server.url if model.startswith("anthropic") else f"{server.url}/v1"
    messages = [{"role": "user", "content": "hello"}]
    return {"model": model, "messages": messages, "api_base": root, "api_key": KEY, **more}


MODELS = ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5"]


@pytest.mark.parametrize("model", MODELS)
def test_litellm(server: ModelServer, model: str):
    """K1: whole and in a stream, each filed once."""

    def node() -> Any:
        said = litellm.completion(**asked(server, model)).choices[0].message.content
        stream = litellm.completion(**asked(server, model, stream=True))
        return said, [piece.choices[0].delta.content for piece in stream]

    served_the_same(server, node, 2)


@pytest.mark.parametrize("model", MODELS)
def test_litellm_async(server: ModelServer, model: str):
    """K1: its httpx rides on aiohttp; the outermost boundary counts."""

    async def node() -> Any:
        said = await litellm.acompletion(**asked(server, model))
        stream = await litellm.acompletion(**asked(server, model, stream=True))
        pieces = [piece.choices[0].delta.content async for piece in stream]
        return said.choices[0].message.content, pieces

    served_the_same(server, node, 2)


def test_langchain(server: ModelServer):
    """K3: invoke, stream, batch on its threads, tools, embeddings."""
    model = ChatOpenAI(model="gpt-4o-mini", api_key=KEY, base_url=f"{server.url}/v1")  # type: ignore[arg-type]
    vectors = OpenAIEmbeddings(
        model="text-embedding-3-small",
        api_key=KEY,  # type: ignore[arg-type]
        base_url=f"{server.url}/v1",
        check_embedding_ctx_length=False,
    )

    def node() -> Any:
        said = model.invoke("hello").content
        pieces = [piece.content for piece in model.stream("hello")]
        both = sorted(str(one.content) for one in model.batch(["one", "two"]))
        calls = model.bind_tools(TOOLS).invoke("the weather?").tool_calls
        return said, pieces, both, calls, vectors.embed_query("x")

    served_the_same(server, node, 6)


def test_langchain_async(server: ModelServer):
    """K3: the same on an event loop."""
    model = ChatOpenAI(model="gpt-4o-mini", api_key=KEY, base_url=f"{server.url}/v1")  # type: ignore[arg-type]

    async def node() -> Any:
        said = (await model.ainvoke("hello")).content
        pieces = [piece.content async for piece in model.astream("hello")]
        both = [one.content for one in await model.abatch(["one", "two"])]
        return said, pieces, both

    served_the_same(server, node, 4)
