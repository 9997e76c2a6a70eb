"""The texts that stood at secret paths: the same secrets wherever else they are said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_str
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.structs.nested import opened

__all__ = ["ATOMS", "SecretWords", "words_in"]

LEAST = 6
"""Shorter texts at a secret path are not looked for elsewhere: they stand in other words."""

MOST = 500
"""So many texts are looked for, the newest."""


class SecretWords:
    """What a redactor has met at its paths, for stores and for the view alike.

    Attributes:
        texts: They, the longest first, as one may hold another.

    Example:
        >>> words = SecretWords()
        >>> words.meet("hunter2"); words.meet("2")
        >>> words.taken_out("signing in with hunter2 as 2"), words.in_row(b'{"say":"hunter2"}')
        ('signing in with [redacted] as 2', True)
    """

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}
        self.texts: tuple[str, ...] = ()

    def meet(self, text: str) -> None:
        """Look for a text from now on."""
        if text in self._known or len(text) < LEAST or "[redacted" in text:
            return
        self._known[text] = json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="replace")
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        # in one go: another thread may be reading
        self.texts = tuple(sorted(self._known, key=len, reverse=True))

    def in_row(self, body: bytes) -> bool:
        """Tell whether a written row has one of them in it."""
        return bool(self._known) and any(word in body for word in list(self._known.values()))

    def taken_out(self, text: str) -> str:
        """Return a text without them."""
        for word in self.texts:
            if word in text:
                text = text.replace(word, "[redacted]")
        return text


ATOMS = frozenset({type(None), bool, int, float, complex})
_ASKED = ("get_secret_value", "tolist", "to_numpy")
"""How what pydantic calls a secret, an array and a table are asked for what they hold."""


def words_in(value: Any) -> Iterator[str]:
    """Yield the texts that a value holds: in containers, in bytes, in fields, in arrays.

    Example:
        >>> list(words_in({"a": [b"hunter2", {3: ("otter",)}]}))
        ['a', 'hunter2', 'otter']
    """
    if type(value) in COMPACT:
        value = value.whole()
    value = opened(value)
    if has_kind(value, str):
        yield safe_str(value)
    elif has_kind(value, (bytes, bytearray)):
        yield bytes(value).decode(errors="replace")
    elif has_kind(value, dict):
        for key, item in safe_pairs(value):
            yield from words_in(key)
            yield from words_in(item)
    elif has_kind(value, (list, tuple, set, frozenset)):
        for _, item in safe_pairs(value):
            yield from words_in(item)
    elif type(value) not in ATOMS:
        yield from _inside(value)


def _inside(value: Any) -> Iterator[str]:
    ask = next((name for name in _ASKED if hasattr(type(value), name)), None)
    if ask is not None:
        yield from words_in(attempt(lambda: getattr(value, ask)()))
