"""What a node printed, logged, displayed and streamed, as text and as safe pictures."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike, FrameLike
from lellm_nb.notebook.values.value_rows import LONG, short_text, tail_text
from lellm_nb.record.chunks import chunk_text

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds of pictures that are shown as such: a browser only ever draws these."""

MOST_BYTES = 60_000
"""Largest picture that travels before somebody asks for it."""

_MOST_SHOWN = 12
_MOST_CHUNKS = 5_000


def output_rows(
    debugger: DebuggerLike, frame: FrameLike, most_bytes: int = MOST_BYTES
) -> dict[str, Any]:
    """Return what the node printed, logged and displayed, and what it streamed."""
    text = str(frame.output or "")
    stream = stream_text(getattr(frame, "stream", None) or ())
    displayed = getattr(frame, "displayed", None) or ()
    return {
        "text": tail_text(text),
        "cut": max(0, len(text) - LONG),
        "stream": tail_text(stream),
        "chunks": len(getattr(frame, "stream", None) or ()),
        "shown": [
            picture_row(bundle, place, most_bytes)
            for place, bundle in enumerate(islice(displayed, _MOST_SHOWN))
        ],
    }


def stream_text(chunks: Iterable[Any]) -> str:
    """Return chunks as one text, whatever they are."""
    return "".join(_text(chunk) for chunk in islice(chunks, _MOST_CHUNKS))


def _text(chunk: Any) -> str:
    try:
        return chunk_text(chunk)
    except Exception:  # a user's chunk may have no text
        return short_text(chunk)


def picture_row(bundle: Any, place: int, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return one display: a picture where it has one that is safe, else its plain text.

    Markup, scripts and drawings that could carry them are never passed on.
    """
    data = bundle.get("data", bundle) if isinstance(bundle, Mapping) else {}
    for kind in PICTURES:
        raw = data.get(kind)
        found = picture(kind, raw) if raw is not None else None
        if found is not None:
            size = len(found) * 3 // 4
            row = {"kind": kind, "bytes": size, "place": place}
            return {**row, "data": found} if size <= most_bytes else row
    return {"kind": "text", "place": place, "text": short_text(str(data.get("text/plain", "")))}


def picture(kind: str, raw: Any) -> str | None:
    """Return a picture's bytes as checked base64, or None where they are none of the kind."""
    try:
        given = raw if isinstance(raw, bytes) else b64decode(str(raw), validate=False)
    except (binascii.Error, ValueError):
        return None
    starts = {
        "image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8",
        "image/webp": b"RIFF",
    }  # fmt: skip
    return b64encode(given).decode() if given.startswith(starts[kind]) else None
