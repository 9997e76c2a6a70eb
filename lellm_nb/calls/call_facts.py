"""What a call says of itself: what was asked, what was answered, how much and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.formats.json_data import copied
from lellm_nb.calls.prices import Prices

if TYPE_CHECKING:
    from lellm_nb.calls.formats.registry import Reading  # loaded when a call is looked at

__all__ = ["CallFacts"]


class CallFacts:
    """What can be read of a call; see `Call`, which has the rest.

    Attributes:
        exchanges: Its attempts, in order; the last one counts.
    """

    __slots__ = ()

    number: int
    exchanges: list[Exchange]
    _prices: Prices

    @property
    def reading(self) -> Reading:
        """What its format makes of it."""
        raise NotImplementedError

    @property
    def last(self) -> Exchange:
        """The attempt that counts."""
        return self.exchanges[-1]

    @property
    def attempts(self) -> int:
        """How often it was tried, at least once."""
        return len(self.exchanges)

    # -- what was asked --------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """``chat``, ``responses``, ``anthropic``, ``gemini``, ``embeddings``, ``mcp``,
        ``function``, or ``http`` for whatever is not understood."""
        return self.reading.kind

    @property
    def provider(self) -> str:
        """Who was asked: by the host, or else by whose API it is; empty for plain HTTP."""
        return self.reading.provider

    @property
    def model(self) -> str | None:
        """The model that was asked for; `response` has the name of the one that answered."""
        return self.reading.request.model or self.reading.answer.model or None

    @property
    def name(self) -> str:
        """What was called where that is no model: a tool, a function, an address."""
        return self.reading.request.name

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said before: objects with a role and content, the system's words first."""
        return copied(self.reading.request.messages)

    @property
    def tools(self) -> list[Any]:
        """The tools that the model was offered, as the API has them."""
        return copied(self.reading.request.tools)

    @property
    def params(self) -> dict[str, Any]:
        """Whatever else was sent: temperature, format, limits."""
        return copied(self.reading.request.params)

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.last.method

    @property
    def url(self) -> str:
        """Where it went, without secrets."""
        return self.last.url

    @property
    def place(self) -> tuple[str, str]:
        """Method and URL: calls to one place can be compared."""
        return self.last.method, self.last.url

    # -- what was answered -----------------------------------------------------------------

    @property
    def text(self) -> str:
        """What was answered, as text; of a stream what came of it."""
        return self.reading.answer.text

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """What the answer wants called: ``id``, ``name``, ``arguments`` as text of JSON."""
        return copied(self.reading.answer.tool_calls)

    @property
    def response(self) -> Any:
        """The whole answer as JSON data; of a stream what the same answer in one piece were."""
        return copied(self.reading.response)

    @property
    def raw(self) -> str | bytes:
        """The body of the answer as it came, as text where it is text."""
        from lellm_nb.calls.formats.registry import answer_body

        body = answer_body(self.last)
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body

    @property
    def finish(self) -> str | None:
        """Why the answer ended, as the API says it: ``stop``, ``tool_calls``, ``length``."""
        return self.reading.answer.finish or None

    @property
    def status(self) -> int | None:
        """The status of the answer; `None` while there is none, or where none came."""
        return self.last.status

    @property
    def error(self) -> str | None:
        """What went wrong, in words; `None` where nothing did."""
        return self.reading.error

    # -- how much --------------------------------------------------------------------------

    @property
    def tokens_in(self) -> int | None:
        """All tokens of the input, cached or not; `None` where the API did not tell."""
        return self.reading.answer.tokens_in

    @property
    def tokens_out(self) -> int | None:
        """All tokens of the output, with what was thought; `None` where the API did not tell."""
        return self.reading.answer.tokens_out

    @property
    def cached(self) -> int | None:
        """The tokens of the input that the API had in its cache."""
        return self.reading.answer.cached

    @property
    def reasoning(self) -> int | None:
        """The tokens of the output that were thought."""
        return self.reading.answer.reasoning

    @property
    def cost(self) -> float | None:
        """What its tokens cost in dollars; `None` where that is not known, never 0 (K6)."""
        reading = self.reading
        answer = reading.answer
        return self._prices.cost_of(
            reading.provider,
            [answer.model, reading.request.model],
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            cached=answer.cached,
            written=answer.written,
            started=self.started,
        )

    @property
    def bytes_sent(self) -> int:
        """How long the body of the request is."""
        return len(self.last.body)

    @property
    def bytes_received(self) -> int:
        """How long the body of the answer is, as it came."""
        return sum(len(piece) for _, piece in self.last.chunks)

    # -- when, and how ---------------------------------------------------------------------

    @property
    def started(self) -> float:
        """When it was sent first, in seconds since the epoch."""
        return self.exchanges[0].started

    @property
    def latency(self) -> float | None:
        """Seconds until the answer of the last attempt was whole."""
        return self.last.duration

    @property
    def ttft(self) -> float | None:
        """Seconds until a stream began to come; `None` for an answer in one piece."""
        return self.last.first if self.streamed else None

    @property
    def streamed(self) -> bool:
        """Whether the answer was asked for, or came, in pieces."""
        return self.reading.streamed

    @property
    def served(self) -> bool:
        """Whether it was looked up instead of sent."""
        return self.last.served

    @property
    def answered(self) -> bool:
        """Whether the answer was given by hand."""
        return self.last.answered

    @property
    def source(self) -> int | None:
        """Of one that was served: the index of the frame it came from, if that is known."""
        return self.last.source

    @property
    def stale(self) -> bool:
        """Whether what was served answers another request."""
        return self.last.stale

    @property
    def edited(self) -> bool:
        """Whether it was not sent as the node wrote it."""
        return self.last.edited

    @property
    def late(self) -> bool:
        """Whether it was sent after its node had ended."""
        return self.last.late

    @property
    def cut(self) -> bool:
        """Whether the answer was left, or broke off, before it was whole."""
        return self.last.cut
