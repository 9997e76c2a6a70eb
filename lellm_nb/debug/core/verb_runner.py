"""Doing verbs: each claims its run, on whatever thread it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Concatenate, ParamSpec, TypeVar

from lellm_nb.debug.core.commands import CommandQueue
from lellm_nb.debug.core.handle import Handle
from lellm_nb.debug.core.protocols import RunStorage
from lellm_nb.debug.core.verb_table import VERBS, Verb
from lellm_nb.errors import DebuggerError
from lellm_nb.session.protocol import Capability, Session, lacks

__all__ = ["VerbRunner"]

P = ParamSpec("P")
T = TypeVar("T")


class VerbRunner:
    """Does the verbs of one line of a run, one after the other.

    A verb is a function that is given this, the line as the debugger works on it.
    """

    session: Session
    storage: RunStorage
    commands: CommandQueue

    def may(self, name: str) -> None:
        """Look whether a verb can be done with this engine and this run.

        Raises:
            DebuggerError: The engine is not able to, or the run can only be looked at.
        """
        verb = VERBS[name]
        if verb.needs is not None:
            self.need(verb.needs, name)
        if verb.onward and self.storage.reading:
            self.storage.refuse_reading(name)

    def need(self, capability: Capability, what: str) -> None:
        """Refuse what this engine is not able to.

        Raises:
            DebuggerError: It is not; names what is missing.
        """
        if capability not in self.session.capabilities:
            raise DebuggerError(f"{what}: {lacks(self.session, capability)}")

    def run(
        self,
        work: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Do a verb that may run nodes, and wait for it.

        Raises:
            BusyError: A command is going on.
            DebuggerError: As for `may`.
        """
        self.may(work.__name__)
        hand_in = self._hand_in(work)
        if hand_in is not None:
            return hand_in(self, *args, **options)  # type: ignore[no-any-return]  # as `work` does
        return self.commands.call(work.__name__, lambda: work(self, *args, **options))

    def start(
        self,
        work: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **options: P.kwargs,
    ) -> Handle[T]:
        """Begin a verb that may run nodes; the handle can be awaited.

        Raises:
            BusyError, DebuggerError: As for `run`.
        """
        self.commands.called()
        return self._handle(self._posted(work.__name__, work, args, options))

    def at_once(
        self,
        work: Callable[Concatenate[Any, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Do a verb that runs no node, where it is called.

        Raises:
            BusyError, DebuggerError: As for `run`.
        """
        self.may(work.__name__)
        hand_in = self._hand_in(work)
        handed = None if hand_in is None else hand_in(self, *args, **options)
        if handed is not None:
            return handed  # type: ignore[no-any-return]  # as `work` does
        return self.commands.at_once(work.__name__, lambda: work(self, *args, **options))

    def hold(
        self,
        name: str,
        work: Callable[Concatenate[Any, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Do a verb that takes its time where it is called, as nodes are run elsewhere.

        Args:
            name: The verb.

        Raises:
            BusyError, DebuggerError: As for `run`.
        """
        self.may(name)
        return self.commands.hold(name, lambda: work(self, *args, **options))

    def start_at_once(
        self,
        work: Callable[Concatenate[Any, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> Handle[T]:
        """Do the same on the debugger's own thread; the handle can be awaited."""
        self.commands.called()
        return self._handle(self._posted(work.__name__, _later(work), args, options))

    def post(self, verb: Verb, *args: Any, **options: Any) -> Future[Any]:
        """Begin a verb on the debugger's own thread, whichever kind it is: what buttons do.

        Raises:
            BusyError, DebuggerError: As for `run`.
        """
        work = _later(verb.work) if verb.at_once else verb.work
        return self._posted(verb.name, work, args, options)

    def _posted(self, name: str, work: Callable[..., Any], given: Any, options: Any) -> Future[Any]:
        self.may(name)
        hand_in = self._hand_in(work)
        if hand_in is None:
            return self.commands.post(name, lambda: work(self, *given, **options))
        future: Future[Any] = Future()
        future.set_result(hand_in(self, *given, **options))
        return future

    def _handle(self, future: Future[T]) -> Handle[T]:
        return Handle(future, self.commands.pause)

    def _hand_in(self, work: Any) -> Callable[..., Any] | None:
        """Return how a verb is handed to a run that goes on, and takes it; else `None`."""
        claim = self.commands.claim
        anyway = claim is not None and not claim.brief and hasattr(work, "while_running")
        takes = anyway or (claim is not None and claim.live is not None)
        return getattr(work, "hand_in", None) if takes else None


def _later(work: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return a verb that runs no node as one that can be awaited."""

    async def later(*args: P.args, **options: P.kwargs) -> T:
        return work(*args, **options)

    return later
