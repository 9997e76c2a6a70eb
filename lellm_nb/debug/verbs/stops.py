"""Setting stops: at nodes, on edges, on errors, where a value changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lellm_nb.arguments import flag, plain_function, whole
from lellm_nb.debug.breakpoints.condition_hint import note_absent
from lellm_nb.debug.breakpoints.edge_stop import EdgeStop
from lellm_nb.debug.breakpoints.kinds import Breakpoint, ErrorStop, Stopper, Watch
from lellm_nb.debug.breakpoints.watch_hint import note_on
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.names.node_name import asked_edge_of, edge_of, item_path, node_path, value_path
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING
from lellm_nb.state.expression.condition import condition, says_more, written

__all__ = ["break_at", "break_on", "break_on_error", "watch"]

S = TypeVar("S", bound=Stopper)


def break_at(
    context: DebugContext,
    node: str,
    *,
    when: str | Callable[[Any], Any] | None = None,
    visit: int | None = None,
    ignore: int = 0,
    after: bool = False,
) -> Breakpoint:
    """Stop runs before a node runs, or after its commit.

    Raises:
        NoSuchNodeError: There is no such node, or more than one.
        DebuggerError: Another argument does not fit; names it.
    """
    static = node_path(context.session.graph, node)
    path = item_path(node, static)
    asked = None if when is None else condition(when, "when", DebuggerError, "state")
    if visit is not None:
        visit = whole(visit, "visit", DebuggerError, least=1)
    ignore = whole(ignore, "ignore", DebuggerError)
    after = flag(after, "after", DebuggerError)
    note_absent(asked, context.session, path)
    made = Breakpoint(path, static=static, when=asked, visit=visit, ignore=ignore, after=after)
    return _added(context, made)


def break_on(context: DebugContext, edge: tuple[str, str], *, refused: bool = False) -> EdgeStop:
    """Stop runs after a step that took an edge, or that asked it in vain.

    Raises:
        NoSuchNodeError: There is no such edge.
        DebuggerError: It is no pair of names, or no edge that could be refused.
    """
    refused = flag(refused, "refused", DebuggerError)
    named = (asked_edge_of if refused else edge_of)(context.session.graph, edge)
    return _added(context, EdgeStop(*named, refused))


def break_on_error(context: DebugContext) -> ErrorStop:
    """Stop runs at every failure."""
    return _added(context, ErrorStop())


def watch(context: DebugContext, what: Any) -> Watch:
    """Stop runs where a value changes.

    Raises:
        StateTypeError: It is no place, no expression and no predicate.
        DebuggerError: The predicate cannot be asked of a state, or a text is no expression.
    """
    if callable(what) and not isinstance(what, (str, tuple)):
        return _added(context, Watch(plain_function(what, "what", DebuggerError, "state")))
    session = context.session
    place = value_path(session.graph, what, context.before)
    in_level = place.level or not isinstance(what, str)
    if not in_level and says_more(what) and not _is_place(place, session.head):
        asked = written(what, "what", DebuggerError)
        note_absent(asked, session)
        return _added(context, Watch(asked))
    made = _added(context, Watch(place))
    made.note = note_on(place, session.line[-1], session.graph)
    return made


def _is_place(place: ValuePath, head: Frame) -> bool:
    """Tell whether a text that could be an expression is a path, or names a key that there is."""
    names = [part for part in place.inside or () if isinstance(part, str)]
    path = bool(names) and not any(map(says_more, names))
    return path or place.value(head, head) is not MISSING


def _added(context: DebugContext, stop: S) -> S:
    """Add a stop; return it, or the one that waited for its condition."""
    added: S = context.breakpoints.add(stop)
    return added
