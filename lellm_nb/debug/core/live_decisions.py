"""Where decisions are handed in while a run goes through its barriers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lellm_nb.graph.decision import Decision
from lellm_nb.record.sinks import BarrierOutcome, Decided, TimedOut
from lellm_nb.session.protocol import HOLD, Hold

__all__ = ["LiveDecisions"]


class LiveDecisions:
    """A barrier sink whose answers come from the debugger's verbs and buttons."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._asked: dict[str, asyncio.Future[Decided | Hold]] = {}
        self._closed = False
        self._early: dict[str, Decided] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait_decision(self, barrier_id: str, timeout: float | None) -> BarrierOutcome | Hold:
        """Wait until `hand_in` names this barrier, the time is up, or they are closed."""
        if barrier_id in self._early:
            return self._early.pop(barrier_id)
        if self._closed:
            return HOLD
        self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Decided | Hold] = self._loop.create_future()
        self._asked[barrier_id] = answer
        self._changed()
        try:
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            return TimedOut()
        finally:
            del self._asked[barrier_id]

    @property
    def asked(self) -> list[str]:
        """The ids that wait here."""
        return list(self._asked)

    def close_soon(self) -> None:
        """End all waits without an answer; the barriers go on waiting in the position."""
        self._soon(self._close)

    def _soon(self, act: Callable[..., None], *given: object) -> None:
        loop = self._loop
        if loop is None:
            act(*given)  # nothing waits yet
        else:
            loop.call_soon_threadsafe(act, *given)

    def _close(self) -> None:
        self._closed = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result(HOLD)

    def reopen(self) -> None:
        """Take decisions again: the run goes on."""
        self._closed = False

    def hand_in(self, barrier_id: str, decision: Decision, by: str) -> None:
        """Answer a barrier that waits here."""
        self._soon(self._answer, barrier_id, Decided(decision, by))

    def _answer(self, barrier_id: str, decided: Decided) -> None:
        answer = self._asked.get(barrier_id)
        if answer is not None and not answer.done():
            answer.set_result(decided)
        else:  # it was closed for a moment just now
            self._early[barrier_id] = decided
