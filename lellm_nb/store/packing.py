"""Bodies as they stand on disk: compressed where it is worth it, and checked."""

from __future__ import annotations

import zlib
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError, sentence

__all__ = ["pack", "unpack"]

PACKED = 1024
"""Bodies beyond this are compressed."""

MOST = 1 << 28
"""No body is unpacked to more bytes than this."""


def pack(body: bytes) -> bytes:
    """Compress what is worth it; JSON never begins with the letter that says so."""
    return b"z" + zlib.compress(body, 1) if len(body) > PACKED else body


def unpack(body: Any, crc: int, seed: int = 0, *, what: str, most: int = MOST) -> bytes:
    """Check a body and return it as it was.

    Args:
        most: To how many bytes it is unpacked.

    Raises:
        CorruptedCheckpointError: It is not what was written.
    """
    if not isinstance(body, bytes) or zlib.crc32(body, seed) != crc:
        raise CorruptedCheckpointError(f"{what} is damaged.")
    if not body.startswith(b"z"):
        return body
    opened = zlib.decompressobj()
    try:
        plain = opened.decompress(body[1:], most)
    except zlib.error as error:
        raise CorruptedCheckpointError(f"{what} is damaged: {sentence(error)}") from None
    if not opened.eof:
        raise CorruptedCheckpointError(f"{what} is beyond the limit of {most} bytes.")
    return plain
