"""A history folded again with one write left out; no node runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.errors import DebuggerError, RunError, StateError
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Controls, Recorded, Session

__all__ = ["without"]


async def without(context: DebugContext, frame: Any, mutation: int = 0) -> Any:
    """Fold the log again without one mutation; return the debugger of the new line.

    Raises:
        DebuggerError: The frame has no such mutation, or is neither a commit nor an edit.
    """
    context.refresh_code()  # it may be a condition that was mended
    session = context.session
    found = frame_of(context, frame)
    _check(found, mutation)
    assert found.parent is not None
    left = session.line_through(found)
    # a line's outcomes count up to the head, or up to its tip where the head is elsewhere
    tip = session.head.index if session.line is left else len(left) - 1
    end = max(tip, found.index)
    recorded = session.recorded(left, end)
    if found.kind == "commit":
        recorded.change(found, _without(found, mutation))
    child = context.for_line(session.fork(found.parent))
    debugger = context.family.add(child)
    await _fold_on(child.session, recorded, left[found.index : end + 1], mutation)
    return debugger


def _check(frame: Frame, mutation: Any) -> None:
    number = isinstance(mutation, int) and not isinstance(mutation, bool)
    fits = frame.kind in ("commit", "edit") and number and -1 < mutation < len(frame.mutations)
    if not fits:
        what = f"{frame.kind} {frame.path}".strip()
        raise DebuggerError(
            f"Frame {frame.index} ({what}) has no mutation {mutation!r} to take away; it has"
            f" {len(frame.mutations)}."
        )


def _without(frame: Frame, mutation: int) -> list[Any]:
    return [m for i, m in enumerate(frame.mutations) if i != mutation]


async def _fold_on(
    session: Session, recorded: Recorded, rest: Sequence[Frame], mutation: int
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
        await _replay(session, recorded, remaking)
        remaking = 0
        head = session.head
        if (head.path, head.visit) != (frame.path, frame.visit):
            return  # it went another way: what was written there has no place
        left = _without(frame, mutation) if i == 0 else list(frame.mutations)
        try:
            session.edit(left)
        except StateError:
            return
    await _replay(session, recorded, remaking)


async def _replay(session: Session, recorded: Recorded, frames: int) -> None:
    """Commit what was recorded, so many frames of it."""
    if not frames:
        return
    last = session.head.index + frames
    controls = Controls.replay(recorded, watch=lambda frame: True if frame.index >= last else None)
    with contextlib.suppress(RunError):  # the line ends there, as its last frame shows
        await session.advance(controls)
