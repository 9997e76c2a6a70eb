"""Keeping a run in a store or a file, opening it again, and taking steps out of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.persist.closing import close, refresh
from lellm_nb.debug.persist.save import save
from lellm_nb.debug.persist.secrets import supply
from lellm_nb.graph.graph import Graph
from lellm_nb.session.checkpoint import GraphHashMode

if TYPE_CHECKING:
    import pandas

    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["KeepFace"]


class KeepFace(Face):
    """``save, load, open, runs, close, refresh, supply, to_test, to_cell``."""

    native: ClassVar[Any]
    """The class of the sessions of our own engine; `Debugger` says which."""

    def supply(self, values: Mapping[Any, Any]) -> None:
        """Put values where secrets were taken out, so that a reopened run can go on.

        They are written at every level that lacks them, as frames of kind *edit*, and are
        taken out of the store again.

        Args:
            values: By key, or by path tuple: ``{("config", "api_key"): …}``.

        Raises:
            BusyError: A run is going on.
            DebuggerError: No secret was taken out at such a place; names those that were.
        """
        self._context.at_once(supply, values)

    def close(self) -> None:
        """Let the run go, so that another process may write it; looking goes on working.

        It is the whole run that is let go, whichever of its forks this is.

        Raises:
            CheckpointStoreError: The store still refuses what was committed.
            BusyError: A run is going on.
        """
        close(self._context)

    @classmethod
    def open(
        cls,
        store: Any,
        run: str | None = None,
        graph: Graph | None = None,
        mode: GraphHashMode = GraphHashMode.STRICT,
        *,
        migrate: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        redact: Redactor | None = None,
    ) -> Self:
        """Go on with a stored run, or read it.

        Args:
            store: A path, or a store.
            run: Its id, the beginning of it, or its name, of which the newest is meant; the
                newest of all by default.
            graph: Its graph; without it the run can be read, and not moved on.
            mode: `GraphHashMode.FORCE` goes on with a graph of another shape, where the
                position still exists, and warns of what it has differently.
            migrate: Given the root state as a dict, returns what it is to be for this
                graph; the change is a frame of kind *edit*.
            redact: What is secret in what is written from now on, where the store itself does
                not say, and in what is shown. What `supply` gives always is.

        Raises:
            CheckpointNotFoundError: There is no such run.
            GraphMismatchError: The graph has another shape; its notes say what changed.
            CheckpointStoreError: Somebody else writes the run, or in force mode: the
                position is not in this graph.
            CorruptedCheckpointError: The store is damaged.

        Example:
            >>> import os, tempfile
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> file = os.path.join(tempfile.mkdtemp(), "runs.db")
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("ok")
            >>> g = g.node("b", lambda ctx: {"n": 2}).edge("a", "ok").edge("ok", "b")
            >>> graph = g.start("a").end("b").build()
            >>> dbg = Debugger(graph, {}, store=file)
            >>> dbg.run().reason.name; dbg.close()
            'BARRIER'
            >>> again = Debugger.open(file, graph=graph)
            >>> again.approve().frame.kind, again.run().reason.name, again.state["n"]
            ('decision', 'COMPLETED', 2)
        """
        from lellm_nb.debug.persist import open

        opened = open.open_store(
            cls._family(), cls.native, store, run, graph, mode, redact, migrate
        )
        made: Self = cls._of(opened)
        return made

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        graph: Graph | None = None,
        mode: GraphHashMode = GraphHashMode.STRICT,
    ) -> Self:
        """Open a file that `save` wrote; what happens then is not written to it.

        Args:
            graph: To go on with the run; reading needs none.

        Raises:
            CorruptedCheckpointError: It is no such file, or damaged.
            GraphMismatchError: As for `open`.

        Example:
            >>> import os, tempfile
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> file = os.path.join(tempfile.mkdtemp(), "one.lellm")
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build(), {}); stop = dbg.run(); dbg.save(file)
            >>> Debugger.load(file).frames[1].state
            State({'n': 1})
        """
        from lellm_nb.debug.persist.open import load_archive

        made: Self = cls._of(load_archive(cls._family(), cls.native, path, graph, mode))
        return made

    @staticmethod
    def runs(store: Any) -> pandas.DataFrame:
        """Return the runs of a store, newest first; nothing of them is run, or read in full.

        Args:
            store: A path (of a store, or of a file that `save` wrote), a store, or anything with
                a `runs` method like theirs.

        Returns:
            One row per run: run (its id), name, when (it began, in UTC), turns (inputs, the first
            included), frames (on all lines), status (``ready, waiting, paused, failed`` or
            ``completed`` where it stands, ``damaged`` where that cannot be read), error (why it
            failed, or what is damaged), tokens (the token costs that its nodes set, in all) and
            cost (missing where no price is known). A run of which single checkpoints are kept
            has their number for its frames.

        Raises:
            DebuggerError: It is no store, and no path.
            CheckpointStoreError: The file cannot be read.
            CorruptedCheckpointError: It is no store.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, InMemoryStore
            >>> g = GraphBuilder("g").node("a", lambda ctx: ctx.set_token_cost(12)).barrier("ok")
            >>> graph = g.edge("a", "ok").start("a").end("ok").build()
            >>> store = InMemoryStore(); stop = Debugger(graph, store=store, name="mine").run()
            >>> Debugger.runs(store)[["name", "turns", "frames", "status", "tokens"]]
               name  turns  frames   status  tokens
            0  mine      1       3  waiting    12.0
        """
        from lellm_nb.debug.persist.run_table import run_table

        return run_table(store)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole run to one file: every line, names, notes, pins, stops.

        The file holds data only; see `lellm_nb.store.archive` for its format.

        Raises:
            SerializationError: A value cannot be written; names its path.
            CheckpointStoreError: The file cannot be written.
            BusyError: A run is going on.
        """
        self._context.at_once(save, path)

    def refresh(self) -> int:
        """Look for frames that another process has added since; return how many came.

        Where the head stood at the tip of its line it goes with it. Only a run that was
        opened for reading has news.
        """
        return refresh(self._context)

    def to_test(self, frame: Any) -> str:
        """Return a pytest that runs one step again on its recorded input.

        The node's source is embedded where it can be found, with the values it takes from
        outside. What cannot be written out is named in the text, and the test is skipped;
        secrets are left out and named as well.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        from lellm_nb.debug.codegen.step_to_code import to_test

        return to_test(self._context, self._frame(frame))

    def to_cell(self, frame: Any) -> str:
        """Return a cell that rebuilds a step's state and calls its node.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        from lellm_nb.debug.codegen.step_to_code import to_cell

        return to_cell(self._context, self._frame(frame))
