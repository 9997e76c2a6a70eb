"""A call: what a node asked of a model or a tool, and what it was answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lellm_nb.arguments import text
from lellm_nb.calls.call_facts import CallFacts
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.prices import LISTED, Prices
from lellm_nb.errors import DebuggerError

if TYPE_CHECKING:
    from lellm_nb.calls.asking import Spending
    from lellm_nb.calls.formats.registry import Reading
    from lellm_nb.calls.request_diff import RequestDiff

# what it takes to understand a call is loaded when one is looked at: most runs make none

__all__ = ["Call", "CallTerms"]


class CallTerms(Protocol):
    """What the calls of a run have in common."""

    prices: Prices

    @property
    def budget(self) -> Spending | None:
        """What may still be spent, or `None` for anything."""

    def sent(self, call: Call) -> None:
        """Take note of a call that was sent and answered."""


class Call(CallFacts):
    """What a node asked, with all its attempts, and what it was answered.

    Bytes are kept, and understood when something is looked at for the first time; the last
    attempt counts. What is read may be edited: it is a copy. `repr` tells a call in a line, `str`
    as a conversation.

    Attributes:
        number: Its place among the calls of its node's run, from 0, in the order of their start.
        exchanges: Its attempts, in order.
        path, visit: Of the node that made it; empty and 0 for one that `ask` made.
        before: The call before it to the same place, which `diff` compares with; `None` where
            there is none, or nobody said which.

    Example:
        >>> body = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'
        >>> sent = Exchange("POST", "https://api.openai.com/v1/chat/completions", (), body)
        >>> call = Call(0, [sent])
        >>> call
        <Call 0 gpt-4o-mini …>
        >>> call.kind, call.messages
        ('chat', [{'role': 'user', 'content': 'Hi'}])
    """

    __slots__ = (
        "_changes",
        "_prices",
        "_read",
        "_run",
        "before",
        "exchanges",
        "number",
        "path",
        "visit",
    )

    __lellm_names__ = (
        *("attempts", "cached", "cost", "error", "finish", "kind", "latency", "messages", "model"),
        *("name", "number", "params", "path", "provider", "reasoning", "response", "status"),
        *("text", "tokens_in", "tokens_out", "tool_calls", "tools", "url", "visit"),
    )
    """What an expression may ask of a call."""

    def __init__(
        self,
        number: int,
        exchanges: list[Exchange],
        *,
        path: str = "",
        visit: int = 0,
        prices: Prices = LISTED,
        before: Call | None = None,
    ) -> None:
        self.number = number
        self.exchanges = exchanges
        self.path = path
        self.visit = visit
        self.before = before
        self._prices = prices
        self._run: CallTerms | None = None
        self._changes = 0
        self._read: tuple[int, Reading] | None = None

    def changed(self) -> None:
        """Hear that something of it came in: it is understood anew."""
        self._changes += 1
        self._read = None

    def cost_with(self, prices: Prices) -> None:
        """Let it cost by these prices, also by what is added to them later."""
        self._prices = prices

    @property
    def reading(self) -> Reading:
        """What its format makes of it; read once it has ended, and until then at each look."""
        changes, kept = self._changes, self._read
        if kept is not None and kept[0] == changes:
            return kept[1]
        from lellm_nb.calls.formats.registry import read

        last = self.last
        ended, made = last.ended, read(last)
        if ended:
            self._read = (changes, made)  # where more came in meanwhile, it counts for nothing
        return made

    # -- asking again ----------------------------------------------------------------------

    def belongs_to(self, run: CallTerms) -> None:
        """Cost what calls of a run cost, and be asked again within its budget."""
        self._run = run
        self._prices = run.prices

    def ask(
        self,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        edit: Callable[[Any], Any] | None = None,
        n: int = 1,
    ) -> list[Call]:
        """Ask it again, changed, and return the answers; nothing moves, and no frame has them.

        It is sent by the client and with the headers of the last request to the same place in
        this process; they are never stored.

        Args:
            messages: What is said in place of its own messages.
            model: Who is asked in its place.
            edit: Given the request as a dict, returns another one.
            n: How often; once by default.

        Raises:
            NoCredentialsError: Nothing was sent there in this process.
            DebuggerError: The run's budget does not allow it, or an argument does not fit.
        """
        from lellm_nb.calls.asking import asked_again

        run = self._run

        def made(number: int, exchange: Exchange) -> Call:
            return Call(number, [exchange], prices=self._prices, before=self)

        budget = None if run is None else run.budget
        answers = asked_again(self, messages, model, edit, n, made, budget)
        if run is not None:
            for one in answers:
                run.sent(one)
        return answers

    def use_key(self, key: str) -> None:
        """Have `ask` send this key to where this call goes, in this process only.

        In a new kernel nothing was sent there yet, and keys are never stored (K5).

        Raises:
            DebuggerError: It is no text.
        """
        from lellm_nb.calls.credentials import use_key

        use_key(self.url, text(key, "key", DebuggerError), self.provider)

    @property
    def of(self) -> str:
        """The node that made it, and which visit of it where that is not the first: ``plan#2``."""
        return f"{self.path}#{self.visit}" if self.visit > 1 else self.path

    # -- looking at it ---------------------------------------------------------------------

    def diff(self, other: Call | None = None) -> RequestDiff:
        """Compare what was asked with what another call asked; by default the one before to the
        same place.

        Raises:
            DebuggerError: There is no call before it.
        """
        other = self.before if other is None else other
        if other is None:
            raise DebuggerError(
                f"No call to the same place comes before call {self.number}; say which to compare"
                " it with: call.diff(other)."
            )
        from lellm_nb.calls.request_diff import compared

        return compared(other.asked, self.asked)

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked, in one form for all formats: model, messages, tools, and the rest."""
        request = self.reading.request
        known = {"model": request.model, "messages": request.messages, "tools": request.tools}
        to = {} if request.model else {"method": self.method, "url": self.url}
        return {**to, **{name: value for name, value in known.items() if value}, **request.params}

    def __repr__(self) -> str:
        from lellm_nb.calls.call_text import call_line

        return f"<{call_line(self.number, self.of, self.reading, self.exchanges)}>"

    def __str__(self) -> str:
        from lellm_nb.calls.call_text import conversation

        return conversation(self.number, self.of, self.reading, self.exchanges)
