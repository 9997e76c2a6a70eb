"""Functions that call graphs: with what is remembered, without a saver, several, in Sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.graphs_nesting import line

__all__ = ["CASES", "stream_inside"]


class Seen(Log, total=False):
    seen: list


def _stateful(ran: Ran, **options: Any) -> Any:
    inner = line(ran, "x", "y").compile(checkpointer=True)

    def call_it(state: Seen) -> dict:
        ran("call_it")
        return {"seen": inner.invoke({"log": [f"in{state['n']}"]})["log"], "n": state["n"] + 1}

    g = StateGraph(Seen).add_node("call_it", call_it).add_node("mid", step_node(ran, "mid"))
    g.add_edge(START, "call_it").add_edge("call_it", "mid")
    g.add_conditional_edges(
        "mid", lambda state: "call_it" if state["n"] < 2 else END, ["call_it", END]
    )
    return g.compile(**options)


def stateful_twice() -> Case:
    """A subgraph that remembers (`checkpointer=True`), visited twice by a function."""
    ran = Ran()
    return Case(_stateful(ran), {"log": [], "n": 0}, ran, again=frozenset({"call_it"}))


def stateful_after_static() -> Case:
    """The same with a stop just before the second visit: plain LangGraph loses its input there."""
    ran = Ran()
    graph = _stateful(ran, interrupt_after=["mid"])
    seen = ["in0", "x", "y", "in1", "x", "y"]
    right = {"log": ["mid", "mid"], "n": 2, "seen": seen}
    return Case(graph, {"log": [], "n": 0}, ran, again=frozenset({"call_it"}), right=right)


def no_saver_called() -> Case:
    """A graph without a saver (`checkpointer=False`), where nobody lists it."""
    ran = Ran()
    inner = line(ran, "x", "y").compile(checkpointer=False)

    def call_it(state: Log) -> dict:
        ran("call_it")
        return {"log": inner.invoke({"log": []})["log"]}

    g = StateGraph(Log).add_node("call_it", call_it).add_node("b", step_node(ran, "b"))
    g.add_edge(START, "call_it").add_edge("call_it", "b")
    return Case(g.compile(), {"log": []}, ran)


def swallowed_hold() -> Case:
    """A node that catches whatever the graph raises that it calls: one step from then on."""
    ran = Ran()
    inner = line(ran, "x", "y").compile()

    def call_it(state: Log) -> dict:
        ran("call_it")
        try:
            return {"log": inner.invoke({"log": []})["log"]}
        except Exception as error:
            return {"log": [f"swallowed {type(error).__name__}"]}

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("call_it", call_it)
    g.add_node("b", step_node(ran, "b"))
    g.add_edge(START, "a").add_edge("a", "call_it").add_edge("call_it", "b")
    again = frozenset({"call_it", "x", "y"})  # until the hold was swallowed once it steps inside
    return Case(g.compile(), {"log": []}, ran, again=again)


def two_calls() -> Case:
    """One node that calls two graphs, the second of which asks (L8, L9)."""
    ran = Ran()

    def ask(state: Log) -> dict:
        ran("ask")
        return {"log": [interrupt("go?")]}

    first = line(ran, "a1", "a2").compile()
    second = StateGraph(Log).add_node("b1", step_node(ran, "b1")).add_node("ask", ask)
    second.add_edge(START, "b1").add_edge("b1", "ask")
    then = second.compile()

    def top(state: Log) -> dict:
        ran("top")
        one = first.invoke({"log": ["one"]})["log"]
        return {"log": then.invoke({"log": one})["log"]}

    g = StateGraph(Log).add_node("top", top).add_node("end", step_node(ran, "end"))
    g.add_edge(START, "top").add_edge("top", "end")
    return Case(g.compile(), {"log": []}, ran, {"go?": "on"}, frozenset({"top", "ask"}))


def stream_inside() -> Case:
    """A node that reads a subgraph's own stream: stepped, it misses what had run before (L15)."""
    ran = Ran()
    inner = line(ran, "x", "y").compile()

    def top(state: Log) -> dict:
        ran("top")
        seen = [key for chunk in inner.stream({"log": []}, stream_mode="updates") for key in chunk]
        return {"log": seen}

    g = StateGraph(Log).add_node("top", top).add_node("end", step_node(ran, "end"))
    g.add_edge(START, "top").add_edge("top", "end")
    return Case(g.compile(), {"log": []}, ran, again=frozenset({"top", "x", "y"}))


def sends_call_graphs() -> Case:
    """Three Sends to a function that calls a graph, beside a subgraph."""
    ran = Ran()
    inner = line(ran, "x", "y").compile()

    def work(state: dict) -> dict:
        ran("work")
        return {"log": inner.invoke({"log": [f"item {state['i']}"]})["log"]}

    g = StateGraph(Log).add_node("work", work).add_node("sub", line(ran, "s", "t").compile())
    g.add_node("end", step_node(ran, "end")).add_edge(START, "sub")
    g.add_conditional_edges(
        START, lambda state: [Send("work", {"i": i}) for i in range(3)], ["work"]
    )
    g.add_edge(["work", "sub"], "end")
    return Case(g.compile(), {"log": []}, ran, again=frozenset({"work"}))


def own_thread() -> Case:
    """A function calls a graph that has a saver and a thread of its own: part of its node (L12)."""
    ran = Ran()
    child = line(ran, "x", "y").compile(checkpointer=InMemorySaver())

    def call_it(state: Log) -> dict:
        ran("call_it")
        child.checkpointer.storage.clear()  # what is outside is not rewound
        mine = {"configurable": {"thread_id": "mine"}}
        return {"log": child.invoke({"log": []}, mine)["log"]}

    g = StateGraph(Log).add_node("call_it", call_it).add_node("beside", step_node(ran, "beside"))
    g.add_node("end", step_node(ran, "end")).add_edge(START, "call_it").add_edge(START, "beside")
    g.add_edge(["call_it", "beside"], "end")
    return Case(g.compile(), {"log": []}, ran)


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        stateful_twice,
        stateful_after_static,
        no_saver_called,
        swallowed_hold,
        two_calls,
        sends_call_graphs,
        own_thread,
    )
}
