"""The native engine's places that can move, as the session protocol shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.engine.context import Context
from lellm_nb.engine.parallel.map_items import check_given
from lellm_nb.engine.performing.returned import record_returned
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.spot import Move, Spot
from lellm_nb.graph.code.looked_keys import LookedKeys
from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.rows.entered import with_item
from lellm_nb.session.protocol import MoveKind
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Key, Put

__all__ = ["NativeMove", "move_of"]

_KINDS = {
    Move.RUN: MoveKind.RUN,
    Move.WAIT: MoveKind.WAIT,
    Move.DECIDE: MoveKind.DECIDE,
    Move.ROUTE: MoveKind.ROUTE,
    Move.ENTER: MoveKind.RUN,
    Move.FAN: MoveKind.RUN,
    Move.EXIT: MoveKind.LEAVE,
    Move.JOIN: MoveKind.LEAVE,
}


class NativeMove:
    """A spot of the engine; all that it says is looked up when it is asked.

    One is made for every node at which a run may stop, so making one costs next to nothing.
    """

    __slots__ = ("level", "move", "root", "scope", "site")

    def __init__(
        self, scope: Scope, site: Site, level: Position, root: Position, move: Move = Move.RUN
    ) -> None:
        self.scope = scope
        self.site = site
        self.level = level
        self.root = root
        self.move = move

    @property
    def path(self) -> str:
        return self.site.place.path

    @property
    def static_path(self) -> str:
        return self.site.place.static

    @property
    def node(self) -> str:
        return self.site.name

    @property
    def visit(self) -> int:
        return self.level.visits.count(self.site.name, self.level.step) + 1

    @property
    def kind(self) -> MoveKind:
        return _KINDS[self.move]

    @property
    def data(self) -> Any:
        return self.level.data

    @property
    def state(self) -> Any:
        return self.scope.seen(self._asked)

    @property
    def _asked(self) -> Any:
        """The data of its level; with the item of a map whose function finds it apart (P6)."""
        scope, data = self.scope, self.level.data
        if not scope.is_item:
            return data
        assert scope.parent is not None
        fan = scope.parent.inside(scope.parent.level(self.root))
        assert isinstance(fan, Fan)
        return with_item(fan.items, scope.order, data)

    def seen_by(self, looks: LookedKeys) -> Any:
        """Return what conditions are asked with that look at these keys: `state`, or like it."""
        data = self._asked
        return looks.glimpse(data) or self.scope.seen(data)

    @property
    def names(self) -> list[str]:
        return list(self.scope.graph.nodes)

    @property
    def stack(self) -> list[str]:
        return [scope.prefix + (level.node or "") for scope, level in self._levels()]

    def returned(self, values: Mapping[str, Any]) -> Outcome:
        ctx, outcome = Context(None, self.scope, self.site, self.level), Outcome()
        record_returned(ctx, values)
        outcome.mutations = ctx.mutations
        return outcome

    def put(self, key: Key, value: Any) -> Outcome:
        into = self.scope.into
        if into is not None:
            check_given(into, key, self.path)
            value = [value]
        outcome = Outcome()
        outcome.mutations = [Put(key, freeze(value, key))]
        return outcome

    @property
    def enters(self) -> str:
        if self.move in (Move.EXIT, Move.JOIN):
            return ""
        for scope, level in self._levels():
            site = scope.site(level.node or "")
            if level.inner is None and isinstance(site.node, Subgraph | Parallel):
                return site.place.path
        return ""

    @property
    def inside(self) -> str:
        around, slash, name = self.scope.prefix[:-1].rpartition("/")
        return f"{around}{slash}{name.partition('#')[0]}"

    def _levels(self) -> list[tuple[Scope, Position]]:
        """The levels around it, from the root inwards, and its own."""
        scopes = []
        above = self.scope.parent
        while above is not None:
            scopes.append(above)
            above = above.parent
        around = [(scope, scope.level(self.root)) for scope in reversed(scopes)]
        return [*around, (self.scope, self.level)]


def move_of(spot: Spot, root: Position) -> NativeMove | None:
    """Return a spot as a move; `None` where the run has ended."""
    if spot.site is None:
        return None
    return NativeMove(spot.scope, spot.site, spot.level, root, spot.move)
