"""Where runs stop: breakpoints before and after nodes, and targets of one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints import Breakpoint
from lellm_nb.debug.looking import Looking
from lellm_nb.debug.stop import Stop, StopReason
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position

__all__ = ["RAN", "Hit", "Stopping", "Target", "Until", "ask_breakpoint", "check_count"]

Until = str | tuple[str, int] | Callable[[Frame], Any] | None
Target = tuple[str, int | None]
Passed = tuple[int, str, int]
"""A stop's id (0 for a target), and the path and visit at which it was reported."""


class Hit(NamedTuple):
    """Why a run was asked to stop, from inside."""

    reason: StopReason
    breakpoint: Breakpoint | None = None
    error: Exception | None = None


class Stopping(Looking):
    """``break_at``, and the looks that a run takes before nodes and after frames."""

    _reported: tuple[Frame, set[Passed]] | None = None

    def break_at(
        self,
        node: str,
        *,
        when: Callable[[Any], Any] | None = None,
        visit: int | None = None,
        ignore: int = 0,
        after: bool = False,
    ) -> Breakpoint:
        """Stop runs before `node` runs, or after its commit.

        Args:
            node: Its path; a bare name where it is unique.
            when: Asked with the state of the node's level.
            visit: Stop at that visit only.
            ignore: How many hits to let pass first.
            after: Whether to stop after the commit instead.

        Raises:
            NoSuchNodeError: There is no such node, or more than one.
        """
        self._refuse_while_busy("break_at")
        path = self._static_path(node)
        made = self.breakpoints.add(path, when=when, visit=visit, ignore=ignore, after=after)
        self._changed()
        return made

    def _aim(self, until: Any) -> tuple[Target | None, Callable[[Frame], Any] | None]:
        """Take an `until` apart: a node to stop before, or a predicate to stop after.

        Raises:
            DebuggerError: It is neither.
            NoSuchNodeError: It names no node.
        """
        if until is None:
            return None, None
        if isinstance(until, str):
            return (self._static_path(until), None), None
        if isinstance(until, tuple) and len(until) == 2 and isinstance(until[0], str):
            return (self._static_path(until[0]), until[1]), None
        if callable(until):
            return None, until
        raise DebuggerError(
            f"until is a node, (node, visit), or a predicate of a frame, not {until!r:.60}."
        )

    def _static_path(self, node: Any) -> str:
        """Return the path without visits that a user's name means.

        Raises:
            NoSuchNodeError: There is no such node, or more than one.
        """
        paths = self.paths
        if node in paths:
            return str(node)
        ends = [path for path in paths if path.rpartition("/")[2] == node]
        if len(ends) == 1:
            return ends[0]
        problem = f"{node!r} is the name of several nodes; give a path." if ends else ""
        raise NoSuchNodeError(str(node), ends or paths, problem)

    def _stop(self, reason: StopReason, **more: Any) -> Stop:
        return Stop(reason, self._session.head, pending=tuple(self.pending), **more)

    def _passed(self) -> set[Passed]:
        """The breakpoints just reported here, which going on ignores (SEMANTICS P5)."""
        reported, self._reported = self._reported, None
        if reported is None or reported[0] is not self._session.head:
            return set()
        return reported[1]

    def _gate(
        self,
        target: Target | None,
        passed: set[Passed],
        scope: Scope,
        site: Site,
        level: Position,
    ) -> Hit | None:
        """Look whether to stop before a node."""
        place = site.place
        stops = self.breakpoints.before.get(place.static)
        is_target = target is not None and place.static == target[0]
        if stops is None and not is_target:
            return None
        visit = level.visits.count(site.name, level.step) + 1
        if (
            is_target
            and target is not None
            and target[1] in (None, visit)
            and ((0, place.path, visit) not in passed)
        ):
            self._report(0, place.path, visit)
            return Hit(StopReason.STEP)
        for stop in stops or ():
            if (stop.id, place.path, visit) in passed:
                continue
            hit = ask_breakpoint(stop, visit, scope.seen(level.data))
            if hit is not None:
                self._report(stop.id, place.path, visit)
                return hit
        return None

    def _watch(
        self, until: Callable[[Frame], Any] | None, left: str | None, frame: Frame
    ) -> Hit | None:
        """Look whether to stop after a frame."""
        for stop in self.breakpoints.after.get(frame.static_path, ()):
            if frame.kind in RAN:
                hit = ask_breakpoint(stop, frame.visit, frame.state)
                if hit is not None:
                    return hit
        if left is not None and frame.path == left and frame.kind in ("exit", "join"):
            return Hit(StopReason.STEP)
        if until is not None:
            try:
                return Hit(StopReason.STEP) if until(frame) else None
            except Exception as error:
                return Hit(StopReason.STEP, None, error)
        return None

    def _report(self, stop: int, path: str, visit: int) -> None:
        head = self._session.head
        if self._reported is None or self._reported[0] is not head:
            self._reported = (head, set())
        self._reported[1].add((stop, path, visit))


RAN = frozenset({"commit", "waiting", "exit", "join"})


def ask_breakpoint(stop: Breakpoint, visit: int, state: Any) -> Hit | None:
    try:
        return Hit(StopReason.BREAKPOINT, stop) if stop.hit(visit, state) else None
    except Exception as error:  # a condition that raises stops there, and is shown
        return Hit(StopReason.BREAKPOINT, stop, error)


def check_count(n: Any) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise DebuggerError(f"A number of steps is a whole number from 1, not {n!r}.")
