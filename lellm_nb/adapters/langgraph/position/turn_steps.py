"""How many super-steps were in the turns before: a limit is for one turn (SEMANTICS R12)."""

from __future__ import annotations

from collections.abc import Callable

from lellm_nb.adapters.langgraph.position.level import Levels
from lellm_nb.record.frame import Frame

__all__ = ["TurnSteps"]


class TurnSteps:
    """Looks back to the input of a turn, and no further than it has looked before.

    Args:
        levels_of: Gives the position of a frame as LangGraph has it.
    """

    def __init__(self, levels_of: Callable[[Frame], Levels]) -> None:
        self._levels_of = levels_of
        self._known: tuple[Frame | None, int] = None, 0

    def before(self, head: Frame | None) -> int:
        """Return how many super-steps there were when the turn of a frame began.

        Args:
            head: `None` of a run that is only being made.
        """
        known, steps = self._known
        if head is None:
            return 0
        at = head
        while at is not known and at.kind != "input" and at.parent is not None:
            at = at.parent
        if at is not known:
            # the number of its step, as LangGraph counts them
            steps = self._levels_of(at)[""].metadata["step"] if at.kind == "input" else 0
        self._known = head, steps
        return steps
