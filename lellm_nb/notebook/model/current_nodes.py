"""Where a run stands after a frame: the nodes that would move next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook.frame_protocol import FrameLike, PositionLike
from lellm_nb.record.position import SuperStep


def places_after(frame: FrameLike, outline: Outline) -> frozenset[int]:
    """Return the numbers of the nodes that are current after `frame`.

    Inside a parallel region that is one node for each branch still under way, and in a super-step
    one for each task; none where all are through, and what they wrote is still to be joined.
    """
    known = outline.memo.get("places")
    if known is not None and known[0] is frame.position:
        places: frozenset[int] = known[1]
        return places
    places = frozenset(_places(frame.position, -1, outline))
    outline.memo["places"] = (frame.position, places)
    return places


def _places(level: PositionLike | None, parent: int, outline: Outline) -> Iterator[int]:
    if level is None or level.node is None:
        return
    if isinstance(level.inner, SuperStep):
        yield from _fanned(level.inner.branches, parent, outline)  # they stand in this level
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
    inside = (
        _places(inner, number, outline) if branches is None else _fanned(branches, number, outline)
    )
    for place in inside:
        found = True
        yield place
    if not found:
        yield number


def _fanned(branches: Mapping[str, PositionLike], number: int, outline: Outline) -> Iterator[int]:
    """Yield the places in all branches; a branch that did not move since is known."""
    known = outline.memo.setdefault(number, {})
    for name, branch in branches.items():
        if branch.node is None:
            continue
        held = known.get(name)
        if held is None or held[0] is not branch:
            held = known[name] = (branch, tuple(_places(branch, number, outline)))
        yield from held[1]
