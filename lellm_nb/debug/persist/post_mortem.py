"""A debugger where a run failed: what its error knows of it, and who still has its frames."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from lellm_nb.arguments import refusal, speaking
from lellm_nb.debug.core.family import Family, debugger_of, latest
from lellm_nb.debug.persist.from_checkpoint import Captured, captured_by, context_of
from lellm_nb.debug.persist.open_checkpoints import captured_in
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.record.past.captured import start_frame
from lellm_nb.record.past.stopped_run import StoppedRun, last_stopped
from lellm_nb.store.memory import StoreSink

__all__ = ["post_mortem"]

NOTHING = (
    "There is no failed run to look at: nobody has an error of graph.run, execute or a session any"
    " more, and the last debugger did not fail. Give the error: except Exception as error: …"
    " Debugger.post_mortem(error)."
)


def post_mortem(
    family: Family, native: Any, error: BaseException | None = None, redact: Any = None
) -> Any:
    """Return the debugger of a failed run; see `Debugger.post_mortem`."""
    given: Any = error
    if redact is not None:
        speaking(redact, "redact", DebuggerError, "apply", "a Redactor")
    if given is None:
        found = _last()
        if not isinstance(found, tuple):
            return found
        failure, stopped = found
    else:
        if not isinstance(given, BaseException):
            wanted = "an error that a run raised, or None for the last one"
            raise refusal(given, "error", wanted, DebuggerError)
        failure, stopped = _of(given)
    session = stopped.session()
    if session is not None:
        head = _failed_frame(session, stopped, failure)
        debugger = debugger_of(session)
        if debugger is not None and session.head is head:
            return debugger
        captured = Captured([head])
    elif stopped.start is None:
        raise DebuggerError(
            "The run of this error is gone: nobody holds its session or debugger any more."
        )
    else:
        captured = _known(stopped)
    context = context_of(family, native, captured, stopped.graph, Storage())
    context.redact = redact
    return family.first(context)


def _of(error: BaseException) -> tuple[BaseException, StoppedRun]:
    for one in _inside(error):
        stopped = getattr(one, "stopped", None)
        if isinstance(stopped, StoppedRun):
            return one, stopped
    raise DebuggerError(
        f"{type(error).__name__} is not the error of a run in this process, nor is one its cause."
    )


def _inside(error: BaseException) -> Iterator[BaseException]:
    """Walk an error, its causes and its members, those next to it first."""
    queue: list[BaseException | None] = [error]
    seen: set[int] = set()
    while queue:
        one = queue.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            queue += one.exceptions


def _last() -> Any:
    """Return the debugger that failed last, or the error of a run that did and what it knows.

    Raises:
        DebuggerError: There is neither.
    """
    found: list[tuple[float, Any]] = []
    shown = getattr(sys, "last_exc", None), getattr(sys, "last_value", None)
    for error in (sys.exc_info()[1], *shown, last_stopped()):
        if isinstance(error, BaseException):
            try:
                one = _of(error)
            except DebuggerError:
                continue
            found.append((one[1].at, one))
    debugger = latest()
    if debugger is not None and debugger.status == "failed":
        found.append((debugger.session.head.started, debugger))
    if not found:
        raise DebuggerError(NOTHING)
    return max(found, key=lambda pair: pair[0])[1]


def _failed_frame(session: Any, stopped: StoppedRun, failure: BaseException) -> Frame:
    """Return where a session stood when it failed, wherever it is now."""
    at = stopped.index
    lines = [session.line, *session.history.lines.values()]
    there = [line[at] for line in lines if at < len(line)]
    for frame in there:
        if frame.error is failure:
            return frame  # type: ignore[no-any-return]  # a frame
    for frame in there:
        if frame.position is stopped.position:
            return frame  # type: ignore[no-any-return]  # as above
    return session.head  # type: ignore[no-any-return]  # as above


def _known(stopped: StoppedRun) -> Captured:
    """Return what is known of a run that nobody owned: its sink may have kept the frames."""
    assert stopped.start is not None
    start = start_frame(stopped.graph.name, stopped.start, stopped.at)
    return Captured([start, *_kept_by(stopped.sink())], stopped.position, stopped.last)


def _kept_by(sink: Any) -> list[Frame]:
    if isinstance(sink, StoreSink):
        try:
            return captured_in(sink.store, sink.trace_id)[0].frames
        except CheckpointStoreError:  # there is no more to look at than that
            return []
    return captured_by(sink) or []
