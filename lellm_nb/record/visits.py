"""How often each node of a level ran, at any moment of its past.

Copying counters per step would be quadratic on long graphs; versions share one
log instead and look back into it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping

__all__ = ["Visits"]

FLATTEN = 32
"""Forks of forks beyond this depth copy their counts, so that a lookup stays short."""


class Visits:
    """A log of ``(step, key)`` that versions share; a version is the log and its step.

    The version at the tip extends the log for free; another one (after a rewind,
    or past a commit that was thrown away) goes on in a segment of its own.

    Example:
        >>> log = Visits()
        >>> log, first = log.record(0, "draft"); log, second = log.record(1, "draft")
        >>> first, second, log.count("draft", 1)
        (1, 2, 1)
        >>> other, again = log.record(1, "draft")
        >>> again, other is log
        (2, False)
    """

    __slots__ = ("_counts", "_depth", "_marks", "_parent", "_since", "_tip")

    def __init__(
        self,
        counts: Mapping[str, int] | None = None,
        step: int = 0,
        parent: Visits | None = None,
    ) -> None:
        self._marks: dict[str, array[int]] = {}
        self._counts = dict(counts or {})
        self._since = step
        self._tip = step
        self._parent = parent
        self._depth: int = parent._depth + 1 if parent else 0

    def record(self, step: int, key: str) -> tuple[Visits, int]:
        """Note that `key` was visited in the step after `step`; return log and number."""
        if step != self._tip:
            return self._branch(step).record(step, key)
        self._tip = step + 1
        marks = self._marks.get(key)
        if marks is None:
            marks = self._begun(key)
        marks.append(step)
        return self, self._counts[key] + len(marks)

    def also(self, step: int, key: str) -> None:
        """Note a second key for the step that was just recorded."""
        (self._marks.get(key) or self._begun(key)).append(step)

    def plus(self, step: int, key: str) -> Visits:
        """Return a version in which `key` was visited once more at `step`."""
        made = self._branch(step)
        made._counts[key] = self.count(key, step) + 1
        return made

    def _begun(self, key: str) -> array[int]:
        """Return the marks of a key that has none here yet."""
        marks = self._marks[key] = array("q")
        if key not in self._counts:
            above = self._parent
            self._counts[key] = 0 if above is None else above.count(key, self._since)
        return marks

    def _branch(self, step: int) -> Visits:
        if self._depth >= FLATTEN:
            return Visits(self.counts(step), step)
        return Visits(None, step, self)

    def count(self, key: str, step: int) -> int:
        """Return how often `key` had been visited when `step` steps were done."""
        if step < self._since:
            return self._parent.count(key, step) if self._parent else 0
        marks = self._marks.get(key)
        if marks is not None:
            seen = len(marks) if step >= self._tip else bisect_left(marks, step)
            return self._counts[key] + seen
        if key in self._counts:
            return self._counts[key]
        return self._parent.count(key, self._since) if self._parent else 0

    def counts(self, step: int) -> dict[str, int]:
        """Return all counts that are not zero when `step` steps were done."""
        keys: dict[str, None] = {}
        log: Visits | None = self
        while log is not None:
            keys |= dict.fromkeys([*log._counts, *log._marks])
            log = log._parent
        found = {key: self.count(key, step) for key in keys}
        return {key: n for key, n in sorted(found.items()) if n}
