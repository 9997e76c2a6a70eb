"""Barrier sinks that are answered from outside, or from a script."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Mapping

from lellm_nb.arguments import chosen, refusal, text
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.decision import Decision, check_decision
from lellm_nb.record.sinks import BarrierOutcome, Cancelled, Decided, TimedOut

__all__ = ["ChannelBarrierSink", "MockBarrierSink"]


class ChannelBarrierSink:
    """Waits for decisions that come from anywhere: other tasks, other threads.

    A decision for a barrier that does not wait yet is kept for it (SEMANTICS B5).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = {}
        self._kept: dict[str, Decision] = {}
        self._once: dict[str, list[Decision]] = {}
        self._always: dict[str, Decision] = {}
        self._cancelled = False

    async def wait_decision(self, barrier_id: str, timeout: float | None) -> BarrierOutcome:
        """Wait until the barrier is decided, the time is up, or all waits are cancelled."""
        deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
        while True:
            loop = asyncio.get_running_loop()
            with self._lock:
                decision = self._take(barrier_id)
                if decision is not None:
                    return Decided(decision)
                if self._cancelled:
                    return Cancelled()
                news: asyncio.Future[None] = loop.create_future()
                self._asked[barrier_id] = (loop, news)
            try:
                left = None if deadline is None else max(0.0, deadline - loop.time())
                await asyncio.wait_for(news, left)
            except TimeoutError:
                return TimedOut()
            finally:
                with self._lock:
                    self._asked.pop(barrier_id, None)

    def _take(self, barrier_id: str) -> Decision | None:
        node = barrier_id.rpartition("#")[0].rpartition("/")[2]
        if barrier_id in self._kept:
            return self._kept.pop(barrier_id)
        if self._once.get(node):
            return self._once[node].pop(0)
        return self._always.get(node)

    @property
    def waiting(self) -> list[str]:
        """The ids that wait now."""
        with self._lock:
            return list(self._asked)

    def decide(self, barrier_id: str, decision: Decision) -> None:
        """Decide one barrier, now or as soon as it waits.

        Raises:
            DebuggerError: It is no id of a barrier (``approve#0``), or no decision.
        """
        check_decision(decision, DebuggerError)
        text(barrier_id, "barrier_id", DebuggerError, "a barrier's id, such as 'approve#0'")
        if not barrier_id.rpartition("#")[2].isdigit():
            raise DebuggerError(
                f"barrier_id is a barrier's id, such as '{barrier_id}#0', not {barrier_id!r}; by a"
                " node's name decides decide_wildcard(node, decision)."
            )
        with self._lock:
            self._kept[barrier_id] = decision
        self._wake()

    def decide_wildcard(self, node: str, decision: Decision, scope: str = "once") -> None:
        """Decide by node name, wherever in the nest.

        Args:
            node: The barrier's own name, without its path.
            scope: ``"once"`` for the next one that waits, ``"run"`` for all of this run.

        Raises:
            DebuggerError: The scope is neither, or it is no decision.
        """
        chosen(scope, "scope", DebuggerError, ("once", "run"))
        text(node, "node", DebuggerError, "a barrier's own name")
        check_decision(decision, DebuggerError)
        with self._lock:
            if scope == "run":
                self._always[node] = decision
            else:
                self._once.setdefault(node, []).append(decision)
        self._wake()

    def cancel(self) -> None:
        """Cancel all waits, now and later."""
        self._cancelled = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            asked = list(self._asked.values())
        for loop, news in asked:
            with contextlib.suppress(RuntimeError):  # that run has ended meanwhile, and its loop
                loop.call_soon_threadsafe(_resolve, news)


def _resolve(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


class MockBarrierSink:
    """Answers from a script, for tests; when it has no more to say, it cancels.

    Args:
        script: Decisions in order, or by barrier id.

    Attributes:
        asked: The ids it was asked for, in order.

    Raises:
        DebuggerError: Something in the script is no decision.
    """

    def __init__(self, script: Iterable[Decision] | Mapping[str, Decision] = ()) -> None:
        if not isinstance(script, Iterable):
            raise refusal(script, "script", "a list of decisions, or a mapping", DebuggerError)
        self._by_id = dict(script) if isinstance(script, Mapping) else {}
        self._in_order = [] if isinstance(script, Mapping) else list(script)
        for decision in (*self._by_id.values(), *self._in_order):
            check_decision(decision, DebuggerError)
        self.asked: list[str] = []

    async def wait_decision(self, barrier_id: str, timeout: float | None) -> BarrierOutcome:
        """Return the next answer of the script."""
        self.asked.append(barrier_id)
        if barrier_id in self._by_id:
            return Decided(self._by_id[barrier_id])
        return Decided(self._in_order.pop(0)) if self._in_order else Cancelled()
