"""Frames of what LangGraph does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from lellm_nb.adapters.langgraph.driving.attempt import RunningTask, detail_of
from lellm_nb.adapters.langgraph.position.copies import Copies
from lellm_nb.adapters.langgraph.position.facts import LevelFacts
from lellm_nb.adapters.langgraph.position.level import (
    Levels,
    Pairs,
    PregelLevel,
    PregelTask,
    Written,
    counter_of,
    waits_name,
)
from lellm_nb.adapters.langgraph.position.names import join_name, joined_path, node_of
from lellm_nb.adapters.langgraph.position.same_keys import with_same_keys
from lellm_nb.adapters.langgraph.position.standing import Standing
from lellm_nb.adapters.langgraph.position.writes import joined_mutations, mutations_of, route_of
from lellm_nb.clock import Clock
from lellm_nb.errors import NodeExecutionError, RunError
from lellm_nb.graph.edge import Route
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.place import Place
from lellm_nb.state.mutation import Delete
from lellm_nb.state.state import view

__all__ = ["Carried", "FrameMaker", "LoneCommit"]


class LoneCommit(NamedTuple):
    """The commit of a lone task, which becomes a frame when its super-step is applied.

    Attributes:
        before: The position without it.
    """

    task: PregelTask
    pairs: Pairs
    kind: str
    before: Levels


class Carried(NamedTuple):
    """Where a go begins.

    Attributes:
        levels: The position.
        pending: Commits that were looked up, and become frames when they are applied.
        ended: What there is to say of these tasks.
    """

    levels: Levels
    pending: Mapping[str, LoneCommit] = MappingProxyType({})
    ended: Mapping[str, RunningTask] = MappingProxyType({})


class FrameMaker:
    """The position of a drive, and how it becomes frames.

    Args:
        standing: Reads levels.
        copies: Makes the copies of the run.
        levels: Where the drive begins.
        emit: Takes a frame into the history.
        kinds: Gives the kinds of the edges of a level by its path without visits.
        clock: Where time is read.
        single: Paths of composites that are one step: nothing inside of them makes a frame.

    Attributes:
        levels: The position as it is now.
        failures: What failed, in order.
        taken: Failures that an error handler takes: older versions raise them all the same.
        ended: The last attempt of every task, by its id.
        lock: Held by whoever tells of something: LangGraph does so from several threads.
    """

    def __init__(
        self,
        standing: Standing,
        copies: Copies,
        levels: Levels,
        emit: Callable[[Frame], None],
        kinds: Callable[[str], Mapping[Any, str]],
        clock: Clock,
        single: set[str],
    ) -> None:
        self.standing = standing
        self.copies = copies
        self.levels = levels
        self.single = single
        self.failures: list[tuple[PregelTask, BaseException]] = []
        self.taken: list[BaseException] = []
        self.ended: dict[str, RunningTask] = {}
        self.lock = threading.RLock()
        self._emit = emit
        self._kinds = kinds
        self._clock = clock
        self._pending: dict[str, LoneCommit] = {}

    @property
    def pending(self) -> dict[str, LoneCommit]:
        """The commits that have no frame yet, by the namespaces of their levels."""
        return self._pending

    def static_of(self, namespace: str) -> str:
        """Return the path of a level without visits."""
        return without_visits(self.standing.path_of(self.levels, namespace))

    def facts_of(self, namespace: str) -> LevelFacts:
        """Return what the graph says of a level."""
        return self.standing.facts.at(self.static_of(namespace))

    def in_single(self, path: str) -> bool:
        """Tell whether a path without visits is inside of a composite that is one step."""
        return bool(self.single) and any(path.startswith(f"{around}/") for around in self.single)

    # -- what tasks do -----------------------------------------------------------

    def commit(self, wrote: Written, kind: str) -> None:
        """Take what a task has written for good; what was entered inside of it is gone.

        Args:
            kind: ``commit``, or ``exit`` of a composite.
        """
        task, before = wrote.task, self.levels
        after = before[task.level].wrote(wrote, counter_of(task))
        start = f"{task.namespace}|"
        kept = {
            ns: one
            for ns, one in before.items()
            if ns != task.namespace and not ns.startswith(start)
        }
        kept[task.level] = after
        self.levels = kept
        if self.in_single(without_visits(task.path)):
            return
        if not task.call and self._is_lone(after, task):
            self._pending[task.level] = LoneCommit(task, wrote.pairs, kind, before)
        else:
            self._frame(kind, task, wrote.pairs)

    def wait(self, level: PregelLevel, wrote: Written) -> None:
        """Have a task wait for an answer."""
        after = level.wrote(wrote)
        name = waits_name(wrote.task.path)
        self._put(replace(after, visits=after.visits.plus(after.step, name)))
        self._frame("waiting", wrote.task, wrote.pairs)

    def handled(self, level: PregelLevel, wrote: Written, error: BaseException) -> None:
        """Take a failure that an error handler takes: it is a step (SEMANTICS R9)."""
        self._put(level.wrote(wrote, counter_of(wrote.task)))
        self.taken.append(error)
        self._frame("error", wrote.task, wrote.pairs, error=error, handled=True)

    def fail(self, task: PregelTask, error: BaseException) -> None:
        """Take note of a failure: its frame comes when everything has come back."""
        self.failures.append((task, error))

    def _is_lone(self, level: PregelLevel, task: PregelTask) -> bool:
        tasks = self.standing.tasks_of(self.levels, level)
        if len(tasks) > 1:  # one that failed has left its place to its handler
            failed = {w.task.id for w in level.written if w.failed}
            tasks = [one for one in tasks if one.id not in failed]
        return [one.id for one in tasks] == [task.id]

    # -- frames ------------------------------------------------------------------

    def flush(self) -> None:
        """Make frames of the commits whose super-step was not applied: something holds it."""
        with self.lock:
            pending, self._pending = self._pending, {}
            for one in pending.values():
                self._frame(one.kind, one.task, one.pairs)
            for task, cause in self.failures:
                self._frame("error", task, (), error=cause)

    def _put(self, level: PregelLevel) -> None:
        if not level.namespace and self.levels.keys() <= {""}:
            self.levels = with_same_keys({"": level})
        else:
            self.levels = {**self.levels, level.namespace: level}

    def _join(
        self, level: PregelLevel, facts: LevelFacts, ran: list[Written], gone: tuple[Delete, ...]
    ) -> None:
        name = join_name([w.task.node for w in sorted(ran, key=lambda w: w.task.order)])
        path = joined_path(self.standing.path_of(self.levels, level.namespace), name)
        counter = f"&{name}"
        visit = level.visits.count(counter, level.step) + 1
        self._put(replace(level, visits=level.visits.plus(level.step, counter)))
        position, places = self.standing.position(self._shown)
        own = places.get(level.namespace)
        if own is None:
            return
        route = Route(own.node, "normal" if own.node else "end")
        place = Place(graph_name(facts, level.namespace), path, name)
        mutations = (*joined_mutations(facts, ran), *gone)
        now = self._clock.wall()
        self._emit(
            make_frame(place, "join", visit, position, own, mutations, route, now, 0.0, None)
        )

    def _frame(
        self,
        kind: str,
        task: PregelTask,
        pairs: Pairs,
        *,
        error: BaseException | None = None,
        handled: bool = False,
        lone: bool = False,
        gone: tuple[Delete, ...] = (),
    ) -> None:
        run = self.ended.get(task.id)
        if run is not None and run.tape is not None and kind != "waiting":
            run.tape.filed = True
        position, places = self.standing.position(self._shown, pairs)
        own = places.get(task.level) or position
        static = self.static_of(task.level)
        facts = self.standing.facts.at(static)
        route: Route | None = None
        wrote = () if kind in ("waiting", "error") else mutations_of(facts, pairs)
        if kind in ("commit", "exit"):
            route = route_of(pairs, task.node, self._kinds(static))
            if lone and own.inner is not None and route.next_node is not None:
                route = Route(own.node, route.kind)  # several nodes come next: in their order
        failure: RunError | None = None
        if error is not None:
            failure = NodeExecutionError(task.path, error, state=view(own.data))
            failure.visit = task.visit
            if handled:
                route = Route(f"{task.node}.error", "error")
        frame = make_frame(
            _place(graph_name(facts, task.level), task.path, task.node),
            kind,
            task.visit,
            position,
            own,
            (*wrote, *gone),
            route,
            self._clock.wall() if run is None else run.started,
            0.0 if run is None else run.duration,
            detail_of(run, failure),
        )
        self._emit(frame)

    @property
    def _shown(self) -> Levels:
        """The position without commits that have no frame yet: whoever goes on from there makes
        them again."""
        shown = self.levels
        for namespace, one in self._pending.items():
            start = f"{one.task.namespace}|"
            shown = {
                **shown,
                **{
                    ns: level
                    for ns, level in one.before.items()
                    if ns in (namespace, one.task.namespace) or ns.startswith(start)
                },
            }
        return shown


_place = lru_cache(1024)(Place)


def graph_name(facts: LevelFacts, namespace: str) -> str:
    """Return the name of a level's graph: of one that nobody knows, the node that calls it."""
    return str(node_of(namespace) if facts.graph is None else facts.graph.name)
