"""A position of a LangGraph run as the position of a frame: levels, what is next, what waits."""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

from lellm_nb.adapters.langgraph.position.facts import GraphFacts
from lellm_nb.adapters.langgraph.position.level import (
    At,
    Levels,
    Pairs,
    PregelLevel,
    PregelTask,
    Written,
    waits_name,
)
from lellm_nb.adapters.langgraph.position.names import (
    inside,
    joined,
    joined_path,
    task_of,
    together,
    within,
)
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.position import Position, SuperStep, Waiting
from lellm_nb.state.compact import Wide

__all__ = ["Member", "Standing"]

HANDLER = "__error_handler__"
"""How LangGraph names the node that takes a failure."""


class Member(NamedTuple):
    """One task of a level's open super-step.

    Attributes:
        task: As it asked, or as it is expected to.
        done: Whether it has written what it has to write.
        waiting: What it waits for, or `None`.
        below: The level that is entered inside of it, or `None`.
    """

    task: PregelTask
    done: bool
    waiting: Waiting | None
    below: PregelLevel | None


class Standing:
    """How the levels of a session are read: knows the graph, and tasks that have asked.

    Attributes:
        tasks: Tasks by their ids. An id means the same task wherever it is met, as it is made
            of the checkpoint, the node and its place.
    """

    def __init__(self, facts: GraphFacts) -> None:
        self.facts = facts
        self.tasks: dict[str, PregelTask] = {}
        self._steps: dict[tuple[str, str], list[PregelTask]] = {}

    # -- tasks -------------------------------------------------------------------

    def path_of(self, levels: Levels, namespace: str) -> str:
        """Return the path of a level, with the visits of what is entered again."""
        if not namespace:
            return ""
        task = self.tasks.get(task_of(namespace))
        if task is not None:  # whose path has that of all levels around it
            return task.inside
        path, level = "", ""
        for part in namespace.split("|"):
            node, _, id = part.partition(":")
            if node.isdigit() and not id:
                pass  # the count of a graph within its task
            elif id in self.tasks:
                path = self.tasks[id].inside
            else:
                task = self._owner(levels, level, node)
                path = joined_path(path, node) if task is None else task.inside
            level = joined(level, part)
        return path

    def _owner(self, levels: Levels, level: str, node: str) -> PregelTask | None:
        """Return the task whose graph has a memory of its own, and so no task in its name."""
        around = levels.get(level)
        if around is None:
            return None
        own = self._steps.get((level, around.id), [])
        return next((task for task in reversed(own) if task.node == node), None)

    def met(
        self, levels: Levels, id: str, node: str, namespace: str, path: tuple[Any, ...]
    ) -> PregelTask:
        """Return the task that asks; one that asks for the first time gets its visit.

        Args:
            path: LangGraph's own of the task.
        """
        found = self.tasks.get(id)
        if found is not None:
            return found
        around = namespace.rpartition("|")[0]
        call = len(path) > 2 and isinstance(path[1], tuple)
        caller = self.tasks.get(around.rpartition("|")[2].partition(":")[2])
        handles = caller is not None and node.startswith(HANDLER)
        if caller is not None and handles:
            node, around = f"{caller.node}.error", caller.level
        level = around if caller is None or not call else caller.level
        own, prefix = levels.get(level), self.path_of(levels, around)
        group = self._steps.setdefault((level, own.id if own else ""), [])
        alike = [one for one in group if one.node == node and one.call == call]
        alike = [one for one in alike if one.path.startswith(prefix)] if call else alike
        base = joined_path(prefix, node)
        name = base if call or not alike else f"{base}#{len(alike) + 1}"
        visit = len(alike) + 1
        if own is not None:
            done = {w.task.id for w in own.written if w.done}
            visit += own.visits.count(f"{base}()" if call else node, own.step)
            visit -= sum(one.id in done for one in alike)
        below = joined_path(prefix, inside(node, visit))
        order = len(group)
        task = PregelTask(id, node, namespace, level, name, below, visit, order, call, handles)
        group.append(task)
        self.tasks[id] = task
        return task

    def meet(self, at: At) -> None:
        """Take the tasks that had asked at a position that is gone on from, or looked at."""
        for task in at.tasks:
            if task.id and task.id not in self.tasks:
                level = at.levels.get(task.level)
                self.tasks[task.id] = task
                self._steps.setdefault((task.level, level.id if level else ""), []).append(task)

    def forget(self, levels: Levels) -> None:
        """Let go of tasks that are not open at a position: frames have those that are at theirs."""
        places = [(name, level.id) for name, level in levels.items()]
        self._steps = {place: self._steps[place] for place in places if place in self._steps}
        self.tasks = {task.id: task for group in self._steps.values() for task in group}

    # -- levels ------------------------------------------------------------------

    def members(self, levels: Levels, level: PregelLevel) -> list[Member]:
        """Return the tasks of a level's open super-step, in LangGraph's order."""
        written = {w.task.id: w for w in level.written}
        called = [w for w in level.written if w.task.call and w.waits]
        alone = len(levels) == 1
        found = []
        for task in self.tasks_of(levels, level):
            wrote = written.get(task.id)
            done = wrote is not None and wrote.done
            waits = wrote is not None and not done and wrote.waits
            hold = self.waiting_of(level, task) if waits else None
            if hold is None and level.static:
                hold = static_wait(level, task)
            if hold is None and called:
                hold = self._called_wait(level, task, called)
            below = None if done or alone else self._below(levels, level, task)
            found.append(Member(task, done, hold, below))
        return found

    def tasks_of(self, levels: Levels, level: PregelLevel) -> list[PregelTask]:
        """Return the tasks of a level's open super-step: those that asked, and those expected."""
        prefix = self.path_of(levels, level.namespace)
        names = self.facts.at(without_visits(prefix)).leads_to(level)
        known = [t for t in self._steps.get((level.namespace, level.id), ()) if not t.call]
        if len(known) >= len(names):
            return known
        left, made, seen = list(known), [], dict[str, int]()
        for name in names:
            seen[name] = k = seen.get(name, 0) + 1
            match = next((task for task in left if task.node == name), None) if left else None
            if match is not None:
                left.remove(match)
                made.append(match)
                continue
            visit = level.visits.count(name, level.step) + k
            path = joined_path(prefix, name if k == 1 else f"{name}#{k}")
            own = joined_path(prefix, inside(name, visit))
            made.append(PregelTask("", name, "", level.namespace, path, own, visit, len(made)))
        return [*made, *left]

    def of(self, facts: GraphFacts) -> Standing:
        """Return the same of a graph with other code: its tasks are the same."""
        made = Standing(facts)
        made.tasks, made._steps = self.tasks, self._steps
        return made

    def waiting_of(self, level: PregelLevel, task: PregelTask) -> Waiting:
        """Return what a task waits for."""
        occurrence = level.visits.count(waits_name(task.path), level.step) - 1
        return Waiting(f"{task.path}#{occurrence}", task.node)

    def _called_wait(
        self, level: PregelLevel, task: PregelTask, called: list[Written]
    ) -> Waiting | None:
        """Return what the first of the tasks that a task has called waits for."""
        for wrote in called:
            if within(wrote.task.namespace, task.namespace):
                return self.waiting_of(level, wrote.task)
        return None

    def _below(self, levels: Levels, level: PregelLevel, task: PregelTask) -> PregelLevel | None:
        """Return the level that a task has entered: of several that it called, the last one."""
        if not task.id:
            return None
        found, count = levels.get(task.namespace), 1
        while (later := levels.get(f"{task.namespace}|{count}")) is not None:
            found, count = later, count + 1
        if found is None:
            own = levels.get(joined(level.namespace, task.node))
            entered = own is not None and own.metadata.get("parents", {}).get(level.namespace)
            found = own if entered == level.id else None
        return found

    # -- positions ---------------------------------------------------------------

    def position(self, levels: Levels, pairs: Pairs = ()) -> tuple[Position, dict[str, Position]]:
        """Return the position of a frame, and that of every level in it by its namespace.

        Args:
            pairs: What the frame's task wrote.
        """
        places: dict[str, Position] = {}
        root = self._standing(levels, levels[""], places)
        root.native = At(levels, pairs, self._open(levels))
        return root, places

    def _open(self, levels: Levels) -> tuple[PregelTask, ...]:
        """Return the tasks that have asked in the open super-steps."""
        groups = [self._steps.get((name, level.id), ()) for name, level in levels.items()]
        return tuple(groups[0]) if len(groups) == 1 else tuple(chain.from_iterable(groups))

    def _standing(
        self, levels: Levels, level: PregelLevel, places: dict[str, Position]
    ) -> Position:
        members = self.members(levels, level)
        after = next((w for w in level.static if w.after), None)
        if len(members) == 1 and not members[0].done:
            made = self._at(levels, level, members[0], places)
        elif all(member.done for member in members) and (members or after is None):
            # a super-step that is written but not applied yet still leads on to its nodes
            name = self._together(members) if members else None
            made = self._plain(level, name)
            if members:
                made.inner = self._branches(levels, level, members, places)
        else:
            made = self._plain(level, self._together(members))
            made.inner = self._branches(levels, level, members, places)
        if after is not None and made.hold is None and made.node is not None:
            made.hold = after.waiting
        made.native = level.namespace
        places[level.namespace] = made
        return made

    def _branches(
        self, levels: Levels, level: PregelLevel, members: list[Member], places: dict[str, Position]
    ) -> SuperStep:
        branches = {}
        alike: dict[str | None, Position] = {}
        for member in members:
            task = member.task
            name = task.path.rpartition("/")[2]
            if not member.done and (member.waiting is not None or member.below is not None):
                branches[name] = self._at(levels, level, member, places)
                continue
            node = None if member.done else task.node
            if node not in alike:
                alike[node] = self._plain(level, node)
            branches[name] = alike[node]
        return SuperStep(Wide.of(branches), 0, sum(not member.done for member in members))

    def _at(
        self, levels: Levels, level: PregelLevel, member: Member, places: dict[str, Position]
    ) -> Position:
        """Return a level seen at one of its tasks."""
        made = self._plain(level, member.task.node)
        made.hold = member.waiting
        if member.below is not None:
            made.inner = self._standing(levels, member.below, places)
        return made

    @staticmethod
    def _plain(level: PregelLevel, node: str | None) -> Position:
        return Position(node, level.data, level.step, level.visits)

    @staticmethod
    def _together(members: list[Member]) -> str:
        return together(member.task.node for member in members)


def static_wait(level: PregelLevel, task: PregelTask) -> Waiting | None:
    """Return what a task waits for before it runs, by `interrupt_before`; else `None`."""
    for wait in level.static:
        if not wait.after and wait.path == task.path:
            return wait.waiting
    return None
