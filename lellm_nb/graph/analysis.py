"""What looks odd in a graph; it never fails a build (SEMANTICS G4).

Cycles are found as strongly connected components (Tarjan, 1972), in linear time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lellm_nb.graph.edge import Edge, Router
from lellm_nb.graph.shape import GraphShape

__all__ = ["Analysis", "Cycle", "Finding", "about_reach", "after_runs", "analyze", "find_cycles"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark.

    Attributes:
        level: ``warning`` or ``info``.
        code: ``unprotected_cycle``, ``fallback_in_cycle``, ``dead_edge``, ``reject_leads_on``,
            ``protected_cycle``, ``unreachable`` or ``edge_from_end``; of the runs of a store
            ``never_taken`` or ``no_runs``.
        message: In words.
        nodes: The nodes it is about.
    """

    level: str
    code: str
    message: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


@dataclass(frozen=True, slots=True)
class Analysis:
    """All remarks on a graph, warnings first."""

    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> list[Finding]:
        """What is probably a mistake."""
        return [finding for finding in self.findings if finding.level == "warning"]

    @property
    def infos(self) -> list[Finding]:
        """What is worth knowing."""
        return [finding for finding in self.findings if finding.level == "info"]

    def __repr__(self) -> str:
        return "\n".join(map(str, self.findings)) or "(nothing to remark)"


@dataclass(frozen=True, slots=True)
class Cycle:
    """Nodes that can be reached from each other.

    Attributes:
        nodes: In the order in which they were added to the graph.
        protected: Whether every way round passes an edge with `max_visits`.
    """

    nodes: tuple[str, ...]
    protected: bool


def find_cycles(graph: GraphShape) -> list[Cycle]:
    """Return the cycles of a graph; those that share a node are one."""
    links = _links(graph)
    # a cycle is protected if it falls apart without the limited edges; another way between
    # the same two nodes (a second edge, a goto, an error route) keeps it together
    still = {node for part in _cyclic(_links(graph, limited=False)) for node in part}
    order = {name: i for i, name in enumerate(graph.nodes)}
    return [
        Cycle(tuple(sorted(part, key=order.__getitem__)), not still.intersection(part))
        for part in _cyclic(links)
    ]


def analyze(graph: GraphShape) -> Analysis:
    """Look at a graph's shape."""
    found = [*_about_barriers(graph), *_about_cycles(graph)]
    found += [*_about_edges(graph), *about_reach(graph)]
    return Analysis(tuple(sorted(found, key=lambda finding: finding.level != "warning")))


def after_runs(graph: GraphShape, found: Analysis, runs: Any) -> Analysis:
    """Return remarks, and what the runs of a store add to them.

    Args:
        runs: A path of a store, or a store; `None` adds nothing.
    """
    if runs is None:
        return found
    from lellm_nb.store.run.taken_ways import never_taken

    return Analysis((*found.findings, *never_taken(graph, runs)))


def _about_cycles(graph: GraphShape) -> Iterator[Finding]:
    part_of: dict[str, int] = {}
    for i, cycle in enumerate(find_cycles(graph)):
        part_of |= dict.fromkeys(cycle.nodes, i)
        shown = " -> ".join((*cycle.nodes, cycle.nodes[0]))
        if cycle.protected:
            text = f"cycle {shown} is limited by max_visits"
            yield Finding("info", "protected_cycle", text, cycle.nodes)
        else:
            text = f"cycle {shown} has a way round without a max_visits edge"
            yield Finding("warning", "unprotected_cycle", text, cycle.nodes)
    for edge in graph.edges:
        inside = part_of.get(edge.source, -1) == part_of.get(edge.target, -2)
        if edge.kind == "fallback" and inside:
            text = f"fallback edge {edge.label} is inside a cycle"
            yield Finding("warning", "fallback_in_cycle", text, (edge.source, edge.target))


def _about_barriers(graph: GraphShape) -> Iterator[Finding]:
    """Find the barriers at which a rejection leads where an approval leads (SEMANTICS G8)."""
    routers = {name: Router(edges) for name, edges in _out_edges(graph).items()}
    for name, node in graph.nodes.items():
        way = routers[name].always
        if getattr(node, "kind", "") != "barrier" or name == graph.end or way is None:
            continue
        target = str(way.next_node)
        if getattr(graph.nodes[target], "cases", ()):
            continue  # a condition comes next, and asks the state
        text = (
            f"rejecting {name} leads to {target}, as approving it does: add"
            f" edge_on({name!r}, …, 'reject') or a conditional edge"
        )
        yield Finding("warning", "reject_leads_on", text, (name, target))


def _out_edges(graph: GraphShape) -> dict[str, list[Edge]]:
    out: dict[str, list[Edge]] = {name: [] for name in graph.nodes}
    for edge in graph.edges:
        out[edge.source].append(edge)
    return out


def _about_edges(graph: GraphShape) -> Iterator[Finding]:
    first: dict[str, Edge] = {}
    for edge in graph.edges:
        ends = (edge.source, edge.target)
        if edge.kind == "normal":
            before = first.setdefault(edge.source, edge)
            if before is not edge:
                text = f"edge {edge.label} is never taken: {before.label} always comes first"
                yield Finding("warning", "dead_edge", text, ends)
        if edge.source == graph.end:
            text = f"edge {edge.described} leaves the end node and is ignored"
            yield Finding("info", "edge_from_end", text, ends)


def about_reach(graph: GraphShape) -> Iterator[Finding]:
    """Find the nodes that nothing leads to."""
    links = _links(graph)
    seen = set(graph.starts)
    trail = list(graph.starts)
    while trail:
        for target in links[trail.pop()]:
            if target not in seen:
                seen.add(target)
                trail.append(target)
    for name in graph.nodes:
        if name not in seen:
            text = f"node {name} cannot be reached from {' or '.join(graph.starts) or 'the start'}"
            yield Finding("info", "unreachable", text, (name,))


def _links(graph: GraphShape, *, limited: bool = True) -> dict[str, list[str]]:
    """Return every way from node to node: edges, declared gotos, error routes.

    Args:
        limited: Whether edges with `max_visits` count.
    """
    links: dict[str, list[str]] = {
        name: list(getattr(node, "goto", ())) for name, node in graph.nodes.items()
    }
    for edge in graph.edges:
        if limited or edge.max_visits is None:
            links[edge.source].append(edge.target)
    for source, target in graph.error_routes.items():
        links[source].append(target)
    return links


def _cyclic(links: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the components that hold a cycle; a self-loop is one."""
    return [part for part in _components(links) if len(part) > 1 or part[0] in set(links[part[0]])]


def _components(links: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Tarjan's algorithm, with a stack of its own: graphs may be deeper than Python's."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()
    for root in links:
        if root in number:
            continue
        trail: list[tuple[str, Iterator[str]]] = [(root, iter(links[root]))]
        number[root] = low[root] = len(number)
        open_nodes.append(root)
        is_open.add(root)
        while trail:
            node, targets = trail[-1]
            for target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    open_nodes.append(target)
                    is_open.add(target)
                    trail.append((target, iter(links[target])))
                    break
                if target in is_open:
                    low[node] = min(low[node], number[target])
            else:
                trail.pop()
                if trail:
                    low[trail[-1][0]] = min(low[trail[-1][0]], low[node])
                if low[node] == number[node]:
                    part = []
                    while True:
                        part.append(open_nodes.pop())
                        is_open.discard(part[-1])
                        if part[-1] == node:
                            break
                    yield part
