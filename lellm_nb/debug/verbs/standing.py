"""Standing rules: deciding a barrier beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.arguments import chosen, refusal, shown
from lellm_nb.debug.breakpoints.condition_hint import note_absent
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.deciding.rules import StandingRule
from lellm_nb.errors import DebuggerError, NodeNotFoundError, NoSuchNodeError, closest
from lellm_nb.graph.decision import Approve, Decision, Reject, Reroute, check_decision
from lellm_nb.graph.decision_writes import as_asked, question_of
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.walk import graph_at, node_at, nodes
from lellm_nb.record.level_key import without_visits
from lellm_nb.state.expression.condition import condition

__all__ = ["always"]

_WORDS: dict[str, Callable[[], Decision]] = {Approve.word: Approve, Reject.word: Reject}


def always(
    context: DebugContext,
    barrier: str,
    decision: Decision | str,
    when: str | Callable[[Any], Any] | None = None,
) -> StandingRule:
    """Decide a barrier from now on, whenever it waits.

    Raises:
        NoSuchNodeError: There is no such barrier, or more than one.
        NodeNotFoundError: A reroute leads nowhere.
        DebuggerError: Another argument does not fit; names it.
    """
    path = _barrier_path(context, barrier)
    graph = context.session.graph
    ours = isinstance(graph, Graph)
    node = node_at(graph, path) if ours else None
    made = _decision(decision, answers=not ours or question_of(node) is not None)
    if ours:
        made = as_asked(node, path, made)  # type: ignore[assignment]  # no default action is given
        names = graph_at(graph, path.rpartition("/")[0]).nodes
        if isinstance(made, Reroute) and made.target not in names:
            raise NodeNotFoundError(made.target, names, path=path)
    asked = None if when is None else condition(when, "when", DebuggerError, "state")
    note_absent(asked, context.session, path)
    return context.standing.add(StandingRule(path, made, asked))


def _decision(given: Any, answers: bool) -> Decision:
    """Return the decision that was given, or that a word means.

    Args:
        answers: Whether an answer may be meant, which is written as one.

    Raises:
        DebuggerError: It is none.
    """
    word = isinstance(given, str) and (given in _WORDS or closest(given, _WORDS) is not None)
    if answers and not word and not isinstance(given, Decision):
        wanted = f"Answer({shown(given)}) where that is the answer to what is asked"
        raise refusal(given, "decision", wanted, DebuggerError)
    if not isinstance(given, str):
        return check_decision(given, DebuggerError)
    return _WORDS[chosen(given, "decision", DebuggerError, _WORDS)]()


def _barrier_path(context: DebugContext, barrier: Any) -> str:
    """Return the path without visits of the barrier that a name means."""
    if not isinstance(barrier, str) or not barrier:
        raise refusal(barrier, "barrier", "the name or the path of a barrier", DebuggerError)
    session = context.session
    asks_anywhere = not isinstance(session.graph, Graph)  # any node of LangGraph may interrupt
    known = [path for path, node in nodes(session.graph) if asks_anywhere or node.kind == "barrier"]
    known += [path for one in session.waiting if (path := without_visits(one.path)) not in known]
    ends = [path for path in known if path.rpartition("/")[2] == barrier]
    if barrier in known:
        return barrier
    if len(ends) == 1:
        return ends[0]
    problem = f"{shown(barrier)} is the name of several barriers; give a path." if ends else ""
    raise NoSuchNodeError(barrier, ends or known, problem, kind="barrier")
