"""A small nested run that shows whether LangGraph still does what the adapter relies on.

Three conventions are not promised by LangGraph: that a task begins with the tag ``graph:step:``,
that its metadata has ``langgraph_*`` in it, and that ``inputs`` is the node's own dict.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

from lellm_nb.engine.driving.drive import drive
from lellm_nb.graph.decision import Answer
from lellm_nb.session.protocol import Controls, Halt, Session

__all__ = ["self_check"]


class _Log(TypedDict):
    log: Annotated[list[str], operator.add]
    seen: list[str]


def _nested() -> Any:
    """A subgraph with two nodes side by side, one of which asks, between two other nodes."""

    def changes(state: Any) -> dict[str, Any]:
        state["seen"].append("changed")
        return {"log": ["a"]}

    def asks(state: Any) -> dict[str, Any]:
        return {"log": [str(interrupt("go on?"))]}

    inner = StateGraph(_Log).add_node("asks", asks).add_node("beside", lambda s: {"log": ["b"]})
    inner.add_edge(START, "asks").add_edge(START, "beside")
    graph = StateGraph(_Log).add_node("changes", changes).add_node("sub", inner.compile())
    graph.add_node("last", lambda state: {"log": ["c", *state["seen"]]})
    graph.add_edge(START, "changes").add_edge("changes", "sub").add_edge("sub", "last")
    return graph.compile()


def self_check(session_of: Any) -> None:
    """Make the run, and look at it.

    Args:
        session_of: Makes a session of a graph and an input.

    Raises:
        AssertionError: Something is not as it has to be; says what.
    """
    run: Session = session_of(_nested(), {"log": [], "seen": []})
    _is(run.head.position.node, "changes", "tasks are not asked for before they run")
    drive(run.advance(Controls(one=True)))
    _is(run.head.path, "changes", "a task that ran made no frame")
    _is(run.state["seen"], [], "what a node was given is not its own copy")
    halt = drive(run.advance(Controls()))
    _is(halt, Halt.HELD, "an interrupt inside of a subgraph does not hold the run")
    before = run.head
    for _ in range(2):
        run.rewind(before)
        drive(run.decide(Answer("yes"), "sub/asks#0"))
        _is(drive(run.advance(Controls())), Halt.ENDED, "an answered run does not end")
        log = ["a", "a", "yes", "b", "c"]
        _is(run.state["log"], log, "a rewound run comes to another end")


def _is(found: Any, wanted: Any, otherwise: str) -> None:
    if found != wanted:
        raise AssertionError(f"{otherwise} ({found!r} is not {wanted!r})")
