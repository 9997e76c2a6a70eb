"""Keeping a run in a store or a file, and opening it again."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.core.warn_caller import caution
from lellm_nb.debug.persist.breakpoint_form import read_modes, read_stops, stops_form, watched
from lellm_nb.debug.persist.code_form import code_form, lost_code, lost_text
from lellm_nb.debug.persist.secrets import Supplying
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from lellm_nb.graph.graph import Graph
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.session.session import ExecutionSession, GraphHashMode

if TYPE_CHECKING:
    from lellm_nb.debug.breakpoints.unsaved_condition import NotStored
    from lellm_nb.debug.debugger import Debugger
    from lellm_nb.record.redaction.redactor import Redactor
    from lellm_nb.store.run_reader import RunReader

# stores and the codec are imported where they are used: a run that is not kept pays nothing

__all__ = ["Keeping"]

_BACKWARD = frozenset({"back", "run_back", "rewind"})


class Keeping(Supplying):
    """``save, load, open, close, refresh``, and what a store has to be told.

    Attributes:
        trace_id: The run's id, by which a store knows it.
    """

    trace_id: TraceId
    _stored: RunReader | None = None
    _by_line: dict[str, dict[str, Any]] | None = None
    _kept_open: _KeptOpen | None = None
    _reading = False
    _closed = False
    _marking = False
    _lost: Mapping[str, NotStored] = {}

    # -- a new run -------------------------------------------------------------

    def _keep_in(self, store: Any) -> None:
        """Start a run in a store: a path, a store that keeps runs, or any `CheckpointStore`.

        Raises:
            CheckpointStoreError: The store did not take the first frame.
            DebuggerError: It is no store.
        """
        self.trace_id = new_trace_id()
        if store is None:
            return
        from lellm_nb.debug.persist.open_save import keeper_for

        keeper = keeper_for(
            store, self.trace_id, self.name, self.graph, self.max_steps, self._redact
        )
        self._attach(keeper)
        keeper.keep(self._session.line, self._session.head, leads=True)
        keeper.check()

    def _attach(self, keeper: Any) -> None:
        self._session.history.keeper = keeper
        keeper.leader = self._session
        self.breakpoints = watched(self.breakpoints, self._keep_stops)
        self._kept_open = _KeptOpen()
        weakref.finalize(self._kept_open, _let_go, keeper)

    def _keep_stops(self) -> None:
        self._keep("stops", stops_form(self.breakpoints))

    def _keep(self, kind: str, value: Any) -> None:
        if self._keeper is not None:
            self._keeper.mark_of(self._session, kind, value)

    def mode(self, node: str, mode: str) -> None:
        super().mode(node, mode)
        self._keep("modes", dict(self._modes))

    mode.__doc__ = Supplying.mode.__doc__

    def _replaced(self, nodes: Mapping[str, Any]) -> None:
        super()._replaced(nodes)
        if nodes:
            self._lost = {path: code for path, code in self._lost.items() if path not in nodes}
            self._keep("code", code_form(self))

    def _on(self, session: ExecutionSession) -> Debugger:
        made = super()._on(session)
        made._lost = dict(self._lost)
        made._reading, made._closed = self._reading, self._closed
        made._marking = self._marking
        made.trace_id = self.trace_id
        made._reopened = self._reopened
        made._stored, made._kept_open, made._by_line = self._stored, self._kept_open, self._by_line
        left = self._by_line.pop(session.line.name, None) if self._by_line else None
        if left is not None:
            made._take(left)
        if self._keeper is not None:
            made.breakpoints = watched(made.breakpoints, made._keep_stops)
            made._keep_stops()
            made._keep("modes", dict(made._modes))
            if made._patched or made._lost:
                made._keep("code", code_form(made))
        return made

    def _take(self, left: dict[str, Any]) -> None:
        """Take what the debugger of a stored line had beside its frames."""
        if "stops" in left:
            self.breakpoints = Breakpoints()
            read_stops(left["stops"], self.breakpoints, self._value_path)
        if "modes" in left:
            self._modes = read_modes(left["modes"])
        if "code" in left:
            self._lost = lost_code(left["code"], self.graph)
            if self._lost and not self._reading:
                caution(lost_text(self.line, self._lost))
        index, line = left.get("head"), self._session.line
        if type(index) is int and 0 <= index < len(line):
            self._session.rewind(line[index])

    @property
    def reading(self) -> bool:
        """Whether a stored run was opened for reading: it can be looked at, and not go on."""
        return self._reading

    def _post(self, verb: str, work: Any) -> Future[Any]:
        if verb not in _BACKWARD:
            self._refuse_reading(verb)
        return super()._post(verb, work)

    def _refuse_reading(self, verb: str) -> None:
        """Refuse what would be lost, or could not be done."""
        if self._closed:
            raise DebuggerError(
                f"{verb}: this run was closed. Debugger.open(store, run, graph=…) goes on with it."
            )
        if self._reading:
            raise DebuggerError(
                f"{verb}: this run was opened for reading. To go on with it give its graph:"
                " Debugger.open(store, run, graph=…)."
            )

    def note(self, frame: Any, text: str) -> None:
        if not self._marking:  # a file that was loaded is saved again
            self._refuse_reading("note")
        super().note(frame, text)

    def pin(self, frame: Any, on: bool = True) -> None:
        if not self._marking:
            self._refuse_reading("pin")
        super().pin(frame, on)

    def _refuse_while_busy(self, verb: str) -> None:
        if verb == "fork":
            self._refuse_reading(verb)
        super()._refuse_while_busy(verb)

    note.__doc__, pin.__doc__ = Supplying.note.__doc__, Supplying.pin.__doc__

    async def _advance(self, **options: Any) -> Stop:
        hidden = self._hidden()
        if hidden is not None:
            return hidden
        keeper = self._keeper
        if keeper is None:
            return await super()._advance(**options)
        keeper.graph = self.graph
        try:
            stop = await super()._advance(**options)
        except CheckpointStoreError as error:
            return self._stop(StopReason.FAILED, error=error)
        if keeper.error is not None:
            return self._stop(StopReason.FAILED, error=keeper.error)
        return stop

    def close(self) -> None:
        """Let the run go, so that another process may write it; looking goes on working.

        It is the whole run that is let go, whichever of its forks this is.

        Raises:
            CheckpointStoreError: The store still refuses what was committed.
            BusyError: A run is going on.
        """
        everyone = self._everyone()
        for one in everyone:
            one._refuse_while_busy("close")
        keeper = self._keeper
        if keeper is not None:
            for one in everyone:
                one._keep_stops()  # how often they were hit, and which are on
            keeper.check()
            self._session.history.keeper = None
            keeper.close()
            for one in everyone:
                one._reading = one._closed = True

    def _everyone(self) -> list[Any]:
        """Return the debuggers of this run that there are, the first one first."""
        known = [self._first(), *self._family.values(), self]
        return list(dict.fromkeys(one for one in known if one is not None))

    # -- a stored run ------------------------------------------------------------

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
    ) -> Debugger:
        """Go on with a stored run, or read it.

        Args:
            store: A path, or a store.
            run: Its id, the beginning of it, or its name, of which the newest is meant; the
                newest of all by default.
            graph: Its graph; without it the run can be read, and not moved on.
            mode: `GraphHashMode.FORCE` goes on with a graph of another shape, where the
                position still exists.
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
        from lellm_nb.debug.persist.open_save import open_store

        made: Debugger = open_store(cls, store, run, graph, mode, redact)
        if migrate is not None and graph is not None:
            made._migrate(migrate)
        return made

    def _migrate(self, migrate: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        before = dict(self.state)
        after = dict(migrate(dict(before)))
        put = {k: v for k, v in after.items() if k not in before or before[k] != v}
        gone = [k for k in before if k not in after]
        if put or gone:
            self._session.edit_head(put, gone)
            if self._keeper is not None:
                self._keeper.check()

    def _restore_marks(self, stored: RunReader) -> None:
        history = stored.history
        self._by_line = {}
        mine: dict[str, Any] = {}
        for (kind, key), value in stored.marks.items():
            if kind in ("note", "pin"):
                named = stored.frame_named(key)
                if named is None:
                    continue
                if kind == "pin":
                    history.pins.add(named[1])
                elif isinstance(value, str) or type(value).__name__ == "Redacted":
                    history.notes[named[1]] = str(value)
            elif not key:
                mine[kind] = value
            elif (line := stored.line_named(key)) is not None:
                self._by_line.setdefault(line.name, {})[kind] = value
        self._take(mine)

    def refresh(self) -> int:
        """Look for frames that another process has added since; return how many came.

        Where the head stood at the tip of its line it goes with it. Only a run that was
        opened for reading has news.
        """
        if self._stored is None or not self._reading:
            return 0
        session = self._session
        at_tip = session.head.index == session.line.tip
        grown = self._stored.grow()
        if grown and at_tip:
            session.rewind(session.line[session.line.tip])
        self._changed()
        return grown

    # -- files -------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole run to one file: every line, names, notes, pins, stops.

        The file holds data only; see `lellm_nb.store.archive` for its format.

        Raises:
            SerializationError: A value cannot be written; names its path.
            CheckpointStoreError: The file cannot be written.
            BusyError: A run is going on.
        """
        from lellm_nb.debug.persist.open_save import save_archive

        self._refuse_while_busy("save")
        save_archive(self, path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        graph: Graph | None = None,
        mode: GraphHashMode = GraphHashMode.STRICT,
    ) -> Debugger:
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
        from lellm_nb.debug.persist.open_save import load_archive

        made: Debugger = load_archive(cls, path, graph, mode)
        return made


class _KeptOpen:
    """What the debuggers of one run hold, and nobody else: gone when the last of them is."""


def _let_go(keeper: Any) -> None:
    try:
        keeper.close()
    except CheckpointStoreError:  # nobody is left who could be told
        return
