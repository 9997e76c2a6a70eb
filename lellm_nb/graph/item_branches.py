"""What runs for each item of a map: one node, found under any number (SEMANTICS P6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["EACH", "ItemBranches", "is_at"]

EACH = "*"
"""What stands for every item where a graph is walked: ``check/*`` is each of ``check/0``, …"""


class ItemBranches(Mapping[str, Any]):
    """The branches of a map before its list is known.

    A walk meets what runs once, under ``*``; a run finds it under every number.

    Example:
        >>> branches = ItemBranches("a node")
        >>> list(branches), branches["7"], "x" in branches, "07" in branches
        (['*'], 'a node', False, False)
    """

    __slots__ = ("each",)

    def __init__(self, each: Any) -> None:
        self.each = each

    def __getitem__(self, name: str) -> Any:
        if name == EACH or _is_number(name):
            return self.each
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter((EACH,))

    def __len__(self) -> int:
        return 1


def is_at(path: str, named: str) -> bool:
    """Tell whether a path, with its visits, is of a node as it was named: for one item or for all.

    Example:
        >>> is_at("check#2/3/draft", "check/3/draft"), is_at("check/4/draft", "check/3/draft")
        (True, False)
        >>> is_at("rows/0/cells/3", "rows/*/cells/3")
        True
    """
    segments = zip(path.split("/"), named.split("/"), strict=False)
    return all(wanted in (EACH, segment.partition("#")[0]) for segment, wanted in segments)


def named_for(path: str, static: str, names: Iterable[str]) -> str:
    """Return the name under which something is kept of a node: that of its item, else of all.

    Args:
        path: The node's path, with its visits.
        static: The same without them, and with ``*`` for each item.
        names: What there is.

    Example:
        >>> named_for("check/3", "check/*", ["check/*", "check/3"]), named_for("a", "a", [])
        ('check/3', 'a')
    """
    if EACH in static:
        for name in names:
            if name != static and name.count("/") == static.count("/") and is_at(path, name):
                return name
    return static


def _is_number(name: Any) -> bool:
    plain = isinstance(name, str) and name.isascii() and name.isdecimal()
    return plain and (name[0] != "0" or name == "0")
