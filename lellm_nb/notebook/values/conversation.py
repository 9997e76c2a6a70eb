"""Messages as a conversation: who says what, with results beside the calls of tools they are of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from lellm_nb.calls.message_parts import MessagePart, message_parts
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.notebook.values.displayed import MOST_BYTES, PICTURES, picture, sized
from lellm_nb.notebook.values.redaction import redactor_now
from lellm_nb.notebook.values.value_rows import long_text, short_text

__all__ = ["Conversation", "Stretch", "call_part", "changed_messages", "part_row", "text_row"]
__all__ += ["whole_picture"]

TEXT = 2_000
"""Letters of one text that travel before somebody asks for all of it."""

_DATA_URL = re.compile(r"data:(image/[a-z+.-]+);base64,", re.IGNORECASE)
_URL = 300


class Conversation:
    """Messages as rows; `at` is the place of one, `part` of what is in it.

    A result stands with the call that it is of, wherever in the conversation it came.

    Example:
        >>> asked = {"id": "a", "function": {"name": "time", "arguments": '{"in": "Rome"}'}}
        >>> said = [{"role": "assistant", "tool_calls": [asked]},
        ...         {"role": "tool", "tool_call_id": "a", "content": "noon"}]
        >>> [row] = Conversation(said).rows()
        >>> row["parts"][0]["args"], row["parts"][0]["results"][0]["text"]
        ('in="Rome"', 'noon')
    """

    def __init__(self, messages: Sequence[Mapping[str, Any]], most_letters: int = TEXT) -> None:
        self._messages = [dict(message) for message in messages]
        self._parts = [message_parts(message) for message in self._messages]
        self._letters = most_letters
        self._results: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._of: dict[tuple[int, int], tuple[int, int]] = {}
        self._pair()

    def __len__(self) -> int:
        return len(self._messages)

    def _pair(self) -> None:
        """Find which result is of which call; names that come again are answered in their order."""
        calls: dict[str, list[tuple[int, int]]] = {}
        for at, parts in enumerate(self._parts):
            for place, part in enumerate(parts):
                if part.kind == "call" and part.id:
                    calls.setdefault(part.id, []).append((at, place))
                elif part.kind == "result" and part.id in calls:
                    mine = calls[part.id]
                    call = next((one for one in mine if one not in self._results), mine[-1])
                    self._results.setdefault(call, []).append((at, place))
                    self._of[at, place] = call

    def rows(self, start: int = 0, end: int | None = None) -> list[dict[str, Any]]:
        """Return the messages of a stretch; results move to the calls that are in it too."""
        shown = range(start, len(self) if end is None else min(end, len(self)))
        rows = []
        for at in shown:
            parts = [
                self._row(at, place, shown)
                for place in range(len(self._parts[at]))
                if self._of.get((at, place), (-1, 0))[0] not in shown
            ]
            if parts or not self._parts[at]:
                rows.append({"at": at, **self._speaker(at), "parts": parts})
        return rows

    def _speaker(self, at: int) -> dict[str, str]:
        message, parts = self._messages[at], self._parts[at]
        if parts and all(part.kind == "result" for part in parts):
            return {"role": "tool", "name": short_text(self._named(at, 0), 80)}
        return {"role": short_text(message.get("role") or _role(parts), 40), "name": ""}

    def _named(self, at: int, place: int) -> str:
        """Return the name of the tool whose result a part is."""
        name = self._parts[at][place].name
        call = self._of.get((at, place))
        return name or (self._parts[call[0]][call[1]].name if call else "")

    def _row(self, at: int, place: int, shown: range) -> dict[str, Any]:
        part = self._parts[at][place]
        row = {"part": place, **part_row(part, self._letters)}
        if part.kind == "call":
            results = self._results.get((at, place), [])
            row["results"] = [
                {"at": r, "part": p, **text_row(self._parts[r][p].text, self._letters)}
                for r, p in results
                if r in shown
            ]
        elif part.kind == "result":
            row["name"] = short_text(self._named(at, place), 80)
        return row

    def part(self, at: int, place: int) -> MessagePart:
        """Return a part of a message.

        Raises:
            LookupError: There is none.
        """
        return self._parts[at][place]

    def results_of(self, id: str) -> list[str]:
        """Return what the tool gave to a call of that id, anywhere in the conversation."""
        return [
            part.text
            for parts in self._parts
            for part in parts
            if id and part.kind == "result" and part.id == id
        ]


def part_row(part: MessagePart, most_letters: int = TEXT) -> dict[str, Any]:
    """Return one part of a message as it travels."""
    if part.kind == "image":
        return {"kind": "image", **_image(part.text)}
    if part.kind == "call":
        name, arguments = call_part(part.name, part.text)
        told = text_row(arguments, most_letters)
        return {"kind": "call", "name": name, "args": told["text"], "cut": told["cut"]}
    return {"kind": part.kind, **text_row(part.text, most_letters)}


def text_row(text: str, most_letters: int = TEXT) -> dict[str, Any]:
    """Return how a text begins, without its secrets, and how much more there is."""
    return {"text": long_text(text, most_letters), "cut": max(0, len(text) - most_letters)}


def call_part(name: str, arguments: str) -> tuple[str, str]:
    """Return a tool's name and what it is given, as people write a call.

    Example:
        >>> call_part("refund", '{"order": "A-17", "amount": 42}')
        ('refund', 'order="A-17", amount=42')
    """
    try:
        given = json.loads(arguments) if arguments else {}
    except ValueError:
        given = None
    if isinstance(given, dict):
        given = without_secrets(redactor_now().redactor, given)
        pairs = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items())
        arguments = ", ".join(pairs)
    return short_text(name or "?", 80), arguments


def _image(url: str, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return a picture that the address holds whole; any other address as text, never loaded."""
    found = _DATA_URL.match(url[:80])
    kind = found[1].lower() if found else ""
    if found and kind in PICTURES:
        data = picture(kind, url[found.end() :])
        if data is not None:
            return {"picture": sized(kind, data, most_bytes, place=0)}
    if url.startswith("data:"):
        return {"text": short_text(f"{url.partition(',')[0][:80]}, {len(url):,} letters", 120)}
    return {"text": short_text(url, _URL)}


def whole_picture(url: str, most_bytes: int) -> dict[str, Any]:
    """Return a picture with its data, as somebody asked for it."""
    row: dict[str, Any] = _image(url, most_bytes).get("picture") or {"kind": "text", "text": ""}
    return row


def _role(parts: list[MessagePart]) -> str:
    return "assistant" if parts and parts[0].kind in ("call", "thought") else "message"


class Stretch(NamedTuple):
    """Messages that follow each other, compared with another conversation.

    Attributes:
        what: ``same``, ``new``, or ``gone`` for messages of the one before alone.
        start, end: Where they are in their conversation.
        of: Of what is the same: where it begins in the one before.
    """

    what: str
    start: int
    end: int
    of: int = 0


def changed_messages(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> list[Stretch]:
    """Return what became of a conversation.

    Example:
        >>> a, b, c = ({"role": "user", "content": text} for text in "abc")
        >>> [tuple(one) for one in changed_messages([a, b], [a, c])]
        [('same', 0, 1, 0), ('gone', 1, 2, 0), ('new', 1, 2, 0)]
    """
    old, new = ([_key(message) for message in side] for side in (before, now))
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    same = min(len(old), len(new)) if same is None else same
    found = [Stretch("same", 0, same)] if same else []
    rest = SequenceMatcher(None, old[same:], new[same:], autojunk=False)
    for what, a, b, c, d in rest.get_opcodes():
        if what == "equal":
            found.append(Stretch("same", same + c, same + d, same + a))
            continue
        if b > a:
            found.append(Stretch("gone", same + a, same + b))
        if d > c:
            found.append(Stretch("new", same + c, same + d))
    return found


def _key(message: Mapping[str, Any]) -> str:
    return json.dumps(message, sort_keys=True, default=str)
