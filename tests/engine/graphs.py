"""The gate that the tests of barriers share, and a sink with its answers ready."""

from __future__ import annotations

import asyncio

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.strategies import note


class Answers:
    """A barrier sink with its answers ready; notes what it was asked."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.asked = []

    async def wait_decision(self, barrier_id, timeout):
        self.asked.append((barrier_id, timeout))
        await asyncio.sleep(0)
        return self.outcomes.pop(0)


def gate(**barrier):
    """before -> ask -> after, and a node `aside` that only a reroute reaches."""
    g = GraphBuilder("g").node("before", note).barrier("ask", **barrier).node("after", note)
    g.node("aside", note).edge("before", "ask").edge("ask", "after").edge("aside", "after")
    return g.start("before").end("after").build()


def waiting(**barrier):
    """A debugger that waits at the gate."""
    dbg = Debugger(gate(**barrier))
    assert dbg.run().reason is StopReason.BARRIER
    return dbg
