"""Runs whose nodes ask a server of models, and what a view is told of their calls."""

from __future__ import annotations

import httpx

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from tests.calls.server import ModelServer

KEY = "sk-" + "b2" * 20
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


def asking(server: ModelServer, said: list, model: str = "gpt-4o-mini", **more) -> dict:
    body = {"model": model, "messages": said, **more}
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, headers=headers).json()


def agent(server: ModelServer, start: list | None = None) -> Debugger:
    """A node that asks twice, with a tool between, and one that asks nothing."""
    first = start or [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]

    def run(ctx):
        said = list(first)
        for _ in range(2):
            message = asking(server, said, tools=TOOLS)["choices"][0]["message"]
            said.append(message)
            for call in message.get("tool_calls") or []:
                said.append({"role": "tool", "tool_call_id": call["id"], "content": "21 degrees"})
        return {"said": said[-1]["content"]}

    g = GraphBuilder("g").node("agent", run).node("end", lambda ctx: None).edge("agent", "end")
    return Debugger(g.start("agent").end("end").build(), {})


def looked(dbg: Debugger, frame: int = 1) -> dict:
    return answer(Updates(dbg), {"ask": "detail", "frame": frame, "tab": "calls"})


def asked(dbg: Debugger, what: str, number: int = 0, frame: int = 1, **more) -> dict:
    question = {"ask": what, "frame": frame, "call": f"agent#1/{number}", **more}
    return answer(Updates(dbg), question)
