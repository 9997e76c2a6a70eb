"""Nodes that ask a scripted model, and debuggers of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import openai

from lellm_nb import Debugger, GraphBuilder
from tests.calls.server import ModelServer

KEY = "sk-live-nobody-keeps-0123456789abcdef"
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
LIMIT = 30  # seconds that a test waits for what never takes that long


def client(server: ModelServer, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1", **options)


def aclient(server: ModelServer, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{server.url}/v1", **options)


def user(text: str) -> list[Any]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def ask(ai: openai.OpenAI, text: str, model: str = "gpt-4o", **more: Any) -> str:
    """Ask a model one thing."""
    answer = ai.chat.completions.create(model=model, messages=user(text), **more)
    return answer.choices[0].message.content or ""


async def aask(ai: openai.AsyncOpenAI, text: str, model: str = "gpt-4o", **more: Any) -> str:
    answer = await ai.chat.completions.create(model=model, messages=user(text), **more)
    return answer.choices[0].message.content or ""


def talk(ai: openai.OpenAI, *texts: str, key: str = "said") -> Callable[[Any], Any]:
    """A node that asks one thing after the other."""
    return lambda ctx: {key: [ask(ai, text) for text in texts]}


def atalk(server: ModelServer, *texts: str, key: str = "said") -> Callable[[Any], Any]:
    """The same, async."""

    async def node(ctx: Any) -> Any:
        async with aclient(server) as ai:
            return {key: [await aask(ai, text) for text in texts]}

    return node


def gathered(server: ModelServer, *texts: str, key: str = "said") -> Callable[[Any], Any]:
    """A node that asks several things at once."""

    async def node(ctx: Any) -> Any:
        async with aclient(server) as ai:
            return {key: list(await asyncio.gather(*(aask(ai, text) for text in texts)))}

    return node


def weather_agent(ai: openai.OpenAI, ran: list[str] | None = None) -> Callable[[Any], Any]:
    """A node that goes on until the model asks for no tool any more."""

    def agent(ctx: Any) -> Any:
        messages: list[Any] = [{"role": "system", "content": "Be brief."}, *user("Paris?")]
        while True:
            answer = ai.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
            message = answer.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return {"answer": message.content}
            for call in message.tool_calls:
                if ran is not None:
                    ran.append(call.function.name)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "18 C"})

    return agent


def one(node: Callable[[Any], Any], name: str = "agent", /, **options: Any) -> Any:
    """A graph of one node."""
    g = GraphBuilder("g")
    g.task(node, name=name, **options)
    return g.start(name).end(name).build()


def row(**nodes: Callable[[Any], Any]) -> Any:
    """A graph of nodes, one after the other."""
    g, names = GraphBuilder("g"), list(nodes)
    for name, node in nodes.items():
        g.task(node, name=name)
    for a, b in pairwise(names):
        g.edge(a, b)
    return g.start(names[0]).end(names[-1]).build()


def beside(**branches: Callable[[Any], Any]) -> Any:
    """A graph of branches that run side by side."""
    g = GraphBuilder("g").parallel("par", branches)
    return g.start("par").end("par").build()


def debug(node: Callable[[Any], Any], **options: Any) -> Debugger:
    """A debugger of one node."""
    return Debugger(one(node), {}, **options)


def heard(server: ModelServer) -> list[str]:
    """What the server was asked, in the order in which it came."""
    return [str(asked.json["messages"][-1]["content"]) for asked in server.asked]


def told(calls: Any) -> list[tuple[str, bool]]:
    """What calls asked, and whether they were served."""
    return [(str(call.messages[-1]["content"]), call.served) for call in calls]
