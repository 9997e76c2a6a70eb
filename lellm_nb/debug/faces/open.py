"""Making a debugger of a run that was kept, captured, or that failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lellm_nb.debug.faces.face import Face
from lellm_nb.graph.graph import Graph
from lellm_nb.session.checkpoint import GraphHashMode

if TYPE_CHECKING:
    import pandas

    from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["OpenFace"]


class OpenFace(Face):
    """``open, load, open_thread, runs, from_checkpoint, post_mortem``."""

    native: ClassVar[Any]
    """The class of the sessions of our own engine; `Debugger` says which."""

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
        policy: TriggerPolicy | CheckpointPolicy | None = None,
        retention: RetentionPolicy | None = None,
        config: Any = None,
        context: Any = None,
        stream: bool = True,
    ) -> Self:
        """Go on with a stored run, or read it.

        Args:
            store: A path, or a store.
            run: Its id, the beginning of it, or its name, of which the newest is meant; the
                newest of all by default.
            graph: Its graph, or the compiled graph of LangGraph; without it the run can be read,
                and not moved on.
            mode: `GraphHashMode.FORCE` goes on with a graph of another shape, where the
                position still exists, and warns of what it has differently.
            migrate: Given the root state as a dict, returns what it is to be for this
                graph; the change is a frame of kind *edit*.
            redact: What is secret in what is written from now on, where the store itself does
                not say, and in what is shown. What `supply` gives always is.
            policy: Which commits are kept from now on in a store of checkpoints, or beside the
                run in a store of whole runs; as for `Debugger`.
            retention: Which of these checkpoints are dropped again.
            config, context, stream: What a graph of LangGraph is called with, as for `Debugger`.

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
            cls._family(),
            cls.native,
            store,
            run,
            graph,
            mode,
            redact,
            migrate,
            policy,
            retention,
            {"config": config, "context": context, "stream": stream},
        )
        made: Self = cls._of(opened)
        return made

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        graph: Graph | None = None,
        mode: GraphHashMode = GraphHashMode.STRICT,
        *,
        config: Any = None,
        context: Any = None,
        stream: bool = True,
    ) -> Self:
        """Open a file that `save` wrote; what happens then is not written to it.

        Args:
            graph: To go on with the run; reading needs none.
            config, context, stream: What a graph of LangGraph is called with, as for `Debugger`.

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

        called = {"config": config, "context": context, "stream": stream}
        made: Self = cls._of(load_archive(cls._family(), cls.native, path, graph, mode, called))
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

    @classmethod
    def from_checkpoint(
        cls,
        what: Any,
        graph: Graph | None = None,
        *,
        store: Any = None,
        mode: GraphHashMode = GraphHashMode.STRICT,
        redact: Redactor | None = None,
    ) -> Self:
        """Stand where a checkpoint was made, with the frames that were captured as the past.

        Captured frames are frames of the history: to look at, to rewind to and to fork from.
        Where steps between two of them were not captured, `Frame.gap` of the later one says so,
        and what they wrote is nobody's. A start that is not known is the first moment that is.

        Args:
            what: A `SessionCheckpoint`, a `Checkpoint`, the id of one in a store, the bytes of
                one, a `MemorySink`, a `FrameStack`, a list of frames (the last one is the
                newest), a `DiskSink` or the path of its folder.
            graph: Its graph; without it the run can be read, and not moved on.
            store: For an id: where it is looked up, a path or any `CheckpointStore`. For
                everything else: where the run is kept from now on, as for `Debugger`.
            mode: As for `open`.
            redact: What is secret in what is written from now on, and in what is shown.

        Raises:
            DebuggerError: It is nothing of these, or there is nothing in it.
            CheckpointNotFoundError: There is no checkpoint of that id.
            CorruptedCheckpointError: The bytes are none, or damaged.
            GraphMismatchError: The graph has another shape.
            CheckpointStoreError: The position is not in the graph.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, MemorySink
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
            >>> g = g.node("b", lambda ctx: {"m": ctx.state["n"]}).edge("a", "b")
            >>> graph = g.start("a").end("b").build()
            >>> sink = MemorySink(); result = graph.run({"n": 1}, checkpoint=sink)
            >>> dbg = Debugger.from_checkpoint(sink, graph)
            >>> dbg.frames
            <Frame 0 start: n>
            <Frame 1 commit a: n>
            <Frame 2 commit b: m>
            >>> fork = dbg.fork(at=1, put={"n": 7}); fork.run().reason.name, fork.state["m"]
            ('COMPLETED', 7)
        """
        from lellm_nb.debug.persist.from_checkpoint import open_captured

        opened = open_captured(cls._family(), cls.native, what, graph, store, mode, redact)
        made: Self = cls._of(opened)
        return made

    @classmethod
    def open_thread(
        cls, graph: Any, config: Any, *, context: Any = None, stream: bool = True, **options: Any
    ) -> Self:
        """Stand where a thread of LangGraph stands that a saver of yours has.

        The saver is read, and never written: what is done here is a line of its own, and the
        thread stays what it is.

        Args:
            graph: A compiled graph with its checkpointer.
            config: Names the thread as for `invoke`, and the checkpoint where it is not the last.
            context, stream: As for `Debugger`.
            options: What else a `Debugger` takes: ``store, name, redact, …``.

        Raises:
            DebuggerError: There is no saver, no thread is named, or it has no checkpoint.
        """
        from lellm_nb.adapters.recognize import foreign_thread

        session = foreign_thread(graph, config, context=context, stream=stream)
        make: Any = cls
        made: Self = make(session, **options)
        return made

    @classmethod
    def post_mortem(
        cls, error: BaseException | None = None, *, redact: Redactor | None = None
    ) -> Self:
        """Stand where a run failed that had no debugger, with what is known of its past.

        Of a run without a sink that is how it began, the last commit and the failure; with a
        `MemorySink` it is every frame. Mend the function (or `patch` it), and `retry`. Where a
        debugger that still stands there ran it, that one is returned.

        Args:
            error: What `graph.run`, `execute`, `execute_stream`, `run_inline` or a session
                raised, or what has it as its cause or in a group; or `Stop.error`. By default the
                last one that anybody still has: in an `except` block, in a variable, or shown as a
                traceback; or the last debugger that failed.
            redact: What is secret in what is shown and written.

        Raises:
            DebuggerError: It is no error of a run, there is none, or its run is gone.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> graph = GraphBuilder("g").node("a", lambda ctx: ctx.state["n"]).start("a").end("a")
            >>> graph = graph.build()
            >>> try:
            ...     graph.run({})
            ... except Exception as failure:
            ...     dbg = Debugger.post_mortem(failure)
            >>> dbg.status, dbg.frames[-1].kind
            ('failed', 'error')
            >>> dbg.patch({"a": lambda ctx: {"n": 1}}); dbg.retry().reason.name
            'COMPLETED'
        """
        from lellm_nb.debug.persist.post_mortem import post_mortem

        made: Self = post_mortem(cls._family(), cls.native, error, redact)
        return made
