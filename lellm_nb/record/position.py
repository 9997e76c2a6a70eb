"""Where a run stands: a plain value that never changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lellm_nb.record.visits import Visits
from lellm_nb.state.compact import Data, Tail
from lellm_nb.state.sameness import equal
from lellm_nb.state.state import view

__all__ = ["TO_ROUTE", "Fan", "Position", "ToRoute", "Waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a position waits for: one barrier.

    Attributes:
        barrier_id: ``<path>#<occurrence>``, such as ``agent/approve#0``.
        name: The last segment of the path: the barrier's name, or what `ctx.pause` was given.
        timeout: Seconds until the default action, or `None`.
        then: Where a `ctx.goto` of the pausing node leads; empty for the ordinary routing.
        ends: Whether the pausing node called `ctx.end`.
    """

    barrier_id: str
    name: str
    timeout: float | None = None
    then: str = ""
    ends: bool = False

    @property
    def path(self) -> str:
        """The id without its occurrence."""
        return self.barrier_id.rpartition("#")[0]


@dataclass(frozen=True, slots=True)
class ToRoute:
    """The node is committed, its way out is still to be found (SEMANTICS R4).

    Attributes:
        on: After a decision: the kinds of decision edges that it may take (SEMANTICS G8).
    """

    on: tuple[str, ...] = ()


TO_ROUTE: Final = ToRoute()


class Position:
    """One level of a run, and what has been entered inside its next node.

    The root's position is the whole position; `stack` lists the levels from the
    outer graph inwards. While branches run, `inner` is a `Fan` with one position
    per branch.

    Attributes:
        node: The next node of this level; `None` once the level has ended.
        data: The level's state in compact form; `state` is what user code reads.
        step: How many steps of this level are committed.
        visits: The shared log of visits; this level's version is at `step`.
        hold: What has to happen before the node moves: a `Waiting`, a `ToRoute` or `None`.
        inner: What runs inside the node: a `Position`, a `Fan` or `None`.
        wrote: The mutations of this level since it was entered; `None` at the root.
    """

    __slots__ = ("data", "hold", "inner", "node", "step", "visits", "wrote")

    def __init__(
        self,
        node: str | None,
        data: Data | Any,
        step: int,
        visits: Visits,
        hold: Waiting | ToRoute | None = None,
        inner: Position | Fan | None = None,
        wrote: Tail | None = None,
    ) -> None:
        self.node = node
        self.data = data
        self.step = step
        self.visits = visits
        self.hold = hold
        self.inner = inner
        self.wrote = wrote

    @classmethod
    def begin(cls, node: str, data: Data | Any, *, inner: bool = False) -> Position:
        """Return the position before the first step of a level."""
        return cls(node, data, 0, Visits(), None, None, Tail.of(()) if inner else None)

    def holding(self, inner: Position | Fan) -> Position:
        """Return this level with something else inside its node."""
        return Position(self.node, self.data, self.step, self.visits, self.hold, inner, self.wrote)

    @property
    def state(self) -> Any:
        """The level's state as user code reads it."""
        return view(self.data)

    @property
    def stack(self) -> list[Position]:
        """The levels from this one inwards, up to where branches begin."""
        levels = [self]
        while isinstance(levels[-1].inner, Position):
            levels.append(levels[-1].inner)
        return levels

    @property
    def waiting(self) -> list[Waiting]:
        """The barriers that wait in this level and below, in registration order."""
        return list(self._waiting())

    def _waiting(self) -> Iterator[Waiting]:
        if isinstance(self.hold, Waiting):
            yield self.hold
        for level in _inside(self.inner):
            yield from level._waiting()

    @property
    def ended(self) -> bool:
        """Whether this level is through."""
        return self.node is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return NotImplemented
        return (
            (self.node, self.step, self.hold) == (other.node, other.step, other.hold)
            and equal(self.data, other.data)
            and equal(self.wrote, other.wrote)
            and self.inner == other.inner
            and self.visits.counts(self.step) == other.visits.counts(other.step)
        )

    __hash__ = None  # type: ignore[assignment]  # holds a state, which is unhashable

    def __repr__(self) -> str:
        if self.node is None:
            return f"<Position: ended after {self.step} steps>"
        held = f", waiting at {self.hold.barrier_id}" if isinstance(self.hold, Waiting) else ""
        held = ", to be routed" if isinstance(self.hold, ToRoute) else held
        inner = f", inside: {self.inner!r}" if self.inner is not None else ""
        return f"<Position: {self.node} after {self.step} steps{held}{inner}>"


class Fan:
    """The positions of a Parallel's branches while they run.

    Attributes:
        branches: Branch name to its position; a version shares what did not change.
        turn: Whose turn it is when stepping, as a number in registration order.
        open: How many branches have not ended.
    """

    __slots__ = ("branches", "open", "turn")

    def __init__(self, branches: Any, turn: int, open: int) -> None:
        self.branches = branches
        self.turn = turn
        self.open = open

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fan):
            return NotImplemented
        return (self.turn, self.open) == (other.turn, other.open) and dict(
            self.branches.items()
        ) == dict(other.branches.items())

    __hash__ = None  # type: ignore[assignment]  # holds states, which are unhashable

    def __repr__(self) -> str:
        return f"<Fan: {self.open} of {len(self.branches)} branches open, turn {self.turn}>"


def _inside(inner: Position | Fan | None) -> Iterator[Position]:
    if isinstance(inner, Position):
        yield inner
    elif inner is not None:
        yield from (level for _, level in inner.branches.items())
