"""What a view is told, as a whole or as what changed since it was last told."""

from __future__ import annotations

import time
from typing import Any

from lellm_nb.graph.drawing.outline import Outline, outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.model.current_nodes import places_after
from lellm_nb.notebook.model.node_status import Ledger, Standing, packed, same_frame
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.model.stream_tails import StreamTails

MOST_ROWS = 48
"""Rows sent one by one; more than that travel as a changed standing."""

_RUNNING_SLICE = 300
_RESTING_SLICE = 20_000
_MOST_EVENTS = 600

NOW: dict[str, Any] = {"frame": None, "by": "", "n": 0}
"""Looking at the head, because nobody looked elsewhere."""


class Feed:
    """Follows one debugger and says what to tell its views.

    `snapshot` is everything a view starts from; `delta` is the difference to
    what was told before, numbered so that a view notices when it missed one.
    Nothing here knows how it travels. Used from one thread at a time.
    """

    def __init__(self, debugger: DebuggerLike, sequence: int = 0) -> None:
        self.debugger = debugger
        self.graph = debugger.graph
        self.outline: Outline = outline(self.graph)
        self.sequence = sequence
        self.extra: dict[str, Any] = {"look": NOW, "alert": None, "watches": []}
        """What the views share that is no part of the debugger."""

        self._began = 0.0
        self._ledger = Ledger(self.outline)
        self._told: dict[str, Any] = {}
        self._shown = Standing()
        self._events = 0
        self._tail: tuple[int, Any] = (-1, None)
        self._streams = StreamTails(self.outline, debugger)

    @property
    def graph_changed(self) -> bool:
        """Say whether the debugger got another graph since the outline was made."""
        return self.debugger.graph is not self.graph

    @property
    def behind(self) -> bool:
        """Say whether there are frames that were not told yet."""
        return self._ledger.live.index < self.debugger.head

    def since_began(self) -> float | None:
        """Return the seconds since a run began while that is all there is to tell, else None."""
        if not self.debugger.busy or self._told.get("busy"):
            self._began = 0.0
            return None
        self._began = self._began or time.monotonic()
        same = self._told.get("head") == self.debugger.head
        return time.monotonic() - self._began if same else None

    def chunk(self, number: int) -> dict[str, Any]:
        """Return one stretch of history."""
        return self._ledger.chunk(self.debugger.frames, number)

    def statuses(self) -> dict[int, str]:
        """Return the status of every node at the head, for a still picture."""
        live = self._ledger.live
        words = {"d": "done", "f": "failed", "w": "waiting"}
        result = {number: words[mark[0]] for number, mark in live.marks.items()}
        for number in live.current:
            if result.get(number) not in ("failed", "waiting"):
                result[number] = "current"
        return result

    def snapshot(self) -> dict[str, Any]:
        """Return everything, under a new number."""
        self._catch_up()
        self._told = {**head_rows(self.debugger, self.outline), **self.extra}
        self._shown = self._ledger.live.copy()
        self._events = len(self._ledger.events)
        self.sequence += 1
        return {
            "seq": self.sequence,
            "head": dict(self._told),
            "standing": self._shown.as_json(),
            "events": thinned(self._ledger.events, _MOST_EVENTS),
            "streams": self._streams.whole(self.debugger.streaming),
        }

    def delta(self) -> dict[str, Any] | None:
        """Return what changed since the last call, or None when nothing did."""
        fresh = self._line_changed()
        rows = self._catch_up()
        told = {**head_rows(self.debugger, self.outline), **self.extra}
        changed = {k: v for k, v in told.items() if self._told.get(k, ...) != v}
        result: dict[str, Any] = {}
        if changed:
            result["head"] = changed
        if fresh:
            result["fresh"] = True
        result.update(self._standing_part(rows))
        streams = self._streams.news(self.debugger.streaming)
        if streams:
            result["streams"] = streams
        if not result:
            return None
        self._told = told
        self.sequence += 1
        return {"seq": self.sequence, **result}

    def _standing_part(self, rows: list[Any] | None) -> dict[str, Any]:
        live, events = self._ledger.live, self._ledger.events
        if self._events > len(events):
            self._events = len(events)
        news, self._events = events[self._events :], len(events)
        if rows is not None and len(rows) <= MOST_ROWS and not self.behind:
            if not rows:
                return {}
            for row in rows:
                self._shown.add(row, self.outline)
            return {"rows": [packed(row) for row in rows]}
        patch = live.since(self._shown)
        self._shown = live.copy()
        if self.behind:
            newest = self.debugger.frames[self.debugger.head]
            patch["current"] = sorted(places_after(newest, self.outline))
            self._shown.current = set(patch["current"])
        return {"patch": patch, "events": thinned(news, _MOST_EVENTS)}

    def _catch_up(self) -> list[Any] | None:
        """Bring the ledger to the head; return the rows, or None after a jump."""
        # In this order: frames may be added in between, and the head is among them.
        head, frames = self.debugger.head, self.debugger.frames
        self._ledger.settle(frames, head)
        jumped = (
            self._ledger.live.index != self._shown.index
            or self._ledger.live.current != self._shown.current
        )
        running = self.debugger.status == "running"
        limit = _RUNNING_SLICE if running else _RESTING_SLICE
        target = min(head, self._ledger.live.index + limit)
        rows = list(self._ledger.advance(frames, target))
        return None if jumped else rows

    def _line_changed(self) -> bool:
        frames = self.debugger.frames
        count = len(frames)
        index, frame = self._tail
        gone = index >= count or (index >= 0 and not same_frame(frames[index], frame))
        if gone:
            self._ledger.forget_events(min(self.debugger.head, count - 1))
        self._tail = (count - 1, frames[count - 1]) if count else (-1, None)
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
