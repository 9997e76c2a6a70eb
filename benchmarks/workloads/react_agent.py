"""react_agent, of LangGraph's suite: a scripted model and a tool that take turns."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import Figure
from benchmarks.shapes import Chain, Node
from benchmarks.workloads import suite

KEY = "react_agent"
TITLE = (
    "LangGraph's suite, react_agent: 10 or 100 tool calls, 3,600-character arguments, 36 kB results"
)
HOW = suite.HOW + "; messages are plain dicts for every library, the loop two nodes"
COLUMNS = suite.COLUMNS


def chain(calls: int) -> Chain:
    """Return the workload."""

    async def model(state: Any) -> dict[str, Any]:
        said = len(state["messages"]) // 2
        if said >= calls:
            answer = {"type": "ai", "content": "answer" * 100, "id": f"a{said}", "tool_calls": []}
            return {"messages": [answer], "done": True}
        query = f"{said:036d}" * 100
        call = {"id": f"c{said}", "name": "tool", "args": {"query": query}}
        return {"messages": [{"type": "ai", "content": "", "id": f"a{said}", "tool_calls": [call]}]}

    async def tools(state: Any) -> dict[str, Any]:
        asked = state["messages"][-1]["tool_calls"]
        return {
            "messages": [
                {
                    "type": "tool",
                    "content": f"result for query: {call['args']['query']}" * 10,
                    "tool_call_id": call["id"],
                }
                for call in asked
            ]
        }

    return Chain(
        (Node("model", model), Node("tools", tools)),
        {"messages": [{"type": "human", "content": "hi?"}], "done": False},
        10**9,
        append=frozenset({"messages"}),
        done=lambda state: bool(state["done"]),
    )


def figures(short: bool) -> list[Figure]:
    """Ten calls, and a hundred."""
    return suite.figures(KEY, {"10": {"calls": 10}, "100": {"calls": 100}}, short)


def measure(subject: str, calls: int, runs: int) -> dict[str, float]:
    """Time whole runs; the turn after the answer has no calls, and ends it."""
    work = chain(calls)
    return suite.time_and_weigh(subject, lambda module, **how: module.prepare(work, **how), runs)
