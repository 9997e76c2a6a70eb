"""What nodes did that were left inside of a call: they begin anew over it (CALLS.md, K2, K13)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from lellm_nb.calls.call import Call
from lellm_nb.calls.tape import Tape
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import is_within
from lellm_nb.session.protocol import Session

__all__ = ["Unfinished", "UnfinishedSteps", "calls_of", "is_whole"]


class Unfinished(NamedTuple):
    """What a node did that was left inside of a call.

    Attributes:
        head: Where the run stood.
        calls: What it asked when it ran last.
        recorded: What was recorded in this step, however often it was begun anew.
        together: Whether some of that was asked side by side.
    """

    head: Frame
    calls: tuple[Call, ...]
    recorded: tuple[Call, ...]
    together: bool = False


class UnfinishedSteps:
    """What is unfinished on one line, by the path and visit of its node.

    Args:
        session: Says where the line stands.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._steps: dict[tuple[str, int], Unfinished] = {}

    def __bool__(self) -> bool:
        return bool(self._steps)

    # -- told of what came of it ---------------------------------------------------------

    def note(self, tape: Tape, recorded: tuple[Call, ...]) -> None:
        """Take note of a node that was left inside of a call.

        Args:
            recorded: What it was begun with.
        """
        at = tape.path, tape.visit
        known = self._steps.get(at)
        self._steps[at] = Unfinished(
            self._session.head,
            tuple(tape.calls),
            (*recorded, *(call for call in tape.calls if not call.served)),
            tape.together or (known is not None and known.together),
        )

    def take(self, path: str, visit: int, call: Call) -> None:
        """Take a call of a node that had not ended when its process did (K1)."""
        known = self._steps.get((path, visit))
        calls = [*(known.calls if known is not None else ()), call]
        calls.sort(key=lambda one: one.number)
        self._steps[path, visit] = Unfinished(self._session.head, (*calls,), (*calls,))

    def ended(self, at: tuple[str, int]) -> None:
        """Forget a step: it has ended, or all of it begins anew."""
        self._steps.pop(at, None)

    def forget(self, path: str) -> None:
        """Forget all steps of a node, or inside of it."""
        for at in [at for at in self._steps if is_within(at[0], path)]:
            del self._steps[at]

    def clear(self) -> None:
        """Forget everything."""
        self._steps.clear()

    def take_over(self, other: UnfinishedSteps, frame: Frame) -> None:
        """Take what is unfinished on another line at a frame, which is where this one begins."""
        self._steps = {at: one for at, one in other._steps.items() if _leads_to(one.head, frame)}

    # -- asked ---------------------------------------------------------------------------

    def at(self, path: str, visit: int) -> Unfinished | None:
        """Return what a node did that begins again where it was left, `None` for nothing."""
        left = self._steps.get((path, visit))
        return left if left is not None and _leads_to(left.head, self._session.head) else None

    def calls(self, beside: Collection[tuple[str, int]]) -> Iterator[Call]:
        """Walk the calls that count where the line stands, but of some steps."""
        for at, one in list(self._steps.items()):
            if at not in beside and _leads_to(one.head, self._session.head):
                yield from one.calls

    def tried(self, path: str, visit: int) -> tuple[Call, ...]:
        """Return what a step asked that failed, or that waits in its middle.

        What failed itself is left out: to ask it again is why one tries again.
        """
        frame: Frame | None = self._session.head
        for _ in range(_BACK):
            if frame is None or (frame.path == path and frame.kind not in _BEGUN):
                return ()
            if frame.path == path and frame.visit == visit:
                return tuple(call for call in calls_of(frame) if not _is_refused(call))
            frame = frame.parent
        return ()


def calls_of(frame: Frame) -> tuple[Call, ...]:
    """Return the calls of a frame to be served from it, each with where it comes from."""
    for call in frame.calls:
        for exchange in call.exchanges:
            if exchange.source is None:
                exchange.source = frame.index
    return frame.calls


def is_whole(call: Call) -> bool:
    """Tell whether a call was answered to the end."""
    last = call.last
    return last.ended and not last.cut


def _is_refused(call: Call) -> bool:
    last = call.last
    return last.failed or (last.status is not None and last.status >= 400)


def _leads_to(earlier: Frame, later: Frame) -> bool:
    """Tell whether a frame is another one, or not far before it on its line."""
    frame: Frame | None = later
    for _ in range(_BACK):
        if frame is earlier:
            return True
        if frame is None or frame.index <= earlier.index:
            return False
        frame = frame.parent
    return False


_BEGUN = ("error", "waiting")
"""Kinds of frames at which a node is begun anew: one that failed, or asks in its middle."""

_BACK = 1000
"""So many frames siblings may commit while a node is stopped inside of a call."""
