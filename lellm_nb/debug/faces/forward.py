"""Forward: every verb that runs the graph on, and what ends a run that is going on."""

from __future__ import annotations

from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.core.handle import Handle
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import forward, retry

__all__ = ["ForwardFace"]


class ForwardFace(Face):
    """``step, over, into, out, run, retry, pause, stop`` and their async twins."""

    def step(self, n: int = 1) -> Stop:
        """Make `n` commits, branches taken in turn; a barrier or a failure ends it."""
        return self._context.run(forward.step, n)

    async def astep(self, n: int = 1) -> Stop:
        """Do what `step` does, with await."""
        return await self._context.start(forward.step, n)

    def into(self) -> Stop:
        """Make one commit, inside a composite if that is where the run goes: `step`."""
        return self._context.run(forward.into)

    async def ainto(self) -> Stop:
        """Do what `into` does, with await."""
        return await self._context.start(forward.into)

    def over(self) -> Stop:
        """Make one commit; where it enters a composite, run until that has left."""
        return self._context.run(forward.over)

    async def aover(self) -> Stop:
        """Do what `over` does, with await."""
        return await self._context.start(forward.over)

    def out(self) -> Stop:
        """Run until the level that the next step is in has left."""
        return self._context.run(forward.out)

    async def aout(self) -> Stop:
        """Do what `out` does, with await."""
        return await self._context.start(forward.out)

    def run(self, until: Until = None, *, more: int | None = None) -> Stop:
        """Run on to the next barrier, breakpoint, end or error.

        Args:
            until: A node, or ``(node, visit)``, named as for `break_at`: stops before it runs. An
                expression over the root state of each frame, ``"total > 100"``, or a predicate of
                a frame: stops after the frame. A text is first the name of a node.
            more: How many steps of the root level it may take this once, in place of
                `max_steps`; it holds with ``LIMIT`` when they are taken.

        Raises:
            NoSuchNodeError: `until` names no node of the graph.
            DebuggerError: A text with an operator or a call in it is no expression, or `more` is
                no whole number from 1.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
            >>> g = g.edge("a", "a").start("a").node("z", lambda ctx: None).end("z").build()
            >>> dbg = Debugger(g, {"n": 0}, max_steps=5)
            >>> dbg.run().reason.name, dbg.run(more=2).reason.name, dbg.state["n"]
            ('LIMIT', 'LIMIT', 7)
        """
        return self._context.run(forward.run, until, more=more)

    async def arun(
        self, until: Until = None, *, more: int | None = None, through_barriers: bool = False
    ) -> Stop:
        """Do what `run` does, with await.

        Args:
            until, more: As for `run`.
            through_barriers: Whether to wait at barriers for a click, and go on after it.

        Raises:
            DebuggerError: `through_barriers`, and this kernel cannot hear a click
                while a cell waits.
        """
        return await self.start(until, more=more, through_barriers=through_barriers)

    def start(
        self, until: Until = None, *, more: int | None = None, through_barriers: bool = False
    ) -> Handle[Stop]:
        """Begin to run and return at once; the handle can be awaited.

        Args:
            until, more: As for `run`.
            through_barriers: Whether to wait at barriers for a click, and go on after it.

        Raises:
            BusyError: A run is going on.
            DebuggerError: `through_barriers`, and this kernel cannot hear a click while a
                cell waits.
        """
        return self._context.start(forward.run, until, more=more, through_barriers=through_barriers)

    def retry(self) -> Stop:
        """Run the failed step again, as it is now: mend the function first.

        Raises:
            DebuggerError: The run does not stand at a failure.
        """
        return self._context.run(retry.retry)

    async def aretry(self) -> Stop:
        """Do what `retry` does, with await."""
        return await self._context.start(retry.retry)

    def pause(self) -> None:
        """Stop at the next commit: nodes in flight finish, no new one starts.

        Raises:
            DebuggerError: The run can only be looked at here.
        """
        self._context.may("pause")
        self._context.commands.pause()

    def stop(self) -> None:
        """Cancel what is in flight; it is not committed, and everything before is kept.

        Raises:
            DebuggerError: The run can only be looked at here.
        """
        self._context.may("stop")
        self._context.commands.stop()
