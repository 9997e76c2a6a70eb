"""A message taken apart: texts, thoughts, images, calls of tools and their results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lellm_nb.calls.formats.json_data import dicts, json_text, object_of, pick, text_of

__all__ = ["MessagePart", "message_parts"]


class MessagePart(NamedTuple):
    """A part of a message.

    Attributes:
        kind: ``text``, ``thought``, ``image``, ``call``, ``result`` or ``other``.
        text: What it says: of a call its arguments, of an image where it is, of what is not
            known its type.
        id: Of a call and its result: what pairs them.
        name: Of the tool.
    """

    kind: str
    text: str
    id: str = ""
    name: str = ""


def message_parts(message: dict[str, Any]) -> list[MessagePart]:
    """Return the parts of a message of any format.

    Example:
        >>> message_parts({"role": "tool", "tool_call_id": "a", "content": "21 degrees"})
        [MessagePart(kind='result', text='21 degrees', id='a', name='')]
    """
    return list(_parts(message))


def _parts(message: dict[str, Any]) -> Iterator[MessagePart]:
    content, kind = message.get("content"), text_of(message.get("type"))
    if message.get("role") == "tool":
        pair = text_of(message.get("tool_call_id") or message.get("call_id"))
        yield MessagePart("result", _told(content), pair, text_of(message.get("name")))
        return
    if kind in ("function_call", "custom_tool_call"):
        said = text_of(message.get("arguments") or message.get("input"))
        pair, name = text_of(message.get("call_id")), text_of(message.get("name"))
        yield MessagePart("call", said, pair, name)
        return
    for thought in dicts(message.get("summary")):
        yield MessagePart("thought", text_of(thought.get("text")))
    if isinstance(content, str):
        if content:
            yield MessagePart("text", content)
    elif isinstance(content, list):
        for part in content:
            yield _part(part)
    elif content is not None:
        yield MessagePart("text", json_text(content))
    for call in dicts(message.get("tool_calls")):
        named = object_of(call.get("function") or call.get("custom"))
        said = text_of(named.get("arguments") or named.get("input"))
        yield MessagePart("call", said, text_of(call.get("id")), text_of(named.get("name")))


def _part(part: Any) -> MessagePart:
    if not isinstance(part, dict):
        return MessagePart("text", _told(part))
    kind = text_of(part.get("type"))
    if kind.endswith("tool_result"):  # of tools at the server too: web_search_tool_result
        return MessagePart("result", _told(part.get("content")), text_of(part.get("tool_use_id")))
    for name in ("functionResponse", "function_response"):
        if isinstance(given := part.get(name), dict):
            called = text_of(given.get("name"))
            said = _told(given.get("response"))
            return MessagePart("result", said, text_of(given.get("id")) or called, called)
    for name in ("functionCall", "function_call"):
        if isinstance(given := part.get(name), dict):
            called = text_of(given.get("name"))
            said = json_text(given.get("args") or {})
            return MessagePart("call", said, text_of(given.get("id")) or called, called)
    if kind.endswith("tool_use"):
        said = _told(part.get("input"))
        return MessagePart("call", said, text_of(part.get("id")), text_of(part.get("name")))
    if kind in ("thinking", "reasoning_text") or part.get("thought"):
        return MessagePart("thought", text_of(part.get("thinking")) or text_of(part.get("text")))
    if isinstance(part.get("text"), str):
        return MessagePart("text", part["text"])
    image = _image(part)
    return MessagePart("other", kind or ", ".join(part)) if image is None else image


def _image(part: dict[str, Any]) -> MessagePart | None:
    """Return an image by its address, which may hold all of it (``data:``)."""
    url = pick(part, "image_url", "url") or part.get("image_url") or pick(part, "source", "url")
    if isinstance(url, str):
        return MessagePart("image", url)
    held = part.get("source") or part.get("inlineData") or part.get("inline_data")
    media = text_of(pick(held, "media_type") or pick(held, "mimeType") or pick(held, "mime_type"))
    if media.startswith("image/"):
        return MessagePart("image", f"data:{media};base64,{text_of(pick(held, 'data'))}")
    return None


def _told(content: Any) -> str:
    """Return what a tool was given or gave, as text."""
    if isinstance(content, str):
        return content
    parts = dicts(content)
    if parts and all(isinstance(part.get("text"), str) for part in parts):
        return "".join(part["text"] for part in parts)
    return "" if content is None else json_text(content)
