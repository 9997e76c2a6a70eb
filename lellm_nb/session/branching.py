"""A session that changes what it goes on with: forks, edits, joins by hand, new code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from lellm_nb.engine.scope import Scope, scope_at
from lellm_nb.engine.spot import Move, levels_within
from lellm_nb.errors import DebuggerError, StateTypeError
from lellm_nb.graph.edge import Route
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.record.history import Line
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.visits import Visits
from lellm_nb.session.running import Moving
from lellm_nb.state.compact import Tail, Wide
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, apply, check_key

__all__ = ["Forking"]


class Forking(Moving):
    """``fork, edit, edit_head, at_tip, close_fan, use``."""

    def fork(
        self,
        frame: Frame | None = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] = (),
        name: str | None = None,
    ) -> Self:
        """Return a session on a new line after `frame` (the head by default).

        Args:
            put: Written at the frame's own level, as one frame of kind *edit*.
            delete: Keys that the same frame removes.

        Raises:
            NoSuchFrameError: The frame is of another history.
            StateError: What is to be written does not fit; no line is made.
        """
        frame = frame or self.head
        line = self.line_through(frame)
        edit = self.check_edit(frame, put, delete)
        child = self._sharing(self, self.history.fork(line, frame.index, name), frame)
        if edit is not None:
            child._emit(edit)
        return child

    def check_edit(
        self, frame: Frame, put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()
    ) -> Frame | None:
        """Return the frame that writing after `frame` would make; `None` for no write.

        Raises:
            StateError: What is to be written does not fit.
        """
        given: Any = put
        if given is not None and not isinstance(given, Mapping):
            kind = type(given).__name__
            raise StateTypeError(None, "a mapping", kind, f"put is a mapping of keys, not {kind}.")
        edits = [*_edits(put or {}), *(Delete(check_key(key)) for key in delete)]
        return self._edit(frame, edits) if edits else None

    def edit(self, edits: Sequence[Mutation]) -> None:
        """Write at the head's own level, as one frame of kind *edit*; with none, do nothing.

        Raises:
            StateError: What is to be written does not fit.
        """
        if edits:
            self._emit(self._edit(self.head, edits))

    def edit_head(self, put: Mapping[Any, Any], delete: Sequence[Any]) -> Frame:
        """Write into the state where the run stands, as a frame of kind *edit*, on its line.

        Raises:
            StateError: What is to be written does not fit.
        """
        edit = self.check_edit(self.head, put, delete)
        if edit is not None:
            self._emit(edit)
        return self.head

    def open_levels(self) -> Iterator[tuple[Scope, Position]]:
        """Walk every level that can move on, the outermost first, branches in order."""
        for scope, level in levels_within(self.scope, self.position):
            if level.node is not None:
                yield scope, level

    def edit_level(self, scope: Scope, put: Mapping[Any, Any]) -> None:
        """Write into an open level, whichever the last frame was at, as a frame of kind *edit*.

        Raises:
            StateError: What is to be written does not fit.
        """
        edits = _edits(put)
        if scope is scope_at(self.scope, self.position, self.head):
            self.edit(edits)
            return
        level = scope.level(self.position)
        site = scope.site(level.node or "")
        visit = level.visits.count(site.name, level.step) + 1
        where = (site.place, visit, None)
        self._emit(self._edited(self.position, scope, level, edits, where))

    def at_tip(self, line: Line) -> Self:
        """Return a session at the tip of an existing line."""
        return self._sharing(self, line, line[-1])

    def _edit(self, frame: Frame, edits: Sequence[Mutation]) -> Frame:
        scope = scope_at(self.scope, frame.position, frame)
        where = (frame.place, frame.visit, frame.route)
        return self._edited(frame.position, scope, frame.level, edits, where)

    def _edited(
        self,
        root: Position,
        scope: Scope,
        level: Position,
        edits: Sequence[Mutation],
        where: tuple[Place, int, Route | None],
    ) -> Frame:
        edits = tuple(edits)
        wrote = level.wrote.extended(edits) if isinstance(level.wrote, Tail) else None
        after = Position(
            level.node,
            apply(level.data, edits),
            level.step,
            level.visits,
            level.hold,
            level.inner,
            wrote,
        )
        root = scope.replaced(root, after)
        (place, visit, route), now = where, self.clock.wall()
        return make_frame(place, "edit", visit, root, after, edits, route, now, 0.0, None)

    async def close_fan(self, *, keep: bool) -> Frame:
        """Join a Parallel of which branches failed, with the good ones or with none.

        Raises:
            DebuggerError: The run does not stand in a collect-all Parallel.
            RunError: The good branches disagree, or the way out fails.
        """
        scope, level = self.scope, self.position
        while isinstance(level.inner, Position):
            site = scope.site(level.node or "")
            scope, level = scope.child(site, level), level.inner
        site = scope.site(level.node or "")
        if not isinstance(level.inner, Fan) or site.node.on_error != "collect_all":
            raise DebuggerError("The run does not stand in a collect-all Parallel that failed.")
        closed = {
            name: branch
            if keep and branch.node is None
            else Position(None, level.data, 0, Visits(), None, None, Tail.of(()))
            for name, branch in level.inner.branches.items()
        }
        run = self._run()
        run.position = scope.replaced(run.position, level.holding(Fan(Wide.of(closed), 0, 0)))
        await run.settle(scope, scope.level(run.position), Move.JOIN, site)
        return self.head

    def use(self, graph: Graph) -> None:
        """Go on with another graph of the same shape: new code, history kept."""
        self.graph = graph
        self.scope = Scope(graph)
        self._doomed.clear()


def _edits(put: Mapping[Any, Any]) -> list[Mutation]:
    return [Put(check_key(key), freeze(value, key)) for key, value in put.items()]
