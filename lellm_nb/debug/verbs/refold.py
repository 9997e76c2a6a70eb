"""A history folded again with one write left out; no node runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from lellm_nb.errors import DebuggerError, RunError, StateError
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.session.recording import Recording, outcome_of
from lellm_nb.session.session import ExecutionSession

__all__ = ["check_mutation", "fold_on", "made_again"]


def check_mutation(frame: Frame, mutation: Any) -> None:
    """Refuse what is no mutation that can be taken away.

    Raises:
        DebuggerError: The frame has no such mutation, or is neither a commit nor an edit.
    """
    number = isinstance(mutation, int) and not isinstance(mutation, bool)
    fits = frame.kind in ("commit", "edit") and number and -1 < mutation < len(frame.mutations)
    if not fits:
        what = f"{frame.kind} {frame.path}".strip()
        raise DebuggerError(
            f"Frame {frame.index} ({what}) has no mutation {mutation!r} to take away; it has"
            f" {len(frame.mutations)}."
        )


def made_again(session: ExecutionSession, line: Line, end: int, frame: Frame, mutation: int) -> Any:
    """Return a recording of a line up to an index, in which a frame lacks one mutation."""
    recording = Recording(session.history, line, end)
    if frame.kind == "commit":
        changed = outcome_of(frame)
        changed.mutations = _without(frame, mutation)
        recording.replace(frame.path, frame.visit, changed)
    return recording


def _without(frame: Frame, mutation: int) -> list[Any]:
    return [m for i, m in enumerate(frame.mutations) if i != mutation]


async def fold_on(
    session: ExecutionSession, recording: Recording, rest: Sequence[Frame], mutation: int
) -> None:
    """Commit again what a line's frames recorded, edits included, as far as that leads.

    Args:
        rest: The frames to make again; of the first one, if it is an edit, one mutation is
            left out.
    """
    remaking = 0
    for i, frame in enumerate(rest):
        if frame.kind != "edit":
            # a failure commits nothing, and a way out that was found late is found at once
            remaking += not (frame.kind == "error" and frame.failed) and frame.kind != "route"
            continue
        await _advance(session, recording, remaking)
        remaking = 0
        head = session.head
        if (head.path, head.visit) != (frame.path, frame.visit):
            return  # it went another way: what was written there has no place
        left = _without(frame, mutation) if i == 0 else list(frame.mutations)
        try:
            session.edit(left)
        except StateError:
            return
    await _advance(session, recording, remaking)


async def _advance(session: ExecutionSession, recording: Recording, frames: int) -> None:
    if frames:
        until = session.head.index + frames
        with contextlib.suppress(RunError):  # the line ends there, as its last frame shows
            await session.advance(recorded=recording, until=until)
