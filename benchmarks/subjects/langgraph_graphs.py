"""Graphs of LangGraph for the workload in which they are debugged; no two runs share an app."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.types import Send

__all__ = ["agent", "cycle", "fan", "nested", "talk"]


def cycle(steps: int, *, awaited: bool) -> tuple[Any, dict[str, Any]]:
    """Return W1's cycle of three nodes and its input; it ends itself after so many steps."""
    app = _cycle(lambda state: state["a"] + state["b"] + state["c"] >= steps, awaited=awaited)
    return app.compile(), {"a": 0, "b": 0, "c": 0, "d": "text", "e": 1.5}


class _Keys(TypedDict):
    a: int
    b: int
    c: int
    d: str
    e: float


def _cycle(over: Callable[[Any], bool], *, awaited: bool) -> Any:
    builder: Any = StateGraph(_Keys)
    for key in "abc":
        builder.add_node(f"node_{key}", _counting(key, awaited=awaited))
    builder.add_edge(START, "node_a")
    builder.add_edge("node_a", "node_b")
    builder.add_edge("node_b", "node_c")
    way = _way(over, "node_a")
    builder.add_conditional_edges("node_c", way, ["node_a", END])
    return builder


def _counting(key: str, *, awaited: bool) -> Callable[[Any], Any]:
    def count(state: Any) -> dict[str, Any]:
        return {key: state[key] + 1}

    async def count_later(state: Any) -> dict[str, Any]:
        return {key: state[key] + 1}

    return count_later if awaited else count


def _way(over: Callable[[Any], bool], back: str) -> Callable[[Any], str]:
    return lambda state: END if over(state) else back


def talk(steps: int) -> tuple[Any, dict[str, Any]]:
    """Return a loop of one node that appends a message of about 500 bytes."""

    class Talk(TypedDict):
        messages: Annotated[list[Any], add_messages]

    async def say(state: Any) -> dict[str, Any]:
        i = len(state["messages"])
        return {"messages": [AIMessage(f"{i:06d}" + "x" * 450, id=f"m{i}")]}

    builder: Any = StateGraph(Talk)
    builder.add_node("say", say)
    builder.add_edge(START, "say")
    over = _way(lambda state: len(state["messages"]) > steps, "say")
    builder.add_conditional_edges("say", over, ["say", END])
    return builder.compile(), {"messages": [("user", "hello")]}


def nested(steps: int) -> tuple[Any, dict[str, Any]]:
    """Return a loop around a subgraph of three nodes; inside of it run so many in all."""
    inner = _cycle(lambda _: True, awaited=True).compile()
    builder: Any = StateGraph(_Keys)
    builder.add_node("inner", inner)
    builder.add_edge(START, "inner")
    over = _way(lambda state: state["a"] * 3 >= steps, "inner")
    builder.add_conditional_edges("inner", over, ["inner", END])
    return builder.compile(), {"a": 0, "b": 0, "c": 0, "d": "text", "e": 1.5}


def fan(sends: int) -> tuple[Any, dict[str, Any]]:
    """Return a graph that sends so many tasks to one node, side by side."""

    class Sums(TypedDict):
        sum: Annotated[int, operator.add]

    async def work(given: Any) -> dict[str, int]:
        return {"sum": given["n"]}

    builder: Any = StateGraph(Sums)
    builder.add_node("work", work)
    builder.add_node("after", lambda state: None)
    builder.add_conditional_edges(
        START, lambda _: [Send("work", {"n": n}) for n in range(sends)], ["work"]
    )
    builder.add_edge("work", "after")
    return builder.compile(), {"sum": 0}


def agent(calls: int) -> tuple[Any, dict[str, Any]]:
    """Return an agent whose model is scripted to call a tool so many times."""
    from langchain.agents import create_agent

    @tool
    def look_up(query: str) -> str:
        """Look something up."""
        return f"about {query}"

    class Scripted(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "scripted"

        def bind_tools(self, tools: Any, **more: Any) -> Any:
            return self

        def _generate(self, messages: Any, *_: Any, **more: Any) -> ChatResult:
            n = len(messages) // 2
            call = {"name": "look_up", "args": {"query": str(n)}, "id": f"c{n}"}
            said = AIMessage("", tool_calls=[call]) if n < calls else AIMessage("done")
            return ChatResult(generations=[ChatGeneration(message=said)])

    return create_agent(Scripted(), [look_up]), {"messages": [("user", "hello")]}
