"""A call in words: a line for its repr, and the conversation for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.formats.registry import Reading
from lellm_nb.calls.message_parts import MessagePart, message_parts
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import printable, safe_repr

__all__ = ["call_line", "conversation"]

_MARKS = ("served", "answered", "stale", "edited", "late", "cut")

LONG = 600
"""Texts that are longer are shown by how they begin."""


def call_line(number: int, of: str, reading: Reading, exchanges: list[Exchange]) -> str:
    """Return a call in a line: who was asked, how much, how it ended; nothing of the bodies.

    Args:
        of: The node and the visit that it is of, as numbers begin anew in each; or nothing.
    """
    last = exchanges[-1]
    words = [f"Call {number}", of and f"of {of}", _asked(reading, last)]
    counts = [
        f"{count:,} {way}"
        for count, way in ((reading.answer.tokens_in, "in"), (reading.answer.tokens_out, "out"))
        if count is not None
    ]
    words.append(", ".join(counts))
    if last.error:
        words.append(last.error.partition(":")[0])
    elif last.status is not None and (last.status >= 400 or reading.kind == "http"):
        words.append(str(last.status))
    elif not last.ended:
        words.append("…")
    if len(exchanges) > 1:
        words.append(f"({len(exchanges)} attempts)")
    words += [name for name in _MARKS if getattr(last, name)]
    return without_keys(" ".join(filter(None, words)))


def _asked(reading: Reading, last: Exchange) -> str:
    if reading.kind == "http":
        return f"{last.method} {last.url}"
    return reading.request.model or reading.request.name or reading.answer.model or reading.kind


def conversation(number: int, of: str, reading: Reading, exchanges: list[Exchange]) -> str:
    """Return what was said, a paragraph for each message, and last what was answered.

    A tool's result stands with the call that it is of.
    """
    talk = [(str(message.get("role", "")), message_parts(message)) for message in _asks(reading)]
    answer = [MessagePart("text", reading.answer.text)] if reading.answer.text else []
    answer += [
        MessagePart("call", one["arguments"], one["id"], one["name"])
        for one in reading.answer.tool_calls
    ]
    lines = [call_line(number, of, reading, exchanges)]
    lines += _told([*talk, ("answer", answer)])
    if reading.error:
        lines.append(f"error: {_short(reading.error)}")
    elif not answer and reading.response is not None:
        lines.append(f"answer: {_short(safe_repr(reading.response, 20 * LONG))}")
    return printable("\n".join(lines))


def _asks(reading: Reading) -> list[dict[str, Any]]:
    if reading.request.messages or not reading.request.params:
        return reading.request.messages
    return [{"role": "asked", "content": reading.request.params}]


def _told(talk: list[tuple[str, list[MessagePart]]]) -> Iterator[str]:
    every = [part for _, parts in talk for part in parts]
    called = {part.id for part in every if part.kind == "call" and part.id}
    results: dict[str, list[str]] = {}
    for part in every:
        if part.kind == "result" and part.id in called:
            results.setdefault(part.id, []).append(part.text)
    for role, parts in talk:
        left = [part for part in parts if not (part.kind == "result" and part.id in results)]
        said = [_line(part, results) for part in left]
        if said:
            yield f"{role}: {said[0]}"
            yield from (f"  {line}" for line in said[1:])


def _line(part: MessagePart, results: dict[str, list[str]]) -> str:
    text = _short(part.text)
    if part.kind == "call":
        # Gemini's have names instead of ids, which come again: the first result is the first call's
        given = f" = {_short(results[part.id].pop(0))}" if results.get(part.id) else ""
        return f"{part.name}({text}){given}"
    if part.kind == "image":
        text = text if part.text.startswith("http") else part.text.partition(";")[0]
        return f"[image {text}]"
    named = {"thought": "(thought) ", "result": f"{part.name} = ", "other": "[other] "}
    return f"{named.get(part.kind, '')}{text}"


def _short(text: str) -> str:
    text = without_keys(text)  # before it is cut: a piece of a key looks like none
    return text if len(text) <= LONG else f"{text[:LONG]}… ({len(text):,} characters)"
