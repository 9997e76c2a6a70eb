"""A turn: what is sent to a run that is ready or completed (SEMANTICS R12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lellm_nb.arguments import shown
from lellm_nb.engine.committed import Committed
from lellm_nb.engine.context import Context
from lellm_nb.engine.performing.returned import record_returned
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import StateError, StateTypeError, nearest
from lellm_nb.graph.edge import Route
from lellm_nb.record.frame import Place
from lellm_nb.record.position import Position
from lellm_nb.state.key import StateKey
from lellm_nb.state.mutation import Mutation, Reduce, apply
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import content_of
from lellm_nb.state.typed import Typed

__all__ = ["MESSAGES", "TURNS", "check_input", "commit_input", "input_mutations", "is_recorded"]
__all__ += ["message", "no_messages"]

MESSAGES = "messages"
"""The key that text goes to."""

TURNS = ""
"""Under what a level's visits count its inputs: no node has this name."""


def message(text: str) -> dict[str, str]:
    """Return text as a message of a person."""
    return {"role": "user", "content": text}


def is_recorded(given: Any) -> bool:
    """Tell whether an input is the mutations that another one was recorded as."""
    return isinstance(given, (list, tuple)) and all(hasattr(one, "write") for one in given)


def check_input(given: Any) -> None:
    """Refuse what is neither text that says something nor a mapping by keys.

    Raises:
        StateTypeError: It is neither, or a key is no text.
    """
    if isinstance(given, str) and given.strip():
        return
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        wanted = "a mapping of keys to values, or text"
        problem = f'input is {wanted}, not {shown(given)}: send({{"topic": "otters"}}).'
        raise StateTypeError(None, wanted, kind, problem)
    for key in given:
        if not isinstance(key, (str, StateKey)):
            kind = type(key).__name__
            problem = f"input has the key {shown(key)}; keys are text."
            raise StateTypeError(key, "text", kind, problem)


def input_mutations(scope: Scope, level: Position, given: Any) -> tuple[Mutation, ...]:
    """Return what an input writes: as a node would that returned it (SEMANTICS G1, R12).

    Args:
        given: A mapping of keys to values, or text for a graph with messages.

    Raises:
        StateTypeError: It is neither, or a value does not fit its key.
        StateError: It is text, and there is nowhere to put a message.
    """
    check_input(given)
    writes = Context(None, scope, scope.site(scope.graph.start), level)
    if isinstance(given, str):
        _record_text(scope, level, given, writes)
    else:
        _check_room(level, given)
        record_returned(writes, given)
    return tuple(writes.mutations)


def no_messages(given: str, known: Iterable[Any]) -> StateError:
    """Return the error of a text where there are no messages; shows the form to send.

    Args:
        known: The keys that there are.
    """
    key = next((key for key in known if type(key) is str), "question")
    return StateError(
        f"Text is for a graph with messages, and this one has none under {MESSAGES!r}."
        f" Send a mapping: send({{{key!r}: {shown(given)}}}).",
        key=MESSAGES,
    )


def _record_text(scope: Scope, level: Position, given: str, writes: Context) -> None:
    if MESSAGES in scope.graph.reducers:
        writes.reduce(MESSAGES, [message(given)])
        return
    held = content_of(level.data).get(MESSAGES)
    if isinstance(held, list):
        writes.record(Reduce(MESSAGES, [message(given)], Reducer.APPEND))
        return
    raise no_messages(given, content_of(level.data))


def _check_room(level: Position, given: Mapping[Any, Any]) -> None:
    data = level.data
    if isinstance(data, Typed):
        for key in given:
            name = key.name if isinstance(key, StateKey) else key
            if not data.has_room(name):
                known = list(content_of(data))
                problem = f"{data.cls.__name__} has no field {name!r}.{nearest(name, known)}"
                raise StateError(problem, key=name)


def commit_input(scope: Scope, level: Position, mutations: tuple[Mutation, ...]) -> Committed:
    """Take an input into the root level, and stand at the start node again (SEMANTICS R12).

    Visits, barrier counters and step counts go on; the input is no step of its own.

    Raises:
        StateError: A mutation does not fit the state; nothing is committed.
    """
    start, data = scope.graph.start, apply(level.data, mutations)
    visits = level.visits.plus(level.step, TURNS)
    after = Position(start, data, level.step, visits)
    place, visit = Place(scope.graph_id, "", ""), visits.count(TURNS, level.step)
    return Committed(after, "input", place, visit, mutations, Route(start, "input"), None)
