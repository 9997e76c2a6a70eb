"""Every named failure, under one base.

An error says what failed, where, and what to try; the same facts are its
attributes, so that a notebook can highlight them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

__all__ = [
    "BarrierCancelledError",
    "BuildErrors",
    "BusyError",
    "CheckpointNotFoundError",
    "CheckpointStoreError",
    "ConditionNotStoredError",
    "CorruptedCheckpointError",
    "DebuggerError",
    "DuplicateNodeError",
    "EdgeError",
    "EmptyParallelError",
    "FallbackLoopError",
    "GraphError",
    "GraphMismatchError",
    "InvalidGraphError",
    "InvalidNodeError",
    "LellmError",
    "LoopLimitError",
    "MergeConflictError",
    "MissingEndError",
    "MissingKeyError",
    "MissingStartError",
    "NoSuchFrameError",
    "NoSuchNodeError",
    "NodeExecutionError",
    "NodeNotFoundError",
    "NotRecordedError",
    "NotWaitingError",
    "ParallelError",
    "ReadOnlyStateError",
    "RedactedValueError",
    "ReducerError",
    "RunCancelledError",
    "RunError",
    "SerializationError",
    "StateError",
    "StateTypeError",
    "StepsExceededError",
    "UnknownNodeError",
    "UnroutedError",
    "nearest",
]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as `` Did you mean 'draft'?``, or nothing.

    Example:
        >>> nearest("darft", ["draft", "publish"])
        " Did you mean 'draft'?"
    """
    guess = get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {guess[0]!r}?" if guess else ""


def listed(names: Iterable[str], most: int = 20) -> str:
    """Join names for a message, cut after `most`; an empty list says so."""
    names = list(names)
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return (", ".join(names[:most]) or "(none)") + more


class LellmError(Exception):
    """The base of every failure that this package raises on purpose."""

    def __reduce__(self) -> Any:
        # the constructors take facts and make the text; a copy takes text and facts as they are
        facts = {name: value for name, value in self.__dict__.items() if name != "state"}
        return _again, (type(self), self.args, facts, self.__cause__)


def _again(
    kind: type[LellmError], args: tuple[Any, ...], facts: dict[str, Any], cause: Any
) -> LellmError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    error.__cause__ = cause
    if isinstance(error, RunError):
        error.state = None
    return error


# -- building a graph ---------------------------------------------------------


class GraphError(LellmError):
    """A graph, or one of its parts, is not well formed."""


class InvalidNodeError(GraphError):
    """A node has a bad name, or is nothing that can run."""

    def __init__(self, node: Any, problem: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r}: {problem}")


class MissingStartError(GraphError):
    """The graph names no start node."""

    def __init__(self, graph: str, known: Iterable[str]) -> None:
        self.graph = graph
        super().__init__(
            f"Graph {graph!r} has no start: call .start(name) with one of {listed(known)}."
        )


class MissingEndError(GraphError):
    """The graph names no end node."""

    def __init__(self, graph: str, known: Iterable[str]) -> None:
        self.graph = graph
        super().__init__(
            f"Graph {graph!r} has no end: call .end(name) with one of {listed(known)}."
        )


class UnknownNodeError(GraphError):
    """Something in a graph names a node that was never added."""

    def __init__(self, node: str, *, where: str, known: Iterable[str]) -> None:
        self.node = node
        self.where = where
        self.known = sorted(known)
        super().__init__(
            f"{where} names node {node!r}, which was never added."
            f"{nearest(node, self.known)} Known nodes: {listed(self.known)}."
        )


class DuplicateNodeError(GraphError):
    """Two nodes were added under one name."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r} was added twice: give one of them another name.")


class EmptyParallelError(GraphError):
    """A Parallel has no branch."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Parallel {node!r} has no branch: give it at least one.")


class FallbackLoopError(GraphError):
    """A fallback edge leads from a node to itself."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"Node {node!r} falls back to itself, which would never end.")


class BuildErrors(ExceptionGroup[GraphError], GraphError):
    """All structural problems of one graph, found in one look (SEMANTICS G3)."""

    def derive(self, excs: Sequence[GraphError]) -> BuildErrors:  # type: ignore[override]  # only these
        return BuildErrors(self.message, excs)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"- {problem}" for problem in self.exceptions)])


# -- state --------------------------------------------------------------------


class StateError(LellmError):
    """A state was read or changed in a way that does not fit. `key` says where."""

    def __init__(self, message: str, *, key: Any = None) -> None:
        self.key = key
        super().__init__(message)


class ReadOnlyStateError(StateError, TypeError):
    """Something tried to change a state in place."""


class MissingKeyError(StateError, KeyError):
    """A key, or a step of a path, is not in the state."""

    def __init__(self, key: Any, known: Iterable[Any] = (), problem: str = "") -> None:
        names = [str(name) for name in known]
        shown = key if isinstance(key, str) else path_text(key)
        problem = problem or f"The state has no key {shown!r}."
        super().__init__(f"{problem}{nearest(str(shown), names)} Keys: {listed(names)}.", key=key)

    __str__ = Exception.__str__  # KeyError would show the message as a repr


class StateTypeError(StateError, TypeError):
    """A value has another type than its key asks for."""

    def __init__(self, key: Any, expected: str, found: str, problem: str = "") -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            problem or f"State key {key!r} should hold {expected}, but holds {found}.", key=key
        )


class ReducerError(StateError):
    """A reducer refused a value."""


def path_text(path: Any) -> str:
    """Write a key path as people do: ``plan.steps[2]``.

    Example:
        >>> path_text(("plan", "steps", 2))
        'plan.steps[2]'
    """
    if not isinstance(path, tuple):
        return str(path)
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


# -- running ------------------------------------------------------------------


class RunError(LellmError):
    """A run could not go on.

    Attributes:
        path: Where, such as ``agent/llm``; empty before the first node.
        node: The last segment of the path.
        state: The last committed state of the level, `None` before a run.
        visit: How often the node had run in its level's entry, the failed run included.
    """

    visit: int = 0
    attempts: tuple[Any, ...] = ()

    def __init__(self, message: str, *, path: str = "", node: str = "", state: Any = None) -> None:
        self.path = path
        self.node = node or path.rpartition("/")[2]
        self.state = state
        super().__init__(message)


class InvalidGraphError(RunError):
    """The run came to a node that leads nowhere and is not the end."""


class NodeNotFoundError(RunError):
    """A run was sent to a node that the graph does not have."""

    def __init__(self, name: str, known: Iterable[str] = (), *, path: str = "", state: Any = None):
        self.name = name
        known = list(known)
        super().__init__(
            f"There is no node {name!r} to go to.{nearest(name, known)} Nodes: {listed(known)}.",
            path=path,
            state=state,
        )


class NodeExecutionError(RunError):
    """A node raised; `__cause__` is what it raised. Nothing of its step was committed."""

    def __init__(self, path: str, cause: BaseException, *, state: Any = None) -> None:
        if isinstance(cause, RunError):
            text = f"{path!r} failed inside: {innermost(cause)}"
        else:
            detail = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
            text = (
                f"Node {path!r} failed with {detail}. Its step was not committed;"
                " mend the function and retry."
            )
        super().__init__(text, path=path, state=state)
        self.__cause__ = cause


class ParallelError(ExceptionGroup[RunError], RunError):
    """Every failure of a collect-all Parallel (SEMANTICS P3).

    Attributes:
        state: The state before the Parallel with the good branches' work merged in.
    """

    def __new__(cls, path: str, errors: Sequence[RunError], *, state: Any = None) -> ParallelError:
        names = listed(error.path for error in errors)
        message = f"{len(errors)} of the branches of {path!r} failed: {names}"
        return super().__new__(cls, message, errors)

    def __init__(self, path: str, errors: Sequence[RunError], *, state: Any = None) -> None:
        RunError.__init__(self, self.message, path=path, state=state)

    def derive(self, excs: Sequence[RunError]) -> ParallelError:  # type: ignore[override]  # as above
        return ParallelError(self.path, excs, state=self.state)

    def __str__(self) -> str:
        failures = (innermost(e) if isinstance(e, RunError) else e for e in self.exceptions)
        return "\n".join([self.message, *(f"- {failure}" for failure in failures)])


def innermost(error: RunError) -> RunError:
    """Return the failure that a chain of branch failures began with."""
    while isinstance(error.__cause__, RunError):
        error = error.__cause__
    return error


class UnroutedError(RunError):
    """A node has out-edges, and none of them matched the committed state."""

    def __init__(self, path: str, tried: Mapping[str, bool], *, state: Any = None) -> None:
        self.tried = dict(tried)
        shown = "; ".join(f"{edge}: {result}" for edge, result in self.tried.items())
        super().__init__(
            f"No edge out of {path!r} matched. Tried {shown}."
            " Add an edge or a fallback for this case, then step again: only the routing is left.",
            path=path,
            state=state,
        )


class EdgeError(RunError):
    """A predicate raised; `edge` is its name and `__cause__` what it raised."""

    def __init__(
        self, source: str, target: str, cause: BaseException, *, path: str = "", state: Any = None
    ) -> None:
        self.source = source
        self.target = target
        self.edge = f"{source} -> {target}"
        super().__init__(
            f"The condition of edge {self.edge} raised {type(cause).__name__}: {cause}."
            " The node's step is committed; mend the condition, then step again to route.",
            path=path or source,
            state=state,
        )
        self.__cause__ = cause


class StepsExceededError(RunError):
    """One more node than `limit` wanted to run."""

    def __init__(self, limit: int, *, path: str = "", state: Any = None) -> None:
        self.limit = limit
        super().__init__(
            f"The run wanted more than {limit} steps (next was {path or 'the start'!r})."
            " Look for a loop that never ends, or raise max_steps.",
            path=path,
            state=state,
        )


class LoopLimitError(RunError):
    """An edge was to be taken more often than its `max_visits` allows."""

    def __init__(self, edge: str, limit: int, *, path: str = "", state: Any = None) -> None:
        self.edge = edge
        self.limit = limit
        super().__init__(f"Edge {edge} may be taken {limit} times.", path=path, state=state)


class BarrierCancelledError(RunError):
    """The wait of a barrier was cancelled."""

    def __init__(self, path: str, *, state: Any = None) -> None:
        super().__init__(
            f"The wait at barrier {path!r} was cancelled before a decision came.",
            path=path,
            state=state,
        )


class RunCancelledError(RunError):
    """The run was cancelled."""

    def __init__(self, *, path: str = "", state: Any = None) -> None:
        super().__init__(
            f"The run was cancelled{f' at {path!r}' if path else ''}."
            " What was committed before is kept.",
            path=path,
            state=state,
        )


class MergeConflictError(RunError):
    """Two writers set one key to different values."""

    def __init__(
        self, key: Any, values: Mapping[str, Any], *, path: str = "", state: Any = None
    ) -> None:
        self.key = key
        self.values = dict(values)
        shown = "; ".join(f"{who} wrote {value!r:.80}" for who, value in self.values.items())
        super().__init__(
            f"Key {path_text(key)!r} has conflicting writes: {shown}.", path=path, state=state
        )


# -- keeping ------------------------------------------------------------------


class CheckpointStoreError(LellmError):
    """A store could not do what it was asked."""


class CheckpointNotFoundError(CheckpointStoreError):
    """A store has no checkpoint under that id."""

    def __init__(self, checkpoint_id: object) -> None:
        self.checkpoint_id = checkpoint_id
        super().__init__(f"There is no checkpoint {checkpoint_id}.")


class CorruptedCheckpointError(CheckpointStoreError):
    """Stored bytes are not a checkpoint, or are damaged."""


class SerializationError(CheckpointStoreError):
    """A value cannot be written; `path` says which."""

    def __init__(self, message: str, *, path: str = "") -> None:
        self.path = path
        super().__init__(message)


class GraphMismatchError(CheckpointStoreError):
    """A checkpoint belongs to a graph of another shape (SEMANTICS C2)."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(f"graph hash mismatch: expected {expected:#018x}, got {actual:#018x}")


# -- debugging ----------------------------------------------------------------


class DebuggerError(LellmError):
    """A debugger command did not fit the moment."""


class BusyError(DebuggerError):
    """A run is going on; only `pause`, `stop` and looking are allowed."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        super().__init__(
            f"{verb}: a run is going on. Wait for it, or call pause() or stop() first;"
            " looking at frames and state works meanwhile."
        )


class NotRecordedError(DebuggerError):
    """A run that looks outcomes up came to a step that was never recorded."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"No outcome is recorded for {path!r} at this visit, so the run pauses here;"
            f" mode({path!r}, 'live') lets it run."
        )


class NoSuchFrameError(DebuggerError, IndexError):
    """A frame was asked for that does not exist."""

    def __init__(self, wanted: object, problem: str) -> None:
        self.wanted = wanted
        super().__init__(f"There is no frame {wanted!r}: {problem}")


class NoSuchNodeError(DebuggerError, LookupError):
    """A node was asked for that the graph does not have, or has in several places."""

    def __init__(self, wanted: str, known: Iterable[str], problem: str = "") -> None:
        self.wanted = wanted
        self.known = list(known)
        super().__init__(
            f"{problem or f'There is no node {wanted!r}.'}"
            f"{nearest(wanted, self.known)} Nodes: {listed(self.known)}."
        )


class RedactedValueError(DebuggerError):
    """A reopened run stands where a node could read a secret that was not stored."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = list(paths)
        first = self.paths[0]
        super().__init__(
            f"Secrets were taken out before this run was stored: {listed(self.paths)}. Give"
            f" them again before it goes on: dbg.supply({{{first!r}: …}}), with a tuple for a path."
        )


class ConditionNotStoredError(DebuggerError):
    """A stop of a reopened run has a condition that was a function, and functions are not stored.

    Attributes:
        name: What the function was called.
        source: Its text, as far as it was known.
        where: The module and line where it stood.
    """

    def __init__(self, name: str, source: str, where: str) -> None:
        self.name = name
        self.source = source
        self.where = where
        at = f" (of {where})" if where else ""
        super().__init__(
            f"condition not stored: {name}{at}; give it again: set the same stop once more, or"
            " breakpoints.rearm(which, condition). It was:\n" + source
        )


class NotWaitingError(DebuggerError):
    """A decision was given, and no barrier (or more than one) waits for it."""

    def __init__(self, wanted: str | None, waiting: Iterable[str]) -> None:
        self.wanted = wanted
        self.waiting = list(waiting)
        if not self.waiting:
            text = "No barrier waits for a decision."
        elif wanted is None:
            text = f"Several barriers wait; say which: {listed(self.waiting)}."
        else:
            text = f"Barrier {wanted!r} does not wait. Waiting: {listed(self.waiting)}."
        super().__init__(text)
