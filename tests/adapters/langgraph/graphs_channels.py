"""Channels that a checkpoint keeps, how nodes are joined, and schemas of every kind."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.channels import AnyValue, EphemeralValue, LastValue, Topic
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.managed import IsLastStep, RemainingSteps
from langgraph.pregel import NodeBuilder, Pregel
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.adapters.langgraph.case import Case, Ran, step_node
from tests.adapters.langgraph.graphs import Log

try:
    from langgraph.types import Overwrite
except ImportError:  # before 1.0.2
    Overwrite = None

__all__ = ["CASES"]


def defer() -> Case:
    """A deferred node waits for the longer of two ways."""
    ran = Ran()
    g = StateGraph(Log)
    for name in ("a", "b1", "b2", "c"):
        g.add_node(name, step_node(ran, name))
    g.add_node("last", step_node(ran, "last"), defer=True)
    g.add_edge(START, "a").add_edge("a", "b1").add_edge("b1", "b2").add_edge("a", "c")
    g.add_edge("b2", "last").add_edge("c", "last")
    return Case(g.compile(), {"log": []}, ran)


def join_edges() -> Case:
    """A join of ways of different length runs once; two plain edges run their target twice."""
    ran = Ran()
    g = StateGraph(Log)
    for name in ("a", "b1", "b2", "c", "join", "twice"):
        g.add_node(name, step_node(ran, name))
    g.add_edge(START, "a").add_edge("a", "b1").add_edge("b1", "b2").add_edge("a", "c")
    g.add_edge(["b2", "c"], "join").add_edge("b2", "twice").add_edge("c", "twice")
    return Case(g.compile(), {"log": []}, ran)


def largest(left: int, right: int) -> int:
    """Reduce to the larger."""
    return max(left, right)


class Every(TypedDict, total=False):
    last: str
    added: Annotated[list, operator.add]
    best: Annotated[int, largest]
    words: Annotated[set, operator.or_]
    any_one: Annotated[str, AnyValue]
    now: Annotated[str, EphemeralValue]
    heard: Annotated[list, Topic(str)]
    kept: Annotated[list, Topic(str, accumulate=True)]
    messages: Annotated[list, add_messages]


def every_channel() -> Case:
    """Each class of channel, written alone and by several nodes of one super-step."""
    ran = Ran()

    def first(state: Every) -> dict:
        ran("first")
        said = [AIMessage("one", id="m1"), AIMessage("two", id="m2")]
        return {
            "last": "first",
            "added": [1],
            "best": 3,
            "words": {"x"},
            "any_one": "same",
            "now": "now",
            "heard": "h1",
            "kept": "k1",
            "messages": said,
        }

    def beside(name: str) -> Callable[[Every], dict]:
        def node(state: Every) -> dict:
            ran(name)
            # in order of the tasks: `b` takes a message away that `c` says otherwise again
            said = RemoveMessage("m1") if name == "b" else HumanMessage(f"{name} of two", id="m2")
            seen = f"{name} saw {state.get('now')} {state.get('heard')}"
            return {
                "added": [name],
                "best": len(state["added"]),
                "words": {name},
                "any_one": "equal",
                "heard": name,
                "kept": seen,
                "messages": [said],
            }

        return node

    def end(state: Every) -> dict:
        ran("end")
        return {"last": f"{sorted(state['heard'])} {state.get('now')} {state['any_one']}"}

    g = StateGraph(Every).add_node("first", first).add_node("end", end).add_edge(START, "first")
    for name in "bc":
        g.add_node(name, beside(name)).add_edge("first", name)
    g.add_edge(["b", "c"], "end")
    return Case(g.compile(), {"added": [0], "best": 0, "words": set()}, ran)


def overwrite() -> Case:
    """A write that goes past the reducer, alone and beside one that does not."""
    ran = Ran()

    def wipe(name: str) -> Callable[[Log], dict]:
        def node(state: Log) -> dict:
            ran(name)
            return {"log": Overwrite([f"{name} of {len(state['log'])}"])}

        return node

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("alone", wipe("alone"))
    g.add_node("b", step_node(ran, "b")).add_node("beside", wipe("beside"))
    g.add_node("end", step_node(ran, "end"))
    g.add_edge(START, "a").add_edge("a", "alone").add_edge("alone", "b")
    g.add_edge("alone", "beside").add_edge(["b", "beside"], "end")
    return Case(g.compile(), {"log": ["in"]}, ran)


class Steps(Log, total=False):
    left: RemainingSteps
    is_last: IsLastStep


def remaining_steps() -> Case:
    """The steps that remain, at each level, as an uninterrupted run counts them (L10)."""
    ran = Ran()

    def node(name: str) -> Callable[[Steps], dict]:
        def run(state: Steps) -> dict:
            ran(name)
            return {"log": [f"{name}:{state['left']}:{state['is_last']}"]}

        return run

    inner = StateGraph(Steps).add_node("i1", node("i1")).add_node("i2", node("i2"))
    inner.add_edge(START, "i1").add_edge("i1", "i2")
    g = StateGraph(Steps).add_node("a", node("a")).add_node("sub", inner.compile())
    g.add_node("b", node("b")).add_edge(START, "a").add_edge("a", "sub").add_edge("sub", "b")
    return Case(g.compile(), {"log": []}, ran, config={"recursion_limit": 12})


class Model(BaseModel):
    log: Annotated[list, operator.add] = []
    n: int = 0


def pydantic_state() -> Case:
    """A pydantic model as the state: nodes read fields."""
    ran = Ran()

    def node(name: str) -> Callable[[Model], dict]:
        def run(state: Model) -> dict:
            ran(name)
            return {"log": [f"{name}{state.n}"], "n": state.n + 1}

        return run

    g = StateGraph(Model).add_node("a", node("a")).add_node("b", node("b"))
    return Case(g.add_edge(START, "a").add_edge("a", "b").compile(), {"log": [], "n": 1}, ran)


@dataclasses.dataclass
class Data:
    log: Annotated[list, operator.add] = dataclasses.field(default_factory=list)
    n: int = 0


def dataclass_state() -> Case:
    """A dataclass as the state, with one node that returns it whole."""
    ran = Ran()

    def whole(state: Data) -> Data:
        ran("whole")
        return Data(log=["whole"], n=state.n + 10)

    def fields(state: Data) -> dict:
        ran("fields")
        return {"log": [f"fields{state.n}"]}

    g = StateGraph(Data).add_node("whole", whole).add_node("fields", fields)
    g.add_edge(START, "whole").add_edge("whole", "fields")
    return Case(g.compile(), Data(log=["in"], n=1), ran)


class Asked(TypedDict):
    question: str


class Answered(TypedDict):
    answer: str


class Whole(Asked, Answered):
    found: Annotated[list, operator.add]


class Private(TypedDict):
    secret: str


def schemas() -> Case:
    """Input and output schemas, and a key that only two nodes know."""
    ran = Ran()

    def look(state: Asked) -> Private:
        ran("look")
        return {"secret": state["question"][::-1]}

    def tell(state: Private) -> Whole:
        ran("tell")
        return {"answer": state["secret"].upper(), "found": [state["secret"]]}

    g = StateGraph(Whole, input_schema=Asked, output_schema=Answered)
    g.add_node("look", look).add_node("tell", tell)
    graph = g.add_edge(START, "look").add_edge("look", "tell").compile()
    return Case(graph, {"question": "who?"}, ran)


def raw_pregel() -> Case:
    """Pregel as it is, without a StateGraph."""
    ran = Ran()

    def node(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            ran(name)
            return change(value)

        return run

    one = NodeBuilder().subscribe_only("a").do(node("one", lambda v: v + v)).write_to("b")
    two = NodeBuilder().subscribe_only("b").do(node("two", lambda v: v + "!")).write_to("c")
    three = NodeBuilder().subscribe_only("b").do(node("three", len)).write_to("d")
    graph = Pregel(
        nodes={"one": one, "two": two, "three": three},
        channels={
            "a": EphemeralValue(str),
            "b": LastValue(str),
            "c": EphemeralValue(str),
            "d": LastValue(int),
        },
        input_channels=["a"],
        output_channels=["b", "c", "d"],
        stream_channels=["b", "c", "d"],
    )
    return Case(graph, {"a": "foo"}, ran)


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        defer,
        join_edges,
        every_channel,
        remaining_steps,
        pydantic_state,
        dataclass_state,
        schemas,
        raw_pregel,
        *((overwrite,) if Overwrite is not None else ()),
    )
}
