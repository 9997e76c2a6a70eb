"""What a boundary tells of a request, and asks about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lellm_nb.calls.exchange import Exchange, Headers
from lellm_nb.calls.flight import Flight

__all__ = ["CallSink"]


class CallSink(Protocol):
    """Takes requests down: the tape of a node, or what asks one call again; see `Tape`."""

    def begin(self, exchange: Exchange) -> Exchange | BaseException | None:
        """File a request; return what it is to be served, what is to be raised, or neither."""

    def edit(self, exchange: Exchange) -> Callable[[bytes], bytes] | None:
        """Return what its body becomes before it is sent, if it was edited."""

    def flight(self, exchange: Exchange) -> Flight:
        """Return its flight."""

    def answered(self, exchange: Exchange, status: int, headers: Headers) -> None:
        """Hear that the head of its answer came."""

    def done(
        self, exchange: Exchange, *, error: str = "", cut: bool = False
    ) -> BaseException | None:
        """Hear that it has ended; return what is to be raised."""

    def wait_landed(self) -> None:
        """Wait on this thread until what is in flight has ended."""

    async def landed(self) -> None:
        """Wait on an event loop until what is in flight has ended."""
