"""Changing without losing: forks, new code, a history folded again, notes and pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Self, cast

from lellm_nb.arguments import flag, refusal
from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.diff.compare import Comparison
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import branch, patch, refold
from lellm_nb.errors import DebuggerError

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.verbs.variant import Variant  # loaded with sweep

__all__ = ["BranchesFace"]


class BranchesFace(Face):
    """``fork, branch, patch, without, sweep, compare, note, pin``."""

    def fork(
        self,
        at: Any = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] | str | None = None,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        name: str | None = None,
    ) -> Self:
        """Return a debugger on a line of its own that begins at a frame; this one stays.

        Args:
            at: An index, a `Frame` or ``(node, visit)``; the head by default. The line goes
                on *after* it: to run a step again, fork from the frame before it.
            put: Keys and values to write there, as one frame of kind *edit*. Each replaces what
                was there, past the reducers: a list of messages is put whole, or one of it by its
                path, ``{("messages", -1): message}``. `send` goes through the reducers.
            delete: Keys to remove in the same frame; what is not there is no error.
            nodes: New functions, on the new line only. Where the frame at which it begins is a
                run of one of them, a warning names the frame before it.
            name: The line's name; ``fork 1``, ``fork 2``, … by default.

        Raises:
            BusyError: A run is going on.
            NoSuchFrameError: There is no such frame.
            StateError: What is to be written does not fit.
            DebuggerError: The name is taken.
        """
        made: Self = self._context.at_once(
            branch.fork, at, put=put, delete=delete, nodes=nodes, name=name
        )
        return made

    def branch(self, name: str) -> Self:
        """Return the debugger of any line by its name.

        Raises:
            DebuggerError: There is no such line; lists those that are.
        """
        if name == self._context.session.line.name:
            return self
        self._context.may("branch")
        made: Self = branch.branch(self._context, name)
        return made

    def compare(self, other: BranchesFace | str) -> Comparison:
        """Return this line and another one, aligned by path, node and visit.

        Each side counts up to where its debugger stands; rewind to its last frame to compare
        the whole line.

        Args:
            other: A debugger of the other line, or the line's name.
        """
        against: Any = self.branch(other) if isinstance(other, str) else other
        if not isinstance(against, BranchesFace):
            raise refusal(against, "other", "a Debugger or a line's name", DebuggerError)
        found = branch.compare(self.session, against.session, (self.name, against.name))
        found.hide = self._context.hide()
        return found

    def note(self, frame: Any, text: str) -> None:
        """Write a note to a frame; an empty one takes it away.

        Raises:
            NoSuchFrameError: There is no such frame.
            DebuggerError: It is no text, or the run was opened for reading.
        """
        self._context.storage.refuse_marking("note")
        found, given = self._frame(frame), cast("Any", text)
        if not isinstance(given, str):
            raise refusal(given, "text", "text; an empty one takes a note away", DebuggerError)
        self._context.session.history.note(found, text)
        self._context.commands.changed()

    def pin(self, frame: Any, on: bool = True) -> None:
        """Pin a frame, so that no retention ever drops it; or let it go.

        In a store of checkpoints it is also how one is kept now, whatever the policy says: the
        checkpoint of a frame that the policy left out is saved as it is pinned.

        Raises:
            NoSuchFrameError: There is no such frame.
            DebuggerError: The run was opened for reading.
        """
        self._context.storage.refuse_marking("pin")
        on = flag(on, "on", DebuggerError)
        self._context.session.history.pin(self._frame(frame), on)
        self._context.commands.changed()

    def patch(
        self,
        nodes: Mapping[str, Callable[[Any], Any]] | None = None,
        edges: Mapping[tuple[str, str], str | Callable[[Any], Any]] | None = None,
    ) -> None:
        """Go on with new functions; the history is kept.

        Args:
            nodes: ``{path or unique name: function}``; for a Parallel its merge, for a subgraph
                its lens.
            edges: ``{(source, target): predicate}`` of conditional edges; an expression will do.

        Raises:
            BusyError: A run is going on.
            NoSuchNodeError: There is no such node or conditional edge.
        """
        self._context.at_once(patch.patch, nodes, edges)

    def without(self, frame: Any, mutation: Any = 0) -> Self:
        """Fold the log again without one mutation; no node runs.

        The recorded outcomes after the frame are committed again on a new line, one
        mutation unticked, as far as the head; decisions and edits are given again as well.
        Conditions see the state as it would have been: where the run would have gone another
        way and nothing is recorded there, the line ends.

        Args:
            frame: The frame that wrote it: a node's commit, or an edit. Or the mutation itself,
                or a write of `who`, which say the frame by themselves.
            mutation: Its place among the frame's mutations, from 0; or the mutation.

        Returns:
            The debugger of the new line, at the last frame that could be folded.

        Raises:
            DebuggerError: The frame has no such mutation, or is neither of the two; or no frame
                on the way to the head wrote it, or several did.
        """
        made: Self = self._context.run(refold.without, frame, mutation)
        return made

    async def awithout(self, frame: Any, mutation: Any = 0) -> Self:
        """Do what `without` does, with await."""
        made: Self = await self._context.start(refold.without, frame, mutation)
        return made

    def sweep(
        self,
        at: Any,
        variants: Sequence[Mapping[Any, Any] | Variant] | Mapping[str, Mapping[Any, Any] | Variant],
        n: int = 1,
        until: Until = None,
        executor: Executor | None = None,
        *,
        progress: bool = True,
    ) -> pandas.DataFrame:
        """Fork from a frame once per variant, run each, and return one row per run.

        Args:
            at: An index, a `Frame` or ``(node, visit)``.
            variants: Mappings of keys to put there, in a list or by name; `grid` makes the
                product of several keys. A `Variant` has other functions for nodes as well, or in
                place of that: another prompt or another model.
            n: How often each variant is run; `sweep_summary` makes mean and spread of the runs.
                With a seed each repeat draws other numbers, the same in the next such sweep.
            until: Where a run stops, as for `run`. With an executor: an expression or a
                predicate only.
            executor: Runs the variants there, side by side, past breakpoints; without it they
                run one after the other.
            progress: Whether to show a bar.

        Returns:
            Columns ``variant``, ``repeat``, ``put_<key>`` per key put, ``node_<path>`` per function
            (its name), ``line`` (open it with ``branch``), ``reason``, ``frames``, ``duration``
            (seconds), ``error``, and one column per key in which any run's last state differs from
            the state at `at`.

        Raises:
            DebuggerError: There is no variant, or something cannot be sent to the executor;
                nothing has run then.
            StateError: What a variant puts does not fit; nothing has run.
            NoSuchFrameError: There is no such frame.
            NoSuchNodeError: A `Variant` has a function for a node that is not there.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, Variant, grid, sweep_summary
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"m": ctx.state["n"] * 2})
            >>> dbg = Debugger(g.start("a").end("a").build(), {"n": 1}); stop = dbg.run()
            >>> none = Variant(nodes={"a": lambda ctx: {"m": 0}}, name="none")
            >>> runs = dbg.sweep(0, [*grid(n=[2, 3]), none], n=2, progress=False)
            >>> sweep_summary(runs)[["variant", "runs", "completed", "m_mean", "m_max"]]
              variant  runs  completed  m_mean  m_max
            0       0     2          2     4.0    4.0
            1       1     2          2     6.0    6.0
            2    none     2          2     0.0    0.0
        """
        from lellm_nb.debug.verbs import sweep

        if executor is None:
            return self._context.run(sweep.sweep, at, variants, n, until, progress)
        return self._context.hold(
            "sweep", sweep.sweep_elsewhere, at, variants, n, until, executor, progress
        )

    async def asweep(
        self,
        at: Any,
        variants: Sequence[Mapping[Any, Any] | Variant] | Mapping[str, Mapping[Any, Any] | Variant],
        n: int = 1,
        until: Until = None,
        *,
        progress: bool = True,
    ) -> pandas.DataFrame:
        """Do what `sweep` does without an executor, with await."""
        from lellm_nb.debug.verbs import sweep

        return await self._context.start(sweep.sweep, at, variants, n, until, progress)
