"""A session owns where a run stands and everything that led there."""

from __future__ import annotations

import warnings
from typing import Any

from lellm_nb.arguments import member, refusal, speaking
from lellm_nb.clock import Clock
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import CheckpointStoreError, RunError
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.ids import TraceId
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.history import History, Line
from lellm_nb.record.past.captured import known_past, start_frame
from lellm_nb.record.past.known_reducers import bind_reducers
from lellm_nb.record.position import Position
from lellm_nb.session.branching import Branching
from lellm_nb.session.checkpoint import (
    GraphHashMode,
    SessionCheckpoint,
    check_exists,
    check_graph,
    forced_text,
)
from lellm_nb.session.head import Head
from lellm_nb.session.looking import LookingSession
from lellm_nb.state.state import keep

__all__ = [
    "ExecutionSession",
    "GraphHashMode",
    "SessionCheckpoint",
    "check_exists",
]


class ExecutionSession(Branching):
    """Owns position and history of one run; many sessions share one graph.

    Args:
        state: A mapping of text keys to values; frozen when it is taken.
        graph: What to run.
        clock: Where time is read.

    Raises:
        StateTypeError: The state is not a mapping, or has keys that are not text.
        RunError: It is no graph that can run.

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
        self._adopt(built_graph(graph, RunError), _checked(clock))
        root = Position.begin(graph.start, content)
        start = start_frame(graph.name, root, self.clock.wall())
        self.history = History(start)
        self.line: Line = self.history.lines["main"]
        self.head = start

    def checkpoint(self) -> SessionCheckpoint:
        """Return what `restore` needs to go on exactly here."""
        return SessionCheckpoint(
            self.state,
            self.frame_stack,
            self.graph.canonical_hash,
            self.position,
            self.graph.fingerprint,
            self.head,
        )

    @classmethod
    def restore(
        cls,
        checkpoint: SessionCheckpoint | Checkpoint,
        graph: Graph,
        mode: GraphHashMode = GraphHashMode.STRICT,
        *,
        clock: Clock | None = None,
        trace_id: TraceId | None = None,
    ) -> ExecutionSession:
        """Go on where a checkpoint was made, with its stack and counters.

        The frames that were captured before are frames of its history: `fork` and `rewind` take
        them. With a graph of another hash, FORCE mode warns of what it has differently.

        Args:
            checkpoint: Of a session, or one that a store kept.
            trace_id: The run's id; a fresh one by default.

        Raises:
            GraphMismatchError: The graph has another hash, and `mode` is STRICT.
            CheckpointStoreError: In FORCE mode: the position is not in this graph. Or it is no
                checkpoint, or no mode.
            RunError: It is no graph that can run.
        """
        given: Any = checkpoint
        if isinstance(given, Checkpoint):
            given = SessionCheckpoint.of(given)
        if not isinstance(given, SessionCheckpoint):
            wanted = "a SessionCheckpoint, as session.checkpoint() returns it, or a Checkpoint"
            raise refusal(given, "checkpoint", wanted, CheckpointStoreError)
        built_graph(graph, RunError)
        own = _checked(clock)
        forced = member(mode, "mode", CheckpointStoreError, GraphHashMode) is GraphHashMode.FORCE
        looked = given.fingerprint if forced else None
        changed = check_graph(given.graph_hash, looked, graph, mode)
        if changed:
            check_exists(Scope(graph), given.position)
            warnings.warn(forced_text(changed), stacklevel=2)
        past = known_past(
            given.frames.frames,
            given.position,
            last=given.last,
            graph=graph.name,
            now=own.wall(),
            trace_id=trace_id,
        )
        bind_reducers(past.history, graph)
        return cls._standing(graph, own, *past)

    @classmethod
    def of_history(
        cls, graph: Any, history: History, line: Line, head: Frame, *, check: bool = False
    ) -> Head:
        """Return a session that stands at a frame of a history made elsewhere, of a store's.

        Args:
            graph: Its graph, or the outline of one; of another engine's it can only be looked at.
            check: Whether to look if the position is in the graph.

        Raises:
            CheckpointStoreError: It is not.
        """
        if not isinstance(graph, Graph):
            return LookingSession.of_history(graph, history, line, head)
        session = cls._standing(graph, Clock(), history, line, head)
        if check:
            check_exists(session.scope, head.position)
        return session

    def into_parts(self) -> tuple[Any, FrameStack]:
        """Return the final state and the captured frames."""
        return self.state, self.frame_stack

    def __repr__(self) -> str:
        return f"<ExecutionSession of {self.graph.name!r} at frame {self.head.index}>"


def _checked(clock: Clock | None) -> Clock:
    if clock is not None:
        speaking(clock, "clock", RunError, "wall tick", "a Clock")
    return clock or Clock()
