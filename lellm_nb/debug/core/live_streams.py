"""What is told of nodes while they run, for whoever looks on: chunks, and further tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.debug.query.where import RetryNote
from lellm_nb.record.events import NodeRetry
from lellm_nb.record.frame import Frame

__all__ = ["LiveRetries", "LiveStreams"]


class LiveStreams:
    """The chunks of nodes in flight, by path; those of a node go when it commits.

    Example:
        >>> head = Frame("g", "start", {}, 1)
        >>> streams = LiveStreams(lambda: head, lambda: None)
        >>> streams.add("llm", "hel"); streams.add("llm", "lo")
        >>> streams.now()
        {'llm': ['hel', 'lo']}
    """

    def __init__(self, head: Callable[[], Frame], changed: Callable[[], None]) -> None:
        self._head = head
        self._changed = changed
        self._of: dict[str, tuple[Frame, list[Any]]] = {}

    def begin(self) -> Callable[[str, Any], None]:
        """Forget what an earlier run emitted; return who is told of the chunks of a new one."""
        self._of = {}
        return self.add

    def add(self, path: str, chunk: Any) -> None:
        """Take a chunk of the node at a path, on whatever thread it runs."""
        head = self._head()
        since, chunks = self._of.get(path, (head, []))
        if _ran_since(since, head, path):
            chunks = []
        chunks.append(chunk)
        self._of[path] = (head, chunks)
        self._changed()

    def now(self) -> dict[str, list[Any]]:
        """Return the chunks of the nodes that have not committed since they emitted them."""
        head = self._head()
        return {
            path: chunks
            for path, (since, chunks) in list(self._of.items())
            if not _ran_since(since, head, path)
        }


class LiveRetries:
    """The latest try of each node in flight that failed before; it goes when the node commits.

    Example:
        >>> head = Frame("g", "start", {}, 1)
        >>> retries = LiveRetries(lambda: head, lambda: None, lambda: 100.0)
        >>> retries.add(NodeRetry("llm", "llm", 1, 2, ConnectionError("no"), 0.5), 3)
        >>> [(note.attempt, note.of, note.until) for note in retries.now()]
        [(2, 3, 100.5)]
    """

    def __init__(
        self,
        head: Callable[[], Frame],
        changed: Callable[[], None],
        wall: Callable[[], float],
    ) -> None:
        self._head = head
        self._changed = changed
        self._wall = wall
        self._of: dict[str, tuple[Frame, RetryNote]] = {}

    def begin(self) -> Callable[[NodeRetry, int], None]:
        """Forget what an earlier run told; return who is told of the tries of a new one."""
        self._of = {}
        return self.add

    def add(self, event: NodeRetry, tries: int) -> None:
        """Take note that a node is tried again."""
        until = self._wall() + event.delay
        note = RetryNote(event.path, event.visit, event.attempt, tries, event.error, until)
        self._of[event.path] = self._head(), note
        self._changed()

    def now(self) -> tuple[RetryNote, ...]:
        """Return the latest tries of the nodes that have not committed since."""
        if not self._of:
            return ()
        head = self._head()
        noted = list(self._of.items())
        return tuple(note for path, (since, note) in noted if not _ran_since(since, head, path))


def _ran_since(since: Frame, head: Frame, path: str) -> bool:
    """Tell whether a frame of that path lies between two frames, the first left out."""
    frame: Frame | None = head
    while frame is not None and frame is not since:
        if frame.path == path:
            return True
        frame = frame.parent
    return frame is None  # the head was moved elsewhere
