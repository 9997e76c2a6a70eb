"""Where a run stands, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.calls.call import Call
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import pending, standing
from lellm_nb.debug.core.stop import Pending, Stop
from lellm_nb.debug.query.where import RetryNote
from lellm_nb.record.frame import Frame

__all__ = ["Summary", "open_calls_of", "summary_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """What a front end shows of the head, as one look found it.

    A run may go on while it is looked at: what is read piece by piece need not fit together,
    and each piece is a way of its own.

    Attributes:
        graph: The graph that runs.
        busy: Whether a command is going on.
        reading: Whether the run was opened for reading.
        status: ``ready, running, waiting, paused, failed`` or ``completed``.
        text: The head in words, as `Debugger.status_line` has it.
        frame: The frame at which the run stands.
        count: How many frames the line has.
        line: The name of the line.
        lines: The names of all lines.
        pending: What waits for a decision.
        last_stop: What the last command that moved came back with.
        lacking: Where secrets have to be given again; only where the run could go on.
        tree_key: Equal to the one before as long as `Debugger.tree` differs in nothing but
            what it says of this line's own frames and status.
        open_calls: The calls that no frame has: of nodes that run now or were stopped inside of
            one, and those that came late.
        kept_stops: The stops that were found again as the debugger was made, until a stop says it.
        retries: The nodes in flight that failed before, and when they are tried again.
    """

    graph: Any
    busy: bool
    reading: bool
    status: str
    text: str
    frame: Frame
    count: int
    line: str
    lines: tuple[str, ...]
    pending: tuple[Pending, ...]
    last_stop: Stop | None
    lacking: tuple[tuple[Any, ...], ...]
    tree_key: Any
    open_calls: tuple[Call, ...] = ()
    kept_stops: tuple[str, ...] = ()
    retries: tuple[RetryNote, ...] = ()


def summary_of(context: DebugContext) -> Summary:
    """Read where a run stands."""
    session, storage, busy = context.session, context.storage, context.commands.busy
    frame, line, history = session.head, session.line, session.history
    lines = list(history.lines.items())
    others = tuple((name, len(one)) for name, one in lines if one is not line)
    waits = tuple(pending(context))
    said, words = standing(context, waits)
    rests = not busy and not storage.reading
    return Summary(
        session.graph,
        busy,
        storage.reading,
        said,
        words,
        frame,
        len(line),
        line.name,
        tuple(name for name, _ in lines),
        waits,
        context.commands.last_stop,
        tuple(storage.missing_secrets(session)) if rests else (),
        (line.name, others, history.notes.copy(), history.pins.copy()),
        open_calls_of(context),
        context.breakpoints.news,
        context.retries.now() if busy else (),
    )


def open_calls_of(context: DebugContext) -> tuple[Call, ...]:
    """Return the calls that no frame has, those of nodes that are not done yet first."""
    calls = context.calls
    return (*calls.unfinished(), *calls.outside) if calls.any_open else ()
