"""Small graphs of every shape, for what is read of them; few of them are run."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph import errors
from langgraph.channels import EphemeralValue, LastValue
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.pregel import NodeBuilder, Pregel
from langgraph.types import Command, Send

from tests.adapters.langgraph.models import Scripted

NodeError: Any = getattr(errors, "NodeError", None)
handlers = pytest.mark.skipif(NodeError is None, reason="this LangGraph has no error handlers")
timeouts = pytest.mark.skipif(NodeError is None, reason="this LangGraph has no timeouts of nodes")


class Log(TypedDict, total=False):
    """What most graphs here have."""

    log: Annotated[list, operator.add]
    n: int


def first(state):
    """Says where it was."""
    return {"log": ["first"]}


def second(state):
    return {"log": ["second"]}


def chain(*names, **functions):
    """Nodes in a row; all run `first` but those that are given."""
    g, before = StateGraph(Log), START
    for name in (*names, *functions):
        g.add_node(name, functions.get(name, first)).add_edge(before, name)
        before = name
    return g.compile()


def loop():
    """A model and its tools."""
    g = StateGraph(Log).add_node("llm", first).add_node("tools", second).add_edge(START, "llm")
    g.add_conditional_edges("llm", lambda state: END, ["tools", END]).add_edge("tools", "llm")
    return g.compile()


def map_reduce(says=True):
    """A branch that sends, with or without saying where to."""
    g = StateGraph(Log).add_node("plan", first).add_node("work", second).add_node("sum", first)
    g.add_edge(START, "plan").add_edge("work", "sum")
    g.add_conditional_edges("plan", lambda _: [Send("work", {})] * 2, ["work"] if says else None)
    return g.compile()


def handoff():
    """Nodes that say in a Command who is next."""

    def alice(state) -> Command[Literal["bob", "__end__"]]:
        return Command(goto="bob")

    def bob(state) -> Command[Literal["alice", "__end__"]]:
        return Command(goto=END)

    return StateGraph(Log).add_node(alice).add_node(bob).add_edge(START, "alice").compile()


def joined():
    """Two at once, then one, then one that waits for everything."""
    g = StateGraph(Log).add_node("a", first).add_node("b", first).add_node("c", second)
    g.add_node("late", second, defer=True).add_edge(START, "a").add_edge(START, "b")
    return g.add_edge(["a", "b"], "c").add_edge("c", "late").compile()


def routed():
    """START asks a function."""
    g = StateGraph(Log).add_node("x", first).add_node("y", second)
    return g.add_conditional_edges(START, lambda state: "x", {"one": "x", "two": "y"}).compile()


INNER = loop()


def nested():
    """A graph in a graph in a graph, and one that a function calls."""

    def call(state):
        return INNER.invoke(state)

    middle = StateGraph(Log).add_node("agent", loop()).add_node("after", second)
    middle.add_edge(START, "agent").add_edge("agent", "after")
    g = StateGraph(Log).add_node("prep", first).add_node("sub", middle.compile(name="middle"))
    g.add_node("call", call).add_edge(START, "prep").add_edge("prep", "sub")
    return g.add_edge("sub", "call").compile(name="outer")


@task
def write(topic):
    """A task of the functional API."""
    return f"about {topic}"


@entrypoint()
def flow(topic):
    """An entrypoint that calls a task."""
    return write(topic).result()


def raw():
    """Channels and nodes, without a builder; LangGraph's own `get_graph` raises for it."""
    one = NodeBuilder().subscribe_only("a").do(lambda text: text + "1").write_to("b")
    two = NodeBuilder().subscribe_only("b").do(lambda text: text + "2").write_to("c")
    channels = {"a": EphemeralValue(str), "b": LastValue(str), "c": EphemeralValue(str)}
    return Pregel(
        nodes={"one": one, "two": two},
        channels=channels,
        input_channels=["a"],
        output_channels=["b", "c"],
    )


def agent():
    """An agent of LangChain's with a person in its loop."""

    @tool
    def refund(order: int) -> str:
        """Pay it back."""
        return f"refunded {order}"

    model = Scripted(script=lambda messages: AIMessage("done"))
    asking = HumanInTheLoopMiddleware(interrupt_on={"refund": True})
    return create_agent(model, tools=[refund], middleware=[asking])


SHAPES = {
    "chain": lambda: chain("a", "b"),
    "loop": loop,
    "map_reduce": map_reduce,
    "handoff": handoff,
    "joined": joined,
    "routed": routed,
    "nested": nested,
    "flow": lambda: flow,
    "raw": raw,
    "agent": agent,
}
