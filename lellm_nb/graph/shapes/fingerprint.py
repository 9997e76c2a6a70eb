"""What a graph looks like, and how two of them differ, in words (SEMANTICS G7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lellm_nb.graph.edge import DECISION_KINDS
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.graph.walk import branches_of, levels

__all__ = ["Fingerprint"]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Names, kinds, start, end, edge order and limits of a graph and what it contains.

    Attributes:
        nodes: ``(path, kind)``, in order.
        ends: ``(path of the graph, start, end)``, the root's path being empty.
        edges: ``(path of the graph, source, target, kind, max_visits)``, in order.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> def graph(*edges):
        ...     g = GraphBuilder("g").start("a").end("c")
        ...     for name in "abc":
        ...         g.node(name, lambda ctx: None)
        ...     for a, b in edges:
        ...         g.edge(a, b)
        ...     return g.build()
        >>> one, two = graph(("a", "b"), ("a", "c")), graph(("a", "c"), ("a", "b"))
        >>> one.fingerprint.diff(two.fingerprint)
        'edge `a -> c` now before `a -> b`'
    """

    nodes: tuple[tuple[str, str], ...]
    ends: tuple[tuple[str, str, str], ...]
    edges: tuple[tuple[str, str, str, str, int | None], ...]

    @classmethod
    def of(cls, graph: GraphShape) -> Fingerprint:
        """Look at a graph and all that is nested in it."""
        nodes: list[tuple[str, str]] = []
        ends: list[tuple[str, str, str]] = []
        edges: list[tuple[str, str, str, str, int | None]] = []
        for path, level in levels(graph):
            prefix = f"{path}/" if path else ""
            ends.append((prefix, level.start, level.end))
            nodes += [(f"{prefix}{name}", node.kind) for name, node in level.nodes.items()]
            for name, node in level.nodes.items():
                branches = branches_of(node).items()
                nodes += [(f"{prefix}{name}/{b}", n.kind) for b, n in branches]
            edges += [(prefix, e.source, e.target, e.kind, e.max_visits) for e in level.edges]
        return cls(tuple(nodes), tuple(ends), tuple(edges))

    def diff(self, other: Fingerprint) -> str:
        """Say what `other` has differently; an empty text where nothing is."""
        return "; ".join(
            [*_nodes(self, other), *_ends(self, other), *_edges(self, other), *_order(self, other)]
        )


def _nodes(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    before, after = dict(old.nodes), dict(new.nodes)
    yield from (f"node `{name}` gone" for name in before if name not in after)
    yield from (f"node `{name}` new" for name in after if name not in before)
    for name in before:
        if name in after and before[name] != after[name]:
            yield f"node `{name}` now a {after[name]}, was a {before[name]}"


def _ends(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    before = {prefix: (start, end) for prefix, start, end in old.ends}
    for prefix, start, end in new.ends:
        was = before.get(prefix)
        where = f" of `{prefix[:-1]}`" if prefix else ""
        if was is not None and was[0] != start:
            yield f"start{where} now `{start}`, was `{was[0]}`"
        if was is not None and was[1] != end:
            yield f"end{where} now `{end}`, was `{was[1]}`"


def _edges(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    before = {edge[:4]: edge[4] for edge in old.edges}
    after = {edge[:4]: edge[4] for edge in new.edges}
    for edges, others, word in ((before, after, "gone"), (after, before, "new")):
        for edge in edges:
            if edge not in others:
                kind = "" if edge[3] == "normal" else f" ({edge[3]})"
                yield f"edge `{edge[0]}{edge[1]} -> {edge[2]}`{kind} {word}"
    for edge in before:
        if edge in after and before[edge] != after[edge]:
            limits = [str(m) if m is not None else "none" for m in (after[edge], before[edge])]
            yield f"edge `{edge[0]}{edge[1]} -> {edge[2]}` limit now {limits[0]}, was {limits[1]}"


def _order(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    """Compare the order of out-edges, which routing depends on."""
    orders: list[dict[tuple[str, str], list[str]]] = []
    for side, other in ((old, new), (new, old)):
        both = {edge[:4] for edge in other.edges}
        order: dict[tuple[str, str], list[str]] = {}
        for edge in side.edges:
            if edge[:4] in both and edge[3] not in DECISION_KINDS:
                order.setdefault(edge[:2], []).append(edge[2])
        orders.append(order)
    for source, targets in orders[1].items():
        was = orders[0].get(source, [])
        for i, target in enumerate(targets):
            if i < len(was) and was[i] != target and was[i] in targets[i + 1 :]:
                name = f"{source[0]}{source[1]}"
                yield f"edge `{name} -> {target}` now before `{name} -> {was[i]}`"
                break
