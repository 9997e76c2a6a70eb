"""Running a position somewhere else: what can be sent there, and what is done there."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints.triggers import Arrived, ask_until
from lellm_nb.engine.run import HOLD, Run
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import DebuggerError, RunError
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Condition, Node, Parallel, Subgraph, Task
from lellm_nb.record.frame import Frame
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.record.position import Position
from lellm_nb.state.state import content_of

__all__ = ["Given", "Went", "check_sendable", "run_alone"]


class Given(NamedTuple):
    """What a run that is alone has to know.

    Attributes:
        modes: By path: ``recorded``, ``ask``, or ``locked`` for recorded where there is one.
        known: Recorded outcomes by path and visit.
    """

    until: Callable[[Frame], Any] | None
    max_steps: int
    modes: Mapping[str, str]
    known: Mapping[tuple[str, int], Outcome]


class Went(NamedTuple):
    """How a run went."""

    reason: str
    error: str | None
    frames: list[Frame]


def run_alone(graph: Graph, position: Position, given: Given) -> Went:
    """Run a position on with a history of its own; in another thread or process."""
    frames: list[Frame] = []
    limit = position.step + given.max_steps
    run = Run(Scope(graph), position, emit=frames.append, barrier=HOLD, limit=limit)
    run.capture = True
    asked = False

    def look_up(scope: Scope, site: Site, level: Position) -> Outcome | None:
        nonlocal asked
        mode = given.modes.get(site.place.static, "live")
        if mode == "live":
            return LIVE
        if mode == "ask":
            asked = True
            return None
        visit = level.visits.count(site.name, level.step) + 1
        return given.known.get((site.place.path, visit), LIVE if mode == "locked" else None)

    if given.modes:
        run.recorded = look_up
    until = given.until
    if until is not None:
        run.watch = lambda frame: ask_until(until, frame)
    try:
        halt = asyncio.run(run.go())
    except RunError as failure:
        return Went("FAILED", said(failure), frames)
    reasons = {"ENDED": "COMPLETED", "HELD": "BARRIER", "STOPPED": "STEP"}
    reasons["UNRECORDED"] = "BARRIER" if asked or run.position.waiting else "PAUSED"
    error = run.stopping.error if isinstance(run.stopping, Arrived) else None
    return Went(reasons.get(halt.name, halt.name), said(error), frames)


def said(error: BaseException | None) -> str | None:
    """Return an error in a line."""
    return None if error is None else f"{type(error).__name__}: {error}"


def check_sendable(
    executor: Executor, graph: Graph, until: Any, position: Position, puts: Iterable[Any]
) -> None:
    """Look whether everything can go to an executor, before anything starts.

    Raises:
        DebuggerError: Something cannot; names each.
    """
    if isinstance(executor, ThreadPoolExecutor) or type(executor).__name__.startswith("Thread"):
        return
    if type(executor).__module__.partition(".")[0] in _SEND_ANYTHING:
        return
    lonely = _starts_without_this_notebook(executor)
    parts = [*_parts(graph, ""), ("until", until)]
    stuck = [name for name, part in parts if not _can_go(part, lonely)]
    for content in (content_of(position.data), *puts):
        for key, value in content.items():
            name = f"state[{key!r}]"
            if name not in stuck and not _can_go(value, lonely):
                stuck.append(name)
    if not stuck and not _can_pickle(graph):
        stuck = ["the graph"]
    if not stuck and not _can_pickle(position):
        stuck = ["the position"]
    if stuck:
        raise DebuggerError(
            f"These cannot be sent to another process: {', '.join(stuck)}. Define them with def"
            " at the top of a module, or use a ThreadPoolExecutor."
        )


_SEND_ANYTHING = frozenset({"distributed", "joblib", "loky"})
"""Packages whose executors send functions by their code."""


def _parts(graph: Graph, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, node in graph.nodes.items():
        yield from _parts_of(node, prefix, name)
    for edge in graph.edges:
        if edge.predicate is not None:
            yield f"edge {prefix}{edge.label}", edge.predicate
    for key, reducer in graph.reducers.items():
        yield f"reducer of {prefix}{key}", reducer


def _parts_of(node: Node, prefix: str, name: str) -> Iterator[tuple[str, Any]]:
    path = prefix + name
    if isinstance(node, Task):
        yield f"node {path}", node.fn
        if callable(node.backoff):
            yield f"backoff of {path}", node.backoff
    elif isinstance(node, Subgraph):
        yield f"lens of {path}", node.lens
        yield from _parts(node.graph, f"{path}/")
    elif isinstance(node, Parallel):
        yield f"merge of {path}", node.merge
        for branch, inner in node.branches.items():
            yield from _parts_of(inner, f"{path}/", branch)
    elif isinstance(node, Condition):
        for target, predicate in node.cases:
            yield f"case {path} -> {target}", predicate
    else:
        yield f"node {path}", node


def _can_go(part: Any, lonely: bool) -> bool:
    at_home = getattr(part, "__module__", None) == "__main__" and hasattr(part, "__qualname__")
    return not (lonely and at_home) and _can_pickle(part)


def _starts_without_this_notebook(executor: Executor) -> bool:
    """Whether other processes know nothing of what a notebook, or a prompt, has defined."""
    context = getattr(executor, "_mp_context", None)
    main = sys.modules["__main__"]
    nowhere = getattr(main, "__file__", None) is None and getattr(main, "__spec__", None) is None
    return context is not None and context.get_start_method() != "fork" and nowhere


def _can_pickle(part: Any) -> bool:
    try:
        pickle.dumps(part)
    except Exception:  # pickle raises many kinds, and so may a __reduce__
        return False
    return True
