"""A session that runs on, and takes decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lellm_nb.engine import commit
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.run import HOLD, Run
from lellm_nb.engine.scope import Site
from lellm_nb.engine.spot import Spot, waiting_spots
from lellm_nb.errors import DebuggerError, NotWaitingError
from lellm_nb.graph.decision import Decision
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Waiting
from lellm_nb.session.head import Standing
from lellm_nb.session.recording import Recording

__all__ = ["Moving", "Previewed"]


class Previewed(NamedTuple):
    """What a decision would do, had it been given."""

    before: Any
    after: Any
    next_node: str | None
    error: Exception | None


class Moving(Standing):
    """``step, run, advance, decide, preview``."""

    async def step(self) -> Frame | None:
        """Make one commit; the frame it made, `None` where nothing can move.

        Raises:
            RunError: The step failed; nothing of it was committed.
        """
        halt = await self.advance(one=True)
        return self.head if halt is Halt.STEPPED else None

    async def run(self, *, max_steps: int | None = None, barrier: Any = HOLD) -> Halt:
        """Run on until nothing moves without a decision.

        Args:
            max_steps: How many more steps the root level may take.
            barrier: A `BarrierSink` to ask at barriers instead of coming back.

        Raises:
            RunError: The run failed; the last frame says so.
        """
        return await self.advance(max_steps=max_steps, barrier=barrier)

    async def advance(
        self,
        *,
        one: bool = False,
        max_steps: int | None = None,
        barrier: Any = HOLD,
        recorded: bool | Recording = False,
        until: int | None = None,
        token: CancellationToken | None = None,
        started: Callable[[Run], None] | None = None,
    ) -> Halt:
        """Make one commit, or run on; all forward movement of a session comes here.

        Args:
            one: Whether to come back after one commit.
            recorded: Whether outcomes and decisions are looked up in the history, or in a
                recording, instead of running nodes and asking people (SEMANTICS R10).
            until: The index of the last frame to make, when running on.
            started: Given the run before it moves, to set its `gate` and `watch`.

        Raises:
            CheckpointStoreError: The store still refuses what was committed before.
        """
        if self.history.keeper is not None:
            self.history.keeper.check()
        limit = None if max_steps is None else self.position.step + max_steps
        run = self._run(barrier=barrier, token=token, limit=limit)
        if until is not None:
            run.watch = lambda frame: True if frame.index >= until else None
        if recorded:
            given = recorded if isinstance(recorded, Recording) else None
            recording = given or Recording(self.history, self.line)
            run.recorded = lambda scope, site, level: recording.outcome(
                site.place.path, level.visits.count(site.name, level.step) + 1
            )
            run.decided = recording.decision
            run.replaying = True
        if started is not None:
            started(run)
        self._moving = run
        return await (run.step() if one else run.go())

    def _run(self, **options: Any) -> Run:
        run = Run(self.scope, self.position, emit=self._emit, clock=self.clock, **options)
        run.doomed = self._doomed
        return run

    # -- deciding --------------------------------------------------------------

    def _waiting_spot(self, barrier_id: str | None) -> Spot:
        spots = {
            spot.level.hold.barrier_id: spot
            for spot in waiting_spots(self.scope, self.position)
            if isinstance(spot.level.hold, Waiting)
        }
        if barrier_id is None and len(spots) == 1:
            return next(iter(spots.values()))
        if barrier_id is None or barrier_id not in spots:
            raise NotWaitingError(barrier_id, spots)
        return spots[barrier_id]

    async def decide(
        self, decision: Decision, barrier_id: str | None = None, *, by: str = "person"
    ) -> Frame:
        """Commit a decision for one waiting barrier.

        Raises:
            NotWaitingError: That barrier does not wait, or it is not clear which is meant.
            NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
            StateError: What is to be modified is not there; the barrier goes on waiting.
            CheckpointStoreError: The store refuses the decision; it stays in memory.
        """
        _check_decision(decision)
        keeper = self.history.keeper
        if keeper is not None:
            keeper.check()
        spot = self._waiting_spot(barrier_id)
        await self._run().decide(spot.scope, decision, by)
        if keeper is not None:
            keeper.check()
        return self.head

    def preview(self, decision: Decision, barrier_id: str | None = None) -> Previewed:
        """Tell what a decision would write and where it would lead, without giving it.

        Raises:
            NotWaitingError, NodeNotFoundError, StateError: As for `decide`.
        """
        _check_decision(decision)
        spot = self._waiting_spot(barrier_id)
        assert isinstance(spot.site, Site)
        done = commit.commit_decision(spot.scope, spot.site, spot.level, decision)
        before, after = spot.level.state, done.level.state
        return Previewed(before, after, done.route.next_node if done.route else None, done.error)

    def targets(self, barrier_id: str | None = None) -> list[str]:
        """Return the nodes that a reroute of a waiting barrier may name."""
        return list(self._waiting_spot(barrier_id).scope.graph.nodes)


def _check_decision(decision: Any) -> None:
    if not isinstance(decision, Decision):
        raise DebuggerError(
            f"{decision!r:.60} is no decision: give Approve(), Reject(reason),"
            " Modify(key, value) or Reroute(target)."
        )
