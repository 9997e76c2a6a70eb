"""Channels of which a checkpoint keeps only what was added (delta), or nothing (untracked)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from langgraph.channels import UntrackedValue
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt
from typing_extensions import TypedDict

from tests.adapters.langgraph.case import Case, Ran
from tests.adapters.langgraph.graphs import Log

try:
    from langgraph.channels.delta import DeltaChannel
except ImportError:  # before 1.2
    DeltaChannel = None

__all__ = ["CASES"]


def appended(current: Any, writes: Any) -> list:
    """Reduce a delta: each write is a list or one item."""
    made = list(current or [])
    for one in writes:
        made.extend(one if isinstance(one, list) else [one])
    return made


if DeltaChannel is not None:

    class Delta(TypedDict, total=False):
        log: Annotated[list, DeltaChannel(appended, snapshot_frequency=1000)]
        tag: str
        n: int

    class Snapshots(TypedDict, total=False):
        log: Annotated[list, DeltaChannel(appended, snapshot_frequency=2)]
        n: int


def delta() -> Case:
    """#8443, #8551: a delta channel, in a loop with two nodes of one super-step."""
    ran = Ran()

    def first(state: Delta) -> dict:
        ran("first")
        return {"log": [f"{state.get('tag', '')}f{len(state['log'])}"], "n": state["n"] + 1}

    def beside(name: str) -> Callable[[Delta], dict]:
        def node(state: Delta) -> dict:
            ran(name)
            return {"log": [f"{name}{len(state['log'])}"]}

        return node

    g = StateGraph(Delta).add_node("first", first).add_edge(START, "first")
    for name in "pq":
        g.add_node(name, beside(name)).add_edge("first", name)
    g.add_conditional_edges("p", lambda state: "first" if state["n"] < 3 else END, ["first", END])
    return Case(g.compile(), {"log": ["in"], "n": 0}, ran)


def delta_snapshots() -> Case:
    """A delta channel that writes itself down whole every second time."""
    ran = Ran()

    def node(state: Snapshots) -> dict:
        ran("node")
        return {"log": [len(state["log"])], "n": state["n"] + 1}

    g = StateGraph(Snapshots).add_node("node", node).add_edge(START, "node")
    g.add_conditional_edges("node", lambda state: "node" if state["n"] < 5 else END, ["node", END])
    return Case(g.compile(), {"log": [], "n": 0}, ran)


class Connected(Log, total=False):
    conn: Annotated[Any, UntrackedValue]


def _untracked(ask: bool) -> Case:
    ran = Ran()

    def connect(state: Connected) -> dict:
        ran("connect")
        return {"conn": "c1", "log": ["connect"]}

    def work(state: Connected) -> dict:
        ran("work")
        said = interrupt("ok?") if ask else ""
        return {"log": [f"work with {state.get('conn')} {said}"]}

    def end(state: Connected) -> dict:
        ran("end")
        return {"log": [f"end with {state.get('conn')}"]}

    g = StateGraph(Connected).add_node("connect", connect).add_node("work", work)
    g.add_node("end", end).add_edge(START, "connect").add_edge("work", "end")
    g.add_conditional_edges(
        "connect", lambda state: [Send("work", {"conn": state.get("conn")})], ["work"]
    )
    again = frozenset({"work"}) if ask else frozenset()
    return Case(g.compile(), {"log": []}, ran, {"ok?": "yes"} if ask else {}, again)


def untracked() -> Case:
    """A value that no checkpoint keeps goes from step to step, and is seen in frames (L14)."""
    case = _untracked(ask=False)
    case.right = {"log": ["connect", "work with c1 ", "end with c1"], "conn": "c1"}
    return case


def untracked_asked() -> Case:
    """It is gone after a question, as on plain LangGraph."""
    return _untracked(ask=True)


CASES: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        untracked,
        untracked_asked,
        *((delta, delta_snapshots) if DeltaChannel is not None else ()),
    )
}
