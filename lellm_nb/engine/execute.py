"""Running a graph from end to end: thin shells around the one loop."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import refusal, whole
from lellm_nb.clock import Clock
from lellm_nb.engine.cancellation import CancellationToken, checked_token
from lellm_nb.engine.driving.drive import drive
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.publishing.publisher import Publisher
from lellm_nb.engine.result import GraphResult, LogEntry
from lellm_nb.engine.run import Run
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import NodeNotFoundError, RunError, StepsExceededError
from lellm_nb.errors.error_words import error_words
from lellm_nb.graph.graph import Graph
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.record.frame import Frame
from lellm_nb.record.past.captured import start_frame
from lellm_nb.record.past.stopped_run import StoppedRun, held_weakly, stopped_at
from lellm_nb.record.position import Position
from lellm_nb.record.sinks import check_sinks
from lellm_nb.state.state import keep, view

__all__ = ["ExecutionEngine", "execute", "finish", "run", "run_inline"]


class ExecutionEngine:
    """A state and the sinks that a run is to use; the seed's engine.

    Attributes:
        state: The state before the run, and after `run_inline` the one it led to;
            after a failure, the last committed one.

    Raises:
        StateTypeError: The state is not a mapping, or has keys that are not text.
        RunError: A sink has not the methods that it is called by; names the argument.

    Example:
        >>> import asyncio
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("count").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
        >>> engine = ExecutionEngine({"n": 1})
        >>> asyncio.run(g.start("a").end("a").build().run_inline(engine, 10))
        >>> engine.state
        State({'n': 2})
    """

    def __init__(
        self,
        state: Any = None,
        *,
        stream: Any = None,
        cancel: CancellationToken | None = None,
        checkpoint: Any = None,
        barrier: Any = None,
        trace: Any = None,
        log: Any = None,
        trace_id: TraceId | None = None,
    ) -> None:
        check_sinks(
            RunError, stream=stream, checkpoint=checkpoint, barrier=barrier, trace=trace, log=log
        )
        self.state = view(keep(state))
        self.trace_id = trace_id or new_trace_id()
        self.stream = stream
        self.cancel = checked_token(cancel) or CancellationToken()
        self.checkpoint = checkpoint
        self.barrier = barrier
        self.trace = trace
        self.log = log


async def run_inline(
    graph: Graph,
    engine: ExecutionEngine,
    max_steps: int,
    callback: Any = None,
    start_at: str | None = None,
    *,
    emit: Any = None,
    on_event: Any = None,
) -> None:
    """Run `graph` with an engine's state and sinks.

    Args:
        max_steps: How many nodes may run; the run may end on the last one.
        callback: A `StepCallback`.
        start_at: The node to begin with instead of the graph's start.

    Raises:
        RunError: The run could not reach the end; `engine.state` is the last committed one. Or an
            argument does not fit; names it.
    """
    given: Any = engine
    if not isinstance(given, ExecutionEngine):
        raise refusal(given, "engine", "an ExecutionEngine", RunError)
    max_steps = whole(max_steps, "max_steps", RunError)
    check_sinks(RunError, callback=callback)
    if start_at is not None and (start_at not in list(graph.nodes)):
        raise NodeNotFoundError(start_at, graph.nodes, state=engine.state)
    publisher = Publisher(
        sink=engine.checkpoint,
        callback=callback,
        stream=engine.stream,
        trace=engine.trace,
        mutations=engine.log,
        on_event=on_event,
        trace_id=engine.trace_id,
    )
    run = Run(
        Scope(graph),
        Position.begin(start_at or graph.start, keep(engine.state)),
        emit=emit,
        publisher=publisher,
        barrier=engine.barrier,
        token=engine.cancel,
        limit=max_steps,
    )
    began = run.position
    if engine.checkpoint is not None:
        publisher.start = start_frame(graph.name, began, run.clock.wall())
    publisher.began(began)
    try:
        halt = await run.go()
        if halt is Halt.LIMIT:
            path = run.position.node or ""
            raise StepsExceededError(max_steps, path=path, state=run.position.state)
    except RunError as error:
        sink = held_weakly(engine.checkpoint)
        now = run.clock.wall()
        stopped_at(error, StoppedRun(graph, now, run.position, began, run.last, sink))
        raise
    finally:
        engine.state = run.position.state
    if halt is Halt.HELD and run.refusal is not None:
        raise run.refusal


async def execute(
    graph: Graph,
    state: Any = None,
    *,
    max_steps: int = 100,
    checkpoint: Any = None,
    barrier: Any = None,
    stream: Any = None,
    trace: Any = None,
) -> GraphResult:
    """Run `graph` to its end.

    Args:
        state: A mapping of text keys to values.
        max_steps: How many nodes may run.
        checkpoint: A `CheckpointSink`, told of every commit.
        barrier: A `BarrierSink`; without one barriers are approved, with a warning.
        stream: A `StreamSink` for what nodes emit.

    Raises:
        RunError: The run could not reach the end; its `state` is the last committed one.
    """
    engine = ExecutionEngine(
        state, checkpoint=checkpoint, barrier=barrier, stream=stream, trace=trace
    )
    return await finish(graph, engine, whole(max_steps, "max_steps", RunError))


async def finish(
    graph: Graph, engine: ExecutionEngine, max_steps: int, *, on_event: Any = None
) -> GraphResult:
    """Run `graph` with an engine and make the result of it.

    Raises:
        RunError: The run could not reach the end.
    """
    entries: list[LogEntry] = []

    def note(frame: Frame) -> None:
        failure = None if frame.error is None else error_words(frame.error)
        end = frame.started + frame.duration
        ok = failure is None
        entries.append(
            LogEntry(frame.cursor, frame.node, frame.path, frame.started, end, ok, failure)
        )

    tick = Clock().tick
    begun = tick()
    await run_inline(graph, engine, max_steps, emit=note, on_event=on_event)
    trace = getattr(engine.trace, "trace", None)
    return GraphResult(engine.state, entries, tick() - begun, engine.trace_id, trace)


def run(graph: Graph, state: Any = None, **options: Any) -> GraphResult:
    """Do what `execute` does, blocking; also inside a running event loop.

    Raises:
        RunError: As for `execute`.
    """
    return drive(execute(graph, state, **options))
