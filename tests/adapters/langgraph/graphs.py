"""The graphs on which the law is proved first (LANGGRAPH.md, Conformance).

Every function of a graph counts itself (`Case.ran`) and copies before it changes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.models import Scripted, arithmetic, by_tools, call

__all__ = ["CASES", "Log"]


class Log(TypedDict, total=False):
    """What most graphs here have: who ran, and a number."""

    log: Annotated[list, operator.add]
    n: int


def chain() -> Case:
    """A chain with a reducer, in a loop."""
    ran = Ran()
    g = StateGraph(Log)
    for name in "abc":

        def node(state: Log, name: str = name) -> dict:
            ran(name)
            return {"log": [f"{name}{state['n']}"], "n": state["n"] + 1}

        g.add_node(name, node)
    g.add_edge(START, "a").add_edge("a", "b").add_edge("b", "c")
    g.add_conditional_edges("c", lambda state: "a" if state["n"] < 6 else END, ["a", END])
    return Case(g.compile(), {"log": [], "n": 0}, ran)


_TWO_ROUNDS = (
    AIMessage("", id="ai1", tool_calls=[call("add", "t1", a=1, b=2), call("mul", "t2", a=3, b=4)]),
    AIMessage("", id="ai2", tool_calls=[call("add", "t3", a=5, b=6)]),
    AIMessage("done", id="ai3"),
)
_ASKED = {"messages": [HumanMessage("hi", id="h1")]}


def _tool_loop(send: bool) -> Case:
    ran = Ran()
    model, tools = Scripted(script=by_tools(*_TWO_ROUNDS), ran=ran), arithmetic(ran)

    def llm(state: MessagesState) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    def each(state: MessagesState) -> Any:
        calls = state["messages"][-1].tool_calls
        return [Send("tools", [one]) for one in calls] or END

    g = StateGraph(MessagesState).add_node("llm", llm).add_node("tools", ToolNode(tools))
    g.add_edge(START, "llm").add_edge("tools", "llm")
    g.add_conditional_edges("llm", each if send else tools_condition, ["tools", END])
    return Case(g.compile(), _ASKED, ran)


def tool_loop() -> Case:
    """A tool loop in which one ToolNode takes a list of calls."""
    return _tool_loop(send=False)


def tool_loop_send() -> Case:
    """A tool loop in which each call is sent to a ToolNode of its own."""
    return _tool_loop(send=True)


class Items(TypedDict, total=False):
    items: list
    out: Annotated[list, operator.add]
    total: int


def map_reduce() -> Case:
    """Send for each item, a branch beside them, and a deferred sum."""
    ran = Ran()

    def plan(state: Items) -> dict:
        ran("plan")
        return {"items": [1, 2, 3]}

    def side(state: Items) -> dict:
        ran("side")
        return {"out": ["side"]}

    def work(state: dict) -> dict:
        ran("work")
        return {"out": [state["x"] * 10]}

    def add_up(state: Items) -> dict:
        ran("sum")
        return {"total": sum(x for x in state["out"] if isinstance(x, int))}

    g = StateGraph(Items).add_node("plan", plan).add_node("side", side).add_node("work", work)
    g.add_node("sum", add_up, defer=True)
    g.add_edge(START, "plan").add_edge("plan", "side")
    g.add_conditional_edges(
        "plan", lambda state: [Send("work", {"x": item}) for item in state["items"]], ["work"]
    )
    g.add_edge("work", "sum").add_edge("side", "sum").add_edge("sum", END)
    return Case(g.compile(), {"items": [], "out": [], "total": 0}, ran)


class Inner(TypedDict, total=False):
    log: Annotated[list, operator.add]
    secret: str


class Other(TypedDict, total=False):
    q: str
    r: str


class Outer(TypedDict, total=False):
    log: Annotated[list, operator.add]
    ans: str


def nested() -> Case:
    """Two interrupts in one node, two graphs deep, beside a node that calls a graph."""
    ran = Ran()

    def i1(state: Inner) -> dict:
        ran("i1")
        return {"log": ["i1"], "secret": "p"}

    def i2(state: Inner) -> dict:
        ran("i2")
        first, second = interrupt({"ask": "ok?"}), interrupt({"ask": "sure?"})
        return {"log": [f"i2:{first}:{second}:{state['secret']}"]}

    def o1(state: Other) -> dict:
        ran("o1")
        return {"r": state["q"] + "!"}

    def o2(state: Other) -> dict:
        ran("o2")
        return {"r": state["r"] + "?"}

    inner = StateGraph(Inner).add_node("i1", i1).add_node("i2", i2)
    inner.add_node("i3", step_node(ran, "i3")).add_node("ip", step_node(ran, "ip"))
    inner.add_edge(START, "i1").add_edge("i1", "i2").add_edge("i1", "ip").add_edge("i2", "i3")
    inner.add_edge("ip", "i3").add_edge("i3", END)
    mid = StateGraph(Inner).add_node("deep", inner.compile()).add_node("m2", step_node(ran, "m2"))
    mid.add_edge(START, "deep").add_edge("deep", "m2").add_edge("m2", END)
    other = StateGraph(Other).add_node("o1", o1).add_node("o2", o2).add_edge(START, "o1")
    called = other.add_edge("o1", "o2").add_edge("o2", END).compile()

    def call_other(state: Outer) -> dict:
        ran("call_other")
        return {"ans": called.invoke({"q": "Q"})["r"], "log": ["other"]}

    g = StateGraph(Outer).add_node("pre", step_node(ran, "pre")).add_node("sub", mid.compile())
    g.add_node("call_other", call_other).add_node("post", step_node(ran, "post"))
    g.add_edge(START, "pre").add_edge("pre", "sub").add_edge("pre", "call_other")
    g.add_edge(["sub", "call_other"], "post").add_edge("post", END)
    again = frozenset({"i2", "call_other"})
    return Case(g.compile(), {"log": [], "ans": ""}, ran, {"ok?": "yes", "sure?": "really"}, again)


class Turns(TypedDict, total=False):
    log: Annotated[list, operator.add]
    turns: Annotated[int, operator.add]


def handoff() -> Case:
    """Two agents that hand over with ParentCommand."""
    ran = Ran()

    def agent(me: str, other: str) -> Any:
        def think(state: Turns) -> dict:
            ran(f"{me}.think")
            return {"log": [f"{me}.think"]}

        def go(state: Turns) -> Command:
            ran(f"{me}.go")
            to = "fin" if state["turns"] >= 3 else other
            more = {} if to == "fin" else {"turns": 1}
            return Command(goto=to, graph=Command.PARENT, update={"log": [f"{me}->{to}"], **more})

        g = StateGraph(Turns).add_node("think", think).add_node("go", go)
        return g.add_edge(START, "think").add_edge("think", "go").compile()

    g = StateGraph(Turns)
    g.add_node("alice", agent("alice", "bob"), destinations=("bob", "fin"))
    g.add_node("bob", agent("bob", "alice"), destinations=("alice", "fin"))
    g.add_node("fin", step_node(ran, "fin")).add_edge(START, "alice").add_edge("fin", END)
    return Case(g.compile(), {"log": [], "turns": 0}, ran)


def functional() -> Case:
    """The functional API: an entrypoint, tasks in parallel, an interrupt between them."""
    ran = Ran()

    @task
    def square(x: int) -> int:
        ran("square")
        return x * x

    @task
    async def inc(x: int) -> int:
        ran("inc")
        return x + 1

    @entrypoint(checkpointer=InMemorySaver())
    async def flow(x: int, *, previous: Any = None) -> dict:
        ran("flow")
        squares = [square(i) for i in range(x)]
        total = sum([await one for one in squares])
        got = await inc(total)
        ok = interrupt(f"got {got}")
        return {"r": await inc(got), "ok": ok}

    return Case(flow, 3, ran, {"got 6": "yes"}, frozenset({"flow"}))


class Counting(AgentMiddleware):
    """Counts when the model was about to be asked, and when it had been."""

    def __init__(self, ran: Ran) -> None:
        super().__init__()
        self.ran = ran

    def before_model(self, state: Any, runtime: Any) -> None:
        self.ran("before_model")

    def after_model(self, state: Any, runtime: Any) -> None:
        self.ran("after_model")


def agent_hitl() -> Case:
    """`create_agent` with middleware, one of which asks before a tool runs."""
    ran = Ran()
    g = create_agent(
        Scripted(script=by_tools(*_TWO_ROUNDS), ran=ran),
        tools=arithmetic(ran),
        middleware=[Counting(ran), HumanInTheLoopMiddleware(interrupt_on={"mul": True})],
    )
    return Case(g, _ASKED, ran, {"mul": {"decisions": [{"type": "approve"}]}})


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        chain,
        tool_loop,
        tool_loop_send,
        map_reduce,
        nested,
        handoff,
        functional,
        agent_hitl,
    )
}
"""The graphs by name; each call makes one anew, with a count of its own."""
