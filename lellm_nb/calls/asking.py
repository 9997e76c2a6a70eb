"""One call asked again, changed, as often as one likes; nothing moves (CALLS.md, K12)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from lellm_nb.arguments import refusal, text, whole
from lellm_nb.calls.call_facts import CallFacts
from lellm_nb.calls.exchange import FUNCTION, Exchange
from lellm_nb.calls.formats.writing import with_messages, with_model
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.safe_text import safe_repr

__all__ = ["Spending", "asked_again", "edited_body"]


C = TypeVar("C", bound=CallFacts)


class Spending(Protocol):
    """What calls may cost; see `CallBudget`."""

    def exceeded_by(self, call: Any) -> str:
        """Reserve what a call may cost; return why there is not enough for it, or nothing."""

    def settle(self, call: Any) -> None:
        """Count what a call has cost in place of what was reserved for it."""

    def release(self, call: Any) -> None:
        """Give back what was reserved for a call that was not made."""


def asked_again(
    call: CallFacts,
    messages: Any,
    model: Any,
    edit: Any,
    n: Any,
    made: Callable[[int, Exchange], C],
    budget: Spending | None,
) -> list[C]:
    """Send a call's request again, changed, and return what was answered; see `Call.ask`."""
    from lellm_nb.calls.resend import resend

    n = whole(n, "n", DebuggerError, least=1)
    last = call.last
    if last.method == FUNCTION:
        raise DebuggerError(f"Call {call.number} is of a function: call it where it is at hand.")
    body, url = last.body, last.url
    if messages is not None:
        body = edited_body(last, body, messages, "messages")
    if edit is not None:
        body = edited_body(last, body, edit, "edit")
    if model is not None:
        changed = Exchange(last.method, url, last.headers, body)
        url, body = with_model(changed, text(model, "model", DebuggerError))
    asked = Exchange(last.method, url, last.headers, body, stream=last.stream)
    planned = [made(number, asked) for number in range(n)]
    answers = []
    try:
        # all or none: what was paid for would be lost with the error
        for one in planned:
            lacks = "" if budget is None else budget.exceeded_by(one)
            if lacks:
                raise DebuggerError(f"ask: {lacks}; dbg.budget(…) says how much there may be.")
        for number in range(n):
            answers.append(made(number, resend(asked, body, url=url)))
    finally:
        if budget is not None:
            for one in planned:
                budget.release(one)
            for one in answers:
                budget.settle(one)
    return answers


def edited_body(like: Exchange, body: bytes, change: Any, argument: str) -> bytes:
    """Return the body of a request after a change: its messages, or a function of it.

    Raises:
        DebuggerError: It is neither, or there is no place for it in this format.
    """
    if callable(change):
        try:
            data = json.loads(body)
        except ValueError:
            raise DebuggerError(
                f"{argument}: the request to {like.url} is no JSON, so no function can change it."
            ) from None
        changed = change(data)
        if not isinstance(changed, Mapping):
            raise DebuggerError(
                f"{argument}: the function is given the request, and returns another one: a dict,"
                f" not {safe_repr(changed, 80)}."
            )
        return json.dumps(changed).encode()
    if isinstance(change, Sequence) and not isinstance(change, (str, bytes)):
        messages = [dict(one) if isinstance(one, Mapping) else one for one in change]
        return with_messages(Exchange(like.method, like.url, like.headers, body), messages)
    raise refusal(
        change, argument, "a list of messages, or a function of the request", DebuggerError
    )
