"""Where a run is kept: it listens to what changes beside the frames, and writes it down."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call import Call
from lellm_nb.debug.core.protocols import OneLine
from lellm_nb.debug.names.node_name import value_path
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.persist.breakpoint_form import (
    modes_form,
    read_modes,
    read_stops,
    stops_form,
)
from lellm_nb.debug.persist.code_form import code_form, lost_code, lost_text
from lellm_nb.debug.persist.missing_secrets import levels_with_gaps
from lellm_nb.debug.persist.rule_form import read_rules, rules_form
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.session.protocol import Session
from lellm_nb.state.frozen import thaw

if TYPE_CHECKING:
    from lellm_nb.store.run.run_reader import RunReader

# stores and the codec are imported where they are used: a run that is not kept pays nothing

__all__ = ["Storage", "beside"]


class Storage:
    """Where a run is kept, if it is; shared by all its lines.

    Attributes:
        trace_id: The run's id, by which a store knows it.
        writer: Who writes it, or `None`.
        stored: What was read of a run that was stored before, or `None`.
        reading: Whether the run can only be looked at.
        forked: Whether that is because the process that this one was forked from writes it.
        closed: Whether that is because it was let go.
        marking: Whether notes and pins are taken all the same: a file may be saved again.
        reopened: Whether secrets may have been taken out of it.
        how: The call that opens it to be gone on with.
    """

    def __init__(self, trace_id: TraceId | None = None) -> None:
        self.trace_id = trace_id or new_trace_id()
        self.writer: Any = None
        self.stored: RunReader | None = None
        self.reading = False
        self.forked = False
        self.closed = False
        self.marking = False
        self.reopened = False
        self.how = "Debugger.open(store, run, graph=…)"
        self.beside: dict[str, dict[str, Any]] = {}
        """By line: what was stored of lines whose debuggers were not asked for yet."""

        self._told: set[str] = set()  # of which kinds something was written
        self._missing: tuple[Any, list[tuple[Any, ...]]] = (None, [])
        self._kept_open: _KeptOpen | None = None

    # -- what it is told ---------------------------------------------------------

    def changed(self, context: OneLine, kind: str) -> None:
        """Write what a line has beside its frames: ``stops, modes, rules, code, seed``."""
        if self.writer is not None:
            self._told.add(kind)
            self.writer.mark_of(context.session, kind, _FORMS[kind](context))

    def call_ended(self, context: OneLine, call: Call) -> None:
        """Write a call down as it ends: the node's frame may never come (CALLS.md, K1)."""
        if self.writer is not None and not call.late:
            self.writer.call_ended(context.session, call)
        context.commands.changed()

    def calls_left(self, context: OneLine, node: str = "") -> None:
        """Drop the calls of nodes that are not gone on with: of one, or of all."""
        if self.writer is not None:
            self.writer.calls_left(context.session, node)

    def opened(self, context: OneLine) -> None:
        """Give the context of another line what was stored for it, and write the rest down."""
        left = self.beside.pop(context.session.line.name, None)
        if left is not None:
            self.take(context, left)
        if self.writer is not None:
            self.changed(context, "stops")
            self.changed(context, "modes")
            for kind in _SELDOM:
                if kind in self._told or _FORMS[kind](context):
                    self.changed(context, kind)

    def take(self, context: OneLine, left: dict[str, Any]) -> None:
        """Take what a stored line had beside its frames."""
        session = context.session
        if "stops" in left:
            stops = read_stops(
                left["stops"], lambda what: value_path(session.graph, what, context.before)
            )
            context.breakpoints.load(stops)
        if "modes" in left:
            context.modes.chosen, context.modes.misses = read_modes(left["modes"])
        if "rules" in left or "stops" in left:  # where there are stops, no rules were none
            context.standing.load(read_rules(thaw(left.get("rules", ()))))
        if type(left.get("seed")) in (int, str):
            context.seed = left["seed"]
        if "code" in left:
            graph = session.graph if self.reading else context.code.followed(session.graph)
            context.code.lost = lost_code(left["code"], graph)
            if context.code.lost and not self.reading:
                caution(lost_text(session.line.name, context.code.lost))
        elif "stops" in left:
            context.code.lost = {}
        for one in left.get("calls", ()):
            if one.index <= session.head.index:
                context.calls.take_unfinished(one.path, one.visit, one.call)
        index = left.get("head")
        if type(index) is int and 0 <= index < len(session.line):
            session.rewind(session.line[index])

    def take_marks(self, context: OneLine, stored: RunReader) -> None:
        """Take notes, pins, and what the lines of a stored run had beside their frames."""
        history = stored.history
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
            elif kind == "call":
                continue
            elif (line := stored.line_named(key)) is not None:
                self.beside.setdefault(line.name, {})[kind] = value
        for line, one in stored.unfiled_calls():
            own = line is context.session.line
            left = mine if own else self.beside.setdefault(line.name, {})
            left.setdefault("calls", []).append(one)
        stored.calls.terms = context.call_settings
        self.take(context, mine)

    # -- what it refuses -----------------------------------------------------------

    def refuse_reading(self, verb: str) -> None:
        """Refuse what would be lost, or could not be done."""
        if self.forked:
            raise DebuggerError(
                f"{verb}: this run's store is written by the process that this one was forked"
                " from. Here begin a run of your own: Debugger(graph, dbg.state), or open it for"
                " reading: Debugger.open(store, run)."
            )
        if self.closed:
            raise DebuggerError(
                f"{verb}: this run was closed. Debugger.open(store, run, graph=…) goes on with it."
            )
        if self.reading:
            raise DebuggerError(
                f"{verb}: this run was opened for reading. To go on with it give its graph:"
                f" {self.how}."
            )

    def refuse_marking(self, verb: str) -> None:
        """Refuse a note or a pin that would be lost."""
        if not self.marking:
            self.refuse_reading(verb)

    def missing_secrets(self, session: Session) -> list[tuple[Any, ...]]:
        """Return where secrets have to be given again before a reopened run goes on."""
        if not self.reopened:
            return []
        position = session.position
        if self._missing[0] is not position:
            gaps = (path for _, paths in levels_with_gaps(session) for path in paths)
            self._missing = (position, list(dict.fromkeys(gaps)))
        return list(self._missing[1])

    def hide(self, redactor: Any) -> None:
        """From now on take out of what is written what a redactor calls secret, too."""
        if self.writer is not None:
            codec = self.writer.codec
            codec.redactor = codec.redactor.with_those_of(redactor)

    # -- a store -------------------------------------------------------------------

    def attach(self, session: Session, writer: Any) -> None:
        """Have everything written from now on; the run's head is the head of `session`."""
        self.writer = session.history.writer = writer
        _written.add(self)
        writer.leader = session
        self._kept_open = _KeptOpen()
        weakref.finalize(self._kept_open, _let_go, writer)

    def detach(self, session: Session, before: Any) -> None:
        """Have a run that was not to be written no more; what wrote the history before does."""
        self.writer, session.history.writer = None, before

    def close(self, contexts: list[OneLine]) -> None:
        """Let the run go, so that another process may write it.

        Raises:
            CheckpointStoreError: The store still refuses what was committed.
        """
        if self.writer is None:
            return
        try:
            for context in contexts:
                self.changed(context, "stops")  # how often they were hit, and which are on
            self.writer.check()
            self.writer.close()
        except BaseException:
            # in memory nothing is lost, and going on or closing again claims the run first
            self.writer.give_up()
            raise
        contexts[0].session.history.writer = self.writer = None
        self.reading = self.closed = True

    def grow(self, session: Session) -> int:
        """Look for frames that another process has added since; return how many came."""
        if self.stored is None or not self.reading:
            return 0
        at_tip = session.head.index == session.line.tip
        grown = self.stored.grow()
        if grown and at_tip:
            session.rewind(session.line[session.line.tip])
        return grown


_FORMS: dict[str, Callable[[OneLine], Any]] = {
    "stops": lambda context: stops_form(context.breakpoints),
    "modes": lambda context: modes_form(context.modes.chosen, context.modes.misses),
    "rules": lambda context: rules_form(context.standing),
    "code": lambda context: code_form(context.code, context.session.graph),
    "seed": lambda context: context.seed,
}
"""What a line has beside its frames, as data."""

_SELDOM = ("rules", "code", "seed")
"""What most lines have nothing of."""


def beside(context: OneLine) -> dict[str, Any]:
    """Return what a line has beside its frames, by kind."""
    found = {kind: form(context) for kind, form in _FORMS.items()}
    return {kind: form for kind, form in found.items() if form or kind not in _SELDOM}


_written: weakref.WeakSet[Storage] = weakref.WeakSet()


def _after_fork() -> None:
    for storage in _written:
        if storage.writer is not None:
            storage.reading = storage.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _KeptOpen:
    """What the debuggers of one run hold, and nobody else: gone when the last of them is."""


def _let_go(writer: Any) -> None:
    try:
        writer.close()
    except CheckpointStoreError:  # nobody is left who could be told
        return
