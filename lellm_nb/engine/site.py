"""One node of one level: everything about it that is looked up once."""

from __future__ import annotations

import inspect
from typing import Any

from lellm_nb.errors import EdgeError, NodeExecutionError
from lellm_nb.graph.code.code_patch import edge_patch, node_patch
from lellm_nb.graph.edge import PredicateFailed, Router
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.item_branches import EACH
from lellm_nb.graph.node import Custom, Node, Parallel, Task
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.place import Place
from lellm_nb.record.position import Position

__all__ = ["Site", "is_async"]


NO_WAY_OUT = Router(())


class Site:
    """One node of one level: everything about it that is looked up once.

    Attributes:
        call: What runs the node, bound once; `None` for what is no task.
        always: The way out where no condition, end or limit has a say; else `None`.
        inline: Whether one plain call on the run's thread performs it.
        order: Of a parallel: its branches' numbers in registration order.
        solo: Of a parallel: its branches as graphs of one node, made when first entered.
    """

    __slots__ = (
        *("always", "call", "inline", "is_end", "kind", "name", "node", "order", "place"),
        *("router", "side_effects", "solo", "waits"),
    )

    def __init__(self, scope: Any, name: str, node: Node) -> None:
        graph = scope.graph
        self.name = name
        self.node: Any = node
        self.kind = node.kind
        item = scope.is_item
        static = scope.static_prefix + (EACH if item else name)
        self.place = Place(scope.graph_id, scope.prefix + name, name, static)
        self.is_end = item or name == graph.end
        plain = item or isinstance(node, Task)
        # a branch that is a task is a graph of its own: it needs no routers to have no edge
        self.router = NO_WAY_OUT if plain and not graph.edges else graph.routers[name]
        self.call: Any = node.fn if isinstance(node, Task) else getattr(node, "call", None)
        self.waits = is_async(self.call)
        self.inline = is_inline(node, scope.threaded, self.waits)
        self.side_effects: bool = getattr(node, "side_effects", False)
        self.always = None if self.is_end or graph.enforce_max_visits else self.router.always
        if isinstance(node, Parallel):
            self.solo: dict[str, Graph] = {}
            self.order = {branch: i for i, branch in enumerate(node.branches)}

    def order_of(self, branch: str) -> int | None:
        """Return a branch's number in registration order; `None` where there is no such branch."""
        if self.kind == "map":
            return int(branch) if branch in self.node.branches else None
        return self.order.get(branch) if self.kind == "parallel" else None

    def mark(self, outcome: Outcome) -> None:
        """Note what is to be seen of every step of this node; asked where there is something."""
        outcome.side_effects = True

    def next_visit(self, level: Position) -> int:
        """Return how often the node will have run in its level's entry, the next run included."""
        return level.visits.count(self.name, level.step) + 1

    def failure(self, cause: BaseException, state: Any) -> NodeExecutionError:
        """Return the error of a step that failed, with how its code is mended."""
        place = self.place
        return NodeExecutionError(
            place.path, cause, state=state, patch=node_patch(self.node, place.static)
        )

    def way_failure(self, failed: PredicateFailed, state: Any) -> EdgeError:
        """Return the error of a condition that raised, with how it is mended."""
        edge, place = failed.edge, self.place
        how = edge_patch(edge, place.static)
        asked = (edge.source, edge.target, failed.cause)
        return EdgeError(*asked, path=place.path, state=state, patch=how)

    def branch_graph(self, name: str, surrounding: Graph) -> Graph:
        """Return a branch as a graph of one node, made once."""
        known = EACH if self.kind == "map" else name
        if known not in self.solo:
            nodes = {known: self.node.branches[known]}
            made = Graph(surrounding.name, nodes, (), known, known, reducers=surrounding.reducers)
            if known is EACH:  # one graph serves every item, whatever its number
                made.nodes = self.node.branches
            self.solo[known] = made
        return self.solo[known]


def is_inline(node: Node, threaded: bool, waits: bool) -> bool:
    """Tell whether a node is performed by one plain call, on the run's own thread.

    Args:
        waits: Whether its function is an async one.
    """
    if isinstance(node, Task):
        limited = node.timeout is not None or node.idle_timeout is not None
        if limited or node.retry is not None:
            return False
        return waits or not threaded
    if isinstance(node, Custom):
        return not threaded or is_async(node.target.execute)
    return True


def is_async(function: Any) -> bool:
    """Tell whether calling a function makes a coroutine; asked of every branch that is entered."""
    code = getattr(function, "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__"):
        return bool(code.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(inspect.unwrap(function))
