"""Looking never moves the run, and works while one is going on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.core.commands import Core
from lellm_nb.debug.core.stop import Pending
from lellm_nb.debug.diff.diff import Diff, diff_data
from lellm_nb.debug.history.frames import Frames, find_frame
from lellm_nb.engine.scope import scope_at
from lellm_nb.engine.spot import Move
from lellm_nb.errors import LellmError
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position, Waiting

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["Looking"]


class Looking(Core):
    """``state, position, frames, at, diff`` and what the view shows of the head."""

    _redact: Redactor | None = None

    @property
    def redact(self) -> Redactor:
        """What takes secrets out of all that is shown, exported or written out as code.

        Unless it is chosen, that of the store, else one that knows the common API keys.
        The states themselves are never changed by it.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, Redactor
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> dbg = Debugger(g, {"pin": 1234}, redact=Redactor(paths=["pin"]))
            >>> dbg.redact.paths, dbg.state["pin"]
            (('pin',), 1234)
        """
        if self._redact is None:
            codec = getattr(self._session.history.keeper, "codec", None)
            from lellm_nb.record.redaction.redactor import Redactor

            self._redact = getattr(codec, "redactor", None) or Redactor()
        return self._redact

    @redact.setter
    def redact(self, redactor: Redactor) -> None:
        self._redact = redactor

    @property
    def graph(self) -> Graph:
        """The graph that runs."""
        return self._session.graph

    @property
    def state(self) -> Any:
        """The root state where the run stands."""
        return self._session.state

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self._session.position

    @property
    def stack(self) -> list[str]:
        """The paths of the nodes that are next, from the outer graph inwards."""
        if self.position.ended:
            return []
        scope: Any = self._session.spot.scope
        paths: list[str] = []
        while scope is not None:
            level = scope.level(self.position)
            paths.append(scope.prefix + (level.node or ""))
            scope = scope.parent
        return paths[::-1]

    @property
    def frames(self) -> Frames:
        """The current line: from the root to the head, and on along the line last left."""
        return Frames(self._session.line)

    @property
    def head(self) -> int:
        """The index in `frames` of where the run stands."""
        return self._session.head.index

    @property
    def line(self) -> str:
        """The name of the line that the head is on."""
        return self._session.line.name

    @property
    def lines(self) -> list[str]:
        """The names of all lines, ``main`` first."""
        return list(self._session.history.lines)

    @property
    def paths(self) -> list[str]:
        """The paths of all nodes, composites before what is in them."""
        return list(_paths(self.graph, ""))

    @property
    def pending(self) -> list[Pending]:
        """The barriers that wait for a decision, in registration order."""
        head = self._session.head
        return [self._pending(waiting, head) for waiting in head.position.waiting]

    def _pending(self, waiting: Waiting, head: Frame) -> Pending:
        frame = head
        while frame.parent is not None and waiting in frame.parent.position.waiting:
            frame = frame.parent
        return Pending(
            waiting.barrier_id,
            waiting.path,
            waiting.name,
            waiting.timeout,
            frame.started,
            frame.index,
        )

    @property
    def _held(self) -> bool:
        """Whether nothing can move without a decision."""
        if self.position.ended:
            return False
        try:
            return self._session.spot.move is Move.DECIDE
        except LellmError:
            return False

    @property
    def status(self) -> str:
        """``ready, running, waiting, paused, failed`` or ``completed``."""
        if self._busy:
            waits = self._desk is not None and self._desk.asked and self._held
            return "waiting" if waits else "running"
        head = self._session.head
        if head.position.ended:
            return "completed"
        if head.failed:
            return "failed"
        if self._held:
            return "waiting"
        return "ready" if head.parent is None else "paused"

    @property
    def status_line(self) -> str:
        """The head in words: ``waiting at approve · frame 3 of 3 · main``."""
        status = self.status
        head = self._session.head
        where = ""
        if status == "waiting":
            where = " at " + ", ".join(waits.path for waits in self.pending)
        elif status == "failed":
            where = f" at {head.path}"
        elif status == "paused":
            where = f" before {self._next_path()}"
        last = len(self.frames) - 1
        return f"{status}{where} · frame {head.index} of {last} · {self.line}"

    def _next_path(self) -> str:
        try:
            return self.stack[-1]
        except LellmError:
            return self.position.node or "?"

    def at(self, node: str, visit: int = 1) -> Frame:
        """Return the frame of a node's run on this line.

        Raises:
            NoSuchFrameError: It did not run, or not that often.
        """
        return self._frame((node, visit))

    def diff(self, a: Any, b: Any) -> Diff:
        """Return what differs between two frames, as a tree of paths.

        Names mean the root state. Where a frame is of an inner level, what differs in that
        level comes after it, under ``level:key``.

        Raises:
            NoSuchFrameError: One of them is not there.
        """
        ends = self._frame(a), self._frame(b)
        changes = list(diff_data(*(frame.position.data for frame in ends)))
        inner = {f.static_path.rpartition("/")[0]: f for f in ends if f.level is not f.position}
        for level, inside in inner.items():
            sides = [self._level_data(frame, inside) for frame in ends]
            if None not in sides:
                changes += [change.at_level(level) for change in diff_data(*sides)]
        return Diff(changes)

    def _level_data(self, frame: Frame, inside: Frame) -> Any:
        """A level's state at a frame, given a frame of that level; `None` where it is not on."""
        if frame is inside:
            return frame.level.data
        try:
            scope = scope_at(self._session.scope, frame.position, inside)
            return scope.level(frame.position).data
        except (LellmError, LookupError, AttributeError, AssertionError):
            return None  # that position is not in the level, nor about to enter it

    def _frame(self, which: Any) -> Frame:
        return find_frame(self.frames, self._session.history, which)


def _paths(graph: Graph, prefix: str) -> Iterator[str]:
    for name, node in graph.nodes.items():
        yield prefix + name
        if isinstance(node, Subgraph):
            yield from _paths(node.graph, f"{prefix}{name}/")
        elif isinstance(node, Parallel):
            for branch, inner in node.branches.items():
                yield f"{prefix}{name}/{branch}"
                if isinstance(inner, Subgraph):
                    yield from _paths(inner.graph, f"{prefix}{name}/{branch}/")
