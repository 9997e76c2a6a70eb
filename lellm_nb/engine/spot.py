"""The rule that decides what happens next.

A step has three parts: find the *spot* (this module), *perform* it, *commit* it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from enum import Enum
from typing import NamedTuple

from lellm_nb.engine.scope import Scope, Site
from lellm_nb.record.position import Fan, Position, Waiting

__all__ = ["Move", "Spot", "can_move", "find_spot", "movable_spots", "next_move", "waiting_spots"]


class Move(Enum):
    """What a level does next."""

    RUN = "run"  # perform the node, commit
    WAIT = "wait"  # a barrier: commit that it waits
    DECIDE = "decide"  # a decision is needed; nothing moves without one
    ROUTE = "route"  # committed before, only the way out is to be found
    ENTER = "enter"  # what happens next happens inside a subgraph
    FAN = "fan"  # … or inside the branches of a parallel
    EXIT = "exit"  # the subgraph inside has ended: take its result out
    JOIN = "join"  # all branches have ended: merge them
    ENDED = "ended"  # this level is through

    # members are compared by identity on the hot path; Enum's own hash is slow
    __hash__ = object.__hash__


_BY_KIND = {
    "task": Move.RUN,
    "condition": Move.RUN,
    "barrier": Move.WAIT,
    "subgraph": Move.ENTER,
    "parallel": Move.FAN,
    "map": Move.FAN,
}


class Spot(NamedTuple):
    """One place where a position can move."""

    scope: Scope
    level: Position
    move: Move
    site: Site | None


def next_move(scope: Scope, level: Position) -> tuple[Move, Site | None]:
    """Tell what one level does next, without looking inside composites.

    Raises:
        NodeNotFoundError: The next node is not in the level's graph (any more).
    """
    name = level.node
    if name is None:
        return Move.ENDED, None
    site = scope.site(name)
    if level.hold is not None:
        return (Move.DECIDE if isinstance(level.hold, Waiting) else Move.ROUTE), site
    return _BY_KIND[site.kind], site


def find_spot(scope: Scope, level: Position, doomed: Container[int] = ()) -> Spot:
    """Find the one spot that a single step moves, branches taken in turn.

    `DECIDE` comes back only where nothing else can move.

    Args:
        doomed: The ids of branches that have failed where they stand, and of levels that
            cannot move: their siblings go first.

    Raises:
        NodeNotFoundError: A next node is not in its graph (any more), or is another kind of
            node there than the one that the position is inside of.
    """
    move, site = next_move(scope, level)
    if move is Move.ENTER:
        assert site is not None
        inner = scope.inside(level)
        if not isinstance(inner, Position):
            raise scope.changed(site)
        spot = find_spot(scope.child(site, level), inner, doomed)
        return Spot(scope, level, Move.EXIT, site) if spot.move is Move.ENDED else spot
    if move is Move.FAN:
        assert site is not None
        return _spot_in_turn(scope, level, site, doomed)
    return Spot(scope, level, move, site)


def _spot_in_turn(scope: Scope, level: Position, site: Site, doomed: Container[int]) -> Spot:
    fan = scope.inside(level)
    if not isinstance(fan, Fan):
        raise scope.changed(site)
    if not fan.open:
        return Spot(scope, level, Move.JOIN, site)
    names = list(fan.branches if site.kind == "map" else site.node.branches)
    held: Spot | None = None
    late: Spot | None = None
    for i in range(len(names)):
        name = names[(fan.turn + i) % len(names)]
        branch = fan.branches.get(name)
        if branch is None:
            raise scope.changed(site)
        if branch.node is None:
            continue
        spot = find_spot(scope.child(site, level, name), branch, doomed)
        if id(branch) in doomed or id(spot.level) in doomed:
            late = late or spot
        elif spot.move is Move.DECIDE:
            held = held or spot
        else:
            return spot
    found = held or late
    if found is None:
        raise scope.changed(site)
    return found


def can_move(scope: Scope, level: Position, site: Site, doomed: Container[int]) -> bool:
    """Tell whether a branch of a fan may still move, or may still be asked."""
    fan = scope.inside(level)
    if not isinstance(fan, Fan):
        raise scope.changed(site)
    for name, branch in fan.branches.items():
        if branch.node is not None and id(branch) not in doomed:
            spot = find_spot(scope.child(site, level, name), branch, doomed)
            if id(spot.level) not in doomed:
                return True
    return False


def movable_spots(scope: Scope, level: Position) -> Iterator[Spot]:
    """Walk every spot that could move now: one, or one per open branch."""
    if level.node is not None:
        site = scope.site(level.node)
        if level.hold is None and _BY_KIND[site.kind] is Move.FAN:
            fan = scope.inside(level)
            if not isinstance(fan, Fan):
                raise scope.changed(site)
            if fan.open:
                for name, branch in fan.branches.items():
                    yield from movable_spots(scope.child(site, level, name), branch)
                return
        if level.hold is None and site.kind == "subgraph":
            inner = scope.inside(level)
            if not isinstance(inner, Position):
                raise scope.changed(site)
            if inner.node is not None:
                yield from movable_spots(scope.child(site, level), inner)
                return
        spot = find_spot(scope, level)
        if spot.move is not Move.DECIDE:
            yield spot


def levels_within(scope: Scope, level: Position) -> Iterator[tuple[Scope, Position]]:
    """Walk a level and those inside it, the outermost first, branches in registration order."""
    yield scope, level
    if isinstance(level.inner, Position):
        site = scope.site(level.node or "")
        yield from levels_within(scope.child(site, level), level.inner)
    elif isinstance(level.inner, Fan):
        site = scope.site(level.node or "")
        for name, branch in level.inner.branches.items():
            yield from levels_within(scope.child(site, level, name), branch)


def waiting_spots(scope: Scope, level: Position) -> Iterator[Spot]:
    """Walk every barrier that waits, in registration order."""
    for inner, held in levels_within(scope, level):
        if isinstance(held.hold, Waiting):
            yield Spot(inner, held, Move.DECIDE, inner.site(held.node or ""))
