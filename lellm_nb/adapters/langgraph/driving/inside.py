"""In which task code runs: told by a context variable that follows it into threads."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

from lellm_nb.adapters.langgraph.driving.attempt import RunningTask

__all__ = ["INSIDE", "clean_context", "speaker", "task_around"]

INSIDE: ContextVar[tuple[Any, RunningTask | None] | None] = ContextVar(
    "lellm_nb langgraph", default=None
)
"""The drive that code runs in, and the task that started last there."""


def task_around(drive: Any = None) -> RunningTask | None:
    """Return the task that code runs in: the innermost that has not ended.

    Args:
        drive: The drive that it has to be of; any by default.
    """
    inside = INSIDE.get()
    if inside is None or (drive is not None and inside[0] is not drive):
        return None
    running = inside[1]
    while running is not None and running.over:
        running = running.outer
    return running


def speaker(otherwise: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a writer whose chunks are those of the task that writes them.

    Args:
        otherwise: Where they go that no task of a drive writes.
    """

    def write(chunk: Any) -> None:
        inside, running = INSIDE.get(), task_around()
        if inside is None or running is None:
            otherwise(chunk)
        else:
            inside[0].said(running, chunk)

    return write


def clean_context(around: Context) -> Context:
    """Return context variables without LangChain's: a debugger works inside a node as well."""
    made = Context()
    for variable, value in around.items():
        if variable.name != "child_runnable_config":
            made.run(variable.set, value)
    return made
