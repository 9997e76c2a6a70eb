"""What a view is told, as a whole or as what changed since it was last told."""

from __future__ import annotations

import time
from typing import Any

from lellm_nb.graph.drawing.outline import Outline, outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike, SummaryLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.model.node_status import NodeStatuses, Row, StatusHistory
from lellm_nb.notebook.model.run_summary import HeadRows
from lellm_nb.notebook.model.stream_tails import StreamTails
from lellm_nb.notebook.values.frame_rows import same_frame

MOST_ROWS = 48
"""Rows sent one by one; more than that travel as changed statuses."""

_RUNNING_SLICE = 300
_RESTING_SLICE = 20_000
_MOST_EVENTS = 600

NOW: dict[str, Any] = {"frame": None, "by": "", "n": 0}
"""Looking at the head, because nobody looked elsewhere."""


class Updates:
    """Follows one debugger and says what to tell its views.

    `snapshot` is everything a view starts from; `delta` is the difference to
    what was told before, numbered so that a view notices when it missed one.
    Nothing here knows how it travels. Used from one thread at a time.
    """

    def __init__(self, debugger: DebuggerLike, sequence: int = 0) -> None:
        self.debugger = debugger
        self.graph = debugger.graph
        self.version: int = getattr(self.graph, "version", 0)
        """How much the graph had learned when it was looked at; one of ours never learns."""

        self.outline: Outline = outline(self.graph)
        self.sequence = sequence
        self.extra: dict[str, Any] = {"look": NOW, "alert": None, "watches": []}
        """What the views share that is no part of the debugger."""

        self._began = 0.0
        self._head = HeadRows(debugger, self.outline)
        self._history = StatusHistory(self.outline)
        self._told: dict[str, Any] = {}
        self._shown = NodeStatuses()
        self._events = 0
        self._seen = 0
        self._tail: tuple[int, FrameLike | None] = (-1, None)
        self._streams = StreamTails(self.outline, debugger)

    def take_edges(self) -> bool:
        """Take what the graph has learned; tell whether that is done, as it has no new nodes."""
        version = getattr(self.graph, "version", 0)
        fresh = outline(self.graph)
        if fresh.by_path != self.outline.by_path:
            return False
        self.outline.edges = fresh.edges
        self.version = version
        return True

    @property
    def behind(self) -> bool:
        """Whether there were frames, when it was looked last, that are not told yet."""
        return self._history.live.index < self._seen or self._head.totals.behind

    @property
    def growing(self) -> bool:
        """Whether answers to calls were coming when it was looked last."""
        return self._head.totals.growing

    def since_began(self, now: SummaryLike) -> float | None:
        """Return the seconds since a run began while that is all there is to tell, else None."""
        if self._told.get("busy"):
            self._began = 0.0
            return None
        self._began = self._began or time.monotonic()
        same = self._told.get("head") == now.frame.index
        return time.monotonic() - self._began if same else None

    def chunk(self, number: int) -> dict[str, Any]:
        """Return one stretch of history."""
        return self._history.chunk(self.debugger.frames, number)

    def statuses(self) -> dict[int, str]:
        """Return the status of every node at the head, for a still picture."""
        live = self._history.live
        words = {"d": "done", "f": "failed", "w": "waiting"}
        result = {number: words[mark[0]] for number, mark in live.marks.items()}
        for number in live.current:
            if result.get(number) not in ("failed", "waiting"):
                result[number] = "current"
        return result

    def snapshot(self) -> dict[str, Any]:
        """Return everything, under a new number."""
        now = self.debugger.summary
        self._catch_up(now, self._history.following(now.frame, MOST_ROWS))
        self._told = {**self._head.rows(now), **self.extra}
        self._shown = self._history.live.copy()
        self._events = len(self._history.events)
        self.sequence += 1
        return {
            "seq": self.sequence,
            "head": dict(self._told),
            "standing": self._shown.as_json(),
            "events": thinned(self._history.events, _MOST_EVENTS),
            "streams": self._streams.whole(self.debugger.streaming),
        }

    def delta(self, now: SummaryLike | None = None) -> dict[str, Any] | None:
        """Return what changed since the last call, or None when nothing did.

        Args:
            now: Where the run stands, if it was just read.
        """
        now = self.debugger.summary if now is None else now
        if not now.busy:
            self._began = 0.0
        following = self._history.following(now.frame, MOST_ROWS)
        fresh = self._line_changed(now, following)
        rows = self._catch_up(now, following)
        told = {**self._head.rows(now), **self.extra}
        changed = {k: v for k, v in told.items() if self._told.get(k, ...) != v}
        result: dict[str, Any] = {}
        if changed:
            result["head"] = changed
        if fresh:
            result["fresh"] = True
        result.update(self._status_part(rows, now))
        streams = self._streams.news(self.debugger.streaming if now.busy else {})
        if streams:
            result["streams"] = streams
        if not result:
            return None
        self._told = told
        self.sequence += 1
        return {"seq": self.sequence, **result}

    def _status_part(self, rows: list[Row] | None, now: SummaryLike) -> dict[str, Any]:
        live, events = self._history.live, self._history.events
        if self._events > len(events):
            self._events = len(events)
        news, self._events = events[self._events :], len(events)
        if rows is not None and len(rows) <= MOST_ROWS and not self.behind:
            if not rows:
                return {}
            return {"rows": self._shown.travelled(rows, self.outline)}
        patch = live.since(self._shown)
        self._shown = live.copy()
        if self.behind:
            patch["current"] = sorted(places_after(now.frame, self.outline))
            self._shown.current = set(patch["current"])
        return {"patch": patch, "events": thinned(news, _MOST_EVENTS)}

    def _catch_up(self, now: SummaryLike, following: list[FrameLike] | None) -> list[Row] | None:
        """Bring the history to the head; return the rows, or None after a jump."""
        history, head = self._history, now.frame.index
        self._seen = head
        if following is None:
            frames = self.debugger.frames
            history.settle(frames, head)
            limit = _RUNNING_SLICE if now.status == "running" else _RESTING_SLICE
            target = min(head, history.live.index + limit)
            following = [frames[i] for i in range(history.live.index + 1, target + 1)]
        live, shown = history.live, self._shown
        jumped = live.index != shown.index or live.current != shown.current
        rows = history.advance(following)
        return None if jumped else rows

    def _line_changed(self, now: SummaryLike, following: list[FrameLike] | None) -> bool:
        """Say whether the frame that was the line's last is on it no more."""
        index, last = self._tail
        if (
            following is not None
            and last is self._history.last
            and now.count - 1 == now.frame.index
        ):
            self._tail = (now.frame.index, now.frame)
            return False
        frames = self.debugger.frames
        count = len(frames)
        gone = index >= count or (index >= 0 and not same_frame(frames[index], last))
        if gone:
            self._history.forget_events(min(now.frame.index, count - 1))
        self._tail = (count - 1, frames[count - 1])
        return gone


def thinned(events: list[list[int]], most: int) -> list[list[int]]:
    """Return at most `most` of the events, spread evenly.

    Example:
        >>> thinned([[1, 2], [3, 2], [5, 2], [7, 2]], 2)
        [[1, 2], [5, 2]]
    """
    if len(events) <= most:
        return list(events)
    step = -(-len(events) // most)
    return events[::step]
