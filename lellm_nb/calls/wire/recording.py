"""What every boundary does: take down an answer as it comes (CALLS.md, K1, K2, K8)."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Final

from lellm_nb.calls.exchange import Exchange, Headers
from lellm_nb.calls.flight import IDLE, SENDING, Flight
from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.client_errors import LEFT, error_words
from lellm_nb.calls.wire.end_marks import has_end_mark

__all__ = ["AnswerRecording", "abegin", "aleave", "begin", "leave", "serve"]
__all__ += ["served_end", "served_headers"]

_AGAIN: Final = (408, 409, 429)
"""What clients try again at, beside what is wrong with the server."""


class AnswerRecording:
    """The answer to one request that is sent, and the tape that it goes to.

    Args:
        tape: Where it goes.
        exchange: What `CallSink.begin` said to send.
        url: The URL with its secrets, which are taken out of what a client says.

    Attributes:
        flight: What says whether somebody waits for the answer.
        pieces: Of the answer; where the node has ended they are no longer the exchange's.
    """

    __slots__ = ("_url", "exchange", "flight", "pieces", "tape")

    def __init__(self, tape: CallSink, exchange: Exchange, url: str) -> None:
        self.tape = tape
        self.exchange = exchange
        self.flight: Flight = tape.flight(exchange)
        self.flight.patience = SENDING
        self.pieces = exchange.chunks
        self._url = url

    def answered(self, status: int, headers: Headers, *, packed: bool) -> None:
        """Take the head of the answer.

        Args:
            status: Its status.
            headers: Those that are worth keeping.
            packed: Whether pieces are taken as they came; else the client has unpacked them.
        """
        if not packed:
            headers = tuple(pair for pair in headers if pair[0] != "content-encoding")
        self.tape.answered(self.exchange, status, headers)

    def take(self, piece: bytes) -> None:
        """Take a piece of the answer; a stream that is quick about it does this itself."""
        flight = self.flight
        flight.moved = now = perf_counter()
        flight.patience = IDLE
        if piece:
            self.pieces.append((now - flight.began, piece))

    def whole(self) -> BaseException | None:
        """Hear that the answer has ended; return the stop that is to be raised."""
        return self.tape.done(self.exchange)

    def broke(self, error: BaseException) -> BaseException | None:
        """Hear that the client raised something; what is no error of its own is a leaving."""
        if isinstance(error, Exception):
            return self.tape.done(self.exchange, error=error_words(error, self._url))
        self.left()
        return None

    def left(self) -> BaseException | None:
        """Hear that nobody reads on; return the stop that is to be raised where it was whole.

        A stop is raised into code that goes on, not into one that is being left: what `break`
        leaves is closed when it is collected.
        """
        whole = has_end_mark(self.exchange)
        stop = self.tape.done(self.exchange, cut=not whole)
        leaving = sys.exception()
        goes_on = leaving is None or isinstance(leaving, Exception)
        return stop if whole and goes_on else None


def begin(tape: CallSink, exchange: Exchange) -> Exchange | None:
    """File a request; return what it is to be served, `None` where it is to be sent.

    Raises:
        CallStop: The node is to be left, and what it has in flight has ended.
    """
    found = tape.begin(exchange)
    if isinstance(found, BaseException):
        tape.wait_landed()
        raise found
    return found


async def abegin(tape: CallSink, exchange: Exchange) -> Exchange | None:
    """Do as `begin`, where other tasks go on meanwhile."""
    found = tape.begin(exchange)
    if isinstance(found, BaseException):
        await tape.landed()
        raise found
    return found


def leave(tape: CallSink, stop: BaseException | None) -> None:
    """Raise a stop, if there is one, once what is in flight has ended."""
    if stop is not None:
        tape.wait_landed()
        raise stop


async def aleave(tape: CallSink, stop: BaseException | None) -> None:
    """Raise a stop, if there is one, once what is in flight has ended."""
    if stop is not None:
        await tape.landed()
        raise stop


def serve(tape: CallSink, exchange: Exchange, found: Exchange) -> None:
    """Take down that a request is served."""
    exchange.answered_by(found)
    exchange.served = True
    tape.done(exchange)


def served_headers(found: Exchange) -> list[tuple[str, str]]:
    """Return the headers of an answer that is served: a client that tries again does so at once."""
    headers = list(found.response_headers)
    status = found.status or 0
    if status in _AGAIN or status >= 500:
        headers = [pair for pair in headers if not pair[0].startswith("retry-after")]
        headers.append(("retry-after-ms", "1"))
    return headers


def served_end(found: Exchange) -> str:
    """Return the words of what is raised at the end of an answer that is served, if anything is."""
    return found.error or (f"ReadError: {LEFT}" if found.cut else "")
