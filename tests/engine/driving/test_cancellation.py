"""R5: a cancelled run commits nothing more, wherever it is."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import (
    CancellationToken,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    MemorySink,
)
from lellm_nb.errors import (
    NodeExecutionError,
    RunCancelledError,
)
from lellm_nb.session.protocol import Controls
from tests.strategies import chain, finish, note, steps


def one(fn, name="node", **options):
    """A graph of one task."""
    g = GraphBuilder("g")
    g.task(fn, name=name, **options)
    return g.start(name).end(name).build()


def test_a_cancelled_token_lets_no_node_start():
    """R5: it is looked at before every node."""
    token, ran = CancellationToken(), []
    token.cancel()
    engine = ExecutionEngine({"n": 1}, cancel=token)
    with pytest.raises(RunCancelledError) as caught:
        asyncio.run(one(lambda ctx: ran.append(1)).run_inline(engine, 10))

    assert ran == []
    assert caught.value.state == engine.state == {"n": 1}


def test_a_task_that_swallows_cancellation_is_not_committed():
    """R5: the node finishes after the cancel; what it wrote is not committed."""
    token, sink = CancellationToken(), MemorySink()
    interrupted = []

    async def stubborn(ctx):
        token.cancel()
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            interrupted.append(ctx.path)
            ctx.put("survived", True)

    engine = ExecutionEngine({}, cancel=token, checkpoint=sink)
    with pytest.raises(RunCancelledError):
        asyncio.run(chain(stubborn).run_inline(engine, 10))

    assert len(interrupted) == 1
    assert (sink.frames, engine.state) == ([], {})


def test_a_branch_that_swallows_cancellation_is_not_committed():
    """R5, P3: and a task that swallows its sibling's failure is no way out either."""

    async def stubborn(ctx):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ctx.put("survived", True)

    async def broken(ctx):
        await asyncio.sleep(0)
        raise ValueError("no")

    sink = MemorySink()
    g = GraphBuilder("g").parallel("par", {"a": stubborn, "b": broken}).start("par").end("par")
    with pytest.raises(NodeExecutionError) as caught:
        g.build().run({}, checkpoint=sink)

    assert caught.value.path == "par/b"
    assert "par/a" not in [f.path for f in sink.frames]


def test_cancelling_during_a_backoff_ends_the_wait():
    """R5: inside every wait; a wait that went on would meet the test's own limit."""
    token, tried = CancellationToken(), []

    async def fails(ctx):
        tried.append("once")
        asyncio.get_running_loop().call_later(0.01, token.cancel)
        raise ValueError("no")

    engine = ExecutionEngine({}, cancel=token)
    with pytest.raises(RunCancelledError):
        asyncio.run(one(fails, retries=1, backoff=3600).run_inline(engine, 10))
    assert tried == ["once"]


def test_cancelling_during_a_sync_node_in_a_thread_does_not_wait_for_it():
    """R5, R8: what the thread does later is dropped."""
    token, go_on, late = CancellationToken(), threading.Event(), []

    def blocked(ctx):
        token.cancel()
        go_on.wait(10)
        ctx.put("late", True)
        late.append(ctx.is_cancelled)

    engine = ExecutionEngine({}, cancel=token)

    async def run():
        try:
            await one(blocked, timeout=20).run_inline(engine, 10)
        finally:
            go_on.set()

    with pytest.raises(RunCancelledError):
        asyncio.run(run())
    assert engine.state == {}


def test_cancelling_between_an_inner_commit_and_the_exit():
    """R5: inside a subgraph; what was committed inside is kept, the rest does not happen."""
    token, sink = CancellationToken(), MemorySink()

    class Stops:
        def on_checkpoint(self, state, info):
            sink.on_checkpoint(state, info)
            if info.path == "sub/one":
                token.cancel()

    g = GraphBuilder("g").subgraph("sub", steps("one", "two")).start("sub").end("sub")
    engine = ExecutionEngine({}, cancel=token, checkpoint=Stops())
    with pytest.raises(RunCancelledError):
        asyncio.run(g.build().run_inline(engine, 10))

    assert [f.path for f in sink.frames] == ["sub/one"]


def test_a_cancelled_session_goes_on_with_another_token():
    """R5: cancelling ends the run, not the history."""
    session = ExecutionSession({}, steps("a", "b"))
    token = CancellationToken()
    token.cancel()
    with pytest.raises(RunCancelledError):
        asyncio.run(session.advance(Controls(token=token)))

    assert finish(session).state == {"log": ["a", "b"]}


def test_cancellation_is_taken_by_no_error_route():
    """R5, R9: it is nobody's failure."""
    token = CancellationToken()
    g = GraphBuilder("g").node("a", lambda ctx: token.cancel()).node("b", note)
    g.edge("a", "b").on_error("a", "b").start("a").end("b")
    with pytest.raises(RunCancelledError):
        asyncio.run(g.build().run_inline(ExecutionEngine({}, cancel=token), 10))
