"""Every node of a graph, at every depth, under one stable number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.graph.item_branches import EACH
from lellm_nb.graph.walk import branches_of, inner_graph, unrolled

KINDS = ("task", "condition", "barrier", "parallel", "map", "subgraph")


@dataclass(frozen=True)
class OutlineNode:
    """A node with its place in the nesting."""

    path: str
    name: str
    kind: str
    parent: int
    """Number of the composite it stands in, or -1 at the outermost level."""

    role: str = ""
    """`start`, `end`, `start end`, or nothing: its part in its own graph."""


@dataclass(frozen=True)
class OutlineEdge:
    """An edge between two numbers."""

    source: int
    target: int
    kind: str


@dataclass
class Outline:
    """All nodes and edges of a graph, composites opened up.

    Numbers follow the order in which nodes were added, outer before inner, so
    a row of history can name a node by a small number and user text travels
    to the browser once.
    """

    name: str
    nodes: list[OutlineNode] = field(default_factory=list)
    edges: list[OutlineEdge] = field(default_factory=list)
    by_path: dict[str, int] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """Room for what others work out along a history, to be found again at the next frame."""

    _entries: dict[int, tuple[int, ...]] | None = None

    def find(self, path: str) -> int:
        """Return the number of the node at `path`, or -1 when there is none.

        Visits in a path (``agent#2/llm``) are left out of account. A path that
        goes on below a task, as a pause inside a node does, finds the task; each item of a map
        finds what runs for every item.
        """
        number = self.by_path.get(path)
        if number is not None:
            return number
        found = number = -1
        for name in plain_path(path).split("/"):
            number = self.child(number, name)
            if number < 0:
                break
            found = number
        return found

    def child(self, parent: int, name: str) -> int:
        """Return the number of the node `name` inside `parent`, or -1."""
        if parent < 0:
            return self.by_path.get(name, -1)
        around = self.nodes[parent]
        if around.kind == "map" and name.isdecimal():
            name = EACH
        return self.by_path.get(f"{around.path}/{name}", -1)

    def entries(self, number: int) -> tuple[int, ...]:
        """Return the nodes that move first when `number` is entered: itself, mostly."""
        if self._entries is None:
            self._entries = {}
            levels: dict[int, list[int]] = {}
            for inner, node in enumerate(self.nodes):
                levels.setdefault(node.parent, []).append(inner)
            # Inner nodes have higher numbers than what holds them.
            for outer in range(len(self.nodes) - 1, -1, -1):
                inside = levels.get(outer, [])
                if self.nodes[outer].kind == "subgraph":
                    inside = [n for n in inside if "start" in self.nodes[n].role]
                first = [place for n in inside for place in self._entries[n]]
                self._entries[outer] = tuple(first) or (outer,)
        return self._entries[number]

    def ancestors(self, number: int) -> Iterator[int]:
        """Yield the composites around a node, innermost first."""
        parent = self.nodes[number].parent
        while parent >= 0:
            yield parent
            parent = self.nodes[parent].parent

    def composites(self) -> set[int]:
        """Return the numbers of the nodes that have nodes inside."""
        return {node.parent for node in self.nodes if node.parent >= 0}

    def sibling_of(self, number: int, other: int) -> int:
        """Return `other`, or what holds it, at the level `number` stands on."""
        level = self.nodes[number].parent
        while other >= 0 and self.nodes[other].parent != level:
            other = self.nodes[other].parent
        return other


def plain_path(path: str) -> str:
    """Return `path` without visits and occurrences.

    Example:
        >>> plain_path("agent#2/approve#0")
        'agent/approve'
    """
    return "/".join(part.partition("#")[0] for part in path.split("/"))


def outline(graph: Any) -> Outline:
    """Return the outline of `graph` with every composite opened up."""
    result = Outline(str(graph.name))
    deque(unrolled(_add_graph(result, graph, -1, "")), 0)
    return result


def _add_graph(result: Outline, graph: Any, parent: int, prefix: str) -> Iterator[Any]:
    numbers: dict[str, int] = {}
    starts = getattr(graph, "starts", (graph.start,))  # several, of another engine's graph
    ends = getattr(graph, "ends", (graph.end,))
    for name, node in graph.nodes.items():
        roles = [role for role, those in (("start", starts), ("end", ends)) if name in those]
        numbers[name] = _add_node(result, name, node, parent, prefix, " ".join(roles))
    for name, node in graph.nodes.items():
        yield _add_inside(result, node, numbers[name], f"{prefix}{name}/")
    for edge in graph.edges:
        if edge.source in numbers and edge.target in numbers:
            ends = numbers[edge.source], numbers[edge.target]
            result.edges.append(OutlineEdge(*ends, str(edge.kind)))


def _add_node(result: Outline, name: str, node: Any, parent: int, prefix: str, role: str) -> int:
    number = len(result.nodes)
    path = prefix + name
    kind = str(getattr(node, "kind", "task"))
    result.nodes.append(OutlineNode(path, name, kind, parent, role))
    result.by_path[path] = number
    return number


def _add_inside(result: Outline, node: Any, number: int, prefix: str) -> Iterator[Any]:
    inner = inner_graph(node)
    if inner is not None:
        yield _add_graph(result, inner, number, prefix)
    for name, branch in branches_of(node).items():
        holder = _add_node(result, str(name), branch, number, prefix, "")
        yield _add_inside(result, branch, holder, f"{prefix}{name}/")
