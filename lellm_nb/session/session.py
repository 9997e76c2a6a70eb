"""A session owns where a run stands and everything that led there."""

from __future__ import annotations

from typing import Any

from lellm_nb.clock import Clock
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import GraphMismatchError
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Position
from lellm_nb.session.branching import Branching
from lellm_nb.session.checkpoint import GraphHashMode, SessionCheckpoint, check_exists
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
        own = clock or Clock()
        history = History(_root_frame(graph, checkpoint.position, own))
        line = history.lines["main"]
        return cls._standing(graph, own, history, line, line[0], checkpoint.frames.frames)

    @classmethod
    def of_history(
        cls, graph: Graph, history: History, line: Line, head: Frame, *, check: bool = False
    ) -> ExecutionSession:
        """Return a session that stands at a frame of a history made elsewhere, of a store's.

        Args:
            check: Whether to look if the position is in the graph.

        Raises:
            CheckpointStoreError: It is not.
        """
        session = cls._standing(graph, Clock(), history, line, head)
        if check:
            check_exists(session.scope, head.position)
        return session

    def into_parts(self) -> tuple[Any, FrameStack]:
        """Return the final state and the captured frames."""
        return self.state, self.frame_stack

    def __repr__(self) -> str:
        return f"<ExecutionSession of {self.graph.name!r} at frame {self.head.index}>"


def _root_frame(graph: Graph, root: Position, clock: Clock) -> Frame:
    place = Place(graph.name, "", "")
    return make_frame(place, "start", 0, root, root, (), None, clock.wall(), 0.0, None)
