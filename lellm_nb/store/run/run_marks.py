"""What a run has beside its frames, as marks: notes, pins, calls without a frame, and more."""

from __future__ import annotations

import weakref
from typing import Any

from lellm_nb.interrupts import UninterruptedLock
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.store.retry_on_refusal import RetryOnRefusal
from lellm_nb.store.run.call_rows import CallWriter

__all__ = ["RunMarks"]


class RunMarks(RetryOnRefusal):
    """Writes what a run has beside its frames; a `RunWriter` writes the rest."""

    codec: Codec
    _lock: UninterruptedLock
    _calls: CallWriter
    _beside: weakref.WeakKeyDictionary[Any, dict[str, bytes]]
    _kinds: set[str]

    @property
    def leader(self) -> Any:
        """The session whose head is the run's; it is not kept alive from here."""

    def number(self, line: Line) -> int:
        """Return the number of a line."""
        raise NotImplementedError

    def _mark(self, kind: str, key: str, body: bytes | None) -> None:
        raise NotImplementedError

    def mark_of(self, session: Any, kind: str, value: Any) -> None:
        """Write what a session's debugger has beside frames: for its line, if it does not lead."""
        with self._lock:
            body = self.codec.dumps(value)
            if session is self.leader:
                self._mark(kind, "", body)
            else:
                self._beside.setdefault(session, {})[kind] = body
                self._kinds.add(kind)
                self._mark(kind, str(self.number(session.line)), body)
            self.flush()

    def mark(self, kind: str, key: str, value: Any) -> None:
        """Write something else of the run under a kind and a key; `None` takes it away."""
        with self._lock:
            self._mark(kind, key, None if value is None else self.codec.dumps(value))
            self.flush()

    def noted(self, line: Line | None, frame: Frame, text: str | None) -> None:
        """Write a note to a frame, or that it was taken away."""
        if line is not None:
            self.mark("note", f"{self.number(line)}/{frame.index}", text)

    def pinned(self, line: Line | None, frame: Frame, on: bool | None) -> None:
        """Write that a frame is pinned, or no more."""
        if line is not None:
            self.mark("pin", f"{self.number(line)}/{frame.index}", on)

    def call_ended(self, session: Any, call: Any) -> None:
        """Write a call of a node that still runs."""
        with self._lock:
            self._calls.ended(self.number(session.line), session.head.index, call)
            self.flush()

    def calls_left(self, session: Any, node: str = "") -> None:
        """Drop the calls of nodes that are not gone on with: of one, or of all."""
        with self._lock:
            if self._calls.left(self.number(session.line), node):
                self.flush()
