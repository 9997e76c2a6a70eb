"""Outcomes of nodes that a person fixes before they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.arguments import refusal, taking
from lellm_nb.errors import DebuggerError, NodeExecutionError, StateTypeError
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.graph.item_branches import named_for
from lellm_nb.record.outcome import Outcome, StandIn
from lellm_nb.session.protocol import NextMove
from lellm_nb.state.frozen import freeze, thaw
from lellm_nb.state.key import StateKey

__all__ = ["NodeMocks", "checked_mock"]

Mock = Mapping[str, Any] | Callable[[Any], Any]


class NodeMocks:
    """The outcomes that are fixed on one line: by node, and for one visit or for all.

    They are of this process, and never stored: whoever opens the run again runs the nodes.

    Attributes:
        known: What is fixed, by path and visit; `None` is every visit.
    """

    def __init__(self, known: Mapping[str, Mapping[int | None, Mock]] | None = None) -> None:
        self.known = {path: dict(visits) for path, visits in (known or {}).items()}

    def copied(self) -> NodeMocks:
        """Return the same for another line, to be changed apart."""
        return NodeMocks(self.known)

    def fix(self, path: str, visit: int | None, what: Mock) -> None:
        """Fix the outcome of a node, for one visit or for every one."""
        self.known.setdefault(path, {})[visit] = what

    def free(self, path: str, visit: int | None = None) -> None:
        """Let a node run again: for one visit, or for all."""
        visits = self.known.get(path, {})
        if visit is not None:
            visits.pop(visit, None)
        if visit is None or not visits:
            self.known.pop(path, None)

    @property
    def all(self) -> dict[str | tuple[str, int], Any]:
        """What is fixed: by path, and by ``(path, visit)`` where it is for one visit."""
        return {
            path if visit is None else (path, visit): _shown(what)
            for path, visits in self.known.items()
            for visit, what in visits.items()
        }

    @property
    def functions(self) -> dict[str, Callable[[Any], Any]]:
        """The functions among them, by path."""
        each = ((path, what) for path, visits in self.known.items() for what in visits.values())
        return {path: what for path, what in each if not isinstance(what, Mapping)}

    def fixes(self, move: NextMove) -> bool:
        """Tell whether the outcome of a node that is next is fixed."""
        return self._found(move) is not None

    def outcome(self, move: NextMove) -> Outcome | None:
        """Return what a node is given, or what runs in its place; `None` where nothing is fixed.

        A value that the state refuses is the node's failure.
        """
        what = self._found(move)
        if what is None:
            return None
        if not isinstance(what, Mapping):
            return StandIn(what)
        try:
            made = move.returned(what)
        except Exception as error:  # the class of a typed state may refuse a value
            made = Outcome()
            made.failure = NodeExecutionError(move.path, error, state=move.state)
        made.mocked = made.has_more = True
        return made

    def _found(self, move: NextMove) -> Mock | None:
        visits = self.known.get(named_for(move.path, move.static_path, self.known))
        if visits is None:
            return None
        return visits.get(move.visit, visits.get(None))


def checked_mock(what: Any) -> Mock:
    """Return what an outcome is fixed as: a mapping of keys to frozen values, or a function.

    Raises:
        DebuggerError: It is neither; says what is meant.
        StateTypeError: A key is no text, or a value does not fit its key.
    """
    if not isinstance(what, Mapping) and not callable(what):
        wanted = "a mapping of keys to values, a function of (ctx), or None"
        raise refusal(what, "what", wanted, DebuggerError)
    if not isinstance(what, Mapping):
        return taking(what, "what", DebuggerError, "ctx")
    for key, value in what.items():
        if isinstance(key, StateKey):
            key.check(value)
        elif not isinstance(key, str):
            kind = safe_type(key)
            problem = f"what has a key of type {kind}; keys are text, as in {{'reply': 'ok'}}."
            raise StateTypeError(key, "text", kind, problem)
    names = {key.name if isinstance(key, StateKey) else key: value for key, value in what.items()}
    return {key: freeze(value, key) for key, value in names.items()}


def _shown(what: Mock) -> Any:
    return {key: thaw(value) for key, value in what.items()} if isinstance(what, Mapping) else what
