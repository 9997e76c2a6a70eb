"""A kept run of another engine, without that engine: to be looked at, and not to be moved on."""

from __future__ import annotations

from typing import Any, Self

from lellm_nb.clock import Clock
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Position, Waiting, open_at
from lellm_nb.session.capability import Capability
from lellm_nb.session.head import Head
from lellm_nb.session.moves import MoveKind
from lellm_nb.session.recording import Recording
from lellm_nb.session.seen_move import SeenMove

__all__ = ["LookingSession"]


class LookingSession(Head):
    """Stands at frames of a history that was read, and knows no engine that could go on.

    What it is able to is what the kept run's engine was: what moves is refused by the debugger,
    which has been opened for reading.
    """

    capabilities = frozenset(
        {
            Capability.STEP_INSIDE,
            Capability.REWIND,
            Capability.FORK,
            Capability.EDIT,
            Capability.PATCH,
            Capability.RECORDED,
            Capability.ROUTES,
            Capability.DECIDE,
            Capability.ANSWER,
            Capability.REROUTE,
            Capability.TURNS,
            Capability.STORE,
        }
    )
    pauses = True

    @classmethod
    def of_history(
        cls, graph: Any, history: History, line: Line, head: Frame, *, check: bool = False
    ) -> Self:
        """Return a session that stands at a frame of a history made elsewhere."""
        return cls._standing(graph, Clock(), history, line, head)

    def next_move(self) -> Any:
        """Return the first place that would move; `None` at the end."""
        found = self._moves(self.position, "", [])
        return next((m for m in found if m.kind is MoveKind.RUN), found[0] if found else None)

    def next_moves(self) -> Any:
        """Return every place that would move without a decision."""
        return [m for m in self._moves(self.position, "", []) if m.kind is MoveKind.RUN]

    def _moves(self, level: Position, around: str, above: list[str]) -> list[SeenMove]:
        found: list[SeenMove] = []
        for segment, task in open_at(level):
            path = f"{around}/{segment}" if around else segment
            stack = [*above, path]
            if isinstance(task.inner, Position) and not isinstance(task.hold, Waiting):
                inner = self._moves(task.inner, path, stack)
                if inner:
                    found += inner
                    continue
            node = task.node or ""
            visit = task.visits.count(node, task.step) + 1
            kind = MoveKind.DECIDE if isinstance(task.hold, Waiting) else MoveKind.RUN
            found.append(SeenMove(path, node, visit, task.data, kind, "", around, stack, ()))
        return found

    def recorded(self, line: Line | None = None, end: int | None = None) -> Recording:
        """Return what was recorded."""
        return Recording(self.history, self.line if line is None else line, end)

    def targets(self, barrier_id: str | None = None) -> list[str]:
        """Return no node: nothing can be decided here."""
        return []
