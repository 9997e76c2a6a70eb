"""The functional API, what nodes are given beside the state, and nodes of both kinds at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.memory import InMemoryStore

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.models import Scripted, Typing

__all__ = ["CASES", "Who"]


def task_in_task() -> Case:
    """A task calls a task, and the entrypoint saves another value than it returns."""
    ran = Ran()

    @task
    def one(x: int) -> int:
        ran("one")
        return x + 1

    @task
    def two(x: int) -> int:
        ran("two")
        return one(x).result() * 2

    @entrypoint(checkpointer=InMemorySaver())
    def flow(x: int, *, previous: Any = None) -> Any:
        ran("flow")
        found = (previous or 0) + two(x).result() + one(10).result()
        return entrypoint.final(value=found, save=found * 100)

    return Case(flow, 1, ran, again=frozenset({"flow", "two"}))


def tasks_in_turn_and_together() -> Case:
    """Async tasks, one after the other and several at once."""
    ran = Ran()

    @task
    async def double(x: int) -> int:
        ran("double")
        return x * 2

    @task
    async def total(xs: list) -> int:
        ran("total")
        return sum(xs)

    @entrypoint(checkpointer=InMemorySaver())
    async def flow(xs: list) -> dict:
        ran("flow")
        first = await double(xs[0])
        rest = await asyncio.gather(*(double(x) for x in xs[1:]))
        return {"sum": await total([first, *rest])}

    return Case(flow, [1, 2, 3], ran, again=frozenset({"flow"}))


def entrypoint_in_node() -> Case:
    """A node that calls an entrypoint, whose tasks are frames as well."""
    ran = Ran()

    @task
    def t1(x: int) -> int:
        ran("t1")
        return x + 1

    @entrypoint()
    def flow(x: int) -> int:
        ran("flow")
        return t1(t1(x).result()).result()

    def call_it(state: Log) -> dict:
        ran("call_it")
        return {"n": flow.invoke(state["n"])}

    g = StateGraph(Log).add_node("call_it", call_it).add_node("end", step_node(ran, "end"))
    g.add_edge(START, "call_it").add_edge("call_it", "end")
    return Case(g.compile(), {"log": [], "n": 1}, ran, again=frozenset({"flow", "call_it"}))


def task_in_node() -> Case:
    """A node that calls tasks, plainly."""
    ran = Ran()

    @task
    def t1(x: int) -> int:
        ran("t1")
        return x + 1

    def node(state: Log) -> dict:
        ran("node")
        return {"n": t1(state["n"]).result() + t1(10).result()}

    g = StateGraph(Log).add_node("node", node).add_node("end", step_node(ran, "end"))
    g.add_edge(START, "node").add_edge("node", "end")
    return Case(g.compile(), {"log": [], "n": 1}, ran, again=frozenset({"node"}))


@dataclass
class Who:
    """What a person gives as context."""

    user: str


def context_and_store() -> Case:
    """Context, config, a store and a stream that nodes of two levels are given."""
    ran = Ran()

    def keep(state: Log, runtime: Runtime[Who], config: RunnableConfig) -> dict:
        ran("keep")
        runtime.store.put(("notes",), "k", {"v": runtime.context.user})
        runtime.stream_writer({"kept": runtime.context.user})
        return {"log": [f"{runtime.context.user} {config['configurable']['colour']}"]}

    def read(state: Log, runtime: Runtime[Who]) -> dict:
        ran("read")
        return {"log": [runtime.store.get(("notes",), "k").value["v"], runtime.context.user]}

    inner = StateGraph(Log, context_schema=Who).add_node("read", read).add_edge(START, "read")
    g = StateGraph(Log, context_schema=Who).add_node("keep", keep).add_node("sub", inner.compile())
    g.add_edge(START, "keep").add_edge("keep", "sub")
    graph = g.compile(store=InMemoryStore())
    config = {"configurable": {"colour": "red"}, "tags": ["mine"], "metadata": {"run": 1}}
    return Case(graph, {"log": []}, ran, config=config, context=Who("ada"))


def both_kinds() -> Case:
    """Sync and async nodes in one super-step, in a graph and in a subgraph."""
    ran = Ran()

    def plain(name: str) -> Callable[[Log], dict]:
        return step_node(ran, name)

    def awaiting(name: str) -> Any:
        async def node(state: Log) -> dict:
            ran(name)
            await asyncio.sleep(0)
            return {"log": [name]}

        return node

    inner = StateGraph(Log).add_node("x", plain("x")).add_node("y", awaiting("y"))
    inner.add_edge(START, "x").add_edge(START, "y")
    g = StateGraph(Log).add_node("a", plain("a")).add_node("b", awaiting("b"))
    g.add_node("sub", inner.compile()).add_node("end", awaiting("end"))
    for name in ("a", "b", "sub"):
        g.add_edge(START, name)
    return Case(g.add_edge(["a", "b", "sub"], "end").compile(), {"log": []}, ran)


def streams() -> Case:
    """Tokens, prints and custom chunks of three nodes of one super-step."""
    ran = Ran()

    def said(name: str) -> AIMessage:
        return AIMessage(f"hello from {name}", id=f"said-{name}")

    def speaks(name: str) -> Any:
        model = Typing(script=lambda messages: said(name))

        async def node(state: MessagesState) -> dict:
            ran(name)
            print(f"{name} prints")
            get_stream_writer()({"from": name})
            heard = await model.ainvoke(state["messages"])
            return {"messages": [AIMessage(heard.content, id=heard.id)]}

        return node

    inner = StateGraph(MessagesState).add_node("c", speaks("c")).add_edge(START, "c")
    g = StateGraph(MessagesState).add_node("a", speaks("a")).add_node("b", speaks("b"))
    g.add_node("sub", inner.compile())
    for name in ("a", "b", "sub"):
        g.add_edge(START, name)
    return Case(g.compile(), {"messages": [HumanMessage("hi", id="h1")]}, ran)


def not_streamed() -> Case:
    """`stream=False` asks models as `invoke` does (L15)."""
    ran = Ran()

    model = Scripted(script=lambda messages: AIMessage(f"{len(messages)}", id="ai"), ran=ran)

    def llm(state: MessagesState) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    g = StateGraph(MessagesState).add_node("llm", llm).add_edge(START, "llm")
    given = {"messages": [HumanMessage("hi", id="h1")]}
    return Case(g.compile(), given, ran, stream=False)


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        task_in_task,
        tasks_in_turn_and_together,
        entrypoint_in_node,
        task_in_node,
        context_and_store,
        both_kinds,
        streams,
        not_streamed,
    )
}
