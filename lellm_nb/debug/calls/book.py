"""The calls of one line: taken down, served, and stopped at (CALLS.md, K1 to K3, K7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.matching import key_maker
from lellm_nb.calls.tape import Serving, Tape
from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.calls.call_list import last_call
from lellm_nb.debug.calls.rerun_plan import RerunPlan
from lellm_nb.debug.calls.settings import CallSettings, ClientWrapping
from lellm_nb.debug.calls.unfinished import Unfinished, UnfinishedSteps, calls_of, is_whole
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import is_within
from lellm_nb.session.protocol import Controls, NextMove, Session

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["CallBook", "CallModes"]


class CallModes(Protocol):
    """What is asked of the modes of nodes."""

    def miss(self, path: str) -> str | None:
        """Return what becomes of a call that is not recorded; `None` where none is looked up."""

    def recorded_frame(self, path: str, visit: int) -> Frame | None:
        """Return the frame of what is recorded of a visit of a node, or `None`."""


class CallBook:
    """The calls of one line.

    Args:
        session: What runs.
        stops: Asked at each call that is sent.
        modes: Say whose calls are looked up.
        settings: What all lines of the run have in common.
        redactor: Gives what takes secrets out of what is shown.
        told: Called when a call has ended.

    Attributes:
        plan: What one visit of a node is served, if it is to be run anew.
        stepping: How many more calls may be sent; `None` for any.
        outside: Calls that belong to no frame: they came after their node had ended.
        any_open: Whether there may be calls that no frame has: while there is none, and mostly
            there is none, nobody has to look.
    """

    def __init__(
        self,
        session: Session,
        stops: Breakpoints,
        modes: CallModes,
        settings: CallSettings,
        redactor: Callable[[], Redactor],
        told: Callable[[Call], None],
    ) -> None:
        self.settings = settings
        self.plan: RerunPlan | None = None
        self.stepping: int | None = None
        self.outside: list[Call] = []
        self.any_open = False
        self._session = session
        self._stops = stops
        self._modes = modes
        self._told = told
        self._redactor = redactor
        self._key = key_maker(self.clean)
        self._opened: list[tuple[Tape, tuple[Call, ...]]] = []
        self._left = UnfinishedSteps(session)
        self._passed: set[tuple[int, str, int, int]] = set()
        self._beside: list[CallStop] = []
        self._lock = threading.Lock()
        self._wrapping: ClientWrapping | None = None
        self._held = False

    # -- around a run ----------------------------------------------------------------

    def control(self, controls: Controls) -> None:
        """Have a run take its calls down."""
        if self._held and self.settings.budget is not None:
            self.settings.budget.grant()
        self._held = False
        if self.settings.on:
            if self._wrapping is None:
                self._wrapping = self.settings.wrapping()
            self._opened, self._beside = [], []
            controls.tapes = self.open

    def came_back(self, controls: Controls) -> None:
        """Take note of what a run has left unfinished inside of nodes."""
        self.stepping = None
        for tape, recorded in self._opened:
            at = tape.path, tape.visit
            if self.settings.budget is not None:
                self.settings.budget.landed(tape.calls)
            if tape.filed:
                self._left.ended(at)
                if self.plan is not None and self.plan.at == at:
                    self.plan = None
                continue
            self._left.note(tape, recorded)
            stopped = tape.stopped
            if stopped is None or stopped is controls.stopping or stopped.hit is None:
                continue
            # another stop was hit before, which alone is told of
            if stopped.after:
                self._beside.append(stopped)
            else:  # this one is met again
                self._passed.discard((stopped.hit.stop.id, *at, stopped.call.number))
        self.any_open = bool(self._left or self.outside)
        stopping = controls.stopping
        self._held = isinstance(stopping, CallStop) and stopping.why == "budget"

    def beside(self) -> CallStop | None:
        """Return the next stop after a call that was hit beside the one told of last, once (P5)."""
        while self._beside:
            stop = self._beside.pop(0)
            if stop.hit.stop.enabled and any(one is stop.hit.stop for one in self._stops):
                return stop
        return None

    def left(self) -> None:
        """Hear that the head is moved: what was unfinished there is begun again, and paid (K13)."""
        self._left.clear()
        self._passed.clear()
        self._beside.clear()
        self.plan = None

    def begin_anew(self, plan: RerunPlan) -> None:
        """Have a visit of a node run over what its plan says, whatever was unfinished of it."""
        self._left.ended(plan.at)
        self.plan = plan

    def forget(self, path: str) -> None:
        """Have a node begin anew that was left inside of a call: all of it is sent."""
        if self.plan is not None and is_within(self.plan.path, path):
            self.plan = None
        self._left.forget(path)

    def take_over(self, other: CallBook, frame: Frame) -> None:
        """Take what is unfinished on another line at a frame, which is where this one begins."""
        self._left.take_over(other._left, frame)
        self.any_open = other.any_open
        if other.plan is not None and self._left.at(*other.plan.at) is not None:
            self.plan = other.plan

    def take_unfinished(self, path: str, visit: int, call: Call) -> None:
        """Take a call of a node that had not ended when the run was left (K1)."""
        self._left.take(path, visit, call)
        self.any_open = True

    # -- looking ----------------------------------------------------------------------

    def unfinished(self) -> Iterator[Call]:
        """Walk the calls of nodes that run now, or that were stopped inside of a call."""
        running = [tape for tape, _ in list(self._opened) if not (tape.filed or tape.closed)]
        for tape in running:
            yield from list(tape.calls)
        yield from self._left.calls({(tape.path, tape.visit) for tape in running})

    def clean(self, value: Any) -> Any:
        """Return JSON data or a text without secrets."""
        from lellm_nb.calls.redacting import without_secrets

        return without_secrets(self._redactor(), value)

    # -- while a node runs ----------------------------------------------------------------

    def open(self, move: NextMove) -> Tape:
        """Return where the calls of a node are taken down."""
        at = move.path, move.visit
        left, plan, miss = self._left.at(*at), self.plan, self._modes.miss(move.static_path)
        recorded = self._left.tried(*at) if left is None else left.recorded
        if plan is not None and plan.at == at:
            serving: Serving | None = plan.serving(left, miss, self._differs)
        else:
            serving = self._serving(at, recorded, left, miss)
        tape = Tape(
            *at,
            key=self._key,
            serving=serving,
            before=self._before,
            after=self._after,
            ended=self._ended,
        )
        self._opened.append((tape, recorded))
        self.any_open = True
        return tape

    def _serving(
        self,
        at: tuple[str, int],
        recorded: tuple[Call, ...],
        left: Unfinished | None,
        miss: str | None,
    ) -> Serving | None:
        """Return what a node is served, `None` for nothing.

        Args:
            recorded: What was recorded in the step that it goes on with.
            left: How that was left.
        """
        again = list(filter(is_whole, recorded))
        frame = None if miss is None else self._modes.recorded_frame(*at)
        if not again and miss is None:
            return None
        return Serving(
            again if frame is None else [*calls_of(frame), *again],
            miss=miss or "stop",
            onwards=bool(again) and frame is None,
            together=left is not None and left.together,
            differs=self._differs,
        )

    def _differs(self, new: Exchange, old: Exchange | None) -> str:
        from lellm_nb.calls.request_diff import differs

        return differs(new, old, clean=self.clean)

    def _before(self, tape: Tape, call: Call) -> CallStop | None:
        """Look whether to stop before a call is sent."""
        budget = self.settings.budget
        call.belongs_to(self.settings)
        if call.before is None:  # of a node that asks once a visit, it is that of the one before
            call.before = last_call(self._session.head, call.path, call.place)
        found = self._hit(tape, call, answered_now=False)
        if found is not None:
            return found
        if call.attempts == 1 and not self._may_step():  # to try again is no step
            return CallStop("step", _where(call), call)
        lacks = "" if budget is None else budget.exceeded_by(call)
        return CallStop("budget", f"{_where(call)}: {lacks}", call) if lacks else None

    def _may_step(self) -> bool:
        """Take one of the steps that there may be; tell whether there was one."""
        with self._lock:  # branches may ask on threads of their own
            if self.stepping is None:
                return True
            self.stepping -= 1
            return self.stepping >= 0

    def _after(self, tape: Tape, call: Call) -> CallStop | None:
        """Look whether to stop after a call was answered; one that fails may be tried again."""
        call.belongs_to(self.settings)
        budget = self.settings.budget
        if call.last.failed:
            if budget is not None:
                budget.release(call)
            return None
        self.settings.sent(call)
        if budget is not None:
            budget.settle(call)
        found = self._hit(tape, call, answered_now=True)
        if found is not None and tape.stopped is not None:
            self._beside.append(found)  # it was in flight beside the stop that is told of
        if found is None and self.stepping is not None and self.stepping <= 0:
            return CallStop("step", _where(call, "after"), call, after=True)
        return found

    def _hit(self, tape: Tape, call: Call, *, answered_now: bool) -> CallStop | None:
        for stop in self._stops.calls:
            mark = stop.id, tape.path, tape.visit, call.number
            if mark in self._passed:
                continue
            hit = stop.at_call(call, answered_now=answered_now)
            if hit is not None:
                self._passed.add(mark)
                words = _where(call, "after" if answered_now else "before")
                return CallStop("breakpoint", words, call, after=answered_now, hit=hit)
        return None

    def _ended(self, tape: Tape, call: Call, exchange: Exchange) -> None:
        call.belongs_to(self.settings)
        if exchange.late:
            self.outside.append(call)
        self._told(call)


def _where(call: Call, side: str = "before") -> str:
    return f"{side} call {call.number} of {call.of}"
