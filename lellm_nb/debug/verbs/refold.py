"""A history folded again with one write left out; no node runs."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Sequence
from typing import Any

from lellm_nb.arguments import shown
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.query.writers import Write
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.errors import DebuggerError, RunError, StateError, listed, path_text
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Controls, Recorded, Session
from lellm_nb.state.mutation import Mutation

__all__ = ["without"]


async def without(context: DebugContext, frame: Any, mutation: Any = 0) -> Any:
    """Fold the log again without one mutation; return the debugger of the new line.

    Raises:
        DebuggerError: The frame has no such mutation, or is neither a commit nor an edit; or no
            frame, or several, wrote the mutation that is meant.
    """
    context.refresh_code()  # it may be a condition that was mended
    session = context.session
    found, mutation = _meant(context, frame, mutation)
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


def _meant(context: DebugContext, frame: Any, mutation: Any) -> tuple[Frame, Any]:
    """Return a frame, and the place of a mutation in it, of whatever names the two."""
    if isinstance(frame, Write):
        frame, mutation = frame.frame, frame.mutation
    if isinstance(frame, Mutation):
        session = context.session
        way = session.line[: session.head.index + 1]
        same = [each for each in way if any(m is frame for m in each.mutations)]
        found = same or [each for each in way if _place(each, frame) is not None]
        if len(found) != 1:
            at = listed(str(each.index) for each in found)
            wrote = f"frames {at} wrote it: without(frame, mutation) says which" if found else ""
            raise DebuggerError(
                f"{type(frame).__name__} of {path_text(frame.key)!r}:"
                f" {wrote or 'no frame on the way to the head wrote it'}."
            )
        return found[0], _place(found[0], frame)
    found_at = frame_of(context, frame)
    if isinstance(mutation, Mutation):
        return found_at, _place(found_at, mutation)
    with contextlib.suppress(TypeError):
        mutation = mutation if isinstance(mutation, bool) else operator.index(mutation)
    return found_at, mutation


def _place(frame: Frame, mutation: Mutation) -> int | None:
    """Return the place of a mutation among a frame's: of that very one, else of an equal one."""
    for i, each in enumerate(frame.mutations):
        if each is mutation:
            return i
    return next((i for i, m in enumerate(frame.mutations) if _equal(m, mutation)), None)


def _equal(one: Mutation, other: Mutation) -> bool:
    try:
        return bool(one == other)
    except Exception:  # an array's == is no truth value
        return False


def _check(frame: Frame, mutation: Any) -> None:
    number = isinstance(mutation, int) and not isinstance(mutation, bool)
    fits = frame.kind in _WRITING and number and -1 < mutation < len(frame.mutations)
    if not fits:
        what = f"{frame.kind} {frame.path}".strip()
        named = "such mutation" if mutation is None else f"mutation {shown(mutation)}"
        raise DebuggerError(
            f"Frame {frame.index} ({what}) has no {named} to take away; it has"
            f" {len(frame.mutations)}."
        )


_WRITING = ("commit", "edit", "input")


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
        if frame.kind not in ("edit", "input"):
            # a failure commits nothing, and a way out that was found late is found at once
            remaking += not (frame.kind == "error" and frame.failed) and frame.kind != "route"
            continue
        await _replay(session, recorded, remaking)
        remaking = 0
        left = _without(frame, mutation) if i == 0 else list(frame.mutations)
        if not await _written_again(session, frame, left):
            return
    await _replay(session, recorded, remaking)


async def _written_again(session: Session, frame: Frame, left: list[Any]) -> bool:
    """Write once more what an edit or an input wrote; tell whether it has a place there."""
    head = session.head
    try:
        if frame.kind == "input":
            await session.send(left)
        elif (head.path, head.visit) == (frame.path, frame.visit):
            session.edit(left)
        else:
            return False  # it went another way
    except (DebuggerError, StateError):
        return False
    return True


async def _replay(session: Session, recorded: Recorded, frames: int) -> None:
    """Commit what was recorded, so many frames of it."""
    if not frames:
        return
    last = session.head.index + frames
    controls = Controls.replay(recorded, watch=lambda frame: True if frame.index >= last else None)
    with contextlib.suppress(RunError):  # the line ends there, as its last frame shows
        await session.advance(controls)
