"""Where a run stands after a frame: the nodes that would move next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lellm_nb.graph.outline import Outline

from .protocols import FrameLike


def places_after(frame: FrameLike, outline: Outline) -> frozenset[int]:
    """Return the numbers of the nodes that are current after `frame`.

    Inside a parallel region that is one node for each branch still under way.
    """
    return frozenset(_places(frame.position, -1, outline))


def _places(level: Any, parent: int, outline: Outline) -> Iterator[int]:
    if level is None or level.node is None:
        return
    number = outline.child(parent, level.node)
    if number < 0:
        return
    inner = level.inner
    if inner is None:
        # Entering a composite is no step: before the first one inside it the
        # position still names the composite, and what moves is its start.
        yield from (number,) if level.hold is not None else outline.entries(number)
        return
    found = False
    branches = getattr(inner, "branches", None)
    for one in [inner] if branches is None else [b for _, b in branches.items()]:
        for place in _places(one, number, outline):
            found = True
            yield place
    if not found:
        yield number
