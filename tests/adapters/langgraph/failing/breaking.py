"""A node that fails until it is mended, alone and beside others; and what it raised."""

from __future__ import annotations

from langgraph.graph import START, StateGraph

from lellm_nb.errors import RunError
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.graphs import Log

__all__ = ["Breaks", "beside", "cause"]


def cause(stop):
    """Return what the node itself raised."""
    error = stop.error
    while isinstance(error, RunError) and error.__cause__ is not None:
        error = error.__cause__
    return error


class Breaks:
    """A node that fails until it is mended; and the count of what ran."""

    def __init__(self):
        self.broken = True
        self.ran = Ran()

    def __call__(self, state: Log) -> dict:
        self.ran("bad")
        if self.broken:
            raise ValueError("the needle broke")
        return {"log": ["bad"]}


def beside(bad, **options):
    """Return a graph of `a`, then `good` beside `bad`, then `end`."""
    g = StateGraph(Log).add_node("a", step_node(bad.ran, "a")).add_node("bad", bad, **options)
    g.add_node("good", step_node(bad.ran, "good")).add_node("end", step_node(bad.ran, "end"))
    g.add_edge(START, "a").add_edge("a", "bad").add_edge("a", "good")
    return g.add_edge(["bad", "good"], "end").compile()
