"""What a client is given to send, as bytes, where it can be known before it is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

__all__ = ["body_bytes"]


def body_bytes(body: Any) -> bytes:
    """Return what is sent; nothing for what can be read only once, for the client has to.

    Example:
        >>> body_bytes("hé"), body_bytes({"a": "b c"}), body_bytes(iter(["x"]))
        (b'h\\xc3\\xa9', b'a=b+c', b'')
    """
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, dict | list | tuple):
        try:
            return urlencode(body, doseq=True).encode()
        except (TypeError, ValueError):  # parts of a form that are no pairs of texts
            return b""
    if hasattr(body, "seekable") and body.seekable():
        at = body.tell()
        read = body.read()
        body.seek(at)
        return body_bytes(read)
    return b""
