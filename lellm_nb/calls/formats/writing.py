"""Requests and answers written anew, each in the format that it has (CALLS.md, K12)."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.call_facts import CallFacts
from lellm_nb.calls.exchange import FUNCTION, Exchange
from lellm_nb.calls.formats.format import Body
from lellm_nb.calls.formats.json_data import json_bytes
from lellm_nb.calls.formats.registry import format_of
from lellm_nb.errors import DebuggerError

__all__ = ["answer_of", "with_messages", "with_model"]


def with_messages(exchange: Exchange, messages: list[dict[str, Any]]) -> bytes:
    """Return the body of a request with other messages, as `Call.messages` has them.

    Raises:
        DebuggerError: They are no messages, or a request of this kind has none.

    Example:
        >>> body = b'{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}'
        >>> asked = Exchange("POST", "https://api.anthropic.com/v1/messages", (), body)
        >>> with_messages(asked, [{"role": "system", "content": "Be brief."}])
        b'{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [], "system": "Be brief."}'
    """
    given: Any = messages
    if not isinstance(given, list | tuple):
        raise DebuggerError(f"Messages are a list of dicts with role and content{_not(given)}.")
    for at, message in enumerate(given):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise DebuggerError(f"Message {at} is a dict with role and content{_not(message)}.")
    written, body = format_of(exchange)
    return _bytes(written.put_messages(body, list(given)), "messages")


def with_model(exchange: Exchange, model: str) -> tuple[str, bytes]:
    """Return where a request for another model goes, and its body: some have it in the URL.

    Raises:
        DebuggerError: A request of this kind asks no model.
    """
    written, body = format_of(exchange)
    url, body = written.put_model(exchange.url, body, model)
    return url, _bytes(body, "model")


def answer_of(exchange: Exchange, answer: str | CallFacts) -> Exchange:
    """Return a request as if it had been answered with a text, or as another call was.

    The answer comes in pieces if the request wants it so, up to the end mark. What another call
    was answered is taken as it came where that is the same format, and written anew elsewhere.

    Raises:
        DebuggerError: A request of this kind is not answered with a text, or the other call has
            no answer that could be taken.
    """
    made = Exchange(
        exchange.method, exchange.url, exchange.headers, exchange.body, stream=exchange.stream
    )
    written, body = format_of(exchange)
    if not isinstance(answer, str):
        _has_an_answer(answer)
        other, theirs = format_of(answer.last)
        wants, came = (
            one.streams(asked.url, data)
            for one, asked, data in ((written, exchange, body), (other, answer.last, theirs))
        )
        if (other is written and wants == came) or answer.error:
            made.answered_by(answer.last)
            return made
    text, calls = (answer, []) if isinstance(answer, str) else (answer.text, answer.tool_calls)
    made.status, made.duration = 200, 0.0
    if exchange.method == FUNCTION:
        made.value = text
        return made
    content_type, content = written.made_answer(exchange.url, body, text, calls)
    made.response_headers = (("content-type", content_type),)
    made.chunks = [(0.0, content)]
    return made


def _has_an_answer(call: CallFacts) -> None:
    if call.last.hidden:
        why = "was taken apart when it was stored: there were secrets in it"
    elif not call.last.ended or (call.status is None and not call.last.error):
        why = "has not come"
    else:
        return
    raise DebuggerError(f"The answer of call {call.number} {why}, so it can't be given again.")


def _bytes(body: Body, what: str) -> bytes:
    try:
        return json_bytes(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise DebuggerError(f"The {what} can't be written as JSON: {error}.") from None


def _not(given: Any) -> str:
    return f", not {type(given).__name__}"
