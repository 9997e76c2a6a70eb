"""Variants run somewhere else: what can be sent there, and what is done there."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
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
    mocks: NodeMocks,
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
    stand_ins = [(f"the mock of {path}", each) for path, each in mocks.functions.items()]
    parts = [*_parts(graph, ""), *stand_ins, ("until", until)]
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
