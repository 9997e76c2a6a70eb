"""What a node displayed and streamed: pictures that are safe, and text for all else."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.notebook.values.redaction import redactor_now
from lellm_nb.notebook.values.value_rows import short_text
from lellm_nb.record.chunks import chunk_text
from lellm_nb.record.codec.details import stream_form
from lellm_nb.record.codec.values import TAG, Codec
from lellm_nb.record.redaction.streams import without_split_secrets

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds of pictures that are shown as such: a browser only ever draws these."""

MOST_BYTES = 60_000
"""Largest picture that travels before somebody asks for it."""

_MOST_CHUNKS = 5_000


def stream_text(chunks: Iterable[Any]) -> str:
    """Return chunks as one text, whatever they are, without secrets that came in pieces."""
    shown = list(islice(chunks, _MOST_CHUNKS))
    texts = [piece_text(chunk) for chunk in shown]
    if len(texts) < 2:
        return "".join(texts)
    forms = [chunk_form(chunk) for chunk in shown]
    clean = without_split_secrets(forms, redactor_now().redactor)
    for i, (form, made) in enumerate(zip(forms, clean, strict=True)):
        if made is not form:
            texts[i] = form_text(made)
    return "".join(texts)


def chunk_form(chunk: Any) -> Any:
    """Return a chunk as JSON data; of one that refuses the text that it has."""
    try:
        return stream_form((chunk,), _plain)[0]
    except BaseException as error:  # as below
        if is_interrupt(error):
            raise
        return [piece_text(chunk)]


def _plain(value: Any, _name: Any) -> Any:
    return Codec().plain(value)


def form_text(form: Any) -> str:
    """Return a chunk as people read it, given its JSON data."""
    if isinstance(form, list) and len(form) == 1 and isinstance(form[0], (str, dict)):
        form = form[0]
    elif isinstance(form, dict) and "chunk" in form:
        if form["chunk"] == "ThinkingDelta" and form["has"][1:] == [True]:
            return "[redacted]"
        form = form["has"][1 if form["chunk"] == "ToolOutput" else 0]
    if isinstance(form, dict) and form.get(TAG) == "redacted":
        form = form["v"]
    return form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)


def piece_text(chunk: Any) -> str:
    """Return one chunk as people read it; one that has no text is shown by what it is."""
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
