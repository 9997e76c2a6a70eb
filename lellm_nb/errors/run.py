"""Why a run cannot go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lellm_nb.errors.base import LellmError, listed, nearest, path_text, sentence
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import safe_repr, safe_str

__all__ = [
    "BarrierCancelledError",
    "EdgeError",
    "InvalidGraphError",
    "LoopLimitError",
    "MergeConflictError",
    "NodeExecutionError",
    "NodeNotFoundError",
    "NotSentError",
    "ParallelError",
    "RunCancelledError",
    "RunError",
    "StepsExceededError",
    "UnroutedError",
    "innermost",
]


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
    calls: tuple[Any, ...] = ()
    state: Any = None  # a copy in another process has none
    stopped: Any = None  # where the run stood, for `Debugger.post_mortem`; nor has it that

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


class ChangedNodeError(NodeNotFoundError):
    """A run stands inside a node that is another kind of node in the graph that it has now."""

    def __init__(self, name: str, now: str, *, path: str):
        RunError.__init__(
            self,
            f"The run stands inside {path!r}, which is {now} in the graph that it has now."
            " Rewind to a frame before it.",
            path=path,
        )
        self.name = name


class NodeExecutionError(RunError):
    """A node raised; `__cause__` is what it raised. Nothing of its step was committed.

    Attributes:
        patch: The call that gives it other code, where defining its function again does not.
    """

    def __init__(
        self, path: str, cause: BaseException, *, state: Any = None, patch: str = ""
    ) -> None:
        self.patch = patch
        if isinstance(cause, RunError):
            text = f"{path!r} failed inside: {safe_str(innermost(cause))}"
        else:
            text = (
                f"Node {path!r} failed with {sentence(error_line(cause))} Its step was not"
                f" committed; mend the function and retry.{_by_hand(patch)}"
            )
        super().__init__(text, path=path, state=state)
        self.__cause__ = cause


def _by_hand(patch: str) -> str:
    if not patch:
        return ""
    return (
        " No name leads to it: it was made inside of a function, is a lambda, or its name means"
        f" something else now. Give the new one with {patch}."
    )


class ParallelError(ExceptionGroup[RunError], RunError):
    """Every failure of a collect-all Parallel (SEMANTICS P3).

    Attributes:
        state: The state before the Parallel with the good branches' work merged in.
        to_try: What a debugger can do about it, in a sentence.
    """

    to_try = (
        "Mend them and resolve_join('retry') runs these again; 'keep' joins those that are good,"
        " 'drop' none."
    )

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
        lines = [self.message, *(f"- {safe_str(failure)}" for failure in failures)]
        return without_keys("\n".join([*lines, self.to_try]))


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
    """A predicate raised; `edge` is its name and `__cause__` what it raised.

    Attributes:
        patch: The call that gives it another one, where defining it again does not.
    """

    def __init__(
        self,
        source: str,
        target: str,
        cause: BaseException,
        *,
        path: str = "",
        state: Any = None,
        patch: str = "",
    ) -> None:
        self.source = source
        self.target = target
        self.edge = f"{source} -> {target}"
        self.patch = patch
        super().__init__(
            f"The condition of edge {self.edge} raised {sentence(error_line(cause))}"
            " The node's step is committed; mend the condition, then step again to route."
            f"{_by_hand(patch)}",
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


class GivenUpError(RunCancelledError):
    """A node did not end when it was stopped, and its thread was left to it (SEMANTICS R11)."""

    def __init__(self, *, path: str = "", state: Any = None) -> None:
        RunError.__init__(
            self,
            f"Node {path!r} did not end when it was stopped, so its thread was given up: it may"
            " run on, and nothing that it does is committed. The run can go on from here.",
            path=path,
            state=state,
        )


class MergeConflictError(RunError):
    """Writers set one key to different values.

    Attributes:
        key: The first such key.
        values: What each of them wrote there, by their names.
        conflicts: The values of every such key.
    """

    def __init__(
        self,
        key: Any,
        values: Mapping[str, Any],
        *,
        conflicts: Mapping[Any, Mapping[str, Any]] | None = None,
        path: str = "",
        state: Any = None,
    ) -> None:
        self.key = key
        self.values = dict(values)
        self.conflicts = {k: dict(found) for k, found in (conflicts or {key: values}).items()}
        shown = [
            f"Key {path_text(k)!r} has conflicting writes: {_sides(found)}."
            for k, found in list(self.conflicts.items())[:_SHOWN]
        ]
        if len(self.conflicts) > _SHOWN:
            shown.append(f"So have {len(self.conflicts) - _SHOWN} more keys.")
        if path:
            ways = " or ".join(f"resolve_join({name!r})" for name in list(self.values)[:_SHOWN])
            shown.append(
                f"In a Debugger {ways} keeps one side of it, and retry() merges again after"
                f" patch({{{path!r}: merge}})."
            )
        super().__init__(" ".join(shown), path=path, state=state)


_SHOWN = 4
"""So many keys, and so many sides of one, are told."""


def _sides(values: Mapping[str, Any]) -> str:
    told = [
        f"{who} wrote {' '.join(safe_repr(value, 80).split())}"
        for who, value in list(values.items())[:_SHOWN]
    ]
    return "; ".join(told) + (f"; … ({len(values) - _SHOWN} more)" if len(values) > _SHOWN else "")


def _line(value: Any) -> str:
    return " ".join(safe_repr(value, 80).split())


class NotSentError(LellmError):
    """What a branch was to do could not go to its executor, or what it made not back (P7).

    Attributes:
        path: Of the node, or of the composite around its branches.
        stuck: The names of what could not be sent.
    """

    def __init__(self, path: str, stuck: Sequence[str], said: str) -> None:
        super().__init__(said)
        self.path = path
        self.stuck = list(stuck)
