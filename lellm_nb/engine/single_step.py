"""One commit at a time, branches taken in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.engine.barriers import answer
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.parallel.branches import PASSED_ON, branch_failure
from lellm_nb.engine.scope import EntryError, Scope, Site
from lellm_nb.engine.spot import Move, Spot, can_move, find_spot
from lellm_nb.engine.step import RunStep
from lellm_nb.errors import NodeNotFoundError, RunError, StepsExceededError
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import Fan, Position

__all__ = ["RunSingleStep"]


class RunSingleStep(RunStep):
    """What a `Run` does to take one step, and what may keep it from that.

    Attributes:
        limit: How many steps the root level may have in all; `None` is no limit.
        gate: Asked before a node starts; what it returns becomes `stopping`.
        doomed: When stepping: the branches that failed where they stand, by id, with why; the
            branch's level is kept beside so that its id stays its own.
    """

    limit: int | None
    gate: Callable[[Scope, Site, Position], Any] | None
    doomed: dict[int, tuple[Position, RunError]]

    async def _step(self) -> Halt:
        """Make one commit; a failure that an error route takes is one too."""
        idle: dict[int, Position] = {}  # levels that cannot move: they wait alone
        while True:
            try:
                spot = self._find(idle)
            except EntryError as error:
                site = error.scope.site(error.level.node or "")
                if await self._carry_out(error.scope, site, error, idle):
                    return Halt.STEPPED
                continue
            if spot.site is None:
                return Halt.ENDED
            self._set_variables(spot.scope)
            whole = None
            if self.recorded is not None:
                spot, whole = self._around(spot)
            assert spot.site is not None
            try:
                if whole is None:
                    halt = await self._take(spot.scope, spot.level, spot.move, spot.site)
                else:
                    halt = self._may_start(spot.scope, spot.site, spot.level)
                    if halt is None:
                        halt = await self._replay_node(spot.scope, spot.level, spot.site, whole)
            except RunError as error:
                if await self._carry_out(spot.scope, spot.site, error, idle):
                    return Halt.STEPPED
                continue
            if halt in (Halt.UNRECORDED, Halt.HELD) and id(spot.level) not in idle:
                idle[id(spot.level)] = spot.level
                if await self._give_up(spot.scope, idle):
                    return Halt.STEPPED
                continue
            return Halt.STEPPED if halt is None else halt

    def _around(self, spot: Spot) -> tuple[Spot, Outcome | None]:
        """Return the outermost composite that would be entered, where its outcome is fixed."""
        around, scope = [], spot.scope.parent
        while scope is not None:
            around.append(scope)
            scope = scope.parent
        for scope in reversed(around):
            level = scope.level(self.position)
            site = scope.site(level.node or "")
            whole = self.as_a_whole(scope, level, site)
            if whole is not None:
                return Spot(scope, level, Move.RUN, site), whole
        return spot, None

    async def _carry_out(
        self, scope: Scope, site: Site, error: RunError, idle: Mapping[int, Position]
    ) -> bool:
        """Take a failure outwards: to an error route, or to a fan that waits for its branches.

        Returns:
            Whether a route took it; else siblings go first from now on (SEMANTICS P3).

        Raises:
            RunError: Nobody takes it, or it is shown before the siblings go on.
        """
        shown = self.last
        at, first = scope, error
        while True:
            if await self.take_over(at, site, error):
                return True
            above = at.parent
            if above is None:
                self.doomed.clear()  # the next step tries again what failed
                raise error from error.__cause__
            level = at.level(self.position)
            site = above.site(above.level(self.position).node or "")
            patient = at.branch is not None and site.node.on_error == "collect_all"
            if patient and not isinstance(error, PASSED_ON):
                self.doomed[id(level)] = (level, error)
                if can_move(above, above.level(self.position), site, {*self.doomed, *idle}):
                    if shown is not None and shown.error is first:
                        raise error from error.__cause__
                    return False
                error = self._failure_of(above, site)
            at = above

    async def _give_up(self, scope: Scope, idle: Mapping[int, Position]) -> bool:
        """Fail the innermost fan of which branches have failed and none can move any more."""
        at = scope
        while at.parent is not None:
            above = at.parent
            level = above.level(self.position)
            site = above.site(level.node or "")
            if at.branch is not None and site.node.on_error == "collect_all":
                if can_move(above, level, site, {*self.doomed, *idle}):
                    return False
                fan = above.inside(level)
                assert isinstance(fan, Fan)
                if any(id(branch) in self.doomed for _, branch in fan.branches.items()):
                    return await self._carry_out(above, site, self._failure_of(above, site), idle)
            at = above
        return False

    def _failure_of(self, scope: Scope, site: Site) -> RunError:
        """Make the one failure of a collect-all Parallel whose branches cannot go on."""
        fan = scope.inside(scope.level(self.position))
        assert isinstance(fan, Fan)
        failures = {
            name: self.doomed[id(branch)][1]
            for name, branch in fan.branches.items()
            if branch.node is not None and id(branch) in self.doomed
        }
        error = branch_failure(scope, self.position, site, failures, patient=True)
        assert isinstance(error, RunError)
        return error

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

    async def _take(self, scope: Scope, level: Position, move: Move, site: Site) -> Halt | None:
        """Perform and commit one spot; `None` when it was committed."""
        if self.stopping is not None:
            return Halt.STOPPED
        if move is Move.DECIDE:
            return await answer(self, scope, level, site)
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
