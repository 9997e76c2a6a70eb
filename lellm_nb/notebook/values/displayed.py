"""What a node displayed and streamed: pictures that are safe, and text for all else."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.notebook.values.value_rows import short_text
from lellm_nb.record.chunks import chunk_text

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds of pictures that are shown as such: a browser only ever draws these."""

MOST_BYTES = 60_000
"""Largest picture that travels before somebody asks for it."""

_MOST_CHUNKS = 5_000


def stream_text(chunks: Iterable[Any]) -> str:
    """Return chunks as one text, whatever they are."""
    return "".join(_text(chunk) for chunk in islice(chunks, _MOST_CHUNKS))


def _text(chunk: Any) -> str:
    try:
        return safe_str(chunk_text(chunk))
    except BaseException as error:  # a user's chunk may have no text
        if is_interrupt(error):
            raise
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
            return sized(kind, found, most_bytes, place=place)
    return {
        "kind": "text",
        "place": place,
        "text": short_text(safe_str(data.get("text/plain", ""))),
    }


def sized(kind: str, found: str, most_bytes: int = MOST_BYTES, **more: Any) -> dict[str, Any]:
    """Return a picture with its size, and its data only where that may travel."""
    size = len(found) * 3 // 4
    row = {"kind": kind, "bytes": size, **more}
    return {**row, "data": found} if size <= most_bytes else row


def picture(kind: str, raw: Any) -> str | None:
    """Return a picture's bytes as checked base64, or None where they are none of the kind."""
    try:
        given = raw if isinstance(raw, bytes) else b64decode(safe_str(raw), validate=False)
    except (binascii.Error, ValueError):
        return None
    starts = {
        "image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8",
        "image/webp": b"RIFF",
    }  # fmt: skip
    return b64encode(given).decode() if given.startswith(starts[kind]) else None
