"""R11: an exception of any kind, anywhere, ends in a Stop and a frame."""

from __future__ import annotations

import asyncio
import sys

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from tests.debug.graphs_blocked import LIMIT
from tests.strategies import note, steps

R = StopReason


class NoText(Exception):
    def __str__(self):
        raise AttributeError("no response")


async def cancels_itself(ctx):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def cancels_itself_and_returns(ctx):
    asyncio.current_task().cancel()


async def exits_in_a_callback(ctx):
    asyncio.get_running_loop().call_soon(sys.exit, 3)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def exits_in_a_child(ctx):
    async def child():
        sys.exit(3)

    await asyncio.gather(child(), asyncio.sleep(0))


def raiser(error):
    def node(ctx):
        raise error

    return node


NODES = {
    "no text": raiser(NoText()),
    "GeneratorExit": raiser(GeneratorExit()),
    "StopIteration": raiser(StopIteration(1)),
    "StopAsyncIteration": raiser(StopAsyncIteration()),
    "SystemExit": raiser(SystemExit(3)),
    "KeyboardInterrupt": raiser(KeyboardInterrupt()),
    "CancelledError": raiser(asyncio.CancelledError()),
    "TimeoutError": raiser(TimeoutError("slow")),
    "cancels itself": cancels_itself,
    "cancels itself, returns": cancels_itself_and_returns,
    "exits in a callback": exits_in_a_callback,
    "exits in a child": exits_in_a_child,
}
SHAPES = ["plain", "retries", "limit", "branch", "subgraph"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("move", ["run", "step", "post"])
def test_whatever_a_node_raises_is_a_failure_with_a_frame(name, shape, move):
    """No thread dies, no verb is lost, nothing is left busy; and the run goes on when mended."""
    bad, first = NODES[name], []

    def sync(ctx):
        if not first:
            first.append(1)
            bad(ctx)
        note(ctx)

    async def later(ctx):
        if not first:
            first.append(1)
            await bad(ctx)
        note(ctx)

    node = later if asyncio.iscoroutinefunction(bad) else sync
    options = {"retries": {"retries": 0, "timeout": None}, "limit": {"timeout": 60}}.get(shape, {})
    g = GraphBuilder("g").node("start", note).start("start").end("last").node("last", note)
    if shape == "branch":
        g.parallel("node", {"x": node, "y": note})
    elif shape == "subgraph":
        one = GraphBuilder("in").node("x", node).start("x").end("x")
        g.subgraph("node", one.build())
    else:
        g.task(node, name="node", **options)
    dbg = Debugger(g.edge("start", "node").edge("node", "last").build())

    def moved():
        if move == "post":
            return dbg.post("run").result(LIMIT)
        return dbg.run() if move == "run" else dbg.step(9)

    stop = moved()
    assert (stop.reason, dbg.busy) == (R.FAILED, False), stop
    assert dbg.frames[-1].error is not None
    assert repr(stop)
    assert moved().reason is R.COMPLETED
    assert "last" in dbg.state["log"]
    assert Debugger(steps("a", "b")).run().reason is R.COMPLETED
