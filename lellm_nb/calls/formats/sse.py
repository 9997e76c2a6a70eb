"""Server-sent events: what an answer in pieces is written as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.calls.formats.json_data import json_bytes, json_of

__all__ = ["event_bytes", "events", "is_event_stream"]

DONE = "[DONE]"
"""How OpenAI, and whoever does as it does, ends a stream."""


def is_event_stream(content_type: str, body: bytes) -> bool:
    """Tell whether a body is made of events: as its header says, or as it begins.

    Example:
        >>> is_event_stream("text/event-stream", b""), is_event_stream("", b"data: {}")
        (True, True)
        >>> is_event_stream("application/json", b"{}")
        False
    """
    if "event-stream" in content_type:
        return True
    return "json" not in content_type and body[:8].startswith((b"data:", b"event:", b": "))


def events(body: bytes) -> list[dict[str, Any]]:
    r"""Return the data of each event that is JSON and whole; what a cut left is none.

    Example:
        >>> events(b'data: {"n": 1}\n\n: ping\n\ndata: {"n": 2}\r\n\r\ndata: [DONE]\n\ndata: {"n')
        [{'n': 1}, {'n': 2}]
    """
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for block in text.split("\n\n"):
        data = _data(block)
        if data and data != DONE:
            event = json_of(data)
            if isinstance(event, dict):
                found.append(event)
    return found


def _data(block: str) -> str:
    if block.startswith("data:") and "\n" not in block:  # most of them
        return block[5:].strip()
    lines = (line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:"))
    return "\n".join(lines).strip()


def event_bytes(
    data: Iterable[dict[str, Any]], *, named: bool = False, done: bool = False
) -> bytes:
    r"""Write events.

    Args:
        named: Whether each says its type in a line of its own, as Anthropic and Responses do.
        done: Whether the end is marked as chat completions mark it.

    Example:
        >>> event_bytes([{"type": "ping"}], named=True)
        b'event: ping\ndata: {"type": "ping"}\n\n'
    """
    made = b""
    for event in data:
        name = f"event: {event.get('type', '')}\n".encode() if named else b""
        made += name + b"data: " + json_bytes(event) + b"\n\n"
    return made + (f"data: {DONE}\n\n".encode() if done else b"")
