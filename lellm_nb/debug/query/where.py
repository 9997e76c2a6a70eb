"""What runs now, and where it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors.error_words import error_line
from lellm_nb.session.protocol import RunningNode

if TYPE_CHECKING:
    import pandas

__all__ = ["RetryNote", "Where", "with_tries"]


class RetryNote(NamedTuple):
    """A further try of a node that has not committed yet.

    Attributes:
        attempt: Its number, from 2.
        of: How often the node is tried in all; 0 where its engine does not say.
        error: What the try before raised.
        until: When it begins, or began: seconds since the epoch.
    """

    path: str
    visit: int
    attempt: int
    of: int
    error: BaseException
    until: float


class Where(Sequence[RunningNode]):
    """The nodes that run now, the one that runs longest first; as text, with their stacks.

    Example:
        >>> Where([], now=0.0)
        (nothing runs)
        >>> Where([RunningNode("llm", 2, 1.0, 0, (("agent.py", 7, "llm"),))], now=4.5)
        llm, visit 2, for 3.5 s
          agent.py:7 in llm
        >>> waits = RunningNode("llm", 1, 1.0, 0, (), False, 2, 3, ConnectionError("refused"), 7.0)
        >>> Where([waits], now=2.8)
        llm, for 1.8 s, attempt 2 of 3, next in 4.2 s, after ConnectionError: refused
    """

    def __init__(
        self,
        nodes: Iterable[RunningNode],
        now: float,
        shown: Callable[[str], str] | None = None,
    ) -> None:
        self._nodes = sorted(nodes, key=lambda node: (node.started, node.path))
        self._now = now
        self._shown = shown

    @overload
    def __getitem__(self, index: int) -> RunningNode: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RunningNode]: ...
    def __getitem__(self, index: int | slice) -> RunningNode | Sequence[RunningNode]:
        return self._nodes[index]

    def __len__(self) -> int:
        return len(self._nodes)

    def seconds(self, node: RunningNode) -> float:
        """Return how long a node had been running when this was asked; 0 where nobody knows."""
        return max(0.0, self._now - node.started) if node.started else 0.0

    def next_in(self, node: RunningNode) -> float:
        """Return the seconds until a node is tried again; 0 where it is not waiting for that."""
        return max(0.0, node.until - self._now)

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per node.

        Returns:
            path, visit, seconds, thread, at (the innermost call), attempt, of (tries in all),
            next_in (seconds until it is tried again), error (of the try before).
        """
        return table(
            {
                "path": [node.path for node in self._nodes],
                "visit": [node.visit for node in self._nodes],
                "seconds": [self.seconds(node) for node in self._nodes],
                "thread": [_thread(node) for node in self._nodes],
                "at": [_line(self._calls(node)[-1:]) for node in self._nodes],
                "attempt": [node.attempt for node in self._nodes],
                "of": [node.of for node in self._nodes],
                "next_in": [self.next_in(node) for node in self._nodes],
                "error": [self._error(node) for node in self._nodes],
            },
            texts=("path", "thread", "at", "error"),
            counts=("visit", "attempt", "of"),
            floats=("seconds", "next_in"),
        )

    def __repr__(self) -> str:
        if not self._nodes:
            return "(nothing runs)"
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        for node in self._nodes:
            thread = _thread(node)
            on = f", on {thread}" if thread else ""
            visit = f", visit {node.visit}" if node.visit > 1 else ""
            since = f", for {self.seconds(node):.1f} s" if node.started else ""
            left = ", given up" if node.given_up else ""
            yield f"{node.path}{visit}{since}{on}{left}{self._tries(node)}"
            for call in self._calls(node):
                yield f"  {_line([call])}"

    def _calls(self, node: RunningNode) -> Sequence[tuple[str, int, str]]:
        return () if self.next_in(node) else node.calls  # nothing of it runs in a pause

    def _tries(self, node: RunningNode) -> str:
        if node.error is None:
            return ""
        left = self.next_in(node)
        pause = f", next in {left:.1f} s" if left else ""
        of = f" of {node.of}" if node.of else ""
        return f", attempt {node.attempt}{of}{pause}, after {self._error(node)}"

    def _error(self, node: RunningNode) -> str:
        if node.error is None:
            return ""
        words = error_line(node.error)
        return words if self._shown is None else self._shown(words)


def with_tries(nodes: Iterable[RunningNode], notes: Iterable[RetryNote]) -> list[RunningNode]:
    """Return running nodes with which try of theirs it is, for those that failed before."""
    of = {(note.path, note.visit): note for note in notes}
    found = []
    for node in nodes:
        note = None if node.given_up else of.get((node.path, node.visit))
        if note is not None:
            node = node._replace(
                attempt=note.attempt, of=note.of, error=note.error, until=note.until
            )
        found.append(node)
    return found


def _line(calls: Sequence[tuple[str, int, str]]) -> str:
    return "".join(f"{file}:{line} in {function}" for file, line, function in calls)


def _thread(node: RunningNode) -> str:
    named = {thread.ident: thread.name for thread in threading.enumerate()}
    return named.get(node.thread, "")
