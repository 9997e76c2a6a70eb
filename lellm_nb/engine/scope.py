"""The levels of a nest as the engine walks them.

Positions name graphs by path and never hold them. A scope is the other half: the
graph of one level, its path, and the way from it to the root. It holds no part of
a run but what can be computed again, so one scope serves any position.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from lellm_nb.engine.driving.drive import apart
from lellm_nb.engine.parallel.map_items import enter_map
from lellm_nb.engine.site import Site
from lellm_nb.errors import ChangedNodeError, NodeExecutionError, NodeNotFoundError
from lellm_nb.graph.code.code_patch import node_patch
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Map, Parallel, Subgraph
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import begin_branches
from lellm_nb.state.compact import Data, Tail
from lellm_nb.state.lens import entered
from lellm_nb.state.state import UNASKED, view

__all__ = ["EntryError", "Scope", "Site", "scope_at", "way_to"]


class EntryError(NodeExecutionError):
    """A composite could not be entered, because its lens raised."""

    def __init__(self, scope: Scope, level: Position, cause: BaseException) -> None:
        site = scope.site(level.node or "")
        patch = node_patch(site.node, site.place.static)
        super().__init__(site.place.path, cause, state=scope.seen(level.data), patch=patch)
        self.scope = scope
        self.level = level


class Scope:
    """A level's graph, its path prefix, and how to reach it from the root.

    Attributes:
        prefix: What stands before a node's name in its path: ``""`` or ``"agent#2/"``.
        branch: The branch of the parent's fan that this is, or `None`.
        order: That branch's number in registration order.
        limit: How many steps this level may take; `None` is the run's business.
        is_item: Whether this is the branch of a map for one item.
        executor: Where plain tasks of branches are performed; `None` is the run's business.
        into: There: the key at which what a function returns waits to be collected, or `None`.
        static_prefix: The prefix without visits, and with ``*`` in the place of items.
        threaded: Whether sync nodes run in threads here, because branches are beside them.
    """

    __slots__ = (
        *("_children", "_entered", "_entered_for", "_seen", "_seen_for", "_sites"),
        *(
            "branch",
            "executor",
            "graph",
            "graph_id",
            "into",
            "is_item",
            "limit",
            "order",
            "parent",
            "prefix",
        ),
        *("static_prefix", "threaded", "visit"),
    )

    def __init__(
        self,
        graph: Graph,
        parent: Scope | None = None,
        prefix: str = "",
        *,
        branch: str | None = None,
        limit: int | None = None,
        visit: int = 1,
        order: int = 0,
        static: str = "",
        is_item: bool = False,
    ) -> None:
        self.graph = graph
        self.graph_id = graph.name
        self.parent = parent
        self.prefix = prefix
        self.branch = branch
        self.limit = limit
        self.visit = visit
        self.order = order
        self.static_prefix = static
        self.is_item = is_item
        self.into: str | None = None
        self.executor: Any = None if parent is None else parent.executor
        self.threaded: bool = branch is not None or (parent is not None and parent.threaded)
        self._sites: dict[str, Site] = graph.sites if parent is None else {}
        self._children: dict[str, dict[str, Scope]] = {}
        self._entered: Position | Fan | None = None
        self._entered_for: Position | None = None
        self._seen: Any = None
        self._seen_for: Any = None

    def site(self, name: str) -> Site:
        """Return what is known of a node.

        Raises:
            NodeNotFoundError: The level's graph has no such node.
        """
        site = self._sites.get(name)
        if site is None:
            node = self.graph.nodes.get(name)
            if node is None:
                raise NodeNotFoundError(name, self.graph.nodes, path=self.prefix + name)
            site = self._sites[name] = Site(self, name, node)
        return site

    def changed(self, site: Site) -> ChangedNodeError:
        """Return the error of a position that was made when a node was another kind of node."""
        fans = isinstance(site.node, Parallel)
        now = f"a {site.kind} of other branches" if fans else f"a {site.kind}"
        return ChangedNodeError(site.name, now, path=self.prefix + site.name)

    @property
    def name_in_parent(self) -> str:
        """The node of the parent's graph that this level is inside of."""
        return self.prefix[:-1].rpartition("/")[2].partition("#")[0]

    def seen(self, data: Data) -> Any:
        """Return what user code reads of a compact state; the last is kept till it is read."""
        seen = self._seen
        if self._seen_for is not data or getattr(seen, "reads", UNASKED) is not UNASKED:
            # copies that somebody has been given already are given to nobody else
            self._seen = seen = view(data, UNASKED)
            self._seen_for = data
        return seen

    # -- from the root to here and back ----------------------------------------

    def level(self, root: Position) -> Position:
        """Return this level's position within the whole one."""
        if self.parent is None:
            return root
        inner = self.parent.inside(self.parent.level(root))
        return inner if self.branch is None else inner.branches[self.branch]  # type: ignore[union-attr,return-value]  # a branch's parent holds a Fan

    def replaced(self, root: Position, level: Position) -> Position:
        """Return the whole position with this level's part exchanged."""
        if self.parent is None:
            return level
        up = self.parent.level(root)
        if self.branch is None:
            return self.parent.replaced(root, up.holding(level))
        fan = self.parent.inside(up)
        assert isinstance(fan, Fan)
        old = fan.branches
        branches = old.copy()
        closed = level.node is None and old[self.branch].node is not None
        branches[self.branch] = level
        turn = (self.order + 1) % len(old)
        after = Fan(branches, turn, fan.open - closed, fan.items)
        return self.parent.replaced(root, up.holding(after))

    # -- entering --------------------------------------------------------------

    def inside(self, level: Position) -> Position | Fan:
        """Return what runs inside the level's next node, entering it if nothing does yet.

        Entering commits nothing and is a pure function of the level, so the result
        is only remembered, not stored: no frame shows it before its first commit.
        """
        if level.inner is not None:
            return level.inner
        if self._entered_for is not level:
            try:
                self._entered = apart(self._enter, level)
            except BaseException as error:  # a lens is the user's code
                raise EntryError(self, level, error) from error
            self._entered_for = level
        assert self._entered is not None
        return self._entered

    def _enter(self, level: Position) -> Position | Fan:
        assert level.node is not None
        node = self.site(level.node).node
        if isinstance(node, Subgraph):
            inner = Position.begin(node.graph.start, entered(node.lens, level.data))
            inner.wrote = Tail.log(level.data)
            return inner
        if isinstance(node, Map):
            return enter_map(node, level)
        assert isinstance(node, Parallel)
        return begin_branches(node.branches, level.data)

    def child(self, site: Site, level: Position, branch: str = "") -> Scope:
        """Return the scope inside the level's next node, or inside one branch of it."""
        visit = level.visits.count(site.name, level.step) + 1  # `next_visit`, without the call
        known = self._children.get(site.name)
        scope = known.get(branch) if known is not None else None
        if scope is None or scope.visit != visit:
            scope = self._make_child(site, visit, branch)
            self._children.setdefault(site.name, {})[branch] = scope
        return scope

    def _make_child(self, site: Site, visit: int, branch: str) -> Scope:
        prefix = f"{self.prefix}{site.name}{f'#{visit}' if visit > 1 else ''}/"
        more: dict[str, Any] = {"visit": visit, "static": f"{site.place.static}/"}
        if branch:
            order = site.order_of(branch)
            if order is None:
                raise self.changed(site)
            graph = site.branch_graph(branch, self.graph)
            more |= {"branch": branch, "order": order, "is_item": site.kind == "map"}
            scope = Scope(graph, self, prefix, **more)
            scope.executor = site.node.executor or scope.executor
            if scope.is_item and site.node.item_key is None:
                scope.into = site.node.into
            return scope
        if site.kind != "subgraph":
            raise self.changed(site)
        node = site.node
        return Scope(node.graph, self, prefix, limit=node.max_steps, **more)


def scope_at(scope: Scope, root: Position, frame: Frame) -> Scope:
    """Return the scope of a frame's own level, given a position it is in."""
    *_, (own, _, _) = way_to(scope, root, frame.path)
    return own


def way_to(scope: Scope, level: Position, path: str) -> Iterator[tuple[Scope, Position, str]]:
    """Walk the levels from the root to that of a path, each with the node that leads on.

    Each segment of a path is a node of its level; what follows a parallel's segment
    is at once the branch's name and the name of the only node of the branch's level.
    The last level has no node that leads on. Levels are entered where nobody has yet.
    """
    for segment, following in itertools.pairwise(path.split("/")):
        name = segment.partition("#")[0]
        site = scope.site(name)
        if not isinstance(site.node, (Subgraph, Parallel)):
            break  # what follows is the name of a pause in a branch's task
        yield scope, level, name
        inner = scope.inside(level)
        if isinstance(inner, Position):
            scope, level = scope.child(site, level), inner
        else:
            scope, level = scope.child(site, level, following), inner.branches[following]
    yield scope, level, ""
