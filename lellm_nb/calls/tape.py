"""The calls of one run of one node, and what of them is served (CALLS.md, K1 to K3)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.exchange import Exchange, Headers
from lellm_nb.calls.flight import IDLE, Flight, task_here
from lellm_nb.calls.matching import request_key
from lellm_nb.calls.serving import Serving

__all__ = ["LIVE", "Serving", "Tape"]

LIVE: Final = None
"""What a tape says where a request is to be sent."""

_PACE = 0.002
"""Seconds between two looks at what is in flight, on an event loop."""

_HIDDEN = "is not served: a secret was taken out of its answer when it was stored"
_UNANSWERED = "is not served: it was left before its answer came"


class Tape:
    """Takes down what one run of a node sends, attempts of one call together.

    Every method may be called on any thread.

    Args:
        path, visit: Of the node.
        key: Makes of a request what it is found by.
        serving: What is looked up instead of sent.
        before: Asked before a request is sent; a `CallStop` that it returns leaves the node.
        after: Told of every call that was sent and has ended; the same.
        ended: Told of every exchange once it has ended, served ones too.

    Attributes:
        calls: The calls so far, in the order of their start.
        stopped: What left the node, or is to leave it.
        closed: Whether the node has ended.
        filed: Whether what it did was committed, or is a failure: a frame has its calls.
        together: Whether a request was to be sent while another one had no answer yet.
    """

    def __init__(
        self,
        path: str = "",
        visit: int = 1,
        *,
        key: Callable[[Exchange], str],
        serving: Serving | None = None,
        before: Callable[[Tape, Call], CallStop | None] | None = None,
        after: Callable[[Tape, Call], CallStop | None] | None = None,
        ended: Callable[[Tape, Call, Exchange], None] | None = None,
    ) -> None:
        self.path = path
        self.visit = visit
        self.calls: list[Call] = []
        self.stopped: CallStop | None = None
        self.closed = False
        self.filed = False
        self.together = False
        self._key = key
        self._serving = serving
        self._before = before
        self._after = after
        self._ended = ended
        self._lock = threading.Condition()
        self._failing: list[Call] = []
        self._flying: dict[Exchange, Flight] = {}

    # -- told by the boundaries --------------------------------------------------------

    def begin(self, exchange: Exchange) -> Exchange | CallStop | None:
        """File a request.

        Returns:
            The recorded exchange to answer it with, `LIVE` to send it, or the stop that is to be
            raised once `landed`.
        """
        with self._lock:
            if self.stopped is not None:
                return self.stopped
            exchange.late = self.closed
            self.together |= any(one.status is None for one in self._flying)
            call = self._call_of(exchange)
            found = self._served(call, exchange)
            if found is LIVE and self._before is not None and not exchange.late:
                found = self._before(self, call)
            if isinstance(found, CallStop):
                self.stopped = found
                self._take_back(call, exchange)
            elif found is LIVE:
                self._flying[exchange] = Flight()
            return found

    def edit(self, exchange: Exchange) -> Callable[[bytes], bytes] | None:
        """Return what the body of a request becomes before it is sent, if it was edited."""
        if self._serving is None or not self._serving.edits:
            return None
        with self._lock:
            change = self._serving.edits.get(self._number_of(exchange))
            if change is not None:
                exchange.asked = request_key(exchange, self._key)
            return change

    def flight(self, exchange: Exchange) -> Flight:
        """Return the flight of an exchange; one of its own where the node has ended meanwhile."""
        with self._lock:
            return self._flying.get(exchange) or Flight()

    def answered(self, exchange: Exchange, status: int, headers: Headers) -> None:
        """Hear that the head of an answer came; what follows of a stream is for who reads it."""
        with self._lock:
            flight = self._flying.get(exchange)
            if flight is not None:
                exchange.status = status
                exchange.response_headers = headers
                flight.moved = perf_counter()
                flight.patience = IDLE

    def done(self, exchange: Exchange, *, error: str = "", cut: bool = False) -> CallStop | None:
        """Hear that an exchange has ended, once; of one that was frozen nothing more is kept.

        Args:
            exchange: One that `begin` filed.
            error: What the client raised, as ``Name: words``.
            cut: Whether it was left before it was whole.

        Returns:
            The stop that is to be raised once what is in flight has `landed`, if any.
        """
        with self._lock:
            flight = self._flying.pop(exchange, None)
            if flight is None and (self.closed or not exchange.served):
                return None
            if flight is not None:
                exchange.error = exchange.error or error
                exchange.cut = exchange.cut or cut
                if exchange.duration is None:
                    exchange.duration = perf_counter() - flight.began
            call = next(one for one in self.calls if exchange in one.exchanges)
            call.changed()
            if exchange.failed:
                self._failing.append(call)
            if self._ended is not None:
                self._ended(self, call, exchange)
            stop = None
            if self._after is not None and not exchange.served and not self.closed:
                stop = self._after(self, call)
                self.stopped = self.stopped or stop
            self._lock.notify_all()
            return stop

    @property
    def heard(self) -> int:
        """How much was asked and has come in: requests, heads of answers, their pieces, ends."""
        exchanges = [one for call in tuple(self.calls) for one in tuple(call.exchanges)]
        answered = sum((one.status is not None) + (one.duration is not None) for one in exchanges)
        return len(exchanges) + answered + sum(len(one.chunks) for one in exchanges)

    # -- waiting for what is in flight ---------------------------------------------------

    def wait_landed(self) -> None:
        """Wait on this thread until what others have in flight has ended (K2).

        What is in flight on this thread itself, in whatever task, is not waited for: it cannot
        go on meanwhile.
        """
        here, since = threading.get_ident(), perf_counter()
        with self._lock:
            while any(one.thread != here and one.awaited(since) for one in self._flying.values()):
                self._lock.wait(0.05)

    async def landed(self) -> None:
        """Wait until what other tasks and threads have in flight has ended (K2)."""
        here, since = task_here(), perf_counter()
        # an event would have to be set from whatever thread or loop it ends on
        while here is not None and self._others(here, since):  # noqa: ASYNC110
            await asyncio.sleep(_PACE)

    def _others(self, here: asyncio.Task[Any], since: float) -> bool:
        with self._lock:
            return any(one.task is not here and one.awaited(since) for one in self._flying.values())

    # -- told by whoever runs the node -------------------------------------------------------

    def close(self) -> tuple[Call, ...]:
        """Hear that the node has ended; return its calls as they are then (K8)."""
        with self._lock:
            self.closed = True
            for exchange, flight in self._flying.items():
                exchange.cut = True
                exchange.duration = perf_counter() - flight.began
                exchange.chunks = list(exchange.chunks)  # what still comes goes to the old one
            self._flying.clear()
            self._failing.clear()
            self._lock.notify_all()
            return tuple(self.calls)

    def reopened(self) -> Tape:
        """Go on with another attempt of the same node: its calls come after those so far."""
        with self._lock:
            self.closed = False
        return self

    # -- finding -------------------------------------------------------------------------------

    def _call_of(self, exchange: Exchange) -> Call:
        """Return the call that an exchange is an attempt of: the same again after a failure."""
        if dict(exchange.headers).get("x-stainless-retry-count") != "0":  # a first attempt says so
            for call in self._failing:
                if _same(call.last, exchange):
                    self._failing.remove(call)
                    call.exchanges.append(exchange)
                    return call
        place = exchange.method, exchange.url  # a tool in between is nothing to compare with
        last = (one for one in reversed(self.calls) if one.place == place)
        before = next(last, None)
        call = Call(len(self.calls), [exchange], path=self.path, visit=self.visit, before=before)
        self.calls.append(call)
        return call

    def _number_of(self, exchange: Exchange) -> int:
        return next((one.number for one in self.calls if exchange in one.exchanges), -1)

    def _take_back(self, call: Call, exchange: Exchange) -> None:
        """Take a request out that is not sent; the stop that keeps it back still shows it."""
        if len(call.exchanges) == 1:
            self.calls.remove(call)
        else:
            call.exchanges.remove(exchange)

    def _served(self, call: Call, exchange: Exchange) -> Exchange | CallStop | None:
        serving, number = self._serving, call.number
        if serving is None or exchange.late:
            return LIVE
        if number in serving.answers:
            exchange.answered = True
            return serving.answers[number]
        if number in serving.edits:
            return LIVE
        found = serving.take(exchange, self._key)
        if found is not None:
            if not (found.hidden or found.unanswered):
                return found
            if serving.miss == "live" or (found.unanswered and serving.onwards):
                return LIVE
            return self._miss(call, _HIDDEN if found.hidden else _UNANSWERED)
        if number >= serving.first and serving.onwards:
            return LIVE
        near = serving.left(exchange)
        if near is None and serving.onwards:
            return LIVE
        if serving.onwards and serving.together:
            return LIVE  # in whatever order they are sent this time, none of them is missing yet
        if serving.miss == "live":
            return LIVE
        if serving.miss == "drift" and near is not None:
            serving.drop(near)
            exchange.stale = True
            return near
        told = serving.differs
        how = told(exchange, near) if told is not None else "was not recorded"
        return self._miss(call, how)

    def _miss(self, call: Call, how: str) -> CallStop:
        return CallStop("miss", f"call {call.number} {how}", call)


def _same(last: Exchange, exchange: Exchange) -> bool:
    sent = last.method, last.url
    return sent == (exchange.method, exchange.url) and (last.edited or last.body == exchange.body)
