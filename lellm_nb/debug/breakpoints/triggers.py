"""The looks that a run takes at the stops: before a node, after a frame, and going back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from lellm_nb.arguments import answered, plain_function, refusal, whole
from lellm_nb.debug.breakpoints.kinds import Before, Breakpoint, Hit, Watch
from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.history.item_columns import items_of
from lellm_nb.debug.names.node_name import item_path, node_path
from lellm_nb.debug.query.evaluate import as_function
from lellm_nb.engine.driving.drive import apart, only_looks
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from lellm_nb.graph.code.looked_keys import LookedKeys
from lellm_nb.graph.item_branches import is_at
from lellm_nb.record.frame import LEAVING, RAN, Frame
from lellm_nb.record.rows.entered import with_item
from lellm_nb.session.protocol import NextMove
from lellm_nb.state.expression.condition import says_more
from lellm_nb.state.expression.expression import ConditionText
from lellm_nb.state.state import view

__all__ = ["AIMS", "Arrived", "Target", "Triggers", "Until", "aim", "ask_until", "check_count"]

Until = str | tuple[str, int] | Callable[[Frame], Any] | None
"""A node, ``(node, visit)``, an expression, or a predicate of a frame."""
Gate = Callable[[NextMove], Any]
Passed = tuple[int, str, int]
"""A stop's id (0 for a target), and the path and visit at which it was reported."""


class Target(NamedTuple):
    """A node that a command is to stop before.

    Attributes:
        static: Its path without visits, with ``*`` for each item of a map.
        path: The same as it was named, where one item is meant.
        visit: The visit that is meant; `None` for any.
    """

    static: str
    path: str
    visit: int | None = None

    def is_met(self, step: NextMove | Frame) -> bool:
        """Tell whether a step is one of this node."""
        if step.static_path != self.static or self.visit not in (None, step.visit):
            return False
        return self.path == self.static or is_at(step.path, self.path)


class Arrived(NamedTuple):
    """That a run came to where its command said it should stop.

    Attributes:
        error: What the command's predicate raised, if that is why.
        frame: The frame that it is true of; `None` before a node.
    """

    error: BaseException | None = None
    frame: Frame | None = None


class Triggers:
    """What may stop a run, asked as it goes.

    Args:
        stops: The breakpoints and watches.
        before: Gives the compact state that a frame's own level had before the frame.
    """

    def __init__(self, stops: Breakpoints, before: Before) -> None:
        self.stops = stops
        self._before = before
        # a path carries the visits of its composites, so an entry is about one moment of
        # this line only: it is of no further use once its node has run
        self._reported: set[Passed] = set()
        self._beside: tuple[Frame | None, list[Hit]] = (None, [])

    def forget(self) -> None:
        """Report again what was reported: the head was moved."""
        self._reported.clear()

    # -- beside another stop -----------------------------------------------------

    def note_beside(self, found: list[Any], head: Frame) -> None:
        """Take note of what frames hit that were in flight when another stop was hit.

        They are reported when the run is to go on, which ignores the one just reported alone (P5).
        """
        self._beside = head, [hit for hit in found if isinstance(hit, Hit)]

    def beside(self, head: Frame) -> Hit | None:
        """Return the next of these, once; `None` where the run has moved since."""
        noted, hits = self._beside
        while noted is head and hits:
            hit = hits.pop(0)
            if hit.stop.enabled and any(stop is hit.stop for stop in self.stops):
                return hit
        return None

    # -- before a node -----------------------------------------------------------

    def gates(self, target: Target | None) -> dict[str, Gate]:
        """Return what a run asks before the nodes at which it may stop, by their paths."""
        found: dict[str, Gate] = {}
        for path, stops in self.stops.before.items():
            ask = self._gate_at(path, stops)
            # a condition sees no running loop, like a node (R11): hidden once for all of them
            hides = any(stop.when is not None and not only_looks(stop.when) for stop in stops)
            found[path] = partial(apart, ask) if hides else ask
        if target is not None:
            aimed: Gate = partial(self._gate, target)
            found = {**dict.fromkeys(found, aimed), target.static: aimed}
        return found

    def _gate_at(self, path: str, known: list[Breakpoint]) -> Gate:
        """Return what is asked before one node: the short way past conditions that do not hold.

        No visit is counted for them, and the state is looked at once for all.
        """
        if any(stop.one_item for stop in known):  # asked of each step, which this way is not
            return partial(self._gate, None)
        looks = LookedKeys(stop.when for stop in known if stop.when is not None)

        def ask(move: NextMove) -> Hit | Arrived | None:
            if self._reported:
                return self._gate(None, move)
            state: Any = None
            stops = self.stops.before.get(path, ())
            for stop in stops:  # others than at first, maybe
                when = stop.when
                if when is None or stop.visit is not None:
                    hit = stop.before(move, lambda: move.state)
                elif stop.enabled:
                    if state is None:
                        state = _subject(move, looks) if stops is known else move.state
                    try:
                        answer = when(state)
                        if not answer:
                            continue
                        answered(answer)
                        hit = stop.counted()
                    except BaseException as error:  # stops there, to be shown
                        hit = Hit(stop, error)
                else:
                    continue
                if hit is not None:
                    self._reported.add((hit.stop.id, move.path, move.visit))
                    return hit._replace(before=move.path)
            return None

        return ask

    def _gate(self, target: Target | None, move: NextMove) -> Hit | Arrived | None:
        """Look whether to stop before a node; what was reported here is ignored (P5)."""
        path, visit = move.path, move.visit
        wanted = target is not None and target.is_met(move)
        if wanted and (0, path, visit) not in self._reported:
            self._reported.add((0, path, visit))
            return Arrived()
        for stop in self.stops.before.get(move.static_path, ()):
            if (stop.id, path, visit) not in self._reported:
                hit = stop.before(move, lambda: move.state)
                if hit is not None:
                    self._reported.add((stop.id, path, visit))
                    return hit._replace(before=path)
        return None

    # -- after a frame -----------------------------------------------------------

    def watcher(
        self, until: Callable[[Frame], Any] | None, left: str | None
    ) -> Callable[[Frame], Hit | Arrived | None] | None:
        """Return what a run asks after every frame; `None` where nothing may stop it.

        Args:
            until: A command's own predicate.
            left: The composite that has to have left.
        """
        stops = self.stops.after
        if not stops and until is None and left is None:
            return None
        if len(stops) == 1 and until is None and left is None:
            stop = stops[0]
            return partial(stop.after, before=self._before) if stop.inside else stop.after
        return partial(self._watch, until, left)

    def _watch(
        self, until: Callable[[Frame], Any] | None, left: str | None, frame: Frame
    ) -> Hit | Arrived | None:
        hit = self.after(frame)
        if hit is not None:
            return hit
        # what may call a graph may do without it: then its commit is all that there is
        if left is not None and frame.path == left and frame.kind in _THROUGH:
            return Arrived()
        return None if until is None else ask_until(until, frame)

    def after(self, frame: Frame) -> Hit | None:
        """Return the first stop that a frame hits, or `None`."""
        for stop in self.stops.after:
            hit = stop.after(frame, self._before)
            if hit is not None:
                return hit
        return None

    # -- going back ----------------------------------------------------------------

    def going_back(
        self,
        left: Frame,
        frame: Frame,
        target: Target | None,
        until: Callable[[Frame], Any] | None,
    ) -> Hit | Arrived | None:
        """Look whether to stop at `frame`, coming back from `left`."""
        if left.kind in RAN:
            if target is not None and target.is_met(left):
                return Arrived()
            for breakpoint in self.stops.before.get(left.static_path, ()):
                hit = breakpoint.before(left, lambda: view(self._asked(left)))
                if hit is not None:
                    return hit
        for stop in self.stops.after:
            # a watch stops just before the write, all others where they would stop forward
            hit = stop.after(left if isinstance(stop, Watch) else frame, self._before)
            if hit is not None:
                return hit.at(None)  # the run stands before what hit it
        return None if until is None else ask_until(until, frame)

    def _asked(self, frame: Frame) -> Any:
        """Return what a condition was asked with before the step of a frame."""
        data = self._before(frame)
        items, number = items_of(frame)
        return data if items is None else with_item(items, number, data)

    def stand_before(self, hit: Hit | Arrived, left: Frame) -> None:
        """Take note that a stop was reported at the node that made `left`."""
        if isinstance(hit, Hit):
            self._reported.add((hit.stop.id, left.path, left.visit))


def _subject(move: NextMove, looks: LookedKeys) -> Any:
    """Return what conditions are asked with: the state, or what an engine says is like it."""
    seen_by = getattr(move, "seen_by", None)
    return move.state if seen_by is None else seen_by(looks)


_THROUGH = LEAVING | {"commit"}


def ask_until(until: Callable[[Frame], Any], frame: Frame) -> Arrived | None:
    """Ask a command's predicate of a frame; one that raises stops there, to be shown."""
    try:
        answer = apart(until, frame)
        return Arrived(frame=frame) if answer and answered(answer) else None
    except BaseException as error:
        return Arrived(error, frame)


AIMS = "a node, (node, visit), an expression, or a predicate of a frame"
"""What an `until` may be, in words."""


def aim(graph: Any, until: Any) -> tuple[Target | None, Callable[[Frame], Any] | None]:
    """Take an `until` apart: a node to stop before, or a predicate to stop after.

    A text is first the name of a node; with an operator or a call in it, it is an expression.

    Raises:
        DebuggerError: It is neither, or a text that is no expression.
        NoSuchNodeError: It names no node.
    """
    if until is None:
        return None, None
    if isinstance(until, str):
        try:
            return _target(graph, until, None), None
        except NoSuchNodeError:
            if not says_more(until):
                raise
        return None, as_function(until, "until")
    if isinstance(until, tuple) and len(until) == 2 and isinstance(until[0], str):
        visit = whole(until[1], "until: the visit", DebuggerError, least=1)
        return _target(graph, until[0], visit), None
    if isinstance(until, ConditionText):
        return None, as_function(until, "until")
    if callable(until):
        return None, plain_function(until, "until", DebuggerError, "frame")
    raise refusal(until, "until", AIMS, DebuggerError)


def _target(graph: Any, node: str, visit: int | None) -> Target:
    static = node_path(graph, node)
    return Target(static, item_path(node, static), visit)


def check_count(n: Any) -> int:
    """Return a number of steps.

    Raises:
        DebuggerError: It is not a whole number from 1.
    """
    return whole(n, "n", DebuggerError, least=1)
