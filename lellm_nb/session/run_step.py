"""One step alone: running a node on a given state, outside of any run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from lellm_nb.engine.performing.alone import context_alone
from lellm_nb.engine.performing.perform import perform
from lellm_nb.state.mutation import Mutation
from lellm_nb.state.state import keep

__all__ = ["StepResult", "run_step"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a node did.

    Attributes:
        mutations: What it wrote, in order.
        target: Where `ctx.goto` would lead; `None` for the ordinary routing.
        ends: Whether it called `ctx.end`.
    """

    mutations: tuple[Mutation, ...]
    target: str | None
    ends: bool


def run_step(
    function: Callable[[Any], Any],
    state: Any,
    *,
    node: str = "",
    visit: int = 1,
    path: str = "",
    nodes: tuple[str, ...] = (),
    reducers: Mapping[str, Any] | None = None,
    calls: Any = None,
    item: Any = None,
    into: str | None = None,
) -> StepResult:
    """Run a node's function once on a state, and return what it did.

    Args:
        function: Called with a context.
        state: What `ctx.state` shows.
        node: The node's name; the function's own by default.
        visit: What `ctx.visit` shows.
        path: What `ctx.path` shows; the node's name by default.
        nodes: Names of other nodes that there are.
        reducers: The reducers of the graph.
        calls: Recorded calls, as `Debugger.to_test` writes them: what the function asks over HTTP
            is answered by them, and nothing is sent.
        item: What `ctx.item` shows, for a function that a map runs.
        into: The key at which a map collects what it returns.

    Raises:
        CallDiffersError: It asks something else than what was recorded.
        Exception: Whatever the function raises.

    Example:
        >>> run_step(lambda ctx: {"n": ctx.state["n"] + 1}, {"n": 1}, node="add").mutations
        (Put('n', 2),)
    """
    name = node or getattr(function, "__name__", "node")
    ctx, made = context_alone(
        function,
        keep(state),
        node=name,
        visit=visit,
        path=path,
        nodes=tuple(other for other in nodes if other != name),
        reducers=reducers,
        item=item,
        into=into,
    )
    with nullcontext() if calls is None else _serving(calls, ctx.path):
        _finish(perform(ctx, made))
    return StepResult(tuple(ctx.mutations), ctx.target, ctx.ends)


def _serving(calls: Any, path: str) -> AbstractContextManager[None]:
    # the wrappers are loaded where they are wanted
    from lellm_nb.session.recorded_calls import serving_calls

    return serving_calls(calls, path)


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, in a thread of its own where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(1) as thread:
        thread.submit(copy_context().run, asyncio.run, work).result()
