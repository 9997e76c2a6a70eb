"""What LangGraph saves while it runs, heard and made into frames."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lellm_nb.adapters.langgraph.driving.attempt import RunningTask
from lellm_nb.adapters.langgraph.driving.frames import FrameMaker
from lellm_nb.adapters.langgraph.driving.gate import GateHold
from lellm_nb.adapters.langgraph.position.checkpoints import level_of_checkpoint
from lellm_nb.adapters.langgraph.position.facts import LevelFacts
from lellm_nb.adapters.langgraph.position.level import (
    ERROR,
    ERROR_SOURCE,
    INTERRUPT,
    START,
    Levels,
    Pairs,
    PregelLevel,
    PregelTask,
    StaticWait,
    Written,
    nobody,
    waits_name,
)
from lellm_nb.adapters.langgraph.position.names import joined, level_of, within
from lellm_nb.errors import NodeExecutionError
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.outcome import Outcome
from lellm_nb.state.mutation import Delete

__all__ = ["Recorder"]

_SPECIAL = frozenset((INTERRUPT, ERROR, ERROR_SOURCE))


class Recorder(FrameMaker):
    """Hears what a drive saves.

    LangGraph tells it from the loop's thread, and from those of graphs that plain functions call.

    Attributes:
        cached: The nodes that a cache had something for, and that have not written it yet.
        asked_for: The namespaces that have looked for a checkpoint in this drive.
        refused: The tasks that were not let in, by their ids.
        swallowed: The task that came back although something in it was held.
        closed: Whether the drive is over: who comes now is late, and nobody hears it.
    """

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.asked_for: set[str] = set()
        self.cached: list[str] = []
        self.refused: dict[str, PregelTask] = {}
        self.swallowed: PregelTask | None = None
        self.closed = False
        self.arrived = threading.Condition(self.lock)

    # -- looking -----------------------------------------------------------------

    def waits_within(self, task: PregelTask) -> bool:
        """Tell whether something inside of a task waits for an answer."""
        return any(
            wrote.waits and wrote.task.id != task.id
            for namespace in self._inside(task)
            for wrote in self.levels[namespace].written
        ) or any(
            wrote.waits and wrote.task.call and level_of(wrote.task.namespace) == task.namespace
            for wrote in self.levels[task.level].written
        )

    def _inside(self, task: PregelTask) -> list[str]:
        """Return the namespaces of the levels that are entered inside of a task."""
        start = f"{task.namespace}|"
        own = f"{task.level}|{task.node}" if task.level else task.node
        found = [ns for ns in self.levels if ns == task.namespace or ns.startswith(start)]
        kept = self.levels.get(own)
        if kept is not None:
            level = self.levels[task.level]
            if kept.metadata.get("parents", {}).get(task.level) == level.id:
                found += [own, *(ns for ns in self.levels if ns.startswith(f"{own}|"))]
        return found

    # -- what is saved -----------------------------------------------------------

    def wrote(
        self, namespace: str, task: str, pairs: Sequence[tuple[str, Any]], place: str
    ) -> None:
        """Take what a task wrote."""
        with self.arrived:
            if not self.closed and self.swallowed is None:
                self._wrote(namespace, task, pairs, place)
            self.arrived.notify_all()

    def _wrote(self, namespace: str, id: str, pairs: Sequence[tuple[str, Any]], place: str) -> None:
        level = self.levels.get(namespace)
        task = self.standing.tasks.get(id)
        if level is None:
            return
        if task is None and self.cached:
            task = self._from_cache(level, id, self.cached.pop(0))
        if task is None:  # the input, or what begins a graph: no step of anybody's
            kept = self._kept(pairs, level)
            self._put(level.wrote(Written(nobody(id, namespace), kept, place)))
            return
        channels = {channel for channel, _ in pairs}
        if ERROR in channels:
            self._failed(level, task, dict(pairs), place)
            return
        if any(within_task(refused, task) for refused in self.refused.values()):
            if not channels & _SPECIAL:
                self.swallowed = task
            return
        if INTERRUPT in channels:
            self._interrupted(level, task, pairs, place)
            return
        self._committed(level, task, pairs, place)

    def _from_cache(self, level: PregelLevel, id: str, node: str) -> PregelTask | None:
        """Return the task whose outcome a cache has; `None` of one that a function calls."""
        members = self.standing.members(self.levels, level)
        if not any(one.task.node == node and not one.done for one in members):
            return None
        own = joined(level.namespace, f"{node}:{id}")
        task = self.standing.met(self.levels, id, node, own, ("__pregel_pull", node))
        outcome = Outcome()
        outcome.recorded = True
        self.ended[id] = RunningTask(task, self._clock.wall(), 0.0, outcome=outcome)
        return task

    def _kept(self, pairs: Sequence[tuple[str, Any]], level: PregelLevel) -> Pairs:
        kept = self.copies.kept
        return tuple([(channel, kept(value, channel)) for channel, value in pairs])

    def _committed(
        self, level: PregelLevel, task: PregelTask, pairs: Sequence[tuple[str, Any]], place: str
    ) -> None:
        kept = self._kept(pairs, level)
        if any(w.task.id == task.id and w.done for w in level.written):
            self._put(level.wrote(Written(task, kept, place)))
            return  # an older version has run it once more: it is committed already
        inside = self._inside(task) or any(
            w.task.call and level_of(w.task.namespace) == task.namespace for w in level.written
        )
        single = without_visits(task.path) in self.single
        self.commit(Written(task, kept, place), "exit" if inside and not single else "commit")

    def _interrupted(
        self, level: PregelLevel, task: PregelTask, pairs: Sequence[tuple[str, Any]], place: str
    ) -> None:
        if self.waits_within(task):
            return  # a copy of what is asked inside
        self.wait(level, Written(task, self._kept(pairs, level), place))

    def _failed(
        self, level: PregelLevel, task: PregelTask, pairs: dict[str, Any], place: str
    ) -> None:
        cause = pairs[ERROR]
        inner = next((one for one, error in self.failures if error is cause), None)
        if ERROR_SOURCE in pairs:
            if inner is not None:  # what failed inside is taken here: that is one failure
                self.failures = [one for one in self.failures if one[1] is not cause]
            self.handled(level, Written(task, tuple(pairs.items()), place), _chained(cause, inner))
            return
        known = inner is not None or any(within_task(one, task) for one, _ in self.failures)
        held = isinstance(cause, GateHold) or type(cause).__name__ == "CancelledError"
        if not known and not held:
            self.failures.append((task, cause))

    def saved(
        self, namespace: str, checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], new: Any
    ) -> None:
        """Take the checkpoint after a super-step."""
        with self.arrived:
            if not self.closed and self.swallowed is None:
                self._saved(namespace, checkpoint, metadata, new)
            self.arrived.notify_all()

    def _saved(
        self, namespace: str, checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], new: Any
    ) -> None:
        old = self.levels.get(namespace)
        static = self.static_of(namespace)
        facts = self.standing.facts.at(static)
        applied = () if old is None else old.written
        ran = [w for w in applied if w.task.node != START and not w.task.call]
        level = level_of_checkpoint(
            self.levels, namespace, facts, self.copies, checkpoint, metadata, new
        )
        pending = self._pending.pop(namespace, None)
        loops = metadata.get("source") == "loop" and bool(ran)
        lone = pending is not None and len(ran) == 1
        if loops and not lone:
            level = replace(level, step=level.step + 1)
        self._put(level)
        if not loops or self.in_single(f"{static}/") or static in self.single:
            return
        gone = _gone(old, level)
        if lone:
            assert pending is not None
            self._frame(pending.kind, pending.task, pending.pairs, lone=True, gone=gone)
        else:
            if pending is not None:
                self._frame(pending.kind, pending.task, pending.pairs)
            self._join(level, facts, ran, gone)
        held = self._held_after(facts, self.levels[namespace], ran)
        if held is not None:
            self._static_frame(self.levels[namespace], held)

    # -- static interrupts -------------------------------------------------------

    def _held_after(
        self, facts: LevelFacts, level: PregelLevel, ran: list[Written]
    ) -> PregelTask | None:
        """Return the first task that `interrupt_after` names, if anything comes next."""
        held = next((wrote.task for wrote in ran if wrote.task.node in facts.after), None)
        if held is None or not self.standing.members(self.levels, level):
            return None
        return held

    def _static_frame(self, level: PregelLevel, task: PregelTask) -> None:
        name = waits_name(task.path)
        wait = StaticWait(task.path, level.visits.count(name, level.step), True)
        self._put(replace(level, visits=level.visits.plus(level.step, name), static=(wait,)))
        self._frame("waiting", task._replace(level=level.namespace), ())

    def held_before(self, task: PregelTask) -> None:
        """Have a task wait by `interrupt_before`: as a frame of kind *waiting*."""
        self.levels = self.levels_before(task)
        self._frame("waiting", task, ())

    def levels_before(self, task: PregelTask) -> Levels:
        """Return the position in which a task waits by `interrupt_before`."""
        level = self.levels[task.level]
        wait = StaticWait(task.path, level.visits.count(waits_name(task.path), level.step), False)
        visits = level.visits.plus(level.step, waits_name(task.path))
        after = replace(level, static=(*level.static, wait), visits=visits)
        return {**self.levels, task.level: after}


def within_task(inner: PregelTask, outer: PregelTask) -> bool:
    """Tell whether a task is inside of another one."""
    return within(inner.namespace, outer.namespace)


def _chained(cause: BaseException, inner: PregelTask | None) -> BaseException:
    """Return a failure with the task inside of which it happened."""
    return cause if inner is None else NodeExecutionError(inner.path, cause)


def _gone(old: PregelLevel | None, level: PregelLevel) -> tuple[Delete, ...]:
    """Return the keys of the state that a channel has forgotten with the super-step."""
    if old is None or old.data.keys() <= level.data.keys():
        return ()
    return tuple(Delete(key) for key in old.data if key not in level.data)
