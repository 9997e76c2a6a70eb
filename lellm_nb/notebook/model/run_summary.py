"""Where the run stands and why, as small plain rows, each told again only when it changed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

from lellm_nb.errors import path_text
from lellm_nb.errors.error_words import cause_of, error_line
from lellm_nb.errors.run import ParallelError, RunError, innermost
from lellm_nb.graph.drawing.outline import Outline, plain_path
from lellm_nb.notebook.breakpoint_protocol import (
    BreakpointLike,
    EdgeBreakpointLike,
    NodeBreakpointLike,
)
from lellm_nb.notebook.debugger_protocol import DebuggerLike, SummaryLike
from lellm_nb.notebook.frame_protocol import FailedJoinLike, FrameLike
from lellm_nb.notebook.model.branch_rows import tree_rows
from lellm_nb.notebook.model.buttons import Facts, button_rows
from lellm_nb.notebook.model.call_totals import CallTotals
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.model.stop_text import stop_text
from lellm_nb.notebook.pending_protocol import PendingLike
from lellm_nb.notebook.values.redaction import redacting_for
from lellm_nb.notebook.values.state_view import learn_frame
from lellm_nb.notebook.values.value_rows import short_text

T = TypeVar("T")


def head_rows(debugger: DebuggerLike, outline: Outline) -> dict[str, Any]:
    """Return everything about the head that a view shows without asking.

    Every entry is small and compares by value, so what travels after a step
    is only the entries that differ from those sent before.
    """
    return HeadRows(debugger, outline).rows(debugger.summary)


class HeadRows:
    """The rows of the head of one debugger.

    A row is made again when what it is made from is not what it was: that is its key, and
    stands beside it. So a step costs the rows that a step changes.
    """

    def __init__(self, debugger: DebuggerLike, outline: Outline) -> None:
        self._debugger = debugger
        self._outline = outline
        self.totals = CallTotals(debugger)
        self._kept: dict[str, tuple[Any, Any, SummaryLike]] = {}
        """Name to the key, what was made, and the summary, which keeps alive what a key names."""

    def rows(self, now: SummaryLike) -> dict[str, Any]:
        """Return all rows at the moment that `now` tells of."""
        with redacting_for(self._debugger) as redactor:
            if redactor.has_paths:
                learn_frame(self._debugger, now.frame)
            # what a text is made from beside the thing itself: which secrets are known by now
            return self._rows(now, (redactor, redactor.redactor.words.texts))

    def _rows(self, now: SummaryLike, told: tuple[Any, ...]) -> dict[str, Any]:
        debugger, outline, frame = self._debugger, self._outline, now.frame
        failed = frame if now.status == "failed" else None
        stop = now.last_stop
        hit = None if stop is None else stop.breakpoint
        stops = [(stop, stop.enabled) for stop in debugger.breakpoints]
        waiting = self._part("waiting", now, now.pending, lambda: waiting_paths(now.pending))
        node = "" if now.busy else next_text(frame, outline, waiting)
        facts = (now.busy, now.reading, now.status, frame.index, now.count, node, waiting)
        able = debugger.capabilities

        def part(name: str, key: Any, make: Callable[[], T]) -> T:
            return self._part(name, now, key, make)

        return {
            **part("buttons", (facts, able), lambda: button_rows(Facts(*facts), able)),
            "name": str(debugger.name or outline.name),
            "status": now.status,
            "busy": now.busy,
            "line_text": now.text,
            "head": frame.index,
            "count": now.count,
            "line": now.line,
            "lines": list(now.lines),
            "tree": part("tree", (now.tree_key, told), lambda: tree_rows(debugger)),
            "pending": part("pending", now.pending, lambda: pending_rows(now.pending)),
            **part("stops", stops, lambda: stop_rows(stops, outline)),
            "join": part(
                "join",
                (id(failed), id(now.graph)),
                lambda: failed and join_row(debugger.failed_join),
            ),
            "failure": part(
                "failure", (id(failed), told), lambda: failure_text(failed) if failed else ""
            ),
            "stop": part(
                "stop",
                (id(stop), now.busy, id(frame), hit and hit.label, told),
                lambda: stop_text(now),
            ),
            "retries": part("retries", (now.retries, told), lambda: retry_rows(now, outline)),
            "calls": self.totals.row(now),
            "lacking": [] if now.busy or now.reading else [path_text(p) for p in now.lacking],
        }

    def _part(self, name: str, now: SummaryLike, key: Any, make: Callable[[], T]) -> T:
        kept = self._kept.get(name)
        if kept is None or kept[0] != key:
            kept = self._kept[name] = (key, make(), now)
        made: T = kept[1]
        return made


def waiting_paths(pending: tuple[PendingLike, ...]) -> tuple[str, ...]:
    """Return the paths of what waits, without visits, in the order they came."""
    return tuple(plain_path(item.path) for item in pending)


def pending_rows(pending: tuple[PendingLike, ...]) -> list[dict[str, Any]]:
    """Return one row for each that waits, in the order they came.

    A path has its visits only where it could be mistaken for another: ``work`` and ``work#2``.
    """
    plain = waiting_paths(pending)
    return [
        {
            "id": item.id,
            "path": path if plain.count(path) == 1 else item.path,
            "timeout": item.timeout,
            "since": item.since,
            "frame": item.frame,
            "kind": item.kind,
        }
        for path, item in zip(plain, pending, strict=True)
    ]


def join_row(join: FailedJoinLike | None) -> dict[str, Any] | None:
    """Return the Parallel that waits to hear what becomes of its branches.

    ``sides`` are those to choose from where they disagree, ``conflicts`` has ``[key, branches]``
    for each key on which they do.
    """
    if join is None:
        return None
    return {
        "path": join.path,
        "failed": list(join.failed[:40]),
        "branches": join.branches,
        "sides": list(join.sides[:40]),
        "conflicts": [[path_text(key), list(names[:40])] for key, names in join.conflicts[:40]],
    }


def stop_rows(stops: list[tuple[BreakpointLike, bool]], outline: Outline) -> dict[str, Any]:
    """Return where the breakpoints stand in the picture, and how many there are.

    ``breakpoints`` has ``[node number, enabled, stops after]`` for every one on a node: the
    picture has one for all items of a map, so a stop at one alone is in the list only.
    ``edge_stops`` ``[source number, target number, enabled, refused]`` for every one on an edge.
    """
    nodes: list[list[Any]] = []
    edges: list[list[Any]] = []
    for stop, enabled in stops:
        if isinstance(stop, NodeBreakpointLike):
            if stop.one_item:
                continue
            number = outline.find(stop.path)
            if number < 0:
                named = [n for n, row in enumerate(outline.nodes) if row.name == stop.path]
                number = named[0] if len(named) == 1 else -1
            if number >= 0:
                nodes.append([number, bool(enabled), bool(stop.stops_after)])
        elif isinstance(stop, EdgeBreakpointLike):
            number = outline.by_path.get(stop.source, -1)
            if number >= 0:
                to = outline.child(outline.nodes[number].parent, stop.target)
                edges.append([number, to, bool(enabled), bool(stop.refused)])
    return {"breakpoints": nodes, "edge_stops": edges, "stops": len(stops)}


def retry_rows(now: SummaryLike, outline: Outline) -> list[list[Any]]:
    """Return ``[node number, attempt, of, error, until]`` for each node that is tried again.

    ``until`` is when that attempt begins, in seconds since the epoch.
    """
    rows = []
    for note in now.retries:
        number, error = outline.find(note.path), short_text(error_line(note.error), 200)
        if number >= 0:
            rows.append([number, note.attempt, note.of, error, note.until])
    return rows


def failure_text(frame: FrameLike) -> str:
    """Return what failed at a frame and why, on one line."""
    error = frame.error
    if error is None:
        return ""
    cause = cause_of(error)
    words = _branches_text(cause) if isinstance(cause, ParallelError) else error_line(cause)
    return f"{frame.path} failed: {short_text(words, 300)}"


def _branches_text(error: ParallelError) -> str:
    """Return how many branches failed, and of the first ones what failed and why."""
    failed = (one for one in error.exceptions if isinstance(one, RunError))
    first = [innermost(one) for one in islice(failed, _BRANCHES)]
    told = "; ".join(f"{one.path}: {error_line(cause_of(one))}" for one in first)
    more = len(error.exceptions) - len(first)
    count = len(error.exceptions)
    branches = "branch" if count == 1 else "branches"
    return f"{count:,} {branches}. {told}" + (f"; and {more:,} more" if more else "")


_BRANCHES = 3


def next_text(frame: FrameLike, outline: Outline, waiting: tuple[str, ...]) -> str:
    """Return the path of the node that a step would run, or nothing.

    In a parallel region that is the first branch's; whose turn it is stands in
    the position and matters less than that something moves.
    """
    paths = [outline.nodes[number].path for number in sorted(places_after(frame, outline))]
    return next((path for path in paths if path not in waiting), "")
