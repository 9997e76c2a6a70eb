"""Graphs that the tests of stops share."""

from __future__ import annotations

from lellm_nb import GraphBuilder, Reducer, StopReason
from tests.strategies import note

R = StopReason


def twice_inside(**more):
    """A subgraph of two nodes that is entered twice, working on the key ``part``."""
    inner = GraphBuilder("inner").node("llm", _count).node("tool", _count)
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("outer").subgraph("agent", inner.build(), lens="part").node("done", note)
    g.edge_if("agent", "agent", lambda s: s["part"]["n"] < 4).edge("agent", "done")
    return g.start("agent").end("done").build()


def _count(ctx):
    ctx.reduce("n", 1, Reducer.SUM)


def stops_of(dbg, most=50):
    """Run on from stop to stop; returns where each was."""
    found = []
    for _ in range(most):
        stop = dbg.run()
        if stop.reason is not R.BREAKPOINT:
            return found, stop
        found.append((stop.breakpoint.id, stop.frame.index))
    raise AssertionError("never stops stopping")


def routed():
    """A condition node, a goto, an error route and a fallback, each an edge to stop on."""

    def pick(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    def jump(ctx):
        ctx.goto("breaks")

    def breaks(ctx):
        raise ValueError("broken")

    g = GraphBuilder("routed").node("pick", pick)
    g.condition("ask", [("pick", lambda s: s["n"] < 2), ("jump", lambda s: True)])
    g.task(jump, goto=["breaks"])
    g.node("breaks", breaks).node("mend", note).node("done", note)
    g.edge("pick", "ask").edge_fallback("mend", "done").edge("breaks", "done")
    g.on_error("breaks", "mend")
    return g.start("pick").end("done").build()


def met(dbg, verb="run", most=50):
    """Go on from watch to watch: (frame, old, new) of each, of the last step as well."""
    found = []
    for _ in range(most):
        stop = getattr(dbg, verb)()
        if stop.breakpoint is not None:
            found.append((stop.frame.index, stop.old, stop.new))
        if stop.reason is not R.WATCH:
            return found
    raise AssertionError("never stops stopping")
