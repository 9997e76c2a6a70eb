"""A session that changes what it goes on with: forks, edits, joins by hand, new code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from lellm_nb.engine.scope import Scope, Site, scope_at
from lellm_nb.engine.spot import Move, levels_within
from lellm_nb.errors import DebuggerError, NodeNotFoundError
from lellm_nb.graph.edge import Route
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.visits import Visits
from lellm_nb.session.protocol import FailedJoin, OpenLevel
from lellm_nb.session.running import Running
from lellm_nb.state.compact import Tail, Wide
from lellm_nb.state.edits import edits_of
from lellm_nb.state.mutation import Mutation, apply

__all__ = ["Branching"]


class Level(NamedTuple):
    """A level that can move on."""

    scope: Scope
    position: Position

    @property
    def data(self) -> Any:
        """Its state, in the compact form of frames."""
        return self.position.data


class Branching(Running):
    """``fork, edit, at_tip, close_join, use``."""

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
        frame = self.head if frame is None else frame
        line = self.line_through(frame)
        edit = self.check_edit(frame, put, delete)
        child = self._beside(self.history.fork(line, frame.index, name), frame)
        if edit is not None:
            child.adopt([edit])
        return child

    def check_edit(
        self, frame: Frame, put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()
    ) -> Frame | None:
        """Return the frame that writing after `frame` would make; `None` for no write.

        Raises:
            StateError: What is to be written does not fit.
        """
        edits = edits_of(put, delete)
        return self._edit(frame, edits) if edits else None

    def open_levels(self) -> list[Level]:
        """Return every level that can move on, the outermost first, branches in order."""
        levels = []
        try:
            for scope, level in levels_within(self.scope, self.position):
                if level.node is not None:
                    levels.append(Level(scope, level))
        except NodeNotFoundError:  # what is inside a node that is gone cannot move on
            pass
        return levels

    def edit(self, edits: Sequence[Mutation], level: OpenLevel | None = None) -> None:
        """Write where the run stands, as one frame of kind *edit*; with none, do nothing.

        Args:
            level: Where to write, whichever the last frame was at; the head's own by default.

        Raises:
            StateError: What is to be written does not fit.
        """
        if not edits:
            return
        own = scope_at(self.scope, self.position, self.head)
        if not isinstance(level, Level) or level.scope is own:
            self._emit(self._edit(self.head, edits))
            return
        site = level.scope.site(level.position.node or "")
        visit = level.position.visits.count(site.name, level.position.step) + 1
        where = (site.place, visit, None)
        self._emit(self._edited(self.position, level.scope, level.position, edits, where))

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

    async def close_join(self, *, keep: bool) -> Frame:
        """Join a Parallel of which branches failed, with the good ones or with none.

        Raises:
            DebuggerError: The run does not stand in a collect-all Parallel.
            RunError: The good branches disagree, or the way out fails.
        """
        scope, level = self._innermost()
        site = scope.site(level.node or "")
        fan = _collecting(site, level)
        if fan is None:
            raise DebuggerError("The run does not stand in a collect-all Parallel that failed.")
        closed = {
            name: branch
            if keep and branch.node is None
            else Position(None, level.data, 0, Visits(), None, None, Tail.of(()))
            for name, branch in fan.branches.items()
        }
        run = self._run()
        run.position = scope.replaced(run.position, level.holding(Fan(Wide.of(closed), 0, 0)))
        await run.settle(scope, scope.level(run.position), Move.JOIN, site)
        return self.head

    def failed_join(self) -> FailedJoin | None:
        """Return the collect-all parallel that waits to hear what becomes of its branches."""
        if not self.head.failed:
            return None
        try:
            scope, level = self._innermost()
            site = scope.site(level.node or "")
        except NodeNotFoundError:  # a run of an older graph is looked at: looking never raises
            return None
        fan = _collecting(site, level)
        if fan is None:
            return None
        failed = [name for name, branch in fan.branches.items() if branch.node is not None]
        return FailedJoin(site.place.static, tuple(failed), len(fan.branches))

    def _innermost(self) -> tuple[Scope, Position]:
        """Return the level where branches begin, or nothing is inside, and what it runs in."""
        scope, (*around, level) = self.scope, self.position.stack
        for outer in around:
            scope = scope.child(scope.site(outer.node or ""), outer)
        return scope, level

    def use(self, graph: Graph) -> None:
        """Go on with another graph of the same shape: new code, history kept."""
        self.graph = graph
        self.scope = Scope(graph)
        self._doomed.clear()


def _collecting(site: Site, level: Position) -> Fan | None:
    """Return the branches of a level that stands in a collect-all Parallel."""
    collects = site.kind == "parallel" and site.node.on_error == "collect_all"
    return level.inner if collects and isinstance(level.inner, Fan) else None
