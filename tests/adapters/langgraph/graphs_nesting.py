"""Graphs in graphs: in loops, stateful, without a saver, left by commands, side by side."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.models import call

__all__ = ["CASES", "line"]


def line(ran: Ran, *names: str, schema: Any = Log) -> StateGraph:
    """Return a graph that runs these nodes one after the other, to be compiled."""
    g, before = StateGraph(schema), START
    for name in names:
        g.add_node(name, step_node(ran, name)).add_edge(before, name)
        before = name
    return g


def issue_8458() -> Case:
    """#8458: three nodes in a subgraph, then a question."""
    ran = Ran()

    def review(state: Log) -> dict:
        ran("review")
        return {"log": [interrupt("approve?")]}

    g = StateGraph(Log).add_node("sub", line(ran, "a", "b", "c").compile())
    g.add_node("review", review).add_edge(START, "sub").add_edge("sub", "review")
    return Case(g.compile(), {"log": []}, ran, {"approve?": "yes"}, frozenset({"review"}))


def loop_over_subgraph() -> Case:
    """A subgraph that is entered three times."""
    ran = Ran()

    def count(state: Log) -> dict:
        ran("count")
        return {"n": state["n"] + 1}

    g = StateGraph(Log).add_node("sub", line(ran, "x", "y").compile()).add_node("count", count)
    g.add_edge(START, "sub").add_edge("sub", "count")
    g.add_conditional_edges("count", lambda state: "sub" if state["n"] < 3 else END, ["sub", END])
    return Case(g.compile(), {"log": [], "n": 0}, ran)


def stateful_node_twice() -> Case:
    """A subgraph that remembers, as a node of its own that a loop visits twice."""
    ran = Ran()

    def count(state: Log) -> dict:
        ran("count")
        return {"n": state["n"] + 1}

    inner = line(ran, "x", "y").compile(checkpointer=True)
    g = StateGraph(Log).add_node("sub", inner).add_node("count", count)
    g.add_edge(START, "sub").add_edge("sub", "count")
    g.add_conditional_edges("count", lambda state: "sub" if state["n"] < 2 else END, ["sub", END])
    return Case(g.compile(), {"log": [], "n": 0}, ran)


def no_saver() -> Case:
    """A subgraph without a saver (`checkpointer=False`) is one step."""
    ran = Ran()
    inner = line(ran, "x", "y").compile(checkpointer=False)
    g = StateGraph(Log).add_node("sub", inner).add_node("b", step_node(ran, "b"))
    g.add_edge(START, "sub").add_edge("sub", "b")
    return Case(g.compile(), {"log": []}, ran)


def parent_command_tool() -> Case:
    """A tool of an inner agent that hands over to a node of the outer graph."""
    ran = Ran()

    @tool
    def hand(to: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
        """Hand over."""
        ran("hand")
        done = ToolMessage("ok", tool_call_id=tool_call_id, id="tm")
        return Command(goto=to, graph=Command.PARENT, update={"messages": [done]})

    def llm(state: MessagesState) -> dict:
        ran("llm")
        return {"messages": [AIMessage("", id="a1", tool_calls=[call("hand", "c1", to="bob")])]}

    def bob(state: MessagesState) -> dict:
        ran("bob")
        return {"messages": [AIMessage("bob", id="b1")]}

    inner = StateGraph(MessagesState).add_node("llm", llm).add_node("tools", ToolNode([hand]))
    inner.add_edge(START, "llm").add_edge("llm", "tools")
    g = StateGraph(MessagesState).add_node("alice", inner.compile(), destinations=("bob",))
    g.add_node("bob", bob).add_edge(START, "alice")
    return Case(g.compile(), {"messages": [HumanMessage("x", id="h")]}, ran)


def parent_command_sends() -> Case:
    """An inner node that sends work to the outer graph, beside another that goes on."""
    ran = Ran()

    def split(state: Log) -> Command:
        ran("split")
        sends = [Send("work", {"n": n}) for n in (1, 2)]
        return Command(graph=Command.PARENT, goto=sends, update={"log": ["split"]})

    def work(state: Log) -> dict:
        ran("work")
        return {"log": [f"work {state['n']}"]}

    inner = StateGraph(Log).add_node("first", step_node(ran, "first")).add_node("split", split)
    inner.add_edge(START, "first").add_edge("first", "split")
    g = StateGraph(Log).add_node("sub", inner.compile(), destinations=("work",))
    g.add_node("work", work).add_node("beside", step_node(ran, "beside"))
    g.add_edge(START, "sub").add_edge(START, "beside")
    return Case(g.compile(), {"log": []}, ran)


class Out(TypedDict, total=False):
    out: Annotated[list, operator.add]
    n: int


def goto_send() -> Case:
    """A command that sends work, writes, and goes on to a node beside it."""
    ran = Ran()

    def plan(state: Out) -> Command:
        ran("plan")
        sends = [Send("work", {"x": x}) for x in (1, 2)]
        return Command(goto=[*sends, "beside"], update={"out": ["plan"], "n": 7})

    def work(state: dict) -> Command:
        ran("work")
        return Command(goto="sum", update={"out": [state["x"] * 10]})

    def beside(state: Out) -> dict:
        ran("beside")
        return {"out": [f"beside {state['n']}"]}

    def add_up(state: Out) -> dict:
        ran("sum")
        return {"n": sum(x for x in state["out"] if isinstance(x, int))}

    g = StateGraph(Out).add_node("plan", plan, destinations=("work", "beside"))
    g.add_node("work", work, destinations=("sum",)).add_node("beside", beside)
    g.add_node("sum", add_up).add_edge(START, "plan")
    return Case(g.compile(), {"out": [], "n": 0}, ran)


def steps_in_steps() -> Case:
    """A super-step of several nodes inside each of two subgraphs of one super-step."""
    ran = Ran()

    def fan(prefix: str) -> Any:
        g = StateGraph(Log)
        for name in ("a", "b"):
            g.add_node(prefix + name, step_node(ran, prefix + name)).add_edge(START, prefix + name)
        g.add_node(f"{prefix}c", step_node(ran, f"{prefix}c"))
        return g.add_edge([f"{prefix}a", f"{prefix}b"], f"{prefix}c").compile()

    g = StateGraph(Log).add_node("left", fan("l")).add_node("right", fan("r"))
    g.add_node("end", step_node(ran, "end")).add_edge(START, "left").add_edge(START, "right")
    g.add_edge(["left", "right"], "end")
    return Case(g.compile(), {"log": []}, ran)


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        issue_8458,
        loop_over_subgraph,
        stateful_node_twice,
        no_saver,
        parent_command_tool,
        parent_command_sends,
        goto_send,
        steps_in_steps,
    )
}
