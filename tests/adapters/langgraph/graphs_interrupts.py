"""Graphs that ask: in a loop, twice, in parallel, in subgraphs, in tools, in tasks; and static."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Send, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log
from tests.adapters.langgraph.models import Scripted, arithmetic, by_tools, call

__all__ = ["CASES", "Age"]

HAS_SCHEMA = "response_schema" in inspect.signature(interrupt).parameters
HAS_PER_CALL = "interrupt_mode" in inspect.signature(HumanInTheLoopMiddleware).parameters


def asking(ran: Ran, name: str, *questions: str) -> Callable[[Any], dict]:
    """Return a node that asks each question in turn and logs the answers."""

    def node(state: Any) -> dict:
        ran(name)
        answers = [interrupt(question) for question in questions]
        return {"log": [f"{name}:{':'.join(map(str, answers))}"]}

    node.__name__ = name
    return node


class Out(TypedDict, total=False):
    out: Annotated[list, operator.add]


class Work(Out, total=False):
    x: int


def send_subgraph_interrupt() -> Case:
    """Two Sends to one subgraph, each of which asks; the second is answered first."""
    ran = Ran()

    def w0(state: Work) -> dict:
        ran("w0")
        return {"x": state["x"] * 10}

    def w1(state: Work) -> dict:
        ran("w1")
        return {"out": [interrupt(f"x{state['x']}?")]}

    def w2(state: Work) -> dict:
        ran("w2")
        return {"out": [f"w2 of {state['x']}"]}

    inner = StateGraph(Work, output_schema=Out).add_node("w0", w0).add_node("w1", w1)
    inner.add_node("w2", w2)
    inner.add_edge(START, "w0").add_edge("w0", "w1").add_edge("w1", "w2")
    g = StateGraph(Out).add_node("w", inner.compile())
    g.add_conditional_edges(START, lambda state: [Send("w", {"x": i}) for i in (1, 2)], ["w"])
    again = frozenset({"w1"})
    return Case(g.compile(), {"out": []}, ran, {"x20?": "second", "x10?": "first"}, again)


def two_interrupts() -> Case:
    """One node that asks twice, between two that do not."""
    ran = Ran()
    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("b", step_node(ran, "b"))
    g.add_node("ask", asking(ran, "ask", "one?", "two?"))
    g.add_edge(START, "a").add_edge("a", "ask").add_edge("ask", "b")
    return Case(g.compile(), {"log": []}, ran, {"one?": 1, "two?": 2}, frozenset({"ask"}))


def interrupt_loop() -> Case:
    """A node that asks in each round of a loop."""
    ran = Ran()

    def ask(state: Log) -> dict:
        ran("ask")
        return {"log": [interrupt(f"round {state['n']}?")]}

    def count(state: Log) -> dict:
        ran("count")
        return {"n": state["n"] + 1}

    g = StateGraph(Log).add_node("ask", ask).add_node("count", count)
    g.add_edge(START, "ask").add_edge("ask", "count")
    g.add_conditional_edges(
        "count", lambda state: END if state["log"][-1] == "stop" else "ask", ["ask", END]
    )
    answers = {"round 0?": "go", "round 1?": "on", "round 2?": "stop"}
    return Case(g.compile(), {"log": [], "n": 0}, ran, answers, frozenset({"ask"}))


def asks_until_it_fits() -> Case:
    """A node that checks its answer by itself and asks again: a loop inside one node."""
    ran = Ran()

    def ask(state: Log) -> dict:
        ran("ask")
        question = "age?"
        while not isinstance(age := interrupt(question), int):
            question = f"{age!r} is no number. age?"
        return {"n": age}

    g = StateGraph(Log).add_node("ask", ask).add_node("after", step_node(ran, "after"))
    g.add_edge(START, "ask").add_edge("ask", "after")
    answers = {"age?": "old", "'old' is no number. age?": 42}
    return Case(g.compile(), {"log": []}, ran, answers, frozenset({"ask"}))


def parallel_interrupts() -> Case:
    """Two nodes of one super-step that ask, beside one that does not; answered backwards."""
    ran = Ran()
    g = StateGraph(Log)
    for name in ("a", "b"):
        g.add_node(name, asking(ran, name, f"{name}?")).add_edge(START, name)
    g.add_node("c", step_node(ran, "c")).add_edge(START, "c")
    g.add_node("join", step_node(ran, "join")).add_edge(["a", "b", "c"], "join")
    answers = {"b?": "for b", "a?": "for a"}
    return Case(g.compile(), {"log": []}, ran, answers, frozenset("ab"))


def static_both_levels() -> Case:
    """`interrupt_before` and `interrupt_after`, in the graph and in its subgraph."""
    ran = Ran()
    inner = StateGraph(Log)
    for name in ("x", "y", "z"):
        inner.add_node(name, step_node(ran, name))
    inner.add_edge(START, "x").add_edge("x", "y").add_edge("y", "z")
    sub = inner.compile(interrupt_before=["y"], interrupt_after=["y"])
    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("sub", sub)
    g.add_node("b", step_node(ran, "b"))
    g.add_edge(START, "a").add_edge("a", "sub").add_edge("sub", "b")
    return Case(g.compile(interrupt_before=["b"], interrupt_after=["a"]), {"log": []}, ran)


def static_all() -> Case:
    """`interrupt_before` every node, with two in one super-step."""
    ran = Ran()
    g = StateGraph(Log)
    for name in "abcd":
        g.add_node(name, step_node(ran, name))
    g.add_edge(START, "a").add_edge("a", "b").add_edge("a", "c").add_edge(["b", "c"], "d")
    return Case(g.compile(interrupt_before="*"), {"log": []}, ran)


def static_and_asked() -> Case:
    """A node that is held before it runs, and then asks."""
    ran = Ran()
    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("ask", asking(ran, "ask", "q?"))
    g.add_node("b", step_node(ran, "b"))
    g.add_edge(START, "a").add_edge("a", "ask").add_edge("ask", "b")
    graph = g.compile(interrupt_before=["ask", "b"])
    return Case(graph, {"log": []}, ran, {"q?": "yes"}, frozenset({"ask"}))


def asked_in_a_function() -> Case:
    """#2870: a node calls a graph with two nodes that ask."""
    ran = Ran()
    inner = StateGraph(Log).add_node("one", asking(ran, "one", "first?"))
    inner.add_node("two", asking(ran, "two", "second?")).add_edge(START, "one")
    sub = inner.add_edge("one", "two").compile()

    def call_it(state: Log) -> dict:
        ran("call_it")
        return {"log": sub.invoke({"log": []})["log"]}

    g = StateGraph(Log).add_node("call_it", call_it).add_node("end", step_node(ran, "end"))
    g.add_edge(START, "call_it").add_edge("call_it", "end")
    answers = {"first?": "1st", "second?": "2nd"}
    return Case(g.compile(), {"log": []}, ran, answers, frozenset({"call_it", "one", "two"}))


_SHAPES = AIMessage(
    "", id="ai1", tool_calls=[call("draw", "t1", shape="circle"), call("draw", "t2", shape="box")]
)


def _drawing(ran: Ran, send: bool) -> Case:
    @tool
    async def draw(shape: str) -> str:
        """Draw."""
        ran("draw")
        return f"{shape} in {interrupt(f'{shape}?')}"

    model = Scripted(script=by_tools(_SHAPES, AIMessage("done", id="ai2")), ran=ran)

    def llm(state: MessagesState) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    def ways(state: MessagesState) -> Any:
        calls = state["messages"][-1].tool_calls
        if not send:
            return "tools" if calls else END
        return [Send("tools", [one]) for one in calls] or END

    g = StateGraph(MessagesState).add_node("llm", llm).add_node("tools", ToolNode([draw]))
    g.add_edge(START, "llm").add_edge("tools", "llm")
    g.add_conditional_edges("llm", ways, ["tools", END])
    answers = {"box?": "red", "circle?": "blue"}
    given = {"messages": [HumanMessage("draw", id="h1")]}
    return Case(g.compile(), given, ran, answers, frozenset({"draw"}))


def tools_ask_each_sent() -> Case:
    """#6533, #6626: tools in parallel ask, each in a task of its own."""
    return _drawing(Ran(), send=True)


def tools_ask_in_one_node() -> Case:
    """Tools in parallel ask inside one ToolNode: LangGraph asks them one after the other."""
    return _drawing(Ran(), send=False)


def task_asks() -> Case:
    """Tasks of an entrypoint ask, in parallel, and are answered backwards."""
    ran = Ran()

    @task
    def review(x: int) -> str:
        ran("review")
        return f"{x}:{interrupt(f'review {x}?')}"

    @task
    def note(x: int) -> int:
        ran("note")
        return x

    @entrypoint(checkpointer=InMemorySaver())
    def flow(x: int) -> list:
        ran("flow")
        kept = note(x).result()
        both = [review(i) for i in range(kept)]
        return [one.result() for one in both]

    answers = {"review 1?": "second", "review 0?": "first"}
    return Case(flow, 2, ran, answers, frozenset({"flow", "review"}))


class Age(BaseModel):
    """What a person has to answer."""

    age: int


def asks_by_schema() -> Case:
    """An interrupt that says which form its answer has to have (`response_schema`)."""
    ran = Ran()

    def ask(state: Log) -> dict:
        ran("ask")
        return {"n": interrupt("age?", response_schema=Age).age}

    g = StateGraph(Log).add_node("ask", ask).add_node("after", step_node(ran, "after"))
    g.add_edge(START, "ask").add_edge("ask", "after")
    return Case(g.compile(), {"log": []}, ran, {"age?": {"age": 42}}, frozenset({"ask"}))


def agent_per_call() -> Case:
    """`create_agent` that asks for each call of a tool as it starts."""
    ran = Ran()
    both = [call("add", "t1", a=1, b=2), call("mul", "t2", a=3, b=4)]
    script = by_tools(AIMessage("", id="ai1", tool_calls=both), AIMessage("done", id="ai2"))
    asks = HumanInTheLoopMiddleware(
        interrupt_on={"add": True, "mul": True}, interrupt_mode="per_call"
    )
    g = create_agent(Scripted(script=script, ran=ran), tools=arithmetic(ran), middleware=[asks])
    yes = {"type": "approve"}
    given = {"messages": [HumanMessage("hi", id="h1")]}
    return Case(g, given, ran, {"mul": yes, "add": yes})


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        send_subgraph_interrupt,
        two_interrupts,
        interrupt_loop,
        asks_until_it_fits,
        parallel_interrupts,
        static_both_levels,
        static_all,
        static_and_asked,
        asked_in_a_function,
        tools_ask_each_sent,
        tools_ask_in_one_node,
        task_asks,
        *((asks_by_schema,) if HAS_SCHEMA else ()),
        *((agent_per_call,) if HAS_PER_CALL else ()),
    )
}
