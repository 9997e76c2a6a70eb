"""What an engine keeps beside a position, in a form that a store can hold without knowing it.

An engine of another library has more of a position than levels and their states. Stored, that is
a `Native`: levels by name with facts and values, and what is in a level's state is not in it a
second time. What writes and reads it (`record/native/native_rows.py`) knows nothing of the library;
the adapter takes its own objects apart and makes them again (`NativeParts`). Without an adapter
a `Native` is passed on as it is: to be looked at, and saved once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from lellm_nb.record.position import Position, below

__all__ = ["AS_STORED", "Native", "NativeLevel", "NativeParts", "Wrote", "named_levels"]


class Wrote(NamedTuple):
    """What one task wrote.

    Attributes:
        facts: What the engine says of it, as JSON has it.
        pairs: Names and values, in order.
    """

    facts: Any
    pairs: tuple[tuple[str, Any], ...]


class NativeLevel:
    """One level of an engine's own position; never changed.

    Attributes:
        state: Its state.
        facts: What the engine says of it: nested dicts, of which a row has what changed.
        values: What it holds that is no part of the state.
        wrote: What its tasks wrote that is still to be applied, by task.
        made: What an adapter has made of it.
    """

    __slots__ = ("facts", "made", "state", "values", "wrote")

    def __init__(
        self,
        state: Any,
        facts: Mapping[str, Any],
        values: Mapping[str, Any],
        wrote: Mapping[str, Wrote],
    ) -> None:
        self.state = state
        self.facts = facts
        self.values = values
        self.wrote = wrote
        self.made: Any = None


class Native(NamedTuple):
    """An engine's own position.

    Attributes:
        levels: By the engine's names for them.
        pairs: What the frame's task wrote.
        tasks: The tasks that are open, by id, as JSON has them.
        broken: Why it cannot be gone on from; empty where it can.
    """

    levels: Mapping[str, NativeLevel]
    pairs: tuple[tuple[str, Any], ...] = ()
    tasks: Mapping[str, Any] = {}  # never changed
    broken: str = ""


class NativeParts(Protocol):
    """How an adapter's own positions are taken apart, and made again."""

    def levels(self, native: Any) -> Mapping[str, Any]:
        """Return the levels of what a position has beside it, by name: the adapter's objects."""

    def state(self, level: Any) -> Any:
        """Return the state of a level."""

    def level(self, level: Any) -> NativeLevel:
        """Return a level taken apart."""

    def pairs(self, native: Any) -> tuple[tuple[str, Any], ...]:
        """Return what the frame's task wrote."""

    def tasks(self, native: Any) -> Mapping[str, Any]:
        """Return the tasks that are open."""

    def made(self, native: Native) -> Any:
        """Return what a position is to have beside it."""

    def kept(self, native: Any) -> Native | None:
        """Return what `made` was given; `None` of what was not read from a store."""


class _AsStored:
    """Passes on what was stored."""

    def levels(self, native: Any) -> Mapping[str, Any]:
        found: Mapping[str, Any] = native.levels
        return found

    def state(self, level: Any) -> Any:
        return level.state

    def level(self, level: Any) -> NativeLevel:
        found: NativeLevel = level
        return found

    def pairs(self, native: Any) -> tuple[tuple[str, Any], ...]:
        found: tuple[tuple[str, Any], ...] = native.pairs
        return found

    def tasks(self, native: Any) -> Mapping[str, Any]:
        found: Mapping[str, Any] = native.tasks
        return found

    def made(self, native: Native) -> Any:
        return native

    def kept(self, native: Any) -> Native | None:
        return native if isinstance(native, Native) else None


AS_STORED: NativeParts = _AsStored()


def named_levels(root: Position) -> Iterator[Position]:
    """Walk the levels of a position, the outermost first, in one order for all who look.

    Example:
        >>> from lellm_nb.record.visits import Visits
        >>> inner = Position("llm", {}, 0, Visits())
        >>> [at.node for at in named_levels(Position("agent", {}, 0, Visits(), None, inner))]
        ['agent', 'llm']
    """
    yield root
    for _, _, level in below(root):
        yield from named_levels(level)
