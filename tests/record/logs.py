"""A run with a mutation log."""

from __future__ import annotations

import asyncio

from lellm_nb import ExecutionEngine, InMemoryMutationLog, NoopBarrierSink


def logged(graph, state=None, *, log=None, **options):
    """Run a graph with a mutation log: the log, the run's id, and the end state."""
    log = log if log is not None else InMemoryMutationLog()
    engine = ExecutionEngine(state, log=log, barrier=NoopBarrierSink(), **options)
    asyncio.run(graph.run_inline(engine, 1_000))
    return log, engine.trace_id, engine.state
