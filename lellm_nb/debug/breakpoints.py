"""Stops that a user sets: kept by path, so that they survive rewind, fork and new code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lellm_nb.errors import DebuggerError

__all__ = ["Breakpoint", "Breakpoints"]


class Breakpoint:
    """A stop at a node.

    Attributes:
        id: A number to name it by.
        path: The node's path without visits.
        when: Asked with the state of the node's level; stops where it is true.
        visit: Stops at this visit only.
        ignore: How many hits are let pass first.
        after: Whether it stops after the node's commit, instead of before the node runs.
        enabled: Set it to False to keep it for later.
        hits: How often it was met while enabled.
    """

    def __init__(
        self,
        id: int,
        path: str,
        *,
        when: Callable[[Any], Any] | None = None,
        visit: int | None = None,
        ignore: int = 0,
        after: bool = False,
    ) -> None:
        self.id = id
        self.path = path
        self.when = when
        self.visit = visit
        self.ignore = ignore
        self.after = after
        self.enabled = True
        self.hits = 0

    @property
    def label(self) -> str:
        """What it is, in words."""
        more = f" visit {self.visit}" if self.visit is not None else ""
        more += f" if {getattr(self.when, '__name__', 'condition')}" if self.when else ""
        return f"{'after' if self.after else 'before'} {self.path}{more}"

    def hit(self, visit: int, state: Any) -> bool:
        """Tell whether to stop here.

        Raises:
            Exception: Whatever `when` raises.
        """
        if not self.enabled or (self.visit is not None and visit != self.visit):
            return False
        if self.when is not None and not self.when(state):
            return False
        self.hits += 1
        return self.hits > self.ignore

    def __repr__(self) -> str:
        state = "" if self.enabled else " (disabled)"
        return f"<Breakpoint {self.id} {self.label}{state}, hits {self.hits}>"


class Breakpoints:
    """The breakpoints of a run: listed, enabled, disabled and removed here."""

    def __init__(self) -> None:
        self._all: list[Breakpoint] = []
        self._next = 1
        self.before: dict[str, list[Breakpoint]] = {}
        self.after: dict[str, list[Breakpoint]] = {}

    def add(self, path: str, **options: Any) -> Breakpoint:
        """Set a breakpoint at a path."""
        made = Breakpoint(self._next, path, **options)
        self._next += 1
        self._all = [*self._all, made]
        self._index()
        return made

    def remove(self, which: Breakpoint | int | str) -> None:
        """Remove one, by itself, its id, or all at a path.

        Raises:
            DebuggerError: There is no such breakpoint.
        """
        found = self.find(which)
        self._all = [b for b in self._all if b not in found]
        self._index()

    def clear(self) -> None:
        """Remove them all."""
        self._all = []
        self._index()

    def enable(self, which: Breakpoint | int | str, on: bool = True) -> None:
        """Enable one again, or all at a path."""
        for breakpoint in self.find(which):
            breakpoint.enabled = on

    def disable(self, which: Breakpoint | int | str) -> None:
        """Keep one without stopping at it."""
        self.enable(which, False)

    def find(self, which: Breakpoint | int | str) -> list[Breakpoint]:
        """Return what an id, a path or a breakpoint means.

        Raises:
            DebuggerError: There is no such breakpoint; lists those that are.
        """
        found = [b for b in self._all if which in (b, b.id, b.path)]
        if not found:
            known = ", ".join(f"{b.id} ({b.label})" for b in self._all) or "none"
            raise DebuggerError(f"There is no breakpoint {which!r}. Set: {known}.")
        return found

    def _index(self) -> None:
        for table, after in ((self.before, False), (self.after, True)):
            table.clear()
            for breakpoint in self._all:
                if breakpoint.after is after:
                    table.setdefault(breakpoint.path, []).append(breakpoint)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._all)) or "(no breakpoints)"
