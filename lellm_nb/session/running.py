"""A session that runs on, and takes decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lellm_nb.arguments import whole
from lellm_nb.clock import Clock
from lellm_nb.engine import commit
from lellm_nb.engine.driving.drive import own_task
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.performing.perform import Lookup
from lellm_nb.engine.run import HOLD, Run
from lellm_nb.engine.scope import Scope, Site, way_to
from lellm_nb.engine.spot import find_spot, movable_spots
from lellm_nb.engine.variables import variables_at
from lellm_nb.errors import DebuggerError, RunError
from lellm_nb.graph.decision import Decision, DefaultAction, check_decision
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.record.past.stopped_run import StoppedRun, held_weakly, stopped_at
from lellm_nb.record.position import Position, Waiting
from lellm_nb.record.sinks import check_sinks
from lellm_nb.session.alone import run_alone
from lellm_nb.session.head import Head
from lellm_nb.session.next_move import NativeMove, move_of
from lellm_nb.session.protocol import (
    EVERYTHING,
    Asking,
    Controls,
    NextMove,
    Outcome,
    Plan,
    Previewed,
    RunningNode,
    Went,
)
from lellm_nb.session.recording import Recording
from lellm_nb.session.running_nodes import running_nodes
from lellm_nb.session.waits import Waits

__all__ = ["Running"]


class Running(Head):
    """``step, run, advance, decide, preview``, and what is next."""

    capabilities = EVERYTHING

    def _adopt(self, graph: Graph, clock: Clock) -> None:
        super()._adopt(graph, clock)
        self.scope = Scope(graph)
        self._known_waits: Waits | None = None

    # -- looking ---------------------------------------------------------------

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self.head.position.state

    def next_move(self) -> NativeMove | None:
        """Return the one place that a single step would move; `None` at the end.

        Raises:
            RunError: The next node is not in the graph, or its level cannot be entered.
        """
        root = self.position
        return move_of(find_spot(self.scope, root), root)

    def next_moves(self) -> list[NativeMove]:
        """Return every place that could move without a decision, branches in order.

        Raises:
            RunError: As for `next_move`.
        """
        root = self.position
        moves = [move_of(spot, root) for spot in movable_spots(self.scope, root)]
        return [move for move in moves if move is not None]

    def data_at(self, frame: Frame, like: Frame | None = None) -> Any:
        """Return the compact state of a level at a frame; `None` where the run was not in it.

        Args:
            like: A frame of the level that is meant; by default the root is. A level that the
                run was about to enter there is as its first node would have seen it.
        """
        if like is None or like.level is like.position:
            return frame.position.data
        if like is frame:
            return frame.level.data
        try:
            level = _level_of(self.scope, frame.position, like.path)
        except Exception:  # another graph than the one that ran, or a lens that refuses now
            return None
        return None if level is None else level.data

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what a barrier asks; `None` where it asks for no more than yes or no."""
        return self._waits.asked(waiting)

    def waiting_data(self, waiting: Waiting) -> Any:
        """Return the compact state of the level that waits; `None` where that is not told."""
        return self._waits.data(waiting)

    @property
    def _waits(self) -> Waits:
        known, scope, position = self._known_waits, self.scope, self.position
        if known is None or known.scope is not scope or known.position is not position:
            known = self._known_waits = Waits(scope, position)
        return known

    def in_flight(self) -> list[RunningNode]:
        """Return the nodes that run now, in no order; asked from any thread."""
        return running_nodes(self._moving, self._doomed)

    def recorded(self, line: Line | None = None, end: int | None = None) -> Recording:
        """Return what was recorded; what a line, the current one by default, has comes first."""
        return Recording(self.history, self.line if line is None else line, end)

    # -- running ---------------------------------------------------------------

    async def step(self) -> Frame | None:
        """Make one commit; the frame it made, `None` where nothing can move.

        Raises:
            RunError: The step failed; nothing of it was committed.
        """
        halt = await self._go(self._run(barrier=HOLD), one=True)
        return self.head if halt is Halt.STEPPED else None

    async def run(self, *, max_steps: int | None = None, barrier: Any = HOLD) -> Halt:
        """Run on until nothing moves without a decision.

        Args:
            max_steps: How many more steps the root level may take.
            barrier: A `BarrierSink` to ask at barriers instead of coming back.

        Raises:
            RunError: The run failed; the last frame says so.
            Exception: What the sink decided was refused again and again; the barrier waits.
        """
        limit = max_steps
        if limit is not None:
            limit = self.position.step + whole(limit, "max_steps", RunError)
        if barrier is not HOLD:
            check_sinks(RunError, barrier=barrier)
        run = self._run(barrier=barrier, limit=limit)
        halt = await self._go(run)
        if halt is Halt.HELD and run.refusal is not None:
            raise run.refusal
        return halt

    async def advance(self, controls: Controls | None = None) -> Halt:
        """Go on as the controls say; all forward movement of a session comes here.

        Raises:
            RunError: The run failed; the last frame says so.
            CheckpointStoreError: The store still refuses what was committed before.
        """
        controls = controls or Controls()
        run = self._controlled(controls)
        work = self._go(run, one=controls.one)
        try:
            if controls.cell is None or not self.history.has_variables:
                return await work
            # what another branch, or a step before, has set is not to be seen
            return await own_task(work, controls.cell.copy())
        finally:
            self.history.has_variables |= bool(run.variables)
            controls.stopping, controls.refused = run.stopping, run.refusal

    async def _go(self, run: Run, *, one: bool = False) -> Halt:
        if self.history.writer is not None:
            self.history.writer.check()
        self._moving = run
        try:
            return await (run.step() if one else run.go())
        except RunError as error:
            head, now = self.head, self.clock.wall()
            this = held_weakly(self)
            where = StoppedRun(self.graph, now, head.position, session=this, index=head.index)
            stopped_at(error, where)
            raise

    def _controlled(self, controls: Controls) -> Run:
        """Make a run that does as the controls say."""
        steps = controls.max_steps
        run = self._run(
            barrier=controls.barrier or HOLD,
            token=controls.token,
            limit=None if steps is None else self.position.step + steps,
        )
        run.capture, run.cell = controls.capture, controls.cell
        if self.history.has_variables:
            run.variables_at = partial(variables_at, self.head)
        run.watch, run.watch_failures = controls.watch, controls.watch_failures
        run.beside = controls.beside
        run.decided, run.replaying = controls.decided, controls.replaying
        if controls.gates:
            run.gate = _gated(run, controls.gates)
        if controls.look_up is not None:
            run.recorded = _looked_up(run, controls.look_up)
        run.executor = controls.executor
        tapes = controls.tapes
        if tapes is not None:
            run.tapes = lambda scope, site, level: tapes(
                NativeMove(scope, site, level, run.position)
            )
        on_chunk = controls.on_chunk
        if on_chunk is not None:
            # without a publisher, chunks have nowhere else to go while their node runs
            run.on_chunk = lambda site, chunk: on_chunk(site.place.path, chunk)  # type: ignore[method-assign]
        if controls.on_retry is not None:
            run.on_retry = controls.on_retry  # type: ignore[assignment]  # as above
        run.share = controls.share or run.share

        def stop(why: Any) -> None:
            if run.stopping is None:
                run.stopping = why

        controls.on_stop = stop
        controls.on_abandon = run.abandon
        if controls.stopping is not None:  # asked before, or while this was made
            stop(controls.stopping)
        return run

    def _run(self, **options: Any) -> Run:
        run = Run(self.scope, self.position, emit=self._emit, clock=self.clock, **options)
        run.doomed = self._doomed
        return run

    def alone(self, plan: Plan) -> Callable[[], Went]:
        """Return what runs this position on with a history of its own, wherever it is called."""
        return partial(run_alone, self.graph, self.position, plan)

    # -- deciding --------------------------------------------------------------

    async def decide(
        self, decision: Any, barrier_id: str | None = None, *, by: str = "person"
    ) -> Frame:
        """Commit a decision for one waiting barrier.

        Raises:
            NotWaitingError: That barrier does not wait, or it is not clear which is meant.
            NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
            StateError: What is to be modified is not there, or it is no answer to what is asked;
                the barrier goes on waiting.
            CheckpointStoreError: The store refuses the decision; it stays in memory.
        """
        if decision is not DefaultAction.SKIP:
            check_decision(decision, DebuggerError)
        writer = self.history.writer
        if writer is not None:
            writer.check()
        spot = self._waits.spot(barrier_id)
        await self._run().decide(spot.scope, decision, by)
        if writer is not None:
            writer.check()
        return self.head

    def preview(self, decision: Decision, barrier_id: str | None = None) -> Previewed:
        """Tell what a decision would write and where it would lead, without giving it.

        Raises:
            NotWaitingError, NodeNotFoundError, StateError: As for `decide`.
        """
        check_decision(decision, DebuggerError)
        return self._waits.preview(decision, barrier_id)

    def preview_outcome(self, move: Any, outcome: Outcome) -> Previewed:
        """Tell what would be committed if a node had this outcome.

        Raises:
            NodeNotFoundError, StateError: It would be refused.
        """
        done = commit.commit_node(move.scope, move.site, move.level, outcome)
        before, after = move.level.state, done.level.state
        return Previewed(before, after, done.route.next_node if done.route else None, done.error)

    def targets(self, barrier_id: str | None = None) -> list[str]:
        """Return the nodes that a reroute of a waiting barrier may name."""
        return list(self._waits.spot(barrier_id).scope.graph.nodes)


def _level_of(scope: Scope, root: Position, path: str) -> Position | None:
    """Return the level of a path in a position; `None` where the run is somewhere else."""
    level = root
    for _, level, leads_on in way_to(scope, root, path):
        if leads_on and level.node != leads_on:
            return None
    return level


def _gated(run: Run, gates: Mapping[str, Callable[[NextMove], Any]]) -> Any:
    """Return the engine's gate; it asks before every node, and most are passed by one look-up."""
    move: NativeMove | None = None

    def gate(scope: Scope, site: Site, level: Position) -> Any:
        nonlocal move
        ask = gates.get(site.place.static)
        if ask is None:
            return None
        # one move for all: making it anew would cost a run with breakpoints a twentieth
        if move is None:
            move = NativeMove(scope, site, level, run.position)
        else:
            move.scope, move.site = scope, site
            move.level, move.root = level, run.position
        return ask(move)

    return gate


def _looked_up(run: Run, look_up: Callable[[NextMove], Outcome | None]) -> Lookup:
    return lambda scope, site, level: look_up(NativeMove(scope, site, level, run.position))
