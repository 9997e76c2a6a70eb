"""A place at which a LangGraph run could move, as the session protocol shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.adapters.langgraph.position.level import PregelTask
from lellm_nb.session.seen_move import SeenMove
from lellm_nb.state.state import view

__all__ = ["TaskMove", "task_move"]


@dataclass(slots=True)
class TaskMove(SeenMove):
    """One task that is next, or asks to run now.

    Attributes:
        given: What the node is given in place of the state: what a Send brought.
        task: The namespace of the task; empty of one that has not asked yet.
    """

    given: Any = None
    task: str = ""

    @property
    def state(self) -> Any:
        """The state that the node would see."""
        return view(self.data) if self.given is None else self.given


def task_move(task: PregelTask) -> TaskMove:
    """Return a task that runs, where its state does not matter."""
    return TaskMove(task.path, task.node, task.visit, None)
