"""Variants run somewhere else: what can be sent there, and what is done there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints.triggers import Arrived, ask_until
from lellm_nb.debug.inputs.mocks import NodeMocks
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.error_words import error_line
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Condition, Node, Parallel, Subgraph, Task
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position
from lellm_nb.sending import cannot_go, is_here, stuck_words
from lellm_nb.session.protocol import LIVE, Halt, NextMove, Outcome, Plan, Recorded, Went
from lellm_nb.state.state import content_of

__all__ = ["Ended", "check_sendable", "plan", "result_of", "said"]


class Ended(NamedTuple):
    """How a variant ended: the name of a `StopReason`, and what it failed with, in a line."""

    reason: str
    error: str | None


class _LookUp:
    """Which outcomes are looked up where nobody can be asked.

    Args:
        modes: By path: ``recorded``, ``ask``, or ``locked`` for recorded where there is one.
        mocks: What is fixed comes before.
        known: Recorded outcomes by path and visit.
    """

    def __init__(
        self, modes: Mapping[str, str], known: Mapping[tuple[str, int], Outcome], mocks: NodeMocks
    ) -> None:
        self._modes = modes
        self._known = known
        self._mocks = mocks
        self.asked = False

    def __call__(self, move: NextMove) -> Outcome | None:
        fixed = self._mocks.outcome(move) if self._mocks.known else None
        if fixed is not None:
            return fixed
        mode = self._modes.get(move.static_path, "live")
        if mode == "live":
            return LIVE
        if mode == "ask":
            self.asked = True
            return None
        found = LIVE if mode == "locked" else None
        return self._known.get((move.path, move.visit), found)


def plan(
    until: Callable[[Frame], Any] | None,
    max_steps: int,
    chosen: Mapping[str, str],
    modes: Mapping[str, str],
    recorded: Recorded,
    mocks: NodeMocks,
) -> Plan:
    """Return how the variants are run on where nobody can be asked.

    Args:
        chosen: The modes that were set, by path.
        modes: Those, and what side effects lock.
        mocks: What is fixed.
    """
    modes = {path: mode if path in chosen else "locked" for path, mode in modes.items()}
    looked_up = {path for path, mode in modes.items() if mode in ("recorded", "locked")}
    known = recorded.outcomes_of(looked_up) if looked_up else {}
    watch = None if until is None else partial(ask_until, until)
    looks = bool(modes or mocks.known)
    return Plan(max_steps, watch, _LookUp(modes, known, mocks) if looks else None)


def _ended(went: Went) -> Ended:
    """Return how a run that was alone ended."""
    if went.halt is None:
        return Ended("FAILED", said(went.error))
    held = "BARRIER" if went.held else "PAUSED"
    reasons = {
        Halt.ENDED: "COMPLETED",
        Halt.HELD: "BARRIER",
        Halt.STOPPED: "STEP",
        Halt.UNRECORDED: held,
    }
    error = went.stopping.error if isinstance(went.stopping, Arrived) else None
    return Ended(reasons.get(went.halt, went.halt.name), said(error))


def result_of(future: Future[Went]) -> tuple[Ended, list[Frame]]:
    """Wait for a run elsewhere; what went wrong with sending it is no step's own."""
    try:
        went = future.result()
    except Exception as error:
        return Ended("FAILED", f"what it made could not be sent back: {said(error)}"), []
    return _ended(went), went.frames


def said(error: BaseException | None) -> str | None:
    """Return an error in a line."""
    return None if error is None else error_line(error)


def check_sendable(
    executor: Executor,
    graph: Graph,
    until: Any,
    position: Position,
    puts: Iterable[Any],
    codes: Mapping[str, Any],
) -> None:
    """Look whether everything can go to an executor, before anything starts.

    Args:
        codes: The functions of variants, by what they are called in the error.

    Raises:
        DebuggerError: Something cannot; names each.
    """
    if is_here(executor):
        return
    parts = [*_parts(graph, ""), *codes.items(), ("until", until)]
    for content in (content_of(position.data), *puts):
        parts += [(f"state[{key!r}]", value) for key, value in content.items()]
    parts += [("the graph", graph), ("the position", position)]
    stuck = list(dict.fromkeys(cannot_go(executor, parts)))
    # what they are made of tells more than the whole
    stuck = [name for name in stuck if not name.startswith("the ")] or stuck[:1]
    if stuck:
        raise DebuggerError(stuck_words(stuck))


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
        if node.retry is not None and callable(node.retry.on):
            yield f"retry of {path}", node.retry.on
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
