"""Rows of a run as JSON text, each without its end: in saved files and in folders.

What each holds stands in `lellm_nb.store.archive`.
"""

from __future__ import annotations

from lellm_nb.record.codec.values import to_bytes
from lellm_nb.store.rows import LineRow

__all__ = ["anchor", "items", "line", "mark", "template", "value"]


def line(row: LineRow) -> bytes:
    """Return a line."""
    return to_bytes(["line", *row])[:-1]


def template(number: int, body: bytes) -> bytes:
    """Return what frames of one kind and path share."""
    return b'["template",%d,%b' % (number, body)


def value(number: int, body: bytes) -> bytes:
    """Return a large value.

    Example:
        >>> value(7, b'"x"')
        b'["value",7,"x"'
    """
    return b'["value",%d,%b' % (number, body)


def items(number: int, start: int, body: bytes) -> bytes:
    """Return a piece of a long list."""
    return b'["items",%d,%d,%b' % (number, start, body)


def anchor(line: int, index: int, body: bytes) -> bytes:
    """Return a whole position."""
    return b'["anchor",%d,%d,%b' % (line, index, body)


def mark(kind: str, key: str, body: bytes) -> bytes:
    """Return what else is known of the run."""
    return b"%b,%b" % (to_bytes(["mark", kind, key])[:-1], body)
