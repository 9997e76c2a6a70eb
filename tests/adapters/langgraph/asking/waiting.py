"""What waits at a debugger, by its ids; and a debugger that stands where a node asks."""

from __future__ import annotations

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.graphs import Log

__all__ = ["asks", "ids"]

R = StopReason


def ids(dbg):
    return [one.id for one in dbg.pending]


def asks(question="sure?", name="ask"):
    """Return a debugger of three nodes, of which the second asks, standing there; and its count."""
    ran = Ran()

    def ask(state: Log) -> dict:
        ran("ask")
        return {"log": [interrupt(question)]}

    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node(name, ask)
    g.add_node("b", step_node(ran, "b")).add_node("other", step_node(ran, "other"))
    g.add_edge(START, "a").add_edge("a", name).add_edge(name, "b")
    dbg = Debugger(g.compile(), {"log": [], "n": 0})
    assert dbg.run().reason is R.BARRIER
    return dbg, ran
