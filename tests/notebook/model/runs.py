"""Runs that several tests look at."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder


def failing_items(broken: set[str]) -> Debugger:
    """A map with a graph for each of three letters; reading those that are broken fails."""

    def read(ctx):
        if ctx.state["item"] in broken:
            raise ValueError(f"no {ctx.state['item']}")
        return {"read": True}

    inner = GraphBuilder("inner").node("open", lambda ctx: None).node("read", read)
    inner.edge("open", "read").start("open").end("read")
    g = GraphBuilder("items")
    g.map("each", inner.build(), over="letters", into="all", limit=1, on_error="collect_all")
    g.node("end", lambda ctx: None).edge("each", "end").start("each").end("end")
    return Debugger(g.build(), {"letters": ["a", "b", "c"]})
