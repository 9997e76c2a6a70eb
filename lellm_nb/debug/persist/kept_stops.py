"""The stops of the last debugger on a graph of a name, for a cell that is run again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints.registry import (
    Breakpoint,
    Breakpoints,
    CallBreak,
    EdgeStop,
    Watch,
)
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.names.node_name import asked_edge_of, edge_of, node_paths, value_path
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.debug.persist.breakpoint_form import read_stops, stops_form
from lellm_nb.errors import DebuggerError, NoSuchNodeError

__all__ = ["KEEP", "KEPT", "KeptStop", "Unsaid", "keep_stops"]

MOST = 200
"""So many names of graphs are remembered, those that were met last."""


class Unsaid(str):
    """A word that an argument stands at: who gives the same word has said it."""

    __slots__ = ()


KEEP = Unsaid("keep")


class KeptStop(NamedTuple):
    """A stop as data, and what of it is none.

    Attributes:
        form: As it is stored, see `stops_form`.
        asks: Its condition, if it has one: it stays in this process.
        level: Of a watch, the level that its key is of.
    """

    form: dict[str, Any]
    asks: Callable[[Any], Any] | None
    level: str


KEPT: OrderedDict[str, tuple[KeptStop, ...]] = OrderedDict()
"""By the name of a graph: the stops of the debugger that changed its own last.

No debugger is held, and no run: only what was set, and the functions that it asks.
"""


def keep_stops(context: DebugContext, *, find: bool) -> None:
    """Have the stops of a new debugger remembered whenever they change.

    Args:
        find: Whether it begins with those of the last one.
    """
    name, stops = context.session.graph.name, context.breakpoints
    if find and KEPT.get(name):
        _find(context, KEPT[name])
    told, seen = stops.told, _outline(stops)

    def both() -> None:
        nonlocal seen
        told()
        now = _outline(stops)
        if now != seen:  # not where only hits were counted: the text of conditions is read anew
            seen = now
            _remember(name, stops)

    stops.told = both


def _outline(stops: Breakpoints) -> list[Any]:
    return [(stop, stop.enabled, stop.gone, stop.missing) for stop in stops]


def _remember(name: str, stops: Breakpoints) -> None:
    """Take the stops down as they are; where there is none left, there is none to be found."""
    kept = []
    for form, stop in zip(stops_form(stops), stops, strict=True):
        form["on"] = form["on"] or stop.gone  # what it is about may come back
        kept.append(KeptStop(form, _asked(stop), _level(stop)))
    KEPT[name] = tuple(kept)
    KEPT.move_to_end(name)
    if not kept:
        del KEPT[name]
    while len(KEPT) > MOST:
        KEPT.popitem(last=False)


def _asked(stop: Any) -> Callable[[Any], Any] | None:
    condition: Any = stop.what if isinstance(stop, Watch) else getattr(stop, "when", None)
    missing = stop.missing is not None or isinstance(condition, ValuePath)
    return None if missing else condition


def _level(stop: Any) -> str:
    return stop.what.level if isinstance(stop, Watch) and isinstance(stop.what, ValuePath) else ""


def _find(context: DebugContext, kept: tuple[KeptStop, ...]) -> None:
    """Set the stops again, and have the first `Stop` say so."""
    graph = context.session.graph
    forms = [{**one.form, "hits": 0} for one in kept]
    found = read_stops(forms, lambda what: value_path(graph, what, context.before))
    by_id = {one.form["id"]: one for one in kept}
    news = []
    for stop in found:
        one = by_id[stop.id]
        if stop.missing is not None and one.asks is not None:
            stop.rearm(one.asks)
            stop.enabled = one.form["on"]
        stop.kept, stop.note = True, "kept from the debugger before"
        if _is_gone(stop, graph, one.level):
            stop.gone, stop.enabled, stop.note = stop.enabled, False, "not in this graph"
        news.append(stop.label if stop.enabled else f"{stop.label} (off{_why(stop)})")
    context.breakpoints.load(found)
    context.breakpoints.news = tuple(news)


def _why(stop: Any) -> str:
    return ": not in this graph" if stop.gone else ""


def _is_gone(stop: Any, graph: Any, level: str) -> bool:
    """Tell whether a graph does not have what a stop is about."""
    paths = node_paths(graph)
    if isinstance(stop, Breakpoint):
        return stop.static not in paths
    if isinstance(stop, CallBreak):
        return bool(stop.node) and stop.node not in paths
    if isinstance(stop, EdgeStop):
        try:
            (asked_edge_of if stop.refused else edge_of)(graph, (stop.source, stop.target))
        except (NoSuchNodeError, DebuggerError):
            return True
    if isinstance(stop, Watch) and level:
        return not isinstance(stop.what, ValuePath) or stop.what.level != level
    return False
