"""Where a run stands: a plain value that never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lellm_nb.record.visits import Visits
from lellm_nb.state.compact import Data, Tail, Wide
from lellm_nb.state.sameness import equal
from lellm_nb.state.state import view

__all__ = [
    *("TO_ROUTE", "Fan", "Position", "SuperStep", "ToRoute", "Waiting"),
    *("below", "has_finished", "open_at"),
]


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
    per branch; while several tasks of one level run, it is a `SuperStep`.

    Attributes:
        node: The next node of this level; `None` once the level has ended.
        data: The level's state in compact form; `state` is what user code reads.
        step: How many steps of this level are committed.
        visits: The shared log of visits; this level's version is at `step`.
        hold: What has to happen before the node moves: a `Waiting`, a `ToRoute` or `None`.
        inner: What runs inside the node: a `Position`, a `Fan` or `None`.
        wrote: The mutations of this level since it was entered; `None` at the root.
        native: What an engine keeps beside it (`record/native`); nothing of ours reads it.
    """

    __slots__ = ("data", "hold", "inner", "native", "node", "step", "visits", "wrote")

    def __init__(
        self,
        node: str | None,
        data: Data | Any,
        step: int,
        visits: Visits,
        hold: Waiting | ToRoute | None = None,
        inner: Position | Fan | None = None,
        wrote: Tail | None = None,
        native: Any = None,
    ) -> None:
        self.node = node
        self.data = data
        self.step = step
        self.visits = visits
        self.hold = hold
        self.inner = inner
        self.wrote = wrote
        self.native = native

    @classmethod
    def begin(cls, node: str, data: Data | Any, *, inner: bool = False) -> Position:
        """Return the position before the first step of a level."""
        return cls(node, data, 0, Visits(), None, None, Tail.of(()) if inner else None)

    def holding(self, inner: Position | Fan) -> Position:
        """Return this level with something else inside its node."""
        node, hold, wrote = self.node, self.hold, self.wrote
        return Position(node, self.data, self.step, self.visits, hold, inner, wrote, self.native)

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
        items: In a map: what each branch is for, as it is kept; else `None`.
    """

    __slots__ = ("branches", "items", "open", "turn")

    def __init__(self, branches: Any, turn: int, open: int, items: Any = None) -> None:
        self.branches = branches
        self.turn = turn
        self.open = open
        self.items = items

    @classmethod
    def begin(cls, datas: Mapping[str, Any], items: Any = None) -> Fan:
        """Return the branches before their first step, each with its state, by their names."""
        begun = {name: Position.begin(name, data, inner=True) for name, data in datas.items()}
        return cls(Wide.of(begun), 0, len(begun), items)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        same = (self.turn, self.open) == (other.turn, other.open)
        same = same and equal(self.items, other.items)
        return same and dict(self.branches.items()) == dict(other.branches.items())

    __hash__ = None  # type: ignore[assignment]  # holds states, which are unhashable

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind}: {self.open} of {len(self.branches)} branches open, turn {self.turn}>"


class SuperStep(Fan):
    """The open tasks of one level that run side by side, with no Parallel around them.

    Each branch *is* the level itself, seen at one of its tasks: it has the level's own state, the
    task's node, and inside of it what was entered there. So a super-step adds nothing to paths
    and level keys. A branch is named as its task is in paths: ``work``, and ``work#2`` for the
    second task of one node; one that has finished is at no node any more.

    Example:
        >>> at = Position("sub + work", {"n": 1}, 3, Visits())
        >>> tasks = {name: Position(name, at.data, 3, at.visits) for name in ("sub", "work")}
        >>> at.holding(SuperStep(tasks))
        <Position: sub + work after 3 steps, inside: <SuperStep: 2 of 2 branches open, turn 0>>
        >>> [(segment, task.node) for segment, task in open_at(at.holding(SuperStep(tasks)))]
        [('sub', 'sub'), ('work', 'work')]
    """

    __slots__ = ()

    def __init__(self, branches: Any, turn: int = 0, open: int | None = None) -> None:
        if open is None:
            open = sum(task.node is not None for _, task in branches.items())
        super().__init__(branches, turn, open)

    def of_node(self, node: str) -> list[Position]:
        """Return the level at each task of a node, in order; those that have finished, too."""
        tasks = self.branches.items()
        return [task for name, task in tasks if name.partition("#")[0] == node]

    def entered_by(self, segment: str) -> Position | None:
        """Return the level at the task that paths enter by a segment; `None` where there is none.

        Inside of a node its visit stands in paths, which is not its number in the super-step.

        Example:
            >>> visits, _ = Visits().record(0, "w")
            >>> step = SuperStep({name: Position("w", {}, 1, visits) for name in ("w", "w#2")})
            >>> step.entered_by("w#3") is step.branches["w#2"]
            True
        """
        node, _, number = segment.partition("#")
        named = self.of_node(node)
        if len(named) < 2:
            return named[0] if named else None
        before = named[0].visits.count(node, named[0].step) - sum(t.node is None for t in named)
        at = (int(number) if number.isdecimal() else 1) - before - 1
        if 0 <= at < len(named):
            return named[at]
        entered = (task for task in named if task.inner is not None)
        return next(entered, named[0])


def open_at(level: Position) -> Iterator[tuple[str, Position]]:
    """Walk the tasks that a level is open at, each with its segment of a path.

    That is the level itself at its next node; in a super-step it is the level at each task that
    has not finished. What is inside of a task is a `Position`, a `Fan` of branches or nothing.

    Example:
        >>> [segment for segment, _ in open_at(Position("agent", {}, 0, Visits()))]
        ['agent']
    """
    if isinstance(level.inner, SuperStep):
        for segment, task in level.inner.branches.items():
            if task.node is not None:
                yield segment, task
    elif level.node is not None:
        yield level.node, level


def has_finished(level: Position, path: str) -> bool:
    """Tell whether what a node of a level wrote is still to be joined: its super-step is open.

    Args:
        path: That of the node.

    Example:
        >>> done, open = Position(None, {}, 1, Visits()), Position("b", {}, 1, Visits())
        >>> level = Position("a + b", {}, 1, Visits(), None, SuperStep({"a": done, "b": open}))
        >>> has_finished(level, "a"), has_finished(level, "b"), has_finished(level, "c")
        (True, False, False)
    """
    if not isinstance(level.inner, SuperStep):
        return False
    task = level.inner.branches.get(path.rpartition("/")[2])
    return task is not None and task.node is None


def below(level: Position) -> Iterator[tuple[str, str, Position]]:
    """Walk the levels directly below one: the segment that leads there, the branch, the level.

    The branch is empty but in a Parallel. The tasks of a super-step are not below their level,
    they are that level; what is inside of them is below it.

    Example:
        >>> inner = Position("llm", {}, 0, Visits())
        >>> list(below(Position("agent", {}, 0, Visits(), None, inner)))
        [('agent', '', <Position: llm after 0 steps>)]
    """
    for segment, task in open_at(level):
        inner = task.inner
        if isinstance(inner, Position):
            yield segment, "", inner
        elif inner is not None:
            for branch, one in inner.branches.items():
                yield segment, branch, one


def _inside(inner: Position | Fan | None) -> Iterator[Position]:
    if isinstance(inner, Position):
        yield inner
    elif inner is not None:
        yield from (level for _, level in inner.branches.items())
