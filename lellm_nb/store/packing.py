"""Bodies as they stand on disk: compressed where it is worth it, checked, and never bombs."""

from __future__ import annotations

import re
import zlib
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError, sentence

__all__ = ["FREE", "JSON_STRING", "Budget", "pack", "unpack", "weight"]

PACKED = 1024
"""Bodies beyond this are compressed."""

MOST = 1 << 28
"""No body is unpacked to more bytes than this."""

FREE = 32 << 20
"""So many bytes of memory may come from bodies of any size."""

RATIO = 44
"""Beyond that, a body may take so many times the bytes that it has on disk. JSON that is not
compressed takes less: `[],` is the worst, with 43."""

SQUEEZED = 40
"""What is written takes less than so many times its bytes, so that it can be read again."""

JSON_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""What a string of JSON text matches, without going back: that takes memory."""

_STRING = re.compile(JSON_STRING, re.DOTALL)


def weight(body: bytes) -> int:
    """Return about how many bytes of memory it takes to read a JSON text, or somewhat more.

    Example:
        >>> weight(b"1"), weight(b"[[],[]]")
        (3, 331)
    """
    plain = body.isascii() and b"\\u" not in body
    found = len(body) * (3 if plain else 9)  # as bytes, as text, and the strings in it
    found += 90 * (body.count(b"[") + body.count(b"{"))
    return found + 40 * body.count(b",") + 100 * body.count(b":")


def _without_strings(body: bytes) -> int:
    """Return what a text weighs if what stands in its strings makes no lists."""
    rest = _STRING.sub(b'""', body)
    return weight(rest) + (len(body) - len(rest)) * (3 if body.isascii() else 9)


class Budget:
    """How much memory may come from compressed bodies, in all: what they stand for on disk.

    A small file may not become a large one in memory: neither by one body nor by many.
    """

    def __init__(self) -> None:
        self._left = FREE

    def opened(self, packed: bytes, what: str, most: int = MOST) -> bytes:
        """Return what a compressed body unpacks to, and take note of it.

        Raises:
            CorruptedCheckpointError: It is damaged, or unpacks to far more than its size.
        """
        left = self._left + RATIO * (len(packed) + 64)
        self._left = 0  # where it is refused, trying more of the kind costs little
        unpack = zlib.decompressobj()
        try:
            plain = unpack.decompress(packed, min(most, left // 3 + 1))
        except zlib.error as error:
            raise CorruptedCheckpointError(f"{what} is damaged: {sentence(error)}") from None
        takes = weight(plain) if unpack.eof else left + 1
        if unpack.eof and takes > left:
            takes = _without_strings(plain)
        if takes > left:
            raise CorruptedCheckpointError(
                f"{what} is beyond the limit: it unpacks to far more than its size."
            )
        self._left = min(FREE, left - takes)
        return plain


def pack(body: bytes) -> bytes:
    """Compress what is worth it; JSON never begins with the letter that says so.

    What is so repetitive that it would look like a bomb is squeezed less.
    """
    if len(body) <= PACKED:
        return body
    takes = weight(body)
    packed = _squeezed(body, zlib.Z_DEFAULT_STRATEGY)
    if takes > SQUEEZED * len(packed):
        takes = _without_strings(body)
    if takes > SQUEEZED * len(packed):
        packed = _squeezed(body, zlib.Z_HUFFMAN_ONLY)
    return b"z" + packed if takes <= SQUEEZED * len(packed) else body


def _squeezed(body: bytes, strategy: int) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 15, 8, strategy)
    return squeeze.compress(body) + squeeze.flush()


def unpack(
    body: Any,
    crc: int,
    seed: int = 0,
    *,
    what: str,
    budget: Budget | None = None,
    most: int = MOST,
) -> bytes:
    """Check a body and return it as it was.

    Args:
        budget: Of all bodies that are read together; of this one alone by default.
        most: To how many bytes it is unpacked.

    Raises:
        CorruptedCheckpointError: It is not what was written, or more than there may be.
    """
    if not isinstance(body, bytes) or zlib.crc32(body, seed) != crc:
        raise CorruptedCheckpointError(f"{what} is damaged.")
    if not body.startswith(b"z"):
        return body
    return (budget or Budget()).opened(body[1:], what, most)
