"""Commands and the runner: who may move a run, and who is told that it moved."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.verbs.live_decisions import Desk
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.run import Run
from lellm_nb.engine.runner_thread import runner
from lellm_nb.errors import BusyError, DebuggerError
from lellm_nb.session.session import ExecutionSession, tell_all

__all__ = ["Core", "Handle", "latest"]

T = TypeVar("T")

HEARTBEAT = 0.2
"""Seconds between looks while a cell awaits, so that Interrupt is felt (NOTEBOOK_FACTS S2)."""

_latest: Callable[[], Any] = lambda: None  # noqa: E731  # stands in for a dead weak reference


def latest() -> Any:
    """Return the debugger made last that is still alive, or `None`."""
    return _latest()


class Handle(Awaitable[T], Generic[T]):
    """A command that goes on in the background: await it, or ask for its result."""

    def __init__(self, future: Future[T], on_cancel: Callable[[], None]) -> None:
        self._future = future
        self._on_cancel = on_cancel

    @property
    def done(self) -> bool:
        """Whether it has come back."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> T:
        """Wait and return what it came back with.

        Raises:
            TimeoutError: It took longer than `timeout` seconds.
        """
        return self._future.result(timeout)

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        future = asyncio.ensure_future(asyncio.wrap_future(self._future))
        try:
            while not future.done():
                await asyncio.wait({future}, timeout=HEARTBEAT)
            return future.result()
        except asyncio.CancelledError:
            # Interrupt in a notebook: leave the run paused at a commit, then give way
            self._on_cancel()
            await asyncio.wait({future}, timeout=2.0)
            raise

    def __repr__(self) -> str:
        return f"<Handle: {self._future.result()!r}>" if self.done else "<Handle: going on>"


class Core:
    """One session, one command at a time, and the listeners."""

    def __init__(self, session: ExecutionSession, name: str, max_steps: int) -> None:
        global _latest
        self._session = session
        self.name = name
        self.max_steps = max_steps
        self.breakpoints = Breakpoints()
        self._lock = threading.Lock()
        self._busy = ""
        self._run: Run | None = None
        self._token: CancellationToken | None = None
        self._pause_wanted = False
        self._interrupts = 0
        self._desk: Desk | None = None
        self._last_stop: Stop | None = None
        self._listeners = session.listeners
        _latest = weakref.ref(self)

    # -- commands --------------------------------------------------------------

    def _post(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start a command on the runner; refuse it while another one is going on.

        Raises:
            BusyError: A command is going on.
        """
        self._claim(verb)

        async def guarded() -> T:
            # whatever goes wrong here must reach the caller: a lost exception
            # would leave the command waiting, and the debugger busy, for good
            try:
                return self._came_back(await work())
            finally:
                self._release()

        future = runner().post(guarded(), on_interrupt=self._interrupted)
        try:
            self._changed()
        except KeyboardInterrupt:
            self._interrupted()
        return future

    def _claim(self, verb: str) -> None:
        with self._lock:
            if self._busy:
                raise BusyError(verb)
            self._busy = verb
            self._pause_wanted = False
            self._interrupts = 0
            self._token = CancellationToken()

    def _release(self) -> None:
        with self._lock:
            self._busy = ""
            self._token = None
        self._changed()

    def _came_back(self, value: T) -> T:
        if isinstance(value, Stop):
            self._last_stop = value
        return value

    def _at_once(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a command that awaits nothing and runs no node where it is called.

        The claim keeps the runner away meanwhile, and two hops between threads are saved.

        Raises:
            BusyError: A command is going on.
        """
        self._claim(verb)
        try:
            work().send(None)
        except StopIteration as done:
            value: T = done.value
            return self._came_back(value)
        finally:
            self._release()
        raise AssertionError(f"{verb} awaited something")

    def _interrupted(self) -> None:
        """Take a Ctrl-C: the first pauses at the next commit, a second cancels."""
        self._interrupts += 1
        if self._interrupts == 1:
            self.pause()
        else:
            self.stop()

    def _call(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
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
        future = self._post(verb, work)
        interrupted = False
        while True:
            try:
                # inside the try: a further interrupt may come at any point of this
                if interrupted:
                    interrupted = False
                    self._interrupted()
                return _result_of(future)
            except KeyboardInterrupt:
                interrupted = True
                if future.done():
                    return future.result()
                if self._interrupts > 1:
                    raise

    def _handle(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Handle[T]:
        return Handle(self._post(verb, work), self.pause)

    def post(
        self,
        verb: str,
        *args: Any,
        on_error: Callable[[BaseException], None] | None = None,
        **options: Any,
    ) -> Future[Any]:
        """Start a verb by name and return at once, from any thread; what buttons do.

        Args:
            verb: ``"step"``, ``"approve"``, …
            on_error: Called with what the verb raised, a `BusyError` included.

        Returns:
            A future of what the verb returns.
        """
        try:
            future = self._begin(verb, *args, **options)
        except Exception as error:
            future = Future()
            future.set_exception(error)
        if on_error is not None:
            report = on_error

            def tell(done: Future[Any]) -> None:
                error = None if done.cancelled() else done.exception()
                if error is not None:
                    report(error)

            future.add_done_callback(tell)
        return future

    def _begin(self, verb: str, *args: Any, **options: Any) -> Future[Any]:
        """Begin what `post` was asked for."""
        twin = getattr(self, f"_do_{verb}", None)
        if twin is not None:
            return self._post(verb, lambda: twin(*args, **options))
        future: Future[Any] = Future()
        future.set_result(getattr(self, verb)(*args, **options))
        return future

    def _refuse_while_busy(self, verb: str) -> None:
        if self._busy:
            raise BusyError(verb)

    # -- interrupting ----------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a command is going on."""
        return bool(self._busy)

    @property
    def last_stop(self) -> Stop | None:
        """What the last command that moved came back with, by whatever way it was given."""
        return self._last_stop

    def pause(self) -> None:
        """Stop at the next commit: nodes in flight finish, no new one starts."""
        self._pause_wanted = True
        run = self._run
        if run is not None and run.stopping is None:
            run.stopping = PAUSE
        desk = self._desk
        if desk is not None:  # nothing is in flight at a barrier: only the wait has to end
            runner().loop.call_soon_threadsafe(desk.close)

    def stop(self) -> None:
        """Cancel what is in flight; it is not committed, and everything before is kept."""
        token = self._token
        if token is not None:
            token.cancel()

    # -- listeners -------------------------------------------------------------

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, on whatever thread made it.

        It must return at once: it may be called thousands of times a second.

        Returns:
            A function that ends the subscription.
        """
        self._listeners.append(listener)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    def _changed(self) -> None:
        if self._listeners:
            tell_all(self._listeners)


def _result_of(future: Future[T]) -> T:
    """Wait for a result in turns: a signal just before a thread blocks would not wake it."""
    while True:
        try:
            return future.result(HEARTBEAT)
        except TimeoutError:
            if future.done():
                return future.result()  # it was the command's own


class _Pause:
    def __repr__(self) -> str:
        return "PAUSE"


PAUSE = _Pause()
"""What `Run.stopping` holds when a person asked to pause."""
