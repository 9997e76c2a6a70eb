"""Why a command came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call import Call
from lellm_nb.debug.breakpoints.registry import EdgeStop, ErrorStop, Stopper, Watch
from lellm_nb.debug.diff.diff import Change, Diff, diff_states, telling
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.errors import CallDiffersError, listed
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import fields_text, safe_repr
from lellm_nb.graph.edge import Route
from lellm_nb.record.frame import Frame

if TYPE_CHECKING:
    import pandas


__all__ = ["AllPending", "Pending", "Stop", "StopReason"]


MOST = 160
"""So many characters tell what changed."""

LONG = 300
"""So many tell why it failed."""


class StopReason(Enum):
    """Why a command came back."""

    START = "start"
    STEP = "step"
    BREAKPOINT = "breakpoint"
    WATCH = "watch"
    BARRIER = "barrier"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    LIMIT = "limit"
    BUDGET = "budget"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, repr=False)
class Pending:
    """A barrier that waits for a decision.

    Attributes:
        id: ``approve#0``, or ``agent/approve#0``.
        path: The id without its occurrence.
        node: The last segment of the path.
        timeout: Seconds after which the default action would be taken, or `None`.
        since: When it came to wait, in seconds since the epoch.
        frame: The index of the frame that made it wait.
        kind: ``barrier``, ``question`` (a barrier with one, or an `interrupt(value)` of
            LangGraph), ``pause`` (its `interrupt_before` and `interrupt_after`), or ``node`` for
            one in mode ask.
        value: What a question asks; else `None`.
        schema: The JSON schema of its answer, where one is declared; else `None`.
        actions: Where it asks about actions: each with its ``name``, ``args``, ``description``
            and what is ``allowed``; else empty.
        choices: The values to choose from, where it is a choice; else `None`.
        shown: The values that the barrier shows (`show=`), by their keys.
        said: Takes out of its texts what is secret.
    """

    id: str
    path: str
    node: str
    timeout: float | None
    since: float
    frame: int
    kind: str = "barrier"
    value: Any = field(default=None, compare=False)
    schema: Any = field(default=None, compare=False)
    actions: tuple[Any, ...] = field(default=(), compare=False)
    choices: tuple[Any, ...] | None = field(default=None, compare=False)
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    said: Callable[[str], str] = field(default=without_keys, repr=False, compare=False)

    @property
    def question(self) -> Any:
        """What is asked: a text, or what `interrupt` was given; `None` for yes or no."""
        return self.value

    def __repr__(self) -> str:
        return self.said(fields_text(self))

    def __str__(self) -> str:
        if self.kind != "question":
            return self.id
        asked = self.value if isinstance(self.value, str) else safe_repr(self.value, LONG)
        among = listed(safe_repr(one, 60) for one in self.choices or ())
        return self.said(f"{self.id}: {asked}{f' ({among})' if self.choices else ''}")


class AllPending(list[Pending]):
    """All that waits for a decision, barriers first."""

    __slots__ = ()

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row for each: id, path, node, timeout (seconds), since (UTC), frame."""
        return table(
            {
                "id": [one.id for one in self],
                "path": [one.path for one in self],
                "node": [one.node for one in self],
                "timeout": [one.timeout for one in self],
                "since": [one.since for one in self],
                "frame": [one.frame for one in self],
            },
            texts=("id", "path", "node"),
            counts=("frame",),
            floats=("timeout",),
            times=("since",),
        )


@dataclass(frozen=True, slots=True)
class Stop:
    """What a command of the debugger came back with.

    Attributes:
        reason: One of `StopReason`.
        frame: Where the run stands now; of a watch, of another stop after a frame and of an
            `until`, the frame that it is about, though siblings have committed since (P5).
        error: The failure, when `FAILED`; when `BARRIER`, why a decision was refused that came
            from elsewhere; else what a condition of a stop raised.
        pending: What waits for a decision.
        breakpoint: The stop that was hit; also where the last step or a failure hit one, and
            the reason is `COMPLETED` or `FAILED`.
        before: The path of the node that it is before, with visits, where a stop before a node was
            hit: of several tasks of one node, which.
        old, new: The value before and after, when a watch was hit.
        new_code: Where other code runs since the last stop, as it was found defined again: paths
            of nodes, conditions as ``a -> b``.
        kept_stops: The stops that were found again as this debugger was made, and of which nodes
            some are off now; only the first stop says it (see ``stops`` of `Debugger`).
        head: Where the run stands now, where siblings have committed since `frame`.
        call: The call that it is before or after, where it stopped inside of a node: the node is
            begun anew, over the calls that are recorded.
        inside: What there is to say of that, such as ``before call 2 of agent``.
        hide: What is secret by its place, and is not shown of it.
    """

    reason: StopReason
    frame: Frame
    error: BaseException | None = None
    pending: tuple[Pending, ...] = ()
    breakpoint: Stopper | None = None
    old: Any = None
    new: Any = None
    new_code: tuple[str, ...] = ()
    kept_stops: tuple[str, ...] = ()
    head: Frame | None = None
    before: str = ""
    call: Call | None = None
    inside: str = ""
    hide: Any = field(default=None, repr=False, compare=False)

    @property
    def route(self) -> Route | None:
        """Which way its frame went, and which conditions were asked; `None` where it went none."""
        return self.frame.route

    @property
    def changes(self) -> Diff:
        """How the watched value differs, as `Debugger.diff` tells it; empty without a watch.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: ctx.put(("job", "n"), 2))
            >>> dbg = Debugger(g.start("a").end("a").build(), {"job": {"n": 1}})
            >>> watch = dbg.watch("job")
            >>> dbg.run().changes
            ~ job.n: 1 -> 2
        """
        watch = self.breakpoint
        if not isinstance(watch, Watch) or self._condition_raised:
            return Diff(())
        what = watch.what
        if not isinstance(what, ValuePath):
            return Diff([Change((watch.subject,), "changed", self.old, self.new)], self.hide)
        differ = diff_states({"": self.old}, {"": self.new})
        inside = [replace(change, path=change.path[1:]) for change in differ]
        found = [change.under(*what.parts).at_level(what.level) for change in inside]
        return Diff(found, self.hide)

    @property
    def what_changed(self) -> str:
        """The same in a few words; empty without a watch.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"job": {"n": 2, "m": 1}})
            >>> dbg = Debugger(g.start("a").end("a").build(), {"job": {"n": 1, "m": 0}})
            >>> watch = dbg.watch("job")
            >>> dbg.run().what_changed
            'job.n: 1 -> 2 (and 1 more)'
        """
        found = self.changes
        changes = telling(found)
        if not changes:
            return ""
        told = found.line(changes[0]).removeprefix("~ ")
        first = " ".join(told.split())  # long texts have lines
        first = first if len(first) <= MOST else f"{first[: MOST - 1]}…"
        return f"{first} (and {len(changes) - 1:,} more)" if changes[1:] else first

    @property
    def hit_text(self) -> str:
        """The stop that was hit, in words, and which of several like it; empty where none was."""
        label = "" if self.breakpoint is None else self.breakpoint.label
        one_of_many = "#" in self.before
        if isinstance(self.breakpoint, EdgeStop) and self.breakpoint.refused:
            return f"{label}, went to {self.frame.next_node or 'the end'}"
        return f"{label} (at {self.before})" if label and one_of_many else label

    @property
    def _condition_raised(self) -> bool:
        asks = self.breakpoint is not None and not isinstance(self.breakpoint, ErrorStop)
        return asks and self.error is not None and self.reason in _OWN

    def __repr__(self) -> str:
        more = ""
        if self.error is not None:
            said = error_line(self.error)
            said = said if self.hide is None else self.hide.words(self.frame)(said)
            more += f", error={_cut(without_keys(said))}"
        if self.pending:
            more += f", pending={', '.join(p.id for p in self.pending)}"
        if self.breakpoint is not None:
            more += f", breakpoint={self.hit_text}"
            if self._condition_raised:
                more += f" (its condition raised: dbg.breakpoints.disable({self.breakpoint.id}))"
        if self.inside and not isinstance(self.error, CallDiffersError):  # which says it too
            more += f", {_cut(self.inside)}"
        if self.what_changed:
            more += f", {self.what_changed}"
        if self.new_code:
            more += f", new code: {listed(self.new_code)}"
        if self.kept_stops:
            more += f", stops kept: {listed(self.kept_stops)}"
        at = f" {self.frame.path}" if self.frame.path else ""
        return without_keys(f"Stop({self.reason.name}, frame {self.frame.index}{at}{more})")


def _cut(text: str) -> str:
    """Return the beginning of a text, up to the end of a word."""
    if len(text) <= LONG:
        return text
    begun, _, _ = text[:LONG].rpartition(" ")
    return f"{begun or text[:LONG]} …"


_OWN = (StopReason.BREAKPOINT, StopReason.WATCH, StopReason.COMPLETED)
"""Reasons that bring no error of their own: if there is one, a condition raised it."""
