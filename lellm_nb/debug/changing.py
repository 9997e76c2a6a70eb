"""Changing without losing: forks, new code, a history folded again, notes and pins."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.code import redefined, written_after
from lellm_nb.debug.compare import Comparison, compare_lines
from lellm_nb.debug.deciding import Deciding
from lellm_nb.debug.stop import Stop, StopReason
from lellm_nb.debug.stopping import graph_at
from lellm_nb.debug.tree import Tree
from lellm_nb.engine.halt import Halt
from lellm_nb.errors import DebuggerError, RunError, nearest
from lellm_nb.record.frame import Frame
from lellm_nb.session.replay import Recording, outcome_of

if TYPE_CHECKING:
    from lellm_nb.debug.debugger import Debugger
    from lellm_nb.session.session import ExecutionSession

__all__ = ["Changing"]


class Changing(Deciding):
    """``fork, branch, patch, without, resolve_join, compare, tree, note, pin``."""

    _family: dict[str, Any]

    # -- lines -----------------------------------------------------------------

    def fork(
        self,
        at: Any = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] | str | None = None,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        name: str | None = None,
    ) -> Debugger:
        """Return a debugger on a line of its own that begins at a frame; this one stays.

        Args:
            at: An index, a `Frame` or ``(node, visit)``; the head by default. The line goes
                on *after* it: to run a step again, fork from the frame before it.
            put: Keys and values to write there, as one frame of kind *edit*.
            delete: Keys to remove in the same frame.
            nodes: New functions, on the new line only.
            name: The line's name; ``fork 1``, ``fork 2``, … by default.

        Raises:
            BusyError: A run is going on.
            NoSuchFrameError: There is no such frame.
            StateError: What is to be written does not fit.
            DebuggerError: The name is taken.
        """
        self._refuse_while_busy("fork")
        frame = self._session.head if at is None else self._frame(at)
        by_path = self._by_path(nodes or {})
        if frame.kind == "commit" and frame.static_path in by_path and not self._in_cycle(frame):
            warnings.warn(
                f"The fork goes on after frame {frame.index}, which {frame.path} has made already;"
                f" to run its new function there, fork(at={frame.index - 1}, …).",
                stacklevel=2,
            )
        graph = self.graph.patched(by_path) if nodes else self.graph
        gone = (delete,) if isinstance(delete, (str, tuple)) else tuple(delete or ())
        left = self._session.line_through(frame)
        child = self._on(self._session.fork(frame, put=put, delete=gone, name=name))
        child._recording = Recording(self._session.history, left)
        child._session.use(graph)
        self._changed()
        return child

    def _in_cycle(self, frame: Frame) -> bool:
        """Whether a frame's node may run again in its level."""
        graph = graph_at(self.graph, frame.static_path.rpartition("/")[0])
        return any(frame.node in cycle.nodes for cycle in graph.analyze_cycles())

    def _on(self, session: ExecutionSession) -> Debugger:
        """Make a debugger for another line of the same history."""
        made: Any = type(self).__new__(type(self))
        Deciding.__init__(made, session, self.name, self.max_steps)
        made.breakpoints = self.breakpoints.copied()
        made._modes = dict(self._modes)
        made._family = self._family
        self._family[session.line.name] = made
        return made  # type: ignore[no-any-return]  # of this very class

    def branch(self, name: str) -> Debugger:
        """Return the debugger of any line by its name.

        Raises:
            DebuggerError: There is no such line; lists those that are.
        """
        if name == self.line:
            return self  # type: ignore[return-value]  # a Changing is only ever a Debugger
        line = self._session.history.lines.get(name)
        if line is None:
            raise DebuggerError(
                f"There is no line {name!r}.{nearest(name, self.lines)}"
                f" Lines: {', '.join(self.lines)}."
            )
        known = self._family.get(name)
        if known is not None and known.line == name:
            return known  # type: ignore[no-any-return]  # the family holds debuggers
        session = self._session.at_tip(line)
        session.use(self.graph)
        return self._on(session)

    @property
    def tree(self) -> Tree:
        """All lines, with where each was forked, how it stands, its notes and pins."""
        return Tree(self._session.history, self._session.line, self._session.head)

    def compare(self, other: Debugger | str) -> Comparison:
        """Return this line and another one, aligned by path, node and visit.

        Each side counts up to where its debugger stands; rewind to its last frame to compare
        the whole line.

        Args:
            other: A debugger of the other line, or the line's name.
        """
        against = self.branch(other) if isinstance(other, str) else other
        mine, its = self._session, against._session
        left, right = mine.line.name, its.line.name
        names = (left, right) if left != right else (self.name, against.name)
        found = compare_lines(
            names, self.frames[: mine.head.index + 1], against.frames[: its.head.index + 1]
        )
        found.parts = _up_to(mine), _up_to(its)
        return found

    def note(self, frame: Any, text: str) -> None:
        """Write a note to a frame; an empty one takes it away."""
        self._session.history.note(self._frame(frame), str(text))
        self._changed()

    def pin(self, frame: Any, on: bool = True) -> None:
        """Pin a frame, so that no retention ever drops it."""
        self._session.history.pin(self._frame(frame), on)
        self._changed()

    # -- code ------------------------------------------------------------------

    def patch(
        self,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        """Go on with new functions; the history is kept.

        Args:
            nodes: ``{path or unique name: function}``.
            edges: ``{(source, target): predicate}`` of conditional edges.

        Raises:
            BusyError: A run is going on.
            NoSuchNodeError: There is no such node or conditional edge.
        """
        self._refuse_while_busy("patch")
        self._use(self._by_path(nodes or {}), edges)

    def _use(
        self,
        nodes: Mapping[str, Callable[[Any], Any]],
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        self._session.use(self.graph.patched(nodes, edges))
        now = self._session.clock.wall()
        for path in nodes:
            self._session.history.patched[path] = now
        self._changed()

    def _by_path(self, nodes: Mapping[str, Any]) -> dict[str, Any]:
        return {self._static_path(name): function for name, function in nodes.items()}

    def _refresh_code(self) -> None:
        """Use functions that were defined again since, in a cell or a reloaded module."""
        found = redefined(self.graph)
        if found:
            self._use(found)

    def has_old_code(self, frame: Any) -> bool:
        """Tell whether a frame was made by code that has been replaced since."""
        return written_after(self._session.history.patched, self._frame(frame))

    # -- the history, folded again -----------------------------------------------

    def without(self, frame: Any, mutation: int = 0) -> Debugger:
        """Fold the log again without one mutation; no node runs.

        The recorded outcomes after the frame are committed again on a new line, one
        mutation unticked. Conditions see the state as it would have been: where the run
        would have gone another way and nothing is recorded there, the line ends.

        Args:
            frame: The frame that wrote it.
            mutation: Its place among the frame's mutations, from 0.

        Returns:
            The debugger of the new line, at the last frame that could be folded.

        Raises:
            DebuggerError: The frame has no such mutation, or is no node's commit.
        """
        return self._call("without", lambda: self._do_without(frame, mutation))

    async def awithout(self, frame: Any, mutation: int = 0) -> Debugger:
        """Do what `without` does, with await."""
        return await self._handle("without", lambda: self._do_without(frame, mutation))

    async def _do_without(self, frame: Any, mutation: int = 0) -> Debugger:
        found = self._frame(frame)
        if found.kind != "commit" or not -1 < mutation < len(found.mutations):
            raise DebuggerError(
                f"Frame {found.index} ({found.kind} {found.path}) has no mutation {mutation} to"
                f" take away; it has {len(found.mutations)}."
            )
        assert found.parent is not None
        left = self._session.line_through(found)
        recording = Recording(self._session.history, left)
        changed = outcome_of(found)
        changed.mutations = [m for i, m in enumerate(found.mutations) if i != mutation]
        recording.replace(found.path, found.visit, changed)
        child = self._on(self._session.fork(found.parent))
        with contextlib.suppress(RunError):  # the line ends there, as its last frame shows
            await child._session.advance(recorded=recording, until=self._end_of(left))
        return child

    def _end_of(self, line: Any) -> int:
        """The index up to which a line's outcomes count: the head, or the line's tip."""
        on_line = self._session.line is line
        return self._session.head.index if on_line else len(line) - 1

    def resolve_join(self, how: str) -> Stop:
        """Say what becomes of a collect-all Parallel of which some branches failed.

        Args:
            how: ``"keep"`` joins the good branches, ``"drop"`` joins none, ``"retry"``
                runs the failed branches again.

        Raises:
            DebuggerError: No such failure is there, or `how` is none of the three.
        """
        return self._call("resolve_join", lambda: self._do_resolve_join(how))

    async def aresolve_join(self, how: str) -> Stop:
        """Do what `resolve_join` does, with await."""
        return await self._handle("resolve_join", lambda: self._do_resolve_join(how))

    async def _do_resolve_join(self, how: str) -> Stop:
        if how not in ("keep", "retry", "drop"):
            raise DebuggerError(f"resolve_join takes 'keep', 'retry' or 'drop', not {how!r}.")
        if how == "retry":
            return await self._do_run()
        try:
            await self._session.close_fan(keep=how == "keep")
        except RunError as error:
            return self._stop(StopReason.FAILED, error=error)
        return self._stop_for(Halt.STEPPED, None)

    def _frame_or_head(self, frame: Any) -> Frame:
        return self._session.head if frame is None else self._frame(frame)


def _up_to(session: ExecutionSession) -> str:
    """Say up to where a line counts, when its debugger does not stand at the end."""
    head, last = session.head.index, len(session.line) - 1
    return f" (up to frame {head} of {last})" if head < last else ""
