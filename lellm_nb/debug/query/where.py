"""What runs now, and where it is."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

from lellm_nb.debug.history.typed_table import table
from lellm_nb.session.protocol import RunningNode

if TYPE_CHECKING:
    import pandas

__all__ = ["Where"]


class Where(Sequence[RunningNode]):
    """The nodes that run now, the one that runs longest first; as text, with their stacks.

    Example:
        >>> Where([], now=0.0)
        (nothing runs)
        >>> Where([RunningNode("llm", 2, 1.0, 0, (("agent.py", 7, "llm"),))], now=4.5)
        llm, visit 2, for 3.5 s
          agent.py:7 in llm
    """

    def __init__(self, nodes: Iterable[RunningNode], now: float) -> None:
        self._nodes = sorted(nodes, key=lambda node: (node.started, node.path))
        self._now = now

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

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per node: path, visit, seconds, thread, at (the innermost call)."""
        return table(
            {
                "path": [node.path for node in self._nodes],
                "visit": [node.visit for node in self._nodes],
                "seconds": [self.seconds(node) for node in self._nodes],
                "thread": [_thread(node) for node in self._nodes],
                "at": [_line(node.calls[-1:]) for node in self._nodes],
            },
            texts=("path", "thread", "at"),
            counts=("visit",),
            floats=("seconds",),
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
            yield f"{node.path}{visit}{since}{on}{left}"
            for call in node.calls:
                yield f"  {_line([call])}"


def _line(calls: Sequence[tuple[str, int, str]]) -> str:
    return "".join(f"{file}:{line} in {function}" for file, line, function in calls)


def _thread(node: RunningNode) -> str:
    named = {thread.ident: thread.name for thread in threading.enumerate()}
    return named.get(node.thread, "")
