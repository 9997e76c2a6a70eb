"""Where a node runs, as its context knows it, and what of it is the same elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.engine.performing.node_host import NodeHost
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import StateError
from lellm_nb.graph.item_branches import EACH
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Position
from lellm_nb.state.compact import MISSING
from lellm_nb.state.containers.handed import handed
from lellm_nb.state.mutation import Mutation
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["NodePlace"]


class NodePlace(Outcome):
    """One attempt of a node at its place; what it does there is its outcome."""

    _left_by: NodeHost | None = None
    given: Any = MISSING  # the item, where the node is performed elsewhere than in a run

    def __init__(self, run: NodeHost | None, scope: Scope, site: Site, level: Position) -> None:
        self._run = run
        self._scope = scope
        self._site = site
        self._level = level
        self.mutations: list[Mutation] = []
        # what every commit asks for is found in half the time where it is the instance's own
        self.target = self.waits = self.seen = self.stream = self.variables = None
        self.ends = self.side_effects = self.recorded = self.has_more = False
        self.output, self.cost = "", 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.path}>"

    @property
    def node(self) -> str:
        """The node's name."""
        return self._site.name

    @property
    def path(self) -> str:
        """Composites from the outside in, and the node."""
        return self._site.place.path

    @property
    def visit(self) -> int:
        """How often this node runs in this entry of its level, this run included."""
        return self._site.next_visit(self._level)

    @property
    def item(self) -> Any:
        """What this branch of a map is for: an item of its list, read-only (SEMANTICS P6).

        Raises:
            StateError: The node is in no map.
        """
        if self.given is not MISSING:
            return self.given
        scope = self._scope
        while not scope.is_item:
            if scope.parent is None:
                raise StateError(f"Node {self.path!r} is in no map(…), so it has no ctx.item.")
            scope = scope.parent
        run = self._run or self._left_by
        assert run is not None
        fan: Any = scope.parent.inside(scope.parent.level(run.position))  # type: ignore[union-attr]
        return handed(fan.items.values[scope.order])

    @property
    def records_calls(self) -> bool:
        """Whether its calls are taken down."""
        return self._run is not None and self._run.tapes is not None

    @property
    def into(self) -> str | None:
        """In a map: the key at which what the node returns waits to be collected (P6)."""
        return self._scope.into

    @property
    def reducers(self) -> ReducerRegistry:
        """The reducers of its graph."""
        return self._scope.graph.reducers

    @property
    def executor(self) -> Any:
        """Where it is performed as a part of a branch; `None` is in a thread here (P7)."""
        scope, run = self._scope, self._run
        return (scope.executor or (run and run.executor)) if scope.threaded else None

    def alone(self) -> tuple[Any, dict[str, Any]]:
        """Return what `context_alone` makes the same of elsewhere: the state as kept, and more."""
        inside, scope = False, self._scope
        names = tuple(name for name in scope.graph.nodes if name not in (self.node, EACH))
        while scope.parent is not None:
            inside |= scope.is_item
            scope = scope.parent
        options = {"node": self.node, "visit": self.visit, "path": self.path, "into": self.into}
        options |= {"nodes": names, "reducers": self.reducers}
        return self._level.data, {**options, "item": self.item if inside else None}

    def sends(self, why_not: Callable[[Site, Any], Exception | None]) -> Exception | None:
        """Return why the branches that it is one of can't be performed elsewhere, if they can't.

        Args:
            why_not: Asked once for all of them, with their composite and the state, as it is
                kept, that they start from.
        """
        scope, run = self._scope, self._run
        while scope.branch is None and scope.parent is not None:
            scope = scope.parent
        around = scope.parent
        if run is None or around is None:
            return None
        if scope.prefix not in run.sendable:
            data = around.level(run.position).data
            run.sendable[scope.prefix] = why_not(around.site(scope.name_in_parent), data)
        return run.sendable[scope.prefix]
