"""What nodes that run now have emitted so far, for whoever looks on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.record.frame import Frame

__all__ = ["LiveStreams"]


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


def _ran_since(since: Frame, head: Frame, path: str) -> bool:
    """Tell whether a frame of that path lies between two frames, the first left out."""
    frame: Frame | None = head
    while frame is not None and frame is not since:
        if frame.path == path:
            return True
        frame = frame.parent
    return frame is None  # the head was moved elsewhere
