"""Stops: where runs stop, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.debug.breakpoints.edge_stop import EdgeStop
from lellm_nb.debug.breakpoints.kinds import Breakpoint, ErrorStop, Watch
from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import modes, stops

__all__ = ["StopsFace"]


class StopsFace(Face):
    """``break_at, break_on, break_on_error, watch, mode``."""

    @property
    def breakpoints(self) -> Breakpoints:
        """The stops that are set: listed, enabled, disabled and removed here."""
        return self._context.breakpoints

    def break_at(
        self,
        node: str,
        *,
        when: str | Callable[[Any], Any] | None = None,
        visit: int | None = None,
        ignore: int = 0,
        after: bool = False,
    ) -> Breakpoint:
        """Stop runs before `node` runs, or after its commit.

        Args:
            node: Its path; a bare name where it is unique. In a map ``check/3`` is one item
                alone, ``check/*`` each of them.
            when: An expression over the state of the node's level, ``"total > 100"``
                (SEMANTICS G10), or a function that is asked with it. Text is stored with the
                run and comes back armed; a function comes back switched off.
            visit: Stop at that visit only.
            ignore: How many hits to let pass first.
            after: Whether to stop after the commit instead.

        Raises:
            NoSuchNodeError: There is no such node, or more than one.
            DebuggerError: A condition is none; shows what an expression can't have.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
            >>> Debugger(g).break_at("a", when="n > 2", after=True)
            <Breakpoint 1 after a if n > 2, hits 0>
        """
        return self._context.at_once(
            stops.break_at, node, when=when, visit=visit, ignore=ignore, after=after
        )

    def break_on(self, edge: tuple[str, str], *, refused: bool = False) -> EdgeStop:
        """Stop runs after a step that took an edge, before the next node runs.

        Args:
            edge: ``(source, target)``: the source's path, the target's name or path.
            refused: Stop where the edge was asked and not taken: its condition did not hold, and
                the step went another way, which `Stop.route` says.

        Raises:
            NoSuchNodeError: There is no such edge; lists those that leave the source.
            DebuggerError: It is no pair of names; or `refused`, and it has no condition.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: None)
            >>> g = g.node("c", lambda ctx: None).edge_if("a", "b", lambda s: s["n"] > 5)
            >>> dbg = Debugger(g.edge("a", "c").start("a").end("c").build())
            >>> stop = dbg.break_on(edge=("a", "b"), refused=True)
            >>> dbg.run()
            Stop(BREAKPOINT, frame 1 a, breakpoint=on a -> b refused, went to c)
            >>> dbg.last_stop.route.kind
            'normal'
        """
        return self._context.at_once(stops.break_on, edge, refused=refused)

    def break_on_error(self) -> ErrorStop:
        """Stop runs at every failure, also one that an error route takes."""
        return self._context.at_once(stops.break_on_error)

    def watch(self, what: Any) -> Watch:
        """Stop runs where a value changes, forward and backward.

        Args:
            what: A key, a path or ``"level:key"``; or an expression over the root state,
                ``"len(items) > 3"``, or a predicate of it, which stop where the answer
                changes. A key may come later: the watch says that nothing has it yet, and a
                warning names what else may have been meant.

        Raises:
            StateTypeError: It is none of these.
            DebuggerError: A text with an operator or a call in it is no expression.
        """
        return self._context.at_once(stops.watch, what)

    def mode(self, node: str, mode: str, *, miss: str = "stop") -> None:
        """Say what happens when the run comes to a node.

        Args:
            node: Its path; a bare name where it is unique.
            mode: ``"live"`` runs it. ``"recorded"`` looks its outcome up by path and visit,
                and pauses where none is recorded. ``"ask"`` waits, and takes `approve` (run
                it), `reject` (use what is recorded), `modify` (put a value instead) or
                `reroute` (go elsewhere instead). ``"calls"`` runs it, and looks its calls up.
            miss: In mode calls, and where a node is begun anew that was left inside of a call:
                what becomes of one that is not recorded: ``"stop"`` says what differs, ``"live"``
                sends it, ``"drift"`` serves what was recorded in its place.

        A node that declared side effects is looked up where an outcome is recorded, unless
        it is set to live. A barrier set to ``"recorded"`` takes the decision that was recorded
        for it, where there is one; else it waits, as ever.

        Raises:
            NoSuchNodeError: There is no such node.
            DebuggerError: The mode is none of the four, or the node runs no code of its own.
            BusyError: A run is going on.
        """
        self._context.at_once(modes.mode, node, mode, miss=miss)

    @property
    def modes(self) -> dict[str, str]:
        """The modes that were set, by path; ``recorded`` for what side effects lock."""
        return self._context.modes.all
