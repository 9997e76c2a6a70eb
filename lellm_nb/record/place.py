"""Where a step was made, and what is asked of anything that has such a place."""

from __future__ import annotations

import re
from typing import Protocol

from lellm_nb.record.position import Position

__all__ = ["Located", "Place"]

_VISIT = re.compile(r"#\d+")


class Place:
    """Where a frame was made: shared by all frames of one node.

    Attributes:
        static: The path without the visits of composites, ``agent/llm`` for ``agent#2/llm``, and
            with ``*`` for the items of a map: ``check/*`` for ``check/3``.
    """

    __slots__ = ("graph_id", "node", "path", "static")

    def __init__(self, graph_id: str, path: str, node: str, static: str | None = None) -> None:
        self.graph_id = graph_id
        self.path = path
        self.node = node
        if static is None:
            static = _VISIT.sub("", path) if "#" in path else path
        self.static = static


class Located(Protocol):
    """A step with its place, the whole position it led to, and its own level in that; a frame."""

    @property
    def place(self) -> Place:
        """Where it was made."""

    @property
    def position(self) -> Position:
        """The whole position it led to."""

    @property
    def level(self) -> Position:
        """Its own level within that position."""
