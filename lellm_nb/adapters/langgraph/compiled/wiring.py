"""Which node leads to which in a compiled graph, as far as it says so.

LangGraph's own `get_graph` finds it by a run without functions: it stops at a branch that names
no targets, and raises for graphs of channels alone. So what the builder was told is read here,
and of a graph without a builder which channels its nodes write and are triggered by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from langgraph.constants import END, START

from lellm_nb.graph.edge import Edge

__all__ = ["Wiring", "handlers_of", "wiring_of"]


class Wiring(NamedTuple):
    """The edges of one graph, without those from START and to END.

    Attributes:
        edges: In the order of the nodes that they leave.
        starts: The nodes that START leads to, or may lead to.
        ends: The nodes after which the graph may be at its end.
        routed: Whether START asks a function which of them comes first.
        open: Whether there are functions that choose a way and do not say which ways there are.
        deferred: The nodes that wait until nothing else is left to run.
    """

    edges: tuple[Edge, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    routed: bool = False
    open: bool = False
    deferred: frozenset[str] = frozenset()


def wiring_of(compiled: Any) -> Wiring:
    """Return what a compiled graph says of its ways.

    Example:
        >>> from langgraph.graph import MessagesState, StateGraph
        >>> g = StateGraph(MessagesState)
        >>> g = g.add_node("a", lambda state: None).add_node("b", lambda state: None)
        >>> found = wiring_of(g.add_edge(START, "a").add_edge("a", "b").compile())
        >>> [edge.label for edge in found.edges], found.starts, found.ends
        (['a -> b'], ('a',), ('b',))
    """
    builder = getattr(compiled, "builder", None)
    if builder is None:
        return _of_channels(compiled)
    return _of_builder(compiled, builder)


def _of_builder(compiled: Any, builder: Any) -> Wiring:
    names = _names(compiled)
    order = {name: i for i, name in enumerate(names)}
    ways: dict[str, dict[str, str]] = {name: {} for name in (START, *names)}
    plain = [(a, b) for a, b in builder.edges]
    plain += [(a, b) for sources, b in builder.waiting_edges for a in sources]
    for source, target in sorted(plain, key=lambda edge: order.get(edge[1], len(order))):
        ways.get(source, {}).setdefault(target, "normal")
    unknown = set()
    for source, target, kind in _chosen(builder):
        if target is None:
            unknown.add(source)
        else:
            ways.get(source, {}).setdefault(target, kind)
    specs = builder.nodes
    deferred = (name for name in names if getattr(specs.get(name), "defer", False))
    return _wiring(ways, names, unknown, deferred)


def _names(compiled: Any) -> list[str]:
    handlers = {name for name, node in compiled.nodes.items() if _handles(node)}
    return [name for name in compiled.nodes if name != START and name not in handlers]


def _handles(node: Any) -> bool:
    return bool(getattr(node, "is_error_handler", False))


def _chosen(builder: Any) -> Iterator[tuple[str, str | None, str]]:
    """Walk the ways that code chooses: `None` for a target where it names none."""
    for source, branches in builder.branches.items():
        for branch in branches.values():
            for target in (branch.ends or {"": None}).values():
                yield source, target, "conditional"
    for name, spec in builder.nodes.items():
        for target in getattr(spec, "ends", None) or ():
            yield name, target, "goto"


def _of_channels(compiled: Any) -> Wiring:
    names = _names(compiled)
    given = compiled.input_channels
    written: dict[str, list[str]] = {
        START: [given] if isinstance(given, str) else list(given),
        **{name: list(_written(compiled.nodes[name])) for name in names},
    }
    ways: dict[str, dict[str, str]] = {name: {} for name in written}
    for source, channels in written.items():
        for target in names:
            if not set(channels).isdisjoint(compiled.nodes[target].triggers):
                ways[source][target] = "normal"
    return _wiring(ways, names, set(), ())


def _written(node: Any) -> Iterator[str]:
    for writer in node.writers:
        for entry in getattr(writer, "writes", None) or ():
            channel = getattr(entry, "channel", None)
            if isinstance(channel, str):
                yield channel


def _wiring(
    ways: Mapping[str, Mapping[str, str]],
    names: list[str],
    unknown: set[str],
    deferred: Iterable[str],
) -> Wiring:
    edges = [
        Edge(source, target, kind)
        for source in names
        for target, kind in ways[source].items()
        if target in ways and target != START
    ]
    first = {name: kind for name, kind in ways[START].items() if name in ways}
    ends = [name for name in names if END in ways[name] or not (ways[name] or name in unknown)]
    routed = START in unknown or "conditional" in first.values()
    return Wiring(
        tuple(edges), tuple(first), tuple(ends), routed, bool(unknown), frozenset(deferred)
    )


def handlers_of(compiled: Any) -> dict[str, str]:
    """Return which node takes the failure of which, by LangGraph's own names.

    Example:
        >>> from langgraph.graph import MessagesState, StateGraph
        >>> g = StateGraph(MessagesState).add_node("a", lambda s: None).add_edge(START, "a")
        >>> handlers_of(g.compile())
        {}
    """
    nodes = compiled.nodes
    found = {name: str(getattr(node, "error_handler_node", "")) for name, node in nodes.items()}
    return {name: handler for name, handler in found.items() if handler in nodes}
