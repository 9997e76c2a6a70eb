"""What the view asks of breakpoints and watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable


class BreakpointLike(Protocol):
    """What every breakpoint has, whatever it stops at."""

    @property
    def id(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def hits(self) -> int: ...


@runtime_checkable
class NodeBreakpointLike(BreakpointLike, Protocol):
    """One that stops before a node, or after it."""

    @property
    def path(self) -> str: ...
    @property
    def stops_after(self) -> bool: ...
    @property
    def one_item(self) -> bool: ...


@runtime_checkable
class EdgeBreakpointLike(BreakpointLike, Protocol):
    """One that stops where an edge is taken, or refused: from a path to a name at its level."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def refused(self) -> bool: ...


@runtime_checkable
class WatchLike(BreakpointLike, Protocol):
    """One that stops where a value changes: at a place with `parts`, or of a predicate."""

    @property
    def what(self) -> Any: ...


class BreakpointsLike(Protocol):
    """All breakpoints, and what is done to one by its id."""

    def __iter__(self) -> Iterator[BreakpointLike]: ...
    def __len__(self) -> int: ...
    def remove(self, which: Any) -> None: ...
    def enable(self, which: Any, on: bool = True) -> None: ...
