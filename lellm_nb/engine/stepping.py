"""One commit at a time, branches taken in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.engine.answering import Answering
from lellm_nb.engine.failing import branch_failure
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.scope import EntryError, Scope, Site
from lellm_nb.engine.spot import Move, Spot, find_spot
from lellm_nb.errors import NodeNotFoundError, RunCancelledError, RunError, StepsExceededError
from lellm_nb.record.position import Fan, Position

__all__ = ["Stepping"]


class Stepping(Answering):
    """What a `Run` does to take one step, and what may keep it from that.

    Attributes:
        limit: How many steps the root level may have in all; `None` is no limit.
        gate: Asked before a node starts; what it returns becomes `stopping`.
        doomed: When stepping: the levels that failed where they stand, by id, with why; the
            level is kept beside so that its id stays its own.
    """

    limit: int | None
    gate: Callable[[Scope, Site, Position], Any] | None
    doomed: dict[int, tuple[Position, RunError]]

    async def _step(self) -> Halt:
        """Make one commit; a failure that an error route takes is one too."""
        idle: dict[int, Position] = {}  # branches that cannot move: they wait alone
        while True:
            try:
                spot = self._find(idle)
            except EntryError as error:
                site = error.scope.site(error.level.node or "")
                if await self._take_over_outwards(error.scope, site, error):
                    return Halt.STEPPED
                raise
            if spot.site is None:
                return Halt.ENDED
            try:
                halt = await self._take(spot.scope, spot.level, spot.move, spot.site)
            except RunError as error:
                scope, site, whole = spot.scope, spot.site, error
                fan = self._patient_fan(spot.scope)
                if fan is not None and await self._take_over_outwards(scope, site, error, fan[0]):
                    return Halt.STEPPED  # inside the branch
                if fan is not None and not isinstance(error, RunCancelledError):
                    self.doomed[id(spot.level)] = (spot.level, error)
                    following = id(self._find(idle).level)
                    if following not in self.doomed and following not in idle:
                        # collect-all waits for the siblings (P3): they go first from now on
                        if self.last is not None and self.last.error is error:
                            raise
                        continue
                    scope, site, whole = self._failure_of(*fan)
                if not await self._take_over_outwards(scope, site, whole):
                    raise whole from whole.__cause__
                halt = None
            if halt in (Halt.UNRECORDED, Halt.HELD) and id(spot.level) not in idle:
                idle[id(spot.level)] = spot.level
                continue
            return Halt.STEPPED if halt is None else halt

    def _patient_fan(self, scope: Scope) -> tuple[Scope, Site] | None:
        """Return the innermost collect-all Parallel that a level is in a branch of."""
        at: Scope | None = scope
        while at is not None and at.parent is not None:
            if at.branch is not None:
                site = at.parent.site(at.parent.level(self.position).node or "")
                if site.node.on_error == "collect_all":
                    return at.parent, site
            at = at.parent
        return None

    def _failure_of(self, scope: Scope, site: Site) -> tuple[Scope, Site, RunError]:
        """Make the one failure of a collect-all Parallel whose branches cannot go on."""
        level = scope.level(self.position)
        fan = scope.inside(level)
        assert isinstance(fan, Fan)
        failures = {}
        for name, branch in fan.branches.items():
            if branch.node is not None:
                stuck = find_spot(scope.child(site, level, name), branch, self.doomed)
                if id(stuck.level) in self.doomed:
                    failures[name] = self.doomed[id(stuck.level)][1]
        error = branch_failure(scope, self.position, site, failures, patient=True)
        assert isinstance(error, RunError)
        return scope, site, error

    def _find(self, idle: Mapping[int, Position]) -> Spot:
        try:
            return find_spot(self.scope, self.position, {*self.doomed, *idle})
        except NodeNotFoundError as error:
            error.state = self.position.state
            raise
        except EntryError as error:
            raise self._not_entered(error) from error.__cause__

    def _not_entered(self, error: EntryError) -> RunError:
        site = error.scope.site(error.level.node or "")
        return self.failed(error.scope, error.level, site, error, self.clock.wall(), 0.0)

    async def _take_over_outwards(
        self, scope: Scope, site: Site, error: RunError, end: Scope | None = None
    ) -> bool:
        """Take the innermost error route from `scope` outwards, as far as to below `end`."""
        at: Scope | None = scope
        while at is not end and at is not None:
            if await self.take_over(at, site, error):
                return True
            above = at.parent
            if above is not None:
                site = above.site(above.level(self.position).node or "")
            at = above
        return False

    async def _take(self, scope: Scope, level: Position, move: Move, site: Site) -> Halt | None:
        """Perform and commit one spot; `None` when it was committed."""
        if self.stopping is not None:
            return Halt.STOPPED
        if move is Move.DECIDE:
            return await self.answer(scope, level, site)
        if move is Move.RUN or move is Move.WAIT:
            halt = self._may_start(scope, site, level)
            if halt is not None:
                return halt
            if move is Move.RUN:
                return await self.run_node(scope, level, site)
        await self.settle(scope, level, move, site)
        return None

    def _may_start(self, scope: Scope, site: Site, level: Position) -> Halt | None:
        """Say what keeps a node from starting, if anything does.

        Raises:
            RunCancelledError: The run was cancelled.
            StepsExceededError: An inner level has had all its steps.
        """
        if self.stopping is not None:
            return Halt.STOPPED
        if self.token.is_cancelled:
            raise self.cancelled(site.place.path)
        if level.inner is not None:
            return None
        if scope.limit is not None and level.step >= scope.limit:
            state = scope.seen(level.data)
            error = StepsExceededError(scope.limit, path=site.place.path, state=state)
            raise self.failed(scope, level, site, error, self.clock.wall(), 0.0)
        if self.limit is not None and scope.parent is None and level.step >= self.limit:
            return Halt.LIMIT
        if self.gate is not None:
            self.stopping = self.gate(scope, site, level)
            if self.stopping is not None:
                return Halt.STOPPED
        return None
