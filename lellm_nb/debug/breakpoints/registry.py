"""Stops that a user sets: kept by path, so that they survive rewind, fork and new code."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import flag, shown
from lellm_nb.debug.breakpoints.call_break import CallBreak
from lellm_nb.debug.breakpoints.edge_stop import EdgeStop
from lellm_nb.debug.breakpoints.kinds import (
    Breakpoint,
    ErrorStop,
    Hit,
    Stopper,
    Watch,
)
from lellm_nb.debug.breakpoints.unsaved_condition import UnsavedCondition
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import DebuggerError
from lellm_nb.state.expression.condition import condition as as_condition
from lellm_nb.state.sameness import same

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Breakpoint",
    "Breakpoints",
    "CallBreak",
    "EdgeStop",
    "ErrorStop",
    "Hit",
    "Stopper",
    "UnsavedCondition",
    "Watch",
]


class Breakpoints:
    """The stops of a run: listed, enabled, disabled and removed here.

    Attributes:
        told: Called when there is something new to be kept.
        news: The stops that were found again, in words, until a `Stop` has said so.
        before: Breakpoints that stop before a node, by its static path.
        calls: Stops at calls, asked before one is sent and after it was answered.
        after: All other stops, asked after each frame.
    """

    def __init__(self, told: Callable[[], None] = lambda: None) -> None:
        self.told = told
        self.news: tuple[str, ...] = ()
        self._hits = 0
        self._all: list[Any] = []
        self._next = 1
        self.before: dict[str, list[Breakpoint]] = {}
        self.calls: list[CallBreak] = []
        self.after: list[Stopper] = []

    def add(self, stop: Any) -> Any:
        """Add a stop and return it with its id.

        Where the same stop waits for its condition, which a store could not keep, that one
        is given it and returned. One that was kept from the debugger before makes way for the
        same that is set again, as by a cell that is run once more; it is off if that was.
        """
        for known in self._all:
            if known.kept and _is_same(known, stop):
                stop.id, stop.enabled = known.id, known.enabled
                self._all = [stop if one is known else one for one in self._all]
                self._index()
                return stop
        for known in self._all:
            if known.missing is not None and known.label == stop.label:
                condition = getattr(stop, "when", None) or getattr(stop, "what", None)
                if known.missing.fits(condition):
                    known.rearm(condition)
                    self._index()
                    return known
        stop.id = self._next
        self._next += 1
        self._all = [*self._all, stop]
        self._index()
        return stop

    def copied(self) -> Breakpoints:
        """Return the same stops for another line, to be changed apart."""
        made = Breakpoints()
        made.load([copy.copy(stop) for stop in self._all], self._next)
        return made

    def load(self, stops: Iterable[Any], following: int = 1) -> None:
        """Take stops that have their ids, in place of those that there are.

        Args:
            following: The least id of a stop that is added later.
        """
        self._all = list(stops)
        self._next = max([following, *(stop.id + 1 for stop in self._all)])
        self._index()

    def moved(self) -> None:
        """Have it kept how often they were hit, after a command that may have hit some."""
        hits = sum(stop.hits for stop in self._all)
        if hits != self._hits:
            self._hits = hits
            self.told()

    def remove(self, which: Any) -> None:
        """Remove one, by itself, its id, or all at a path.

        Raises:
            DebuggerError: There is no such stop.
        """
        found = self.find(which)
        self._all = [stop for stop in self._all if stop not in found]
        self._index()

    def clear(self) -> None:
        """Remove them all."""
        self._all = []
        self._index()

    def enable(self, which: Any, on: bool = True) -> None:
        """Enable one again, or all at a path.

        Raises:
            DebuggerError: There is no such stop.
        """
        on = flag(on, "on", DebuggerError)
        for stop in self.find(which):
            stop.enabled, stop.gone = on, False
        self.told()

    def disable(self, which: Any) -> None:
        """Keep one without stopping at it."""
        self.enable(which, False)

    def rearm(self, which: Any, condition: str | Callable[[Any], Any]) -> None:
        """Give a stop of a reopened run the condition that its store could not keep.

        Args:
            which: Its id or label.

        Raises:
            DebuggerError: There is no such stop, or it misses no condition.

        Example:
            >>> stops = Breakpoints()
            >>> lost = UnsavedCondition("is_long", "def is_long(s): ...", "notes, line 3", True)
            >>> stop = stops.add(Breakpoint("draft", when=lost))
            >>> stop.enabled = False
            >>> stops
            <Breakpoint 1 before draft if is_long (condition not stored: is_long; give it \
again), hits 0>
            >>> stops.rearm(1, lambda state: len(state["draft"]) > 3); stops
            <Breakpoint 1 before draft if condition, hits 0>
        """
        asked = as_condition(condition, "condition", DebuggerError, "state")
        for stop in self.find(which):
            stop.rearm(asked)
        self._index()

    def find(self, which: Any) -> list[Any]:
        """Return what an id, a path or a stop means.

        Raises:
            DebuggerError: There is no such stop; lists those that are.
        """
        found = [stop for stop in self._all if which is stop or which in (stop.id, *stop.names())]
        if not found:
            known = ", ".join(f"{stop.id} ({stop.label})" for stop in self._all) or "none"
            raise DebuggerError(f"There is no breakpoint {shown(which)}. Set: {known}.")
        return found

    def _index(self) -> None:
        before: dict[str, list[Breakpoint]] = {}
        after: list[Stopper] = []
        calls: list[CallBreak] = []
        for stop in self._all:
            if isinstance(stop, Breakpoint) and not stop.stops_after:
                before.setdefault(stop.static, []).append(stop)
            elif isinstance(stop, CallBreak):
                calls.append(stop)
            else:
                after.append(stop)
        # whole at once: a run may be asking them
        self.before, self.after, self.calls = before, after, calls
        self.told()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: int) -> Any:
        return self._all[index]

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per stop: id, kind, label, enabled, hits, note.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> dbg = Debugger(g); stop = dbg.break_at("a")
            >>> dbg.breakpoints.to_pandas()[["id", "kind", "label", "enabled"]]
               id        kind     label  enabled
            0   1  Breakpoint  before a     True
        """
        stops = self._all
        return table(
            {
                "id": [stop.id for stop in stops],
                "kind": [type(stop).__name__ for stop in stops],
                "label": [stop.label for stop in stops],
                "enabled": [stop.enabled for stop in stops],
                "hits": [stop.hits for stop in stops],
                "note": [None if stop.hits else stop.note or None for stop in stops],
            },
            texts=("kind", "label", "note"),
            counts=("id", "hits"),
            flags=("enabled",),
        )

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._all)) or "(no breakpoints)"


def _is_same(known: Any, stop: Any) -> bool:
    """Tell whether two stops are at one place and ask the same."""
    if type(known) is not type(stop) or known.label != stop.label:
        return False
    old, new = (getattr(one, "when", None) or getattr(one, "what", None) for one in (known, stop))
    if same(old, new):
        return True
    return callable(old) and UnsavedCondition.of(old, True).fits(new)
