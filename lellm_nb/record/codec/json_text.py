"""JSON data as text, as fast as Python has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lellm_nb.record.codec.limits import TAG

__all__ = ["is_sound", "to_bytes"]


def to_bytes(form: Any) -> bytes:
    """Return JSON data as text in UTF-8.

    Text that UTF-8 cannot hold (half of a surrogate pair) is written tagged.
    """
    try:
        return _write(form).encode()
    except UnicodeEncodeError:
        return _write(_whole(form)).encode()


_encoder = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
)


def _writer() -> Callable[[Any], str]:
    """Return the encoder's `encode`; where Python has it in C, made once and not per text."""
    in_c: Any = json.encoder  # what is used of it is no part of its documented interface
    try:
        quoted = in_c.encode_basestring
        pieces = in_c.c_make_encoder(
            None, _encoder.default, quoted, None, ":", ",", False, False, False
        )
        "".join(pieces([{"a": 1}], 0))
    except (AttributeError, TypeError):
        return _encoder.encode
    return lambda form: "".join(pieces(form, 0))


_write = _writer()


def is_sound(text: str) -> bool:
    """Tell whether UTF-8 can hold a text."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(form: Any) -> Any:
    """Tag every text with half a surrogate pair; JSON data stays JSON data."""
    if isinstance(form, str):
        halves = form.encode("utf-8", "surrogatepass").hex()
        return form if is_sound(form) else {TAG: "text", "v": halves}
    if isinstance(form, (list, tuple)):
        return [_whole(v) for v in form]
    if isinstance(form, dict):
        if all(is_sound(k) for k in form):
            return {k: _whole(v) for k, v in form.items()}
        return {TAG: "dict", "v": [[_whole(k), _whole(v)] for k, v in form.items()]}
    return form
