"""The debugger: one method per button, all usable without a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lellm_nb.debug.compare import Comparison, compare_lines
from lellm_nb.debug.deciding import Deciding
from lellm_nb.errors import DebuggerError, nearest
from lellm_nb.graph.graph import Graph
from lellm_nb.session.session import ExecutionSession

__all__ = ["Debugger"]


class Debugger(Deciding):
    """Runs a graph in small steps, keeps every one, and goes anywhere in time.

    As the last expression of a cell it shows the panel.

    Args:
        graph: What `GraphBuilder.build` returned.
        state: A mapping of text keys to values.
        max_steps: How many steps one `run` may take before it holds with `LIMIT`.
        name: For people; the graph's name by default.

    Raises:
        DebuggerError: `graph` is no graph.
        StateTypeError: The state is not a mapping, or has keys that are not text.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("count")
        >>> @g.task
        ... def add(ctx):
        ...     return {"n": ctx.state["n"] + 1}
        >>> g = g.barrier("check").node("done", lambda ctx: None).edge("add", "check")
        >>> g = g.edge_if("check", "add", lambda s: s["n"] < 2).edge("check", "done")
        >>> g = g.start("add").end("done")
        >>> dbg = Debugger(g.build(), {"n": 0})
        >>> dbg.run()
        Stop(BARRIER, frame 2 check, pending=check#0)
        >>> dbg.approve().reason.name, dbg.run().reason.name, dbg.state["n"]
        ('STEP', 'BARRIER', 2)
        >>> dbg.rewind(1).frame.state["n"]
        1
    """

    def __init__(
        self,
        graph: Graph,
        state: Any = None,
        *,
        max_steps: int = 1000,
        name: str | None = None,
    ) -> None:
        given: Any = graph
        if not isinstance(given, Graph):
            hint = " Did you forget .build()?" if hasattr(given, "build") else ""
            raise DebuggerError(f"A Debugger needs a Graph, not {type(given).__name__}.{hint}")
        super().__init__(ExecutionSession(state, graph), name or graph.name, max_steps)
        self._family: dict[str, Debugger] = {}

    # -- change ----------------------------------------------------------------

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
            at: An index, a `Frame` or ``(node, visit)``; the head by default.
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
        graph = self.graph.patched(nodes) if nodes else self.graph
        gone = (delete,) if isinstance(delete, str) else tuple(delete or ())
        child = self._on(self._session.fork(frame, put=put, delete=gone, name=name))
        child._session.use(graph)
        self._changed()
        return child

    def _on(self, session: ExecutionSession) -> Debugger:
        """Make a debugger for another line of the same history."""
        made = type(self).__new__(type(self))
        Deciding.__init__(made, session, self.name, self.max_steps)
        made.breakpoints = self.breakpoints.copied()
        made._family = self._family
        self._family[session.line.name] = made
        return made

    def branch(self, name: str) -> Debugger:
        """Return the debugger of any line by its name.

        Raises:
            DebuggerError: There is no such line; lists those that are.
        """
        if name == self.line:
            return self
        line = self._session.history.lines.get(name)
        if line is None:
            raise DebuggerError(
                f"There is no line {name!r}.{nearest(name, self.lines)}"
                f" Lines: {', '.join(self.lines)}."
            )
        known = self._family.get(name)
        if known is not None and known.line == name:
            return known
        session = self._session.fork_free(line)
        session.use(self.graph)
        return self._on(session)

    def patch(
        self,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        """Go on with new functions; the history is kept.

        Args:
            nodes: ``{name: function}``.
            edges: ``{(source, target): predicate}`` of conditional edges.

        Raises:
            BusyError: A run is going on.
            NoSuchNodeError: There is no such node or conditional edge.
        """
        self._refuse_while_busy("patch")
        self._session.use(self.graph.patched(nodes, edges))
        self._changed()

    def compare(self, other: Debugger) -> Comparison:
        """Return this line and another one, aligned by path, node and visit."""
        mine, its = self._session, other._session
        left, right = mine.line.name, its.line.name
        names = (left, right) if left != right else (self.name, other.name)
        return compare_lines(
            names, self.frames[: mine.head.index + 1], other.frames[: its.head.index + 1]
        )

    # -- showing ---------------------------------------------------------------

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        from lellm_nb.notebook import display_debugger

        return display_debugger(self, include, exclude)

    def __repr__(self) -> str:
        return f"<Debugger of {self.name!r}: {self.status_line}>"
