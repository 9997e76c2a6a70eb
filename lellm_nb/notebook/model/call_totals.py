"""What the calls of a line come to, kept as the run goes on."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.call_sums import CallSums, sums_of
from lellm_nb.notebook.debugger_protocol import DebuggerLike, SummaryLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.call_sums import sums_row
from lellm_nb.notebook.values.frame_rows import same_frame

__all__ = ["CallTotals"]

_ASKING = frozenset({"commit", "waiting", "exit", "error"})
"""Kinds of frames of which a node has run."""

_SLICE = 2_000
"""Frames of a long history that are looked at between two updates."""


class CallTotals:
    """The sums of a line up to the head; each frame is looked at once.

    Attributes:
        behind: Whether there are frames that were not looked at so far.
        growing: Whether an answer is coming.
    """

    def __init__(self, debugger: DebuggerLike) -> None:
        self._debugger = debugger
        self._marks: list[tuple[int, CallSums]] = [(-1, CallSums())]
        self._at = -1
        self._last: FrameLike | None = None
        self.behind = self.growing = False

    def row(self, now: SummaryLike) -> dict[str, Any] | None:
        """Return the sums as they travel, with a pulse that beats while answers come."""
        self._go_to(now)
        waiting = [call for call in now.open_calls if not call.last.ended]
        self.growing = now.busy and bool(waiting)
        if not (self._marks[1:] or now.open_calls):
            return None
        row = sums_row(self._marks[-1][1].plus(sums_of(now.open_calls)))
        if row is not None:
            pulse = sum(len(call.last.chunks) for call in waiting)
            row["pulse"] = f"{len(now.open_calls)} {len(waiting)} {pulse}"
        return row

    def _go_to(self, now: SummaryLike) -> None:
        frame, last = now.frame, self._last
        if frame is last:
            return
        if last is not None and frame.parent is last:  # a step, as most are
            self._at, self._last, self.behind = frame.index, frame, False
            if frame.kind in _ASKING and frame.calls:
                self._add(frame)
            return
        head = frame.index
        if head == self._at and same_frame(frame, last):
            return
        frames = self._debugger.frames
        if self._at >= len(frames) or (
            self._at >= 0 and not same_frame(frames[self._at], self._last)
        ):
            self._marks, self._at = self._marks[:1], -1  # another line, or another past
        while self._marks[-1][0] > head:
            self._marks.pop()
        end = min(head, max(self._at, -1) + _SLICE)
        for index in range(self._at + 1, end + 1):
            if frames[index].calls:
                self._add(frames[index])
        self._at = end
        self._last = frames[end]
        self.behind = end < head

    def _add(self, frame: FrameLike) -> None:
        sums = sums_of(self._debugger.calls_at(frame))
        self._marks.append((frame.index, self._marks[-1][1].plus(sums)))
