"""R5: a run that is cancelled from outside."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import CancellationToken, ExecutionEngine, GraphBuilder
from lellm_nb.errors import RunCancelledError
from tests.strategies import chain, note, steps


def test_a_cancelled_run_commits_nothing_more():
    """R5: looked at before every node and at commit."""
    token = CancellationToken()

    def b(ctx):
        ctx.put("b", True)
        token.cancel()

    g = GraphBuilder("g").node("a", note).node("b", b).node("c", note)
    graph = g.edge("a", "b").edge("b", "c").start("a").end("c").build()
    engine = ExecutionEngine({}, cancel=token)
    with pytest.raises(RunCancelledError) as caught:
        asyncio.run(graph.run_inline(engine, 10))

    assert engine.state == {"log": ["a"]}
    assert caught.value.state == {"log": ["a"]}
    assert caught.value.path == "b"


def test_a_cancel_reaches_into_an_await():
    """R5: a node that waits is cancelled; a token set before the run lets nothing start."""
    token = CancellationToken()

    async def a(ctx):
        asyncio.get_running_loop().call_soon(token.cancel)
        await asyncio.Event().wait()

    async def main():
        engine = ExecutionEngine({}, cancel=token)
        with pytest.raises(RunCancelledError):
            await chain(a).run_inline(engine, 10)
        with pytest.raises(RunCancelledError):
            await steps("a").run_inline(engine, 10)
        return engine.state

    assert asyncio.run(main()) == {}


def test_a_node_can_see_that_it_was_cancelled():
    """R5: a long sync node looks at ctx.is_cancelled."""
    token = CancellationToken()
    seen = []

    def a(ctx):
        seen.append(ctx.is_cancelled)
        token.cancel()
        seen.append(ctx.is_cancelled)

    with pytest.raises(RunCancelledError):
        asyncio.run(chain(a).run_inline(ExecutionEngine({}, cancel=token), 10))

    assert seen == [False, True]
