"""The canonical hash of a graph (SEMANTICS G6)."""

from __future__ import annotations

from collections.abc import Iterable

from lellm_nb.graph.edge import Edge

__all__ = ["canonical_hash", "fnv1a"]

OFFSET = 0xCBF29CE484222325
PRIME = 0x100000001B3


def fnv1a(text: str) -> int:
    """Return the 64-bit FNV-1a hash of a text's UTF-8 bytes.

    Example:
        >>> hex(fnv1a(""))
        '0xcbf29ce484222325'
    """
    value = OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


def canonical_hash(nodes: Iterable[str], edges: Iterable[Edge]) -> int:
    """Hash names and edges, independent of the order in which they were added.

    Example:
        >>> hex(canonical_hash(["a"], []))
        '0x89c4607b5459bd0'
    """
    names = ",".join(sorted(nodes))
    return fnv1a(f"{names}|{','.join(sorted(edge.hash_text() for edge in edges))}")
