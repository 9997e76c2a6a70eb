"""A session that changes what it goes on with: forks, edits, joins by hand, new code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lellm_nb.engine.driving.drive import apart
from lellm_nb.engine.parallel.branches import JoinChoice, branch_results
from lellm_nb.engine.parallel.map_items import check_kept
from lellm_nb.engine.scope import Scope, Site, scope_at
from lellm_nb.engine.spot import Move, levels_within
from lellm_nb.engine.turn import commit_input, input_mutations, is_recorded
from lellm_nb.errors import (
    DebuggerError,
    MergeConflictError,
    NodeNotFoundError,
    ParallelError,
    RunError,
    StateError,
)
from lellm_nb.errors.error_words import error_words
from lellm_nb.graph.edge import Route
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.record.position import Fan, Position
from lellm_nb.record.visits import Visits
from lellm_nb.session.between_turns import check_between_turns
from lellm_nb.session.protocol import FailedJoin, OpenLevel
from lellm_nb.session.running import Running
from lellm_nb.state.claims import conflicts_of, one_decision
from lellm_nb.state.compact import Tail, Wide
from lellm_nb.state.edits import edits_of
from lellm_nb.state.lens import seen_inside
from lellm_nb.state.merge import MergeMutations
from lellm_nb.state.mutation import Key, Mutation, apply

__all__ = ["Branching"]


class Level(NamedTuple):
    """A level that can move on."""

    scope: Scope
    position: Position

    @property
    def name(self) -> str:
        """What people call it, with the visits of what it is in; empty for the root."""
        scope = self.scope
        return scope.prefix[:-1] if scope.branch is None else f"{scope.prefix}{scope.branch}"

    @property
    def data(self) -> Any:
        """Its state, in the compact form of frames."""
        return self.position.data


def _failures_at(frame: Frame | None) -> Iterator[RunError]:
    """Walk what failed where a run stands, the last first, and what that is made of."""
    trail: list[Any] = []
    while frame is not None and frame.failed:
        trail.insert(0, frame.error)
        frame = frame.parent
    while trail:
        at = trail.pop()
        if isinstance(at, RunError):
            yield at
            trail.append(at.__cause__)
            if isinstance(at, ParallelError):
                trail.extend(at.exceptions)


def _seen_by(
    scope: Scope, level: Position, edits: Sequence[Mutation]
) -> Iterator[tuple[Scope, Position, Sequence[Mutation]]]:
    """Walk the levels that see what is written at one, the outermost first, with what they see.

    Raises:
        StateError: It does not fit one of them.
    """
    after = apply(level.data, tuple(edits))
    yield scope, level, edits
    if isinstance(level.inner, Position):
        site = scope.site(level.node or "")
        try:
            within = apart(seen_inside, site.node.lens, edits, level.data, after)
        except Exception as error:  # a lens is the user's code
            raise StateError(
                f"What is written does not fit what runs inside {site.place.path!r}:"
                f" {error_words(error)}."
            ) from error
        if within:
            yield from _seen_by(scope.child(site, level), level.inner, within)


_Join = tuple[Scope, Position, Site, Fan]
"""A Parallel with its level, and what runs inside of it."""


class Branching(Running):
    """``fork, edit, send, at_tip, close_join, use``."""

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

        A subgraph that has begun sees what is written around it, as its lens does: for each such
        level there is one frame more.

        Args:
            level: Where to write, whichever the last frame was at; the head's own by default.

        Raises:
            StateError: What is to be written does not fit.
        """
        if not edits:
            return
        head = self.head
        own = scope_at(self.scope, self.position, head)
        at, now = own, head.level
        if isinstance(level, Level) and level.scope is not own:
            at, now = level.scope, level.scope.level(self.position)
        for scope, position, written in list(_seen_by(at, now, tuple(edits))):
            where = head.place, head.visit, head.route
            if scope is not own:
                site = scope.site(position.node or scope.graph.end)
                visit = position.visits.count(site.name, position.step) + 1
                where = site.place, visit, None
            self._emit(self._edited(self.position, scope, position, written, where))

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
        data = apply(level.data, edits)
        if scope.into is not None:
            check_kept(scope.into, where[0].path, edits, data)
        after = Position(
            level.node,
            data,
            level.step,
            level.visits,
            level.hold,
            level.inner,
            wrote,
        )
        root = scope.replaced(root, after)
        (place, visit, route), now = where, self.clock.wall()
        return make_frame(place, "edit", visit, root, after, edits, route, now, 0.0, None)

    async def send(self, input: Any) -> Frame:
        """Begin the next turn: take an input in, as one frame of kind *input* (SEMANTICS R12).

        The run stands at its start node then; visits, barrier counters and step counts go on.

        Args:
            input: What is written, as if a node had returned it: a mapping of keys to values;
                or text, for a graph with messages. Or the mutations of an input frame.

        Raises:
            DebuggerError: The run is in the middle of a turn; nothing is written.
            StateError: What is to be written does not fit.
            CheckpointStoreError: The store refuses it; it stays in memory.
        """
        writer = self.history.writer
        if writer is not None:
            writer.check()
        check_between_turns(self)
        written = is_recorded(input)
        mutations = tuple(input) if written else input_mutations(self.scope, self.position, input)
        done = commit_input(self.scope, self.position, mutations)
        await self._run().publish(self.scope, done, self.clock.wall(), 0.0, None)
        if writer is not None:
            writer.check()
        return self.head

    async def close_join(
        self,
        *,
        keep: bool = False,
        sides: Mapping[Key | None, str] | None = None,
        by: str = "person",
    ) -> Frame:
        """Join a Parallel that cannot be left by itself, as one frame of kind *join*.

        Args:
            keep: Whether to join the branches that are good where others failed; else none.
            sides: Where branches disagree: the one that is right by key; under `None` one that
                is right wherever it takes part.
            by: Who decided it.

        Raises:
            DebuggerError: The run does not stand in one.
            RunError: The branches still disagree, or the way out fails.
        """
        found = self._disagreeing() or self._collecting()
        if found is None:
            raise DebuggerError("The run does not stand in a Parallel that cannot be left.")
        scope, level, site, fan = found
        run = self._run()
        if not sides:
            closed = {
                name: branch
                if keep and branch.node is None
                else Position(None, level.data, 0, Visits(), None, None, Tail.of(()))
                for name, branch in fan.branches.items()
            }
            around = level.holding(Fan(Wide.of(closed), 0, 0, fan.items))
            run.position = scope.replaced(run.position, around)
            level = scope.level(run.position)
        word = "side" if sides else "keep" if keep else "drop"
        await run.settle(scope, level, Move.JOIN, site, JoinChoice(word, sides or {}, by))
        return self.head

    def failed_join(self) -> FailedJoin | None:
        """Return the Parallel that waits to hear what becomes of its branches."""
        if not self.head.failed:
            return None
        try:
            found = self._disagreeing()
            if found is not None:
                return self._disagreement(*found)
            found = self._collecting()
        except NodeNotFoundError:  # a run of an older graph is looked at: looking never raises
            return None
        if found is None:
            return None
        _, _, site, fan = found
        failed = [name for name, branch in fan.branches.items() if branch.node is not None]
        return FailedJoin(site.place.static, tuple(failed), len(fan.branches))

    def _disagreeing(self) -> _Join | None:
        """Return the Parallel of which all branches are through, and that failed to be left."""
        paths = {failure.path for failure in _failures_at(self.head)}
        if not paths:
            return None
        for scope, level in levels_within(self.scope, self.position):
            fan = level.inner
            if isinstance(fan, Fan) and not fan.open:
                site = scope.site(level.node or "")
                if isinstance(site.node, Parallel) and site.place.path in paths:
                    return scope, level, site, fan
        return None

    def _disagreement(self, scope: Scope, level: Position, site: Site, fan: Fan) -> FailedJoin:
        conflicts: Mapping[Any, Any] = {}
        if isinstance(site.node.merge, MergeMutations):
            conflicts = conflicts_of(one_decision(branch_results(scope, site, fan)))
            for error in _failures_at(self.head):
                if not conflicts and isinstance(error, MergeConflictError):  # a reducer's refusal
                    conflicts = {error.key: error.values}
        named = {name for values in conflicts.values() for name in values}
        return FailedJoin(
            site.place.static,
            (),
            len(fan.branches),
            tuple(name for name in fan.branches if not named or name in named),
            tuple(
                (tuple(key) if isinstance(key, list) else key, tuple(values))
                for key, values in conflicts.items()
            ),
        )

    def _collecting(self) -> _Join | None:
        """Return the collect-all Parallel, the innermost around no branch, that runs."""
        scope, level = self._innermost()
        site = scope.site(level.node or "")
        collects = isinstance(site.node, Parallel) and site.node.on_error == "collect_all"
        fan = level.inner
        return (scope, level, site, fan) if collects and isinstance(fan, Fan) else None

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
