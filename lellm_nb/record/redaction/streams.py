"""Secrets that a stream brings in pieces: chunks are joined before they are looked for (C13)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from lellm_nb.record.codec.limits import TAG
from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["Piece", "pieces_of", "with_pieces", "without_split_secrets"]

MOST = 200
"""So many texts of one chunk are looked at."""

_OPAQUE = ("redacted", "?", "bytes", "bytearray")
"""Tagged values whose text is no text of the stream."""

Way = tuple[Any, ...]


class Piece(NamedTuple):
    """A text inside of a chunk.

    Attributes:
        channel: What it goes on in: the same for pieces that are one text.
        way: Where it stands in the chunk's JSON data.
        text: The text.
        read: Whether it is the chunk's own text, which people read one after the other.
    """

    channel: Hashable
    way: Way
    text: str
    read: bool = False


def pieces_of(form: Any) -> list[Piece]:
    """Return the texts of a chunk, given its JSON data.

    Example:
        >>> [(p.channel, p.text) for p in pieces_of({"chunk": "TextDelta", "has": ["hel"]})]
        [('text', 'hel')]
        >>> [(p.way, p.text) for p in pieces_of([{"delta": {"content": "lo"}}])]
        [((0, 'delta', 'content'), 'lo')]
    """
    match form:
        case [str(text)]:
            return [Piece("text", (0,), text, True)]
        case {"chunk": "TextDelta", "has": [str(text), *_]}:
            return [Piece("text", ("has", 0), text, True)]
        case {"chunk": "ThinkingDelta", "has": [str(text), *hidden]}:
            return [Piece("thinking", ("has", 0), text, hidden != [True])]
        case {"chunk": "ToolOutput", "has": [call, str(text), *_]}:
            return [Piece(("tool", str(call)), ("has", 1), text, True)]
        case {"chunk": _, "has": _}:
            return []
    found: list[Piece] = []
    for way, text in _texts(form, ()):
        found.append(Piece(way, way, text))
        if len(found) == MOST:
            break
    return found


def _texts(form: Any, way: Way) -> Iterator[tuple[Way, str]]:
    if isinstance(form, str):
        yield way, form
    elif isinstance(form, dict) and form.get(TAG) not in _OPAQUE:
        for key, value in form.items():
            if key != TAG:
                yield from _texts(value, (*way, key))
    elif isinstance(form, list):
        for i, value in enumerate(form):
            yield from _texts(value, (*way, i))


def with_pieces(form: Any, texts: dict[Way, Any], way: Way = ()) -> Any:
    """Return a chunk's JSON data with other texts at some places."""
    if way in texts:
        return texts[way]
    if isinstance(form, dict):
        return {key: with_pieces(value, texts, (*way, key)) for key, value in form.items()}
    if isinstance(form, list):
        return [with_pieces(value, texts, (*way, i)) for i, value in enumerate(form)]
    return form


def without_split_secrets(forms: list[Any], redactor: Redactor) -> list[Any]:
    """Return chunks as JSON data, without the secrets that begin in one and end in another.

    What stands in a single chunk is found there, as in any other value.

    Example:
        >>> key = "sk-" + "a1" * 16
        >>> without_split_secrets([[f"use {key[:9]}"], [f"{key[9:]} now"]], Redactor())
        [[{'$': 'redacted', 'v': 'use [redacted: OpenAI key]'}], [' now']]
    """
    pieces = [(i, piece) for i, form in enumerate(forms) for piece in pieces_of(form)]
    channels: dict[Hashable, list[int]] = {}
    for at, (_, piece) in enumerate(pieces):
        channels.setdefault(piece.channel, []).append(at)
    ways = [places for places in channels.values() if len(places) > 1]
    if len(channels) > 1:
        ways.append([at for at, (_, piece) in enumerate(pieces) if piece.read])
    texts = [piece.text for _, piece in pieces]
    marked: set[int] = set()
    for places in ways:
        _hide(texts, places, marked, redactor)
    changed: dict[int, dict[Way, Any]] = {}
    for at, (i, piece) in enumerate(pieces):
        if texts[at] != piece.text:
            shown = {TAG: "redacted", "v": texts[at]} if at in marked else texts[at]
            changed.setdefault(i, {})[piece.way] = shown
    return [with_pieces(form, changed[i]) if i in changed else form for i, form in enumerate(forms)]


def _hide(texts: list[str], places: Sequence[int], marked: set[int], redactor: Redactor) -> None:
    """Take what spans several texts out of them; the mark stands where it begins."""
    joined = "".join(texts[at] for at in places)
    if not redactor.hint(joined.encode(errors="replace")):
        return
    starts = list(accumulate((len(texts[at]) for at in places), initial=0))
    for begin, stop, mark in sorted(_secrets(joined, redactor), reverse=True):
        first, last = bisect_right(starts, begin) - 1, bisect_left(starts, stop)
        if last - first < 2:
            continue
        for n in range(first, last):  # what was cut off behind it does not move what is before
            text, start = texts[places[n]], starts[n]
            left, right = text[: max(0, begin - start)], text[stop - start :]
            texts[places[n]] = left + (mark if n == first else "") + right
        marked.add(places[first])


def _secrets(text: str, redactor: Redactor) -> Iterator[tuple[int, int, str]]:
    """Find the secrets of a text: where they begin and end, and what stands for them.

    None is in another one.
    """
    found = [
        (match.start(), match.end(), f"[redacted: {name}]")
        for name, pattern in redactor.patterns.items()
        for match in pattern.finditer(text)
    ]
    for word in redactor.words.texts:
        at = text.find(word)
        while at >= 0:
            found.append((at, at + len(word), "[redacted]"))
            at = text.find(word, at + len(word))
    end = 0
    for begin, stop, mark in sorted(found, key=lambda one: (one[0], -one[1])):
        if begin >= end and stop > begin:
            yield begin, stop, mark
        elif stop > end:  # it goes on where the other one ends
            yield end, stop, mark
        end = max(end, stop)
