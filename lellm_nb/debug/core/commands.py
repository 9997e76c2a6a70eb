"""One command at a time: who may change a run, and who is told that it changed.

Whatever changes a run claims it first, on whatever thread it was asked for. A command that runs
nodes is posted to the runner; one that runs none is done where it is called, and whoever else
wants the run meanwhile waits for it, as it takes no time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from lellm_nb.debug.core.handle import result_of
from lellm_nb.debug.core.stop import Stop
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.runner_thread import runner
from lellm_nb.errors import BusyError, DebuggerError
from lellm_nb.record.listeners import tell_all
from lellm_nb.session.protocol import Controls

__all__ = ["PAUSE", "CommandQueue"]

T = TypeVar("T")


class _Pause:
    def __repr__(self) -> str:
        return "PAUSE"


PAUSE = _Pause()
"""What `Controls.stopping` holds when a person asked to pause."""


class _Live(Protocol):
    """Where decisions are handed in while a run goes through its barriers."""

    @property
    def asked(self) -> list[str]:
        """The ids that wait there."""

    def close(self) -> None:
        """End all waits without an answer."""


class CommandQueue:
    """Claims one run for one command after the other.

    Attributes:
        token: Cancels what the command that goes on has in flight; `None` while none does.
        controls: Of the command that moves the run now, or `None`.
        live: Where that command takes decisions while it goes on, or `None`.
        last_stop: What the last command that moved came back with.
    """

    def __init__(self, listeners: list[Callable[[], None]], stopped: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._waiting = 0
        self._verb = ""
        self._brief: int | None = None
        self._pause_wanted = False
        self._interrupts = 0
        self._listeners = listeners
        self._stopped = stopped
        self.token: CancellationToken | None = None
        self.controls: Controls | None = None
        self.live: _Live | None = None
        self.last_stop: Stop | None = None

    # -- claiming --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a command is going on."""
        return bool(self._verb) and self._brief is None

    def claim(self, verb: str, *, brief: bool = False) -> None:
        """Take the run for a command; wait for one that takes no time.

        Raises:
            BusyError: A command is going on.
        """
        me = threading.get_ident()
        with self._lock:
            while self._brief is not None and self._brief != me:
                self._waiting += 1
                try:
                    self._freed.wait()
                finally:
                    self._waiting -= 1
            if self._verb:
                raise BusyError(verb)
            self._verb = verb
            self._brief = me if brief else None
            self._pause_wanted = False
            self._interrupts = 0
            self.token = CancellationToken()

    def release(self) -> None:
        """Let the run go, and tell everyone."""
        with self._lock:
            self._verb = ""
            self._brief = None
            self.token = None
            if self._waiting:
                self._freed.notify_all()
        self.changed()

    # -- commands --------------------------------------------------------------

    def post(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start a command on the runner; refuse it while another one is going on.

        Raises:
            BusyError: A command is going on.
        """
        self.claim(verb)

        async def guarded() -> T:
            # whatever goes wrong here must reach the caller: a lost exception
            # would leave the command waiting, and the debugger busy, for good
            try:
                return self._came_back(await work())
            finally:
                self.release()

        future = runner().post(guarded(), on_interrupt=self._interrupted)
        try:
            self.changed()
        except KeyboardInterrupt:
            self._interrupted()
        return future

    def call(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a command and wait for it.

        Raises:
            BusyError: A command is going on.
            DebuggerError: Called on the runner, where waiting would never end.
        """
        if runner().here:
            raise DebuggerError(
                f"{verb}() was called on the debugger's own thread (inside a node, a predicate"
                f" or a listener), where waiting for it would never end; await a{verb}() instead."
            )
        future = self.post(verb, work)
        interrupted = False
        while True:
            try:
                # inside the try: a further interrupt may come at any point of this
                if interrupted:
                    interrupted = False
                    self._interrupted()
                return result_of(future)
            except KeyboardInterrupt:
                interrupted = True
                if future.done():
                    return future.result()
                if self._interrupts > 1:
                    raise

    def at_once(self, verb: str, work: Callable[[], T]) -> T:
        """Run a command that awaits nothing and runs no node where it is called.

        The claim keeps the runner away meanwhile, and two hops between threads are saved.

        Raises:
            BusyError: A command is going on.
        """
        self.claim(verb, brief=True)
        try:
            return self._came_back(work())
        finally:
            self.release()

    def hold(self, verb: str, work: Callable[[], T]) -> T:
        """Run a command that takes its time where it is called, as nodes run elsewhere.

        Raises:
            BusyError: A command is going on.
        """
        self.claim(verb)
        try:
            self.changed()
            return self._came_back(work())
        finally:
            self.release()

    def _came_back(self, value: T) -> T:
        if isinstance(value, Stop):
            self.last_stop = value
            self._stopped()
        return value

    # -- interrupting ----------------------------------------------------------

    def moving(self, controls: Controls | None) -> None:
        """Take note of what moves the run now, so that `pause` reaches it."""
        self.controls = controls
        if controls is not None and self._pause_wanted:
            controls.stop(PAUSE)

    def pause(self) -> None:
        """Stop at the next commit: nodes in flight finish, no new one starts."""
        self._pause_wanted = True
        controls = self.controls
        if controls is not None:
            controls.stop(PAUSE)
        live = self.live
        if live is not None:  # nothing is in flight at a barrier: only the wait has to end
            runner().loop.call_soon_threadsafe(live.close)

    def stop(self) -> None:
        """Cancel what is in flight; it is not committed, and everything before is kept."""
        token = self.token
        if token is not None:
            token.cancel()

    def _interrupted(self) -> None:
        """Take a Ctrl-C: the first pauses at the next commit, a second cancels."""
        self._interrupts += 1
        if self._interrupts == 1:
            self.pause()
        else:
            self.stop()

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
