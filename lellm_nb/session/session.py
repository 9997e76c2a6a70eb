"""A session owns where a run stands and everything that led there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from lellm_nb.clock import Clock
from lellm_nb.engine import commit
from lellm_nb.engine.halt import Halt
from lellm_nb.engine.loop import HOLD, Run
from lellm_nb.engine.scope import Scope, Site, scope_at
from lellm_nb.engine.spot import Move, Spot, find_spot, waiting_spots
from lellm_nb.engine.token import CancellationToken
from lellm_nb.errors import (
    CheckpointStoreError,
    DebuggerError,
    GraphMismatchError,
    NoSuchFrameError,
    NotWaitingError,
    StateTypeError,
)
from lellm_nb.graph.decision import Decision
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.record.frame import Frame, FrameStack, Place, make_frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Fan, Position, Waiting
from lellm_nb.record.visits import Visits
from lellm_nb.session.replay import Recording
from lellm_nb.state.data import Tail, Wide
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Delete, Mutation, Put, apply, check_key
from lellm_nb.state.state import keep

__all__ = [
    "ExecutionSession",
    "GraphHashMode",
    "Previewed",
    "SessionCheckpoint",
    "check_exists",
    "tell_all",
]

log = logging.getLogger("lellm_nb")


class GraphHashMode(Enum):
    """What to do with a checkpoint of a graph of another shape."""

    STRICT = "strict"
    FORCE = "force"


@dataclass(frozen=True, slots=True)
class SessionCheckpoint:
    """A session's stored form: state, frames, graph hash, and the exact position (C2)."""

    state: Any
    frames: FrameStack
    graph_hash: int
    position: Position


class Previewed(NamedTuple):
    """What a decision would do, had it been given."""

    before: Any
    after: Any
    next_node: str | None
    error: Exception | None


class ExecutionSession:
    """Owns position and history of one run; many sessions share one graph.

    Args:
        state: A mapping of text keys to values; frozen when it is taken.
        graph: What to run.
        clock: Where time is read.

    Raises:
        StateTypeError: The state is not a mapping, or has keys that are not text.

    Example:
        >>> import asyncio
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("count").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
        >>> session = ExecutionSession({"n": 1}, g.start("a").end("a").build())
        >>> asyncio.run(session.run())
        <Halt.ENDED: 'ended'>
        >>> session.state["n"], session.frame_stack.depth()
        (2, 1)
    """

    def __init__(self, state: Any, graph: Graph, *, clock: Clock | None = None) -> None:
        content = keep(state)
        self._adopt(graph, clock or Clock())
        root = Position.begin(graph.start, content)
        start = _root_frame(graph, root, self.clock)
        self.history = History(start)
        self.line: Line = self.history.lines["main"]
        self.head = start

    def _adopt(self, graph: Graph, clock: Clock) -> None:
        self.graph = graph
        self.clock = clock
        self.scope = Scope(graph)
        self._before: list[Frame] = []
        self._doomed: dict[int, Any] = {}
        self.listeners: list[Callable[[], None]] = []
        self._moving: Run | None = None

    @classmethod
    def _sharing(cls, other: ExecutionSession, line: Line, head: Frame) -> ExecutionSession:
        made = cls.__new__(cls)
        made._adopt(other.graph, other.clock)
        made._before = other._before
        made.history = other.history
        made.line = line
        made.head = head
        return made

    # -- looking ---------------------------------------------------------------

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self.head.position

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self.scope.seen(self.head.position.data)

    @property
    def frame_stack(self) -> FrameStack:
        """The captured frames that led here, oldest first: what a sink would have seen."""
        chain: list[Frame] = []
        frame: Frame | None = self.head
        while frame is not None:
            if frame.kind in _CAPTURED or (frame.kind == "error" and not frame.failed):
                chain.append(frame)
            frame = frame.parent
        return FrameStack([*self._before, *reversed(chain)])

    @property
    def spot(self) -> Spot:
        """The one place that a single step would move."""
        return find_spot(self.scope, self.position)

    @property
    def waiting(self) -> list[Waiting]:
        """The barriers that wait for a decision, in registration order."""
        return self.position.waiting

    # -- moving ----------------------------------------------------------------

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

    def _emit(self, frame: Frame) -> None:
        line = self.history.add(self.line, self.head, frame)
        keeper = self.history.keeper
        if line is not self.line:
            if keeper is not None and keeper.leader is not self:
                keeper.went(self.line, line)
            self.line = line
        self.head = frame
        if keeper is not None and not keeper.keep(line, frame, leads=keeper.leader is self):
            # the frame stays in memory and the run holds: nobody is told of it (SEMANTICS R7)
            if self._moving is not None and self._moving.stopping is None:
                self._moving.stopping = keeper.error
            return
        if self.listeners:
            tell_all(self.listeners)

    def rewind(self, frame: Frame) -> None:
        """Move the head to any frame of the tree; nothing is dropped.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """
        self.line = self.line_through(frame)
        self.head = frame
        self._doomed.clear()
        keeper = self.history.keeper
        if keeper is not None:
            keeper.moved(self.line, frame, leads=keeper.leader is self)

    def line_through(self, frame: Frame) -> Line:
        """Return the current line if the frame is on it, else the line it was made on.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """
        if frame.index < len(self.line) and self.line[frame.index] is frame:
            return self.line
        line = self.history.line_of(frame)
        if line is None:
            raise NoSuchFrameError(frame, "it belongs to another run's history.")
        return line

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

    # -- changing --------------------------------------------------------------

    def fork(
        self,
        frame: Frame | None = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] = (),
        name: str | None = None,
    ) -> ExecutionSession:
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
        edits: list[Mutation] = [
            Put(check_key(key), freeze(value, key)) for key, value in (put or {}).items()
        ]
        edits += [Delete(check_key(key)) for key in delete]
        return self._edit(frame, edits) if edits else None

    def edit(self, edits: Sequence[Mutation]) -> None:
        """Write at the head's own level, as one frame of kind *edit*; with none, do nothing.

        Raises:
            StateError: What is to be written does not fit.
        """
        if edits:
            self._emit(self._edit(self.head, edits))

    def at_tip(self, line: Line) -> ExecutionSession:
        """Return a session at the tip of an existing line."""
        return self._sharing(self, line, line[-1])

    def _edit(self, frame: Frame, edits: Sequence[Mutation]) -> Frame:
        edits = tuple(edits)
        level = frame.level
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
        scope = scope_at(self.scope, frame.position, frame)
        root = scope.replaced(frame.position, after)
        now = self.clock.wall()
        return make_frame(
            frame._place, "edit", frame.visit, root, after, edits, frame.route, now, 0.0, None
        )

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

    # -- keeping ---------------------------------------------------------------

    def checkpoint(self) -> SessionCheckpoint:
        """Return what `restore` needs to go on exactly here."""
        return SessionCheckpoint(
            self.state, self.frame_stack, self.graph.canonical_hash, self.position
        )

    @classmethod
    def restore(
        cls,
        checkpoint: SessionCheckpoint,
        graph: Graph,
        mode: GraphHashMode = GraphHashMode.STRICT,
        *,
        clock: Clock | None = None,
    ) -> ExecutionSession:
        """Go on where a checkpoint was made, with its stack and counters.

        Raises:
            GraphMismatchError: The graph has another hash, and `mode` is STRICT.
            CheckpointStoreError: In FORCE mode: the position is not in this graph.
        """
        if checkpoint.graph_hash != graph.canonical_hash:
            if mode is GraphHashMode.STRICT:
                raise GraphMismatchError(checkpoint.graph_hash, graph.canonical_hash)
            check_exists(Scope(graph), checkpoint.position)
        session = cls.__new__(cls)
        session._adopt(graph, clock or Clock())
        start = _root_frame(graph, checkpoint.position, session.clock)
        session.history = History(start)
        session.line = session.history.lines["main"]
        session.head = start
        session._before = checkpoint.frames.frames
        return session

    @classmethod
    def of_history(
        cls, graph: Graph, history: History, line: Line, head: Frame
    ) -> ExecutionSession:
        """Return a session that stands at a frame of a history made elsewhere, of a store's."""
        session = cls.__new__(cls)
        session._adopt(graph, Clock())
        session.history = history
        session.line = line
        session.head = head
        return session

    def edit_head(self, put: Mapping[Any, Any], delete: Sequence[Any]) -> Frame:
        """Write into the state where the run stands, as a frame of kind *edit*, on its line.

        Raises:
            StateError: What is to be written does not fit.
        """
        edits: list[Mutation] = [Put(check_key(k), freeze(v, k)) for k, v in put.items()]
        edits += [Delete(check_key(key)) for key in delete]
        self._emit(self._edit(self.head, tuple(edits)))
        return self.head

    def into_parts(self) -> tuple[Any, FrameStack]:
        """Return the final state and the captured frames."""
        return self.state, self.frame_stack

    def __repr__(self) -> str:
        return f"<ExecutionSession of {self.graph.name!r} at frame {self.head.index}>"


_CAPTURED = frozenset({"commit", "waiting", "decision", "exit", "join"})


def _check_decision(decision: Any) -> None:
    if not isinstance(decision, Decision):
        raise DebuggerError(
            f"{decision!r:.60} is no decision: give Approve(), Reject(reason),"
            " Modify(key, value) or Reroute(target)."
        )


def tell_all(listeners: list[Callable[[], None]]) -> None:
    """Call every listener; one that raises is reported and dropped, and stops nothing."""
    for listener in tuple(listeners):
        try:
            listener()
        except Exception:
            log.exception("listener %r failed; it is dropped", listener)
            with contextlib.suppress(ValueError):
                listeners.remove(listener)


def _root_frame(graph: Graph, root: Position, clock: Clock) -> Frame:
    place = Place(graph.name, "", "")
    return make_frame(place, "start", 0, root, root, (), None, clock.wall(), 0.0, None)


def check_exists(scope: Scope, position: Position) -> None:
    """Look whether every level of a position is in a graph.

    Raises:
        CheckpointStoreError: One is not; names it.
    """
    if position.node is None:
        return
    node = scope.graph.nodes.get(position.node)
    inner = position.inner
    kind = {Position: Subgraph, Fan: Parallel}.get(type(inner), object)
    if node is None or not isinstance(node, kind):
        raise CheckpointStoreError(
            f"The checkpoint stands at {scope.prefix}{position.node!r}, which this graph does"
            f" not have. Nodes there: {', '.join(scope.graph.nodes)}."
        )
    site = scope.site(position.node)
    if isinstance(inner, Position):
        check_exists(scope.child(site, position), inner)
    elif inner is not None:
        for name, branch in inner.branches.items():
            if name not in site.node.branches:
                raise CheckpointStoreError(
                    f"The checkpoint has a branch {site.place.path}/{name}, which this graph"
                    " does not have."
                )
            check_exists(scope.child(site, position, name), branch)
