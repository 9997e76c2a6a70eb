"""Where runs stop: breakpoints before and after nodes, and targets of one run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from lellm_nb.debug.breakpoints.registry import Breakpoint, EdgeStop, ErrorStop, Hit, Stopper, Watch
from lellm_nb.debug.breakpoints.watch_hint import note_on
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.debug.query.value_history import level_data_before
from lellm_nb.debug.verbs.ask import Asking
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from lellm_nb.graph.node import Parallel
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position

__all__ = ["Arrived", "Stopping", "Target", "Until", "ask_until", "check_count"]

S = TypeVar("S", bound=Stopper)
T = TypeVar("T")
Until = str | tuple[str, int] | Callable[[Frame], Any] | None
Target = tuple[str, int | None]
Passed = tuple[int, str, int]
"""A stop's id (0 for a target), and the path and visit at which it was reported."""


class Arrived(NamedTuple):
    """That a run came to where its command said it should stop."""

    error: BaseException | None = None


class Stopping(Asking):
    """``break_at, break_on, break_on_error, watch``, and the looks that a run takes."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        # a path carries the visits of its composites, so an entry is about one moment of
        # this line only: it is of no further use once its node has run
        self._reported: set[Passed] = set()

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
        return self._add_stop(Breakpoint(path, when=when, visit=visit, ignore=ignore, after=after))

    def break_on(self, edge: tuple[str, str]) -> EdgeStop:
        """Stop runs after a step that took an edge, before the next node runs.

        Args:
            edge: ``(source, target)``: the source's path, the target's name or path.

        Raises:
            NoSuchNodeError: There is no such edge; lists those that leave the source.
            DebuggerError: It is no pair of names.
        """
        self._refuse_while_busy("break_on")
        given: Any = edge
        if not isinstance(given, tuple | list) or [str] * 2 != [type(part) for part in given]:
            raise DebuggerError(f"An edge is (source, target), two names, not {given!r:.60}.")
        source, target = edge
        path = self._static_path(source)
        level, _, node = path.rpartition("/")
        to = target.rpartition("/")[2]
        leaving = [at for at in self._ways_out(level, node) if at]
        if to not in leaving:
            known = [f"{source} -> {name}" for name in leaving]
            raise NoSuchNodeError(f"{source} -> {target}", known, kind="edge")
        return self._add_stop(EdgeStop(path, to))

    def break_on_error(self) -> ErrorStop:
        """Stop runs at every failure, also one that an error route takes."""
        self._refuse_while_busy("break_on_error")
        return self._add_stop(ErrorStop())

    def watch(self, what: Any) -> Watch:
        """Stop runs where a value changes, forward and backward.

        Args:
            what: A key, a path tuple or ``"level:key"``; or a predicate of the root state,
                which stops where its answer changes. A key may come later: the watch says
                that nothing has it yet, and a warning names what else may have been meant.

        Raises:
            StateTypeError: It is neither.
        """
        self._refuse_while_busy("watch")
        if callable(what) and not isinstance(what, (str, tuple)):
            return self._add_stop(Watch(what))
        place = self._value_path(what)
        watch = self._add_stop(Watch(place))
        watch.note = note_on(place, self.frames[-1], self.graph)
        return watch

    def _add_stop(self, stop: S) -> S:
        """Add a stop; return it, or the one that waited for its condition."""
        added: S = self.breakpoints.add(stop)
        self._changed()
        return added

    def _ways_out(self, level: str, node: str) -> list[str]:
        """Return where a node may lead: edges, cases, declared gotos, its error route."""
        graph = graph_at(self.graph, level)
        if node not in graph.nodes:
            return []
        targets = [edge.target for edge in graph.routers[node].edges]
        return [*targets, *graph.nodes[node].goto, graph.error_routes.get(node, "")]

    def _value_path(self, what: Any) -> ValuePath:
        levels = [path.rpartition("/")[0] for path in self.paths]
        entered = partial(level_data_before, self._session.scope)
        return ValuePath(what, [*levels, *self.paths], entered)

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

    def _came_back(self, value: T) -> T:
        if isinstance(value, Stop):
            self.breakpoints.moved()
        return super()._came_back(value)

    def _stop(self, reason: StopReason, **more: Any) -> Stop:
        return Stop(reason, self._session.head, pending=tuple(self.pending), **more)

    def _stop_with(self, reason: StopReason, hit: Any, **more: Any) -> Stop:
        """Return a stop for a reason of its own, which tells of a hit as well."""
        if isinstance(hit, Hit):
            more = {"error": hit.error, **more}
            more |= {"breakpoint": hit.stop, "old": hit.old, "new": hit.new}
        return self._stop(reason, **more)

    def _stop_at(self, hit: Hit | Arrived) -> Stop:
        if isinstance(hit, Arrived):
            return self._stop(StopReason.STEP, error=hit.error)
        watched = isinstance(hit.stop, Watch)
        return self._stop_with(StopReason.WATCH if watched else StopReason.BREAKPOINT, hit)

    def _gate_for(
        self, target: Target | None
    ) -> Callable[[Scope, Site, Position], Hit | Arrived | None]:
        """Return what a run asks before every node: the shortest way to all that may stop it."""
        return self._stops_before if target is None else partial(self._gate, target)

    def _stops_before(self, scope: Scope, site: Site, level: Position) -> Hit | Arrived | None:
        stops = self.breakpoints.before.get(site.place.static)
        if stops is None:
            return None
        if self._reported:
            return self._gate(None, scope, site, level)
        # the short way past conditions that do not hold: no visit is counted for them
        hit = self._first_hit(stops, scope, site, level)
        if hit is not None:
            visit = level.visits.count(site.name, level.step) + 1
            self._reported.add((hit.stop.id, site.place.path, visit))
        return hit

    def _gate(
        self, target: Target | None, scope: Scope, site: Site, level: Position
    ) -> Hit | Arrived | None:
        """Look whether to stop before a node; what was reported here is ignored (P5)."""
        place = site.place
        stops = self.breakpoints.before.get(place.static, ())
        is_target = target is not None and place.static == target[0]
        if not stops and not is_target:
            return None
        visit = level.visits.count(site.name, level.step) + 1
        wanted = target is not None and is_target and target[1] in (None, visit)
        if wanted and (0, place.path, visit) not in self._reported:
            self._reported.add((0, place.path, visit))
            return Arrived()
        for stop in stops:
            if (stop.id, place.path, visit) not in self._reported:
                hit = stop.before(visit, lambda: scope.seen(level.data))
                if hit is not None:
                    self._reported.add((stop.id, place.path, visit))
                    return hit
        return None

    def _first_hit(
        self, stops: list[Breakpoint], scope: Scope, site: Site, level: Position
    ) -> Hit | None:
        state: Any = None
        for stop in stops:
            when = stop.when
            if when is None or stop.visit is not None:
                visit = level.visits.count(site.name, level.step) + 1
                hit = stop.before(visit, lambda: scope.seen(level.data))
            elif stop.enabled:
                if state is None:
                    state = scope.seen(level.data)
                try:
                    if not when(state):
                        continue
                    hit = stop.counted()
                except Exception as error:  # stops there, to be shown
                    hit = Hit(stop, error)
            else:
                continue
            if hit is not None:
                return hit
        return None

    def _watcher(
        self, until: Callable[[Frame], Any] | None, left: str | None
    ) -> Callable[[Frame], Hit | Arrived | None]:
        """Return what a run asks after every frame: the shortest way to all that may stop it."""
        stops = self.breakpoints.after
        if len(stops) == 1 and until is None and left is None:
            stop = stops[0]
            return partial(stop.after, scope=self._session.scope) if stop.inside else stop.after
        return partial(self._watch, until, left)

    def _watch(
        self, until: Callable[[Frame], Any] | None, left: str | None, frame: Frame
    ) -> Hit | Arrived | None:
        """Look whether to stop after a frame."""
        hit = self._hit_after(frame)
        if hit is not None:
            return hit
        if left is not None and frame.path == left and frame.kind in ("exit", "join"):
            return Arrived()
        return None if until is None else ask_until(until, frame)

    def _hit_after(self, frame: Frame) -> Hit | None:
        """Return the first stop that a frame hits, or `None`."""
        scope = self._session.scope
        for stop in self.breakpoints.after:
            hit = stop.after(frame, scope)
            if hit is not None:
                return hit
        return None


def ask_until(until: Callable[[Frame], Any], frame: Frame) -> Arrived | None:
    """Ask a command's predicate of a frame; one that raises stops there, to be shown."""
    try:
        return Arrived() if until(frame) else None
    except Exception as error:
        return Arrived(error)


def graph_at(graph: Any, level: str) -> Any:
    """Return the graph of a level, by its path without visits."""
    segments = level.split("/") if level else []
    i = 0
    while i < len(segments):
        node = graph.nodes[segments[i]]
        if isinstance(node, Parallel):
            if i + 1 == len(segments):
                break  # the level of a task's branch has one node and no way out of its own
            node = node.branches[segments[i + 1]]
            i += 1
        graph = node.graph
        i += 1
    return graph


def check_count(n: Any) -> None:
    """Refuse what is no number of steps.

    Raises:
        DebuggerError: It is not a whole number from 1.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise DebuggerError(f"A number of steps is a whole number from 1, not {n!r}.")
