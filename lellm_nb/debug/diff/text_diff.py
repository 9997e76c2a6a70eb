"""What changed inside a long text, by lines and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from html import escape
from typing import NamedTuple

from lellm_nb.debug.diff.sequence_diff import aligned

__all__ = ["TextDiff", "TextPiece"]

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
CONTEXT = 30
"""How many characters of what stayed are shown around a change."""
LINES = 5_000
"""Texts with more changed lines than this are shown as one change."""


class TextPiece(NamedTuple):
    """A part of two texts: what stayed (`old` is `new`), came, went, or was replaced."""

    old: str
    new: str

    @property
    def stayed(self) -> bool:
        """Whether it is the same on both sides."""
        return self.old == self.new


class TextDiff:
    """The pieces of two texts.

    Example:
        >>> TextDiff("An essay about otters.", "An essay about two seals.")
        An essay about [-otters-]{+two seals+}.
    """

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new

    @cached_property
    def pieces(self) -> list[TextPiece]:
        """The parts, in order; joined, each side gives its text again."""
        return list(_joined(_pieces(self.old, self.new)))

    def __str__(self) -> str:
        text = ""
        last = len(self.pieces) - 1
        for i, (old, new) in enumerate(self.pieces):
            if old == new:
                text += _cut(old, first=i == 0, last=i == last)
            else:
                text += (f"[-{old}-]" if old else "") + (f"{{+{new}+}}" if new else "")
        return text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        text = ""
        last = len(self.pieces) - 1
        for i, (old, new) in enumerate(self.pieces):
            if old == new:
                text += escape(_cut(old, first=i == 0, last=i == last))
            else:
                text += f"<del>{escape(old)}</del>" if old else ""
                text += f"<ins>{escape(new)}</ins>" if new else ""
        return f'<span style="white-space: pre-wrap">{text}</span>'


def _cut(text: str, *, first: bool, last: bool) -> str:
    """Shorten what stayed to a little before and after the changes."""
    if len(text) <= 2 * CONTEXT + 1:
        return text
    before = "" if first else text[:CONTEXT]
    after = "" if last else text[-CONTEXT:]
    return f"{before}…{after}"


def _pieces(old: str, new: str) -> Iterator[TextPiece]:
    if "\n" not in old and "\n" not in new:
        yield from _words(old, new)
        return
    left, right = old.splitlines(True), new.splitlines(True)
    for tag, i1, i2, j1, j2 in aligned(left, right, LINES):
        a, b = "".join(left[i1:i2]), "".join(right[j1:j2])
        if tag == "replace":
            yield from _words(a, b)
        else:
            yield TextPiece(a, b)


def _words(old: str, new: str) -> Iterator[TextPiece]:
    left, right = _WORD.findall(old), _WORD.findall(new)
    for _, i1, i2, j1, j2 in aligned(left, right):
        yield TextPiece("".join(left[i1:i2]), "".join(right[j1:j2]))


def _joined(pieces: Iterator[TextPiece]) -> Iterator[TextPiece]:
    """Join neighbours: a single space between two changes is no anchor to a reader."""
    held: TextPiece | None = None
    for piece in pieces:
        gap = piece.stayed and piece.old.isspace() and "\n" not in piece.old
        if held is not None and (gap or held.stayed == piece.stayed):
            held = TextPiece(held.old + piece.old, held.new + piece.new)
        else:
            if held is not None:
                yield from _trimmed(held)
            held = piece
    if held is not None:
        yield from _trimmed(held)


def _trimmed(piece: TextPiece) -> Iterator[TextPiece]:
    """Give back the space at the end that was joined to a change and changed nothing."""
    old, new = piece
    if piece.stayed or not (old and new):
        yield piece
        return
    end = 0
    while end < min(len(old), len(new)) and old[-1 - end] == new[-1 - end] == " ":
        end += 1
    yield TextPiece(old[: len(old) - end], new[: len(new) - end])
    if end:
        yield TextPiece(old[len(old) - end :], old[len(old) - end :])
