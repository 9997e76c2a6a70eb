"""A recorded request, sent once more with another body (CALLS.md, K5, K12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

from lellm_nb.calls.credentials import Credentials, held
from lellm_nb.calls.exchange import Exchange, Headers, clean_url
from lellm_nb.calls.flight import Flight
from lellm_nb.calls.wire.again import Again
from lellm_nb.calls.wire.aiohttp_client import aiohttp_again
from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.httpx_clients import httpx_again
from lellm_nb.calls.wire.requests_client import requests_again

__all__ = ["resend"]

_SENDERS: Final[Mapping[str, Callable[[Credentials, CallSink, Again], None]]] = {
    "httpx": httpx_again,
    "httpx2": httpx_again,
    "requests": requests_again,
    "aiohttp": aiohttp_again,
}
"""By the package that sent it."""


def resend(exchange: Exchange, body: bytes, *, url: str | None = None) -> Exchange:
    """Send a recorded request again, with another body, and return what came of it.

    It is sent by the package that sent it, by the very client where that is still open and no
    async one, with the headers that went there last in this process. It belongs to no node; an
    error of the client is its `Exchange.error`.

    Args:
        exchange: What was sent.
        body: What is sent in place of its body.
        url: Where to, if not where that went.

    Raises:
        NoCredentialsError: Nothing was sent there in this process.
    """
    asked = exchange.url if url is None else url
    credentials = held(asked)
    headers = {**credentials.headers(), **dict(exchange.headers)}
    headers.pop("x-stainless-retry-count", None)
    whole = credentials.whole_url(asked)
    again = Again(exchange.method, whole, headers, body, exchange.stream)
    sink = _LastExchange()
    try:
        _SENDERS[credentials.package.__name__](credentials, sink, again)
    except Exception:
        if sink.last is None or not sink.last.error:  # else it is told of, as what it is
            raise
    if sink.last is None:
        raise ValueError(f"{clean_url(asked)} is nowhere to send a request to")
    return sink.last


class _LastExchange:
    """A sink for one exchange: it is sent, and nothing stops it."""

    def __init__(self) -> None:
        self.last: Exchange | None = None
        self._flight = Flight()

    def begin(self, exchange: Exchange) -> None:
        self.last = exchange
        self._flight = Flight()

    def edit(self, _exchange: Exchange) -> None:
        """It is edited already."""

    def flight(self, _exchange: Exchange) -> Flight:
        return self._flight

    def answered(self, exchange: Exchange, status: int, headers: Headers) -> None:
        exchange.status = status
        exchange.response_headers = headers

    def done(self, exchange: Exchange, *, error: str = "", cut: bool = False) -> None:
        if exchange.duration is None:
            exchange.error = error
            exchange.cut = cut
            exchange.duration = perf_counter() - self._flight.began

    def wait_landed(self) -> None:
        """Nothing else is in flight."""

    async def landed(self) -> None:
        """Nothing else is in flight."""
