"""One command at a time: who may change a run, and who is told that it changed.

Whatever changes a run claims it first, on whatever thread it was asked for. A command that is
called runs on the caller's thread, one that is posted on the debugger's own; whoever wants the
run during a command that takes no time waits for it.
"""

from __future__ import annotations

import _thread
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from contextvars import Context, copy_context
from typing import Any, TypeVar

from lellm_nb.debug.core.claim import Claim
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.inputs.steering import LevelWrite, SteerQueue
from lellm_nb.engine.driving.drive import LastLoop, drive
from lellm_nb.engine.driving.worker_thread import WorkerThread
from lellm_nb.engine.output_capture import BY_BUTTON
from lellm_nb.errors import BusyError, DebuggerError, GivenUpError
from lellm_nb.interrupts import interrupts_noted
from lellm_nb.record.frame import Frame
from lellm_nb.record.listeners import tell_all

__all__ = ["CommandQueue"]

T = TypeVar("T")


class CommandQueue:
    """Claims one run for one command after the other.

    Args:
        listeners: Called after every change.
        stopped: Called when a command has moved the run.
        head: Tells where the run stands.

    Attributes:
        cell: The context variables with which it was called last, for what is asked by button.
        claim: The command that goes on, or `None`.
        steers: What is to be written at the next commit of a run that is going on.
        leave: Given what of that came too late, when a command is over.
        last_stop: What the last command that moved came back with.
    """

    def __init__(
        self,
        listeners: list[Callable[[], None]],
        stopped: Callable[[], None],
        head: Callable[[], Frame],
    ) -> None:
        self._lock = threading.Lock()
        self._freed: threading.Condition | None = None  # from when somebody had to wait
        self._listeners = listeners
        self._stopped = stopped
        self._head = head
        self._worker: WorkerThread | None = None
        self._loop = LastLoop()
        self._posted: Future[Any] | None = None
        self.cell: Context = copy_context()
        self.claim: Claim | None = None
        self.steers = SteerQueue()
        self.leave: Callable[[list[LevelWrite]], None] = lambda writes: None
        self.last_stop: Stop | None = None

    # -- claiming --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a command is going on."""
        claim = self.claim
        return claim is not None and not claim.brief

    def take(self, claim: Claim) -> None:
        """Take the run for a command; wait for one that takes no time.

        Raises:
            BusyError: A command is going on.
        """
        with self._lock:
            while (other := self.claim) is not None:
                if not other.brief or other.thread == claim.thread:
                    raise BusyError(claim.verb)
                if self._freed is None:
                    self._freed = threading.Condition(self._lock)
                self._freed.wait()
            self.claim = claim
            self.steers.is_open = not claim.brief

    def release(self, claim: Claim) -> None:
        """Let the run go, and tell everyone; a command that was given up has nothing to let go."""
        if self.claim is not claim:
            return
        try:
            with self.steers.lock:
                self.steers.is_open = False
            if self.steers.queued:
                self.leave(self.steers.take())
        finally:
            with self._lock:
                self.claim = None
                if self._freed is not None:
                    self._freed.notify_all()
        self.changed()

    # -- commands --------------------------------------------------------------

    def called(self) -> None:
        """Take note of the caller's context variables, unless a button's thread calls."""
        if self._worker is None or not self._worker.here:
            self.cell = copy_context()

    def follow(self, other: CommandQueue) -> None:
        """Begin with the loop and the context variables of another line."""
        self._loop, self.cell = other._loop, other.cell

    def call(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a command on this thread, with its context variables.

        Raises:
            BusyError: A command is going on.
            DebuggerError: Called inside a node of this very run.
        """
        self._refuse_inside(verb)
        self.called()
        claim = Claim(verb, self.cell)
        with interrupts_noted(claim.interrupted):
            try:
                self.take(claim)
                self.changed()
                came_back = self._came_back(claim, drive(work(), self._loop, claim.cell.copy()))
            finally:
                self.release(claim)
        if claim.interrupts and not isinstance(came_back, Stop):
            raise KeyboardInterrupt  # nothing else says that it was heard
        return came_back

    def post(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start a command on the debugger's own thread; refuse it while another one is going on.

        Raises:
            BusyError: A command is going on.
        """
        cell = self.cell.copy()
        cell.run(BY_BUTTON.set, True)
        claim = Claim(verb, cell, own=True, thread=None)
        future: Future[T] = Future()

        def job() -> None:
            claim.thread = threading.get_ident()
            # whatever goes wrong here must reach the caller: a lost exception
            # would leave the command waiting, and the debugger busy, for good
            try:
                try:
                    came_back = self._came_back(claim, drive(work(), self._loop, claim.cell.copy()))
                finally:
                    self.release(claim)
            except BaseException as error:
                _hand_over(future.set_exception, error)
            else:
                _hand_over(future.set_result, came_back)

        with interrupts_noted():
            self.take(claim)
            try:
                self._posted = future
                if self._worker is None:
                    self._worker = WorkerThread()
                self._worker.do(job)
            except BaseException:
                self.release(claim)
                raise
        self.changed()
        return future

    def at_once(self, verb: str, work: Callable[[], T]) -> T:
        """Run a command that awaits nothing and runs no node where it is called.

        The claim keeps others away meanwhile.

        Raises:
            BusyError: A command is going on.
        """
        self.called()
        claim = Claim(verb, self.cell, brief=True)
        with interrupts_noted():
            try:
                self.take(claim)
                return self._came_back(claim, work())
            finally:
                self.release(claim)

    def hold(self, verb: str, work: Callable[[], T]) -> T:
        """Run a command that takes its time where it is called, as nodes run elsewhere.

        Raises:
            BusyError: A command is going on.
        """
        claim = Claim(verb, self.cell)
        try:
            self.take(claim)
            self.changed()
            return self._came_back(claim, work())
        finally:
            self.release(claim)

    async def lead(self, claim: Claim, work: Coroutine[Any, Any, T]) -> T:
        """Move this run by a command of another line: what pauses that pauses this, too.

        Raises:
            BusyError: A command is going on.
        """
        try:
            self.take(claim)
        except BaseException:
            work.close()
            raise
        try:
            self.changed()
            return self._came_back(claim, await work)
        finally:
            self.release(claim)

    def _refuse_inside(self, verb: str) -> None:
        claim = self.claim
        if claim is not None and claim.thread == threading.get_ident():
            raise DebuggerError(
                f"{verb}() was called inside a node, a predicate or a listener of this very run,"
                " which waits for it: it would never end."
            )

    def _came_back(self, claim: Claim, value: T) -> T:
        if isinstance(value, Stop) and self.claim is claim:
            self.last_stop = value
            self._stopped()
        return value

    # -- interrupting ----------------------------------------------------------

    def pause(self) -> None:
        """Stop at the next commit: nodes in flight finish, no new one starts."""
        claim = self.claim
        if claim is not None:
            claim.pause()

    def stop(self) -> None:
        """Cancel what is in flight; it is not committed, and everything before is kept.

        Asked a second time of a node that does not end, it gives the thread up: on the
        debugger's own thread the node is left alone, on the main thread it is interrupted.
        """
        claim = self.claim
        if claim is None:
            return
        again = claim.token.is_cancelled
        claim.token.cancel()
        if not again or claim.brief:
            return
        if claim.own:
            self._give_up(claim)
        elif claim.thread == threading.main_thread().ident != threading.get_ident():
            _thread.interrupt_main()

    def _give_up(self, claim: Claim) -> None:
        """Leave the thread to a node that does not end; what it still does reaches nobody."""
        with self._lock:
            if self.claim is not claim:
                return  # it came back just now
            self.claim = None
            self.steers.is_open = False
            self.steers.take()
            worker, self._worker = self._worker, None
            posted, self._posted = self._posted, None
            if claim.controls is not None:
                claim.controls.abandon()
            if worker is not None:
                worker.end()
            if self._freed is not None:
                self._freed.notify_all()
        head = self._head()
        error = GivenUpError(path=head.position.node or "", state=head.position.state)
        self.last_stop = Stop(StopReason.CANCELLED, head, error)
        self._stopped()
        if posted is not None:
            _hand_over(posted.set_result, self.last_stop)
        self.changed()

    # -- listeners -------------------------------------------------------------

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, on whatever thread made it.

        Returns:
            A function that ends the subscription.
        """
        self._listeners.append(listener)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    def changed(self) -> None:
        """Tell everyone that something changed."""
        if self._listeners:
            tell_all(self._listeners)


def _hand_over(give: Callable[[Any], None], what: Any) -> None:
    with contextlib.suppress(InvalidStateError):  # it was given up, or cancelled, meanwhile
        give(what)
