"""The debuggers of one run: each line has its own."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from lellm_nb.debug.core.protocols import OneLine

__all__ = ["Family", "debugger_of", "latest"]


def _nobody() -> Any:
    return None


_latest: Callable[[], Any] = _nobody


def latest() -> Any:
    """Return the debugger made last that is still alive, or `None`."""
    return _latest()


def debugger_of(session: Any) -> Any:
    """Return the debugger of a session that is still alive, or `None`."""
    found = (family.of_session(session) for family in list(_families))
    return next((one for one in found if one is not None), None)


class Family:
    """Knows the debuggers of a run by their lines, and makes the next one.

    Args:
        make: Makes a debugger of a context.
        before_run: Called before nodes run.
    """

    def __init__(
        self, make: Callable[[Any], Any], before_run: Callable[[], None] = _nobody
    ) -> None:
        self.before_run = before_run
        self._make = make
        self._forks: dict[str, Any] = {}
        # who stands on which line, as it was when heads had gone over so often
        self._standing: dict[str, Callable[[], Any]] = {}
        self._crossings = 0
        self._history: Any = None
        self._lock = threading.Lock()
        # weak: a run that nobody holds any more lets its store go, whatever forks there were
        self._known: weakref.WeakKeyDictionary[Any, OneLine] = weakref.WeakKeyDictionary()
        _families.add(self)

    def born(self, debugger: Any, context: OneLine) -> None:
        """Take note of a debugger; the first one is not kept alive."""
        global _latest
        with self._lock:
            self._history = context.session.history
            self._known[debugger] = context
            self._standing.setdefault(context.session.line.name, weakref.ref(debugger))
        _latest = weakref.ref(debugger)

    def first(self, context: OneLine) -> Any:
        """Make the debugger of a run; it is not kept alive."""
        return self._make(context)

    def of_session(self, session: Any) -> Any:
        """Return the debugger that stands on a session, or `None`."""
        return next((one for one in self._everyone() if self._known[one].session is session), None)

    def add(self, context: OneLine) -> Any:
        """Make the debugger of a line of the same run."""
        made = self._make(context)
        self._forks[context.session.line.name] = made
        return made

    def of_line(self, name: str) -> Any:
        """Return the debugger that stands on a line, or `None`."""
        one = self._forks.get(name)
        if one is not None and one.line == name:
            return one
        with self._lock:
            found = self._standing.get(name, _nobody)()
            if self._crossings != self._history.crossings or (
                found is None and name in self._standing
            ):
                found = self._look_again().get(name, _nobody)()
        return found

    def _look_again(self) -> dict[str, Callable[[], Any]]:
        """Return who stands on each line, the first one of several."""
        self._crossings = self._history.crossings
        self._standing = {}
        for one in self._everyone():
            self._standing.setdefault(one.line, weakref.ref(one))
        return self._standing

    def contexts(self) -> list[OneLine]:
        """Return the contexts of the debuggers that there are, the first one first."""
        return [self._known[one] for one in self._everyone()]

    def _everyone(self) -> list[Any]:
        # by its list of references: another thread may be making a fork
        return [one for known in self._known.keyrefs() if (one := known()) is not None]


_families: weakref.WeakSet[Family] = weakref.WeakSet()
