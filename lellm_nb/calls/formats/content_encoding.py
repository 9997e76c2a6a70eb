"""Bodies that were packed for the way: as the header ``content-encoding`` says."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import Any

__all__ = ["unpacked"]

_ZLIB = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""By name: what zlib calls it; what some servers call deflate has no head."""

_PACKERS: dict[str, tuple[tuple[str, str], ...]] = {
    "br": (("brotli", "Decompressor"), ("brotlicffi", "Decompressor")),
    "zstd": (("compression.zstd", "ZstdDecompressor"), ("zstandard", "ZstdDecompressor")),
}
"""What unpacks the forms that zlib does not know; a client that asked for one has it."""


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body as it was before it was packed; as much of one that was cut as there is.

    What can't be unpacked comes back as it is.

    Example:
        >>> import gzip
        >>> unpacked(gzip.compress(b"hello"), "gzip"), unpacked(b"hello", "identity")
        (b'hello', b'hello')
    """
    for name in reversed(encoding.lower().split(",")):  # the last was put around the others
        name = name.strip()
        if name in _ZLIB:
            body = _inflated(body, _ZLIB[name])
        elif name in _PACKERS:
            body = _by_package(body, name)
    return body


def _inflated(body: bytes, forms: tuple[int, ...]) -> bytes:
    for bits in forms:
        unpacker = zlib.decompressobj(bits)
        try:
            return unpacker.decompress(body)
        except zlib.error:
            continue
    return body


def _by_package(body: bytes, encoding: str) -> bytes:
    for module, name in _PACKERS[encoding]:
        try:
            made: Any = getattr(import_module(module), name)()
            made = made.decompressobj() if hasattr(made, "decompressobj") else made
            unpack = made.process if hasattr(made, "process") else made.decompress
            return bytes(unpack(body))
        except Exception:  # there is no such package, or it does not take these bytes
            continue
    return body
