"""Graphs and runs that the conversations with the Debugger share."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder, Reducer
from tests.strategies import note, review


def looping(times=5):
    """A graph that counts to `times` in node `add`, then ends in `done`."""

    def add(ctx):
        ctx.reduce("n", 1, Reducer.SUM)

    g = GraphBuilder("loop").node("add", add).node("done", note)
    g.edge_if("add", "add", lambda s: s["n"] < times).edge("add", "done")
    return g.start("add").end("done").build()


def reviewed():
    """A debugger whose run was rejected once, approved, and completed."""
    dbg = Debugger(review(timeout=60), {"topic": "otters"})
    dbg.run()
    dbg.reject("too short")
    dbg.run()
    dbg.approve()
    dbg.run()
    return dbg
