"""Runs that call a scripted model: for pictures and tests in the browser."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import httpx

from lellm_nb import Debugger, GraphBuilder
from tests.browser.calls.scripted import Says, Scripted

RULES = """You are the support agent of a shop.
Look an order up before you speak of it.
Never refund more than was paid."""
WISH = "My otter from order A-1042 is broken. Can I have my money back?"
GIVEN = json.dumps({"order": "A-1042", "what": "one otter", "paid": 42})
KEY = "sk-" + "c3" * 20
ORDER = {"type": "object", "properties": {"order_id": {"type": "string"}}}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": ORDER}}
    for name in ("lookup_order", "refund", "send_mail")
]
WORDS = "Otters hold hands while they sleep, so that they do not drift apart."

held: list[Scripted] = []
"""The servers whose streams wait for a release."""

Messages = list[dict[str, Any]]


def asks(server: Scripted, said: Messages, model: str = "gpt-4o-mini", **more: Any) -> Any:
    """Ask as a client does that tries again."""
    body = {"model": model, "messages": said, **more}
    url, headers = f"{server.url}/v1/chat/completions", {"authorization": f"Bearer {KEY}"}
    for _ in range(4):
        came = httpx.post(url, json=body, headers=headers, timeout=30)
        if came.status_code != 429:
            break
    came.raise_for_status()
    return came.json()["choices"][0]["message"]


def streams(server: Scripted, said: Messages, model: str = "gpt-4o-mini", **_more: Any) -> Any:
    """Ask for a stream, and read it to its end."""
    body = {"model": model, "messages": said, "stream": True}
    words = ""
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=60) as came:
        for line in came.iter_lines():
            if line.startswith("data: {"):
                [choice] = json.loads(line[6:])["choices"]
                words += choice["delta"].get("content") or ""
    return {"role": "assistant", "content": words}


def shop(work: Callable[[Any], Any]) -> Debugger:
    """A node that does the work, between two that ask nothing."""
    g = GraphBuilder("shop").node("read", lambda ctx: {"order": "A-1042"}).node("agent", work)
    g.node("report", lambda ctx: {"done": True}).edge("read", "agent").edge("agent", "report")
    graph = g.start("read").end("report").build()
    made = Debugger(graph, {"wish": "my otter is broken"}, stops="none")
    made.prices({"gpt-4o-mini": (0.15, 0.6)})
    return made


def agent(
    says: Says,
    first: Messages | None = None,
    *,
    gated: bool = False,
    ask: Callable[..., Any] = asks,
    **more: Any,
) -> Debugger:
    """Ask until the model calls no tool any more."""
    server = Scripted(says, gated=gated)
    held.append(server)
    begin = [{"role": "system", "content": RULES}, {"role": "user", "content": WISH}]

    def work(ctx: Any) -> dict[str, Any]:
        said = list(first or begin)
        while True:
            message = ask(server, said, **more)
            said.append(message)
            if not message.get("tool_calls"):
                return {"answer": message["content"]}
            for one in message["tool_calls"]:
                said.append({"role": "tool", "tool_call_id": one["id"], "content": GIVEN})

    return shop(work)


def tool(name: str, id: str, **args: Any) -> dict[str, Any]:
    """A call of a tool, as a model asks for it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}


def by_turn(*answers: dict[str, Any]) -> Says:
    """Answer by how often the model has spoken so far."""

    def says(data: dict[str, Any]) -> dict[str, Any]:
        spoken = sum(one["role"] == "assistant" for one in data["messages"])
        return answers[min(spoken, len(answers) - 1)]

    return says


def tools() -> Debugger:
    """Three calls, with tools between."""
    mail = "Your refund of 42 EUR is on its way."
    both = [
        tool("refund", "t2", order_id="A-1042", amount=42, reason="broken on arrival"),
        tool("send_mail", "t3", to="ann@example.com", text=mail),
    ]
    lookup = tool("lookup_order", "t1", order_id="A-1042")
    says = by_turn(
        {"content": "Let me look at that order.", "tool_calls": [lookup]},
        {"content": None, "tool_calls": both},
        {"content": "Done: the refund of 42 EUR is on its way, and I have written to you."},
    )
    return agent(says, tools=TOOLS, temperature=0.2)


def chat(turns: int = 28) -> Debugger:
    """Two calls of about sixty messages."""
    first: Messages = [{"role": "system", "content": RULES}]
    for n in range(turns):
        more = "what about the next otter? " * (1 + n % 5 * 8)
        points = "\n".join(f"- point {k} of it" for k in range(n % 4 * 7))
        first.append({"role": "user", "content": f"Question {n}: {more}"})
        first.append({"role": "assistant", "content": f"Answer {n}.\n{points}"})
    first.append({"role": "user", "content": "And now, A-1042?"})

    def says(data: dict[str, Any]) -> dict[str, Any]:
        if data["messages"][-1]["role"] == "tool":
            return {"content": "It is on its way."}
        return {"content": None, "tool_calls": [tool("lookup_order", "t9", order_id="A-1042")]}

    return agent(says, first, tools=TOOLS)


def png(width: int = 160, height: int = 90) -> str:
    """A picture as a data URL."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (x, 2 * y, 160)) for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    raw = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return f"data:image/png;base64,{base64.b64encode(raw).decode()}"


def picture() -> Debugger:
    """A message with a picture in it, one that is elsewhere, and one that is markup."""
    urls = [png(), "https://example.com/otter.png", "data:image/svg+xml;base64,PHN2Zy8+"]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [{"type": "text", "text": "What is in this picture?"}, *parts]
    return agent(
        by_turn({"content": "A gradient from blue to pink."}),
        [{"role": "user", "content": content}],
    )


def retried() -> Debugger:
    """Two refusals before an answer."""
    left = [429, 429]
    return agent(lambda data: left.pop() if left else {"content": "Here I am at last."})


def failed() -> Debugger:
    """A request that is wrong."""
    return agent(lambda data: 400)


def streaming() -> Debugger:
    """An answer that comes word by word; each waits for ``held[-1].go``."""
    words = [f"{word} " for word in WORDS.split()]
    return agent(lambda data: words, gated=True, ask=streams)


def plain_http() -> Debugger:
    """A request that is no chat, and a function."""
    server = Scripted(lambda data: {})
    asked = {"id": "A-1042", "fields": ["what", "paid"], "deep": {"a": [1, 2, {"b": "c" * 300}]}}

    def work(ctx: Any) -> dict[str, Any]:
        httpx.post(f"{server.url}/orders/search?token=abcdef", json=asked)
        return {"answer": ctx.call(len, "otters")}

    return shop(work)


def messages() -> Debugger:
    """A state that is a conversation."""
    lookup = tool("lookup_order", "t1", order_id="A-1042")
    said: Messages = [
        {"role": "system", "content": RULES},
        {"role": "user", "content": WISH},
        {"role": "assistant", "content": "Let me look.", "tool_calls": [lookup]},
        {"role": "tool", "tool_call_id": "t1", "content": GIVEN},
        {"role": "assistant", "content": "It was one otter for 42 EUR."},
    ]
    return shop(lambda ctx: {"messages": said, "stars": 3})


def shortened() -> Debugger:
    """A conversation that was cut, and a model that nobody knows the price of."""
    server = Scripted(lambda data: {"content": f"That was message {len(data['messages'])}."})
    said = [{"role": "system", "content": RULES}]
    said += [{"role": "user", "content": f"note {n}"} for n in range(6)]

    def work(ctx: Any) -> None:
        asks(server, said)
        asks(server, [said[0], *said[4:], {"role": "user", "content": "and more"}], "some-model")

    return shop(work)
