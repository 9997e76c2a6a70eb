"""Running a graph as a stream of events, with a handle to answer and to cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.execute import ExecutionEngine, finish
from lellm_nb.engine.result import GraphResult
from lellm_nb.errors import RunError
from lellm_nb.graph.decision import Decision
from lellm_nb.graph.graph import Graph
from lellm_nb.ids import TraceId
from lellm_nb.record.barrier_sinks import ChannelBarrierSink
from lellm_nb.record.events import Event, GraphComplete, GraphFailed, GraphStart

__all__ = ["ExecutionHandle", "GraphExecution", "execute_stream"]


class ExecutionHandle:
    """Answers barriers and cancels; plain methods, safe from any thread."""

    def __init__(self, sink: ChannelBarrierSink, token: CancellationToken) -> None:
        self._sink = sink
        self._token = token

    @property
    def waiting(self) -> list[str]:
        """The barrier ids that wait now."""
        return self._sink.waiting

    def decide(self, barrier_id: str, decision: Decision) -> None:
        """Decide one barrier, now or as soon as it waits.

        Raises:
            DebuggerError: It is no id of a barrier (``approve#0``), or no decision.
        """
        self._sink.decide(barrier_id, decision)

    def decide_wildcard(self, node: str, decision: Decision, scope: str = "once") -> None:
        """Decide by node name, ``"once"`` or for the whole ``"run"``.

        Raises:
            DebuggerError: The scope is neither, or it is no decision.
        """
        self._sink.decide_wildcard(node, decision, scope)

    def cancel(self) -> None:
        """Cancel the run."""
        self._token.cancel()


class GraphExecution:
    """A run under way.

    Attributes:
        events: An async iterator over all events; ends after the last one.
        handle: Answers barriers and cancels.
    """

    def __init__(
        self, events: AsyncIterator[Event], handle: ExecutionHandle, task: asyncio.Task[Any]
    ) -> None:
        self.events = events
        self.handle = handle
        self._task = task

    async def result(self) -> GraphResult:
        """Wait for the end.

        Raises:
            RunError: The run could not reach it.
        """
        result: GraphResult = await self._task
        return result


def execute_stream(
    graph: Graph,
    state: Any = None,
    *,
    max_steps: int = 100,
    checkpoint: Any = None,
    stream: Any = None,
    trace: Any = None,
    log: Any = None,
) -> GraphExecution:
    """Start a run on the running event loop; its events are never lost and in order.

    Barriers wait for the handle. Closing the event iterator early cancels the run.

    Args:
        state: A mapping of text keys to values, or a typed state.
        max_steps: How many nodes may run.

    Raises:
        RunError: An argument does not fit, or no event loop is running.
    """
    max_steps = whole(max_steps, "max_steps", RunError)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RunError(
            "execute_stream() runs on the event loop that is running, and there is none here: call"
            " it in an async function, or use run()."
        ) from None
    sink, token = ChannelBarrierSink(), CancellationToken()
    engine = ExecutionEngine(
        state,
        stream=stream,
        cancel=token,
        checkpoint=checkpoint,
        barrier=sink,
        trace=trace,
        log=log,
    )
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    task = asyncio.ensure_future(_run(graph, engine, max_steps, queue, engine.trace_id))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    handle = ExecutionHandle(sink, token)
    return GraphExecution(_events(queue, token, task), handle, task)


async def _run(
    graph: Graph,
    engine: ExecutionEngine,
    max_steps: int,
    queue: asyncio.Queue[Event | None],
    trace_id: TraceId,
) -> GraphResult:
    loop = asyncio.get_running_loop()

    def tell(event: Event | None) -> None:
        # a sync node of a branch emits from its thread
        loop.call_soon_threadsafe(queue.put_nowait, event)

    tell(GraphStart(trace_id))
    try:
        result = await finish(graph, engine, max_steps, on_event=tell)
        tell(GraphComplete(result))
        return result
    except BaseException as error:
        tell(GraphFailed(error, engine.state))
        raise
    finally:
        tell(None)


async def _events(
    queue: asyncio.Queue[Event | None], token: CancellationToken, task: asyncio.Task[Any]
) -> AsyncIterator[Event]:
    try:
        while (event := await queue.get()) is not None:
            yield event
    finally:
        if not task.done():
            token.cancel()
