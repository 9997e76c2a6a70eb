"""What of the calls of a node is looked up instead of sent (CALLS.md, K3, K13)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.matching import request_key

__all__ = ["Serving"]


class Serving:
    """What is looked up instead of sent.

    Args:
        recorded: Calls, in the order of their start.
        first: So many calls are served, and those after them are sent; all of them by default.
        miss: What becomes of a request that is not among them: ``stop``, ``live``, or ``drift``,
            which serves what was recorded in its place.
        edits: By the number of a call: what its request becomes. It is sent.
        answers: By the number of a call: what it is answered with, whatever it asks.
        onwards: Whether what comes after the recorded ones is sent. Else it is a miss.
        together: Whether some are known to have run side by side with others, recorded or not.
        differs: Says how a request differs from the recorded one.
    """

    def __init__(
        self,
        recorded: Sequence[Call] = (),
        *,
        first: int | None = None,
        miss: str = "stop",
        edits: Mapping[int, Callable[[bytes], bytes]] | None = None,
        answers: Mapping[int, Exchange] | None = None,
        onwards: bool = True,
        together: bool = False,
        differs: Callable[[Exchange, Exchange | None], str] | None = None,
    ) -> None:
        self.recorded = list(recorded)
        self.first = len(self.recorded) if first is None else first
        self.miss = miss
        self.edits = edits or {}
        self.answers = answers or {}
        self.onwards = onwards
        self.differs = differs
        self._together = together
        self._exact: dict[tuple[str, str, bytes], deque[Exchange]] | None = None
        self._waiting: dict[str, deque[Exchange]] | None = None
        self._order: list[Exchange] = []
        self._used: set[Exchange] = set()

    def take(self, exchange: Exchange, key: Callable[[Exchange], str]) -> Exchange | None:
        """Return the recorded exchange for this request, each once."""
        # to the letter first: to find secrets in a long request takes a hundred times as long
        found = self._next(self._by_bytes().get(_letters(exchange)))
        if found is None:
            found = self._next(self._by_key(key).get(request_key(exchange, key)))
        return found

    def _next(self, waiting: deque[Exchange] | None) -> Exchange | None:
        while waiting:
            found = waiting.popleft()
            if found not in self._used:
                self._used.add(found)
                return found
        return None

    def left(self, exchange: Exchange) -> Exchange | None:
        """Return the first one to the same URL that was not asked for, to say what differs."""
        unused = [one for one in self._order if one not in self._used]
        same = (one for one in unused if one.url == exchange.url)
        return next(same, unused[0] if unused else None)

    def drop(self, exchange: Exchange) -> None:
        """Count a recorded exchange as asked for."""
        self._used.add(exchange)

    @property
    def together(self) -> bool:
        """Whether recorded calls ran side by side with others."""
        # what was served itself took no time of its own
        sent = [one for one in self._order if not one.served]
        return self._together or any(
            one.started < other.started + (other.duration or 0.0)
            and other.started < one.started + (one.duration or 0.0)
            for i, one in enumerate(sent)
            for other in sent[i + 1 :]
        )

    def _by_bytes(self) -> dict[tuple[str, str, bytes], deque[Exchange]]:
        if self._exact is None:
            self._exact = {}
            for call in self.recorded[: self.first]:
                if call.number not in self.edits and call.number not in self.answers:
                    self._order += call.exchanges
            for exchange in self._order:
                self._exact.setdefault(_letters(exchange), deque()).append(exchange)
        return self._exact

    def _by_key(self, key: Callable[[Exchange], str]) -> dict[str, deque[Exchange]]:
        if self._waiting is None:
            self._waiting = {}
            for exchange in self._order:
                # what was edited is asked for as it was sent, or as its node wrote it
                sent = request_key(exchange, key)
                for found_by in {sent, exchange.asked or sent}:
                    self._waiting.setdefault(found_by, deque()).append(exchange)
        return self._waiting


def _letters(exchange: Exchange) -> tuple[str, str, bytes]:
    return exchange.method, exchange.url, exchange.body
