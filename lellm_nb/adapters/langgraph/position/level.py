"""Where a LangGraph run stands: a checkpoint for each level, and what its tasks wrote since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lellm_nb.record.position import Waiting
from lellm_nb.record.visits import Visits

__all__ = [
    "ERROR",
    "ERROR_SOURCE",
    "INTERRUPT",
    "RESUME",
    "START",
    "TASKS",
    "At",
    "Levels",
    "Pairs",
    "PregelLevel",
]
__all__ += ["PregelTask", "StaticWait", "Written", "counter_of", "nobody", "waits_name"]

START = "__start__"
TASKS = "__pregel_tasks"
INTERRUPT = "__interrupt__"
RESUME = "__resume__"
ERROR = "__error__"
ERROR_SOURCE = "__error_source_node__"


class PregelTask(NamedTuple):
    """One run of a node, as LangGraph names it.

    Attributes:
        id: LangGraph's id; the same whenever the same checkpoint is gone on from.
        node: The node's name.
        namespace: Its own, and that of what it calls.
        level: The namespace of the level that it writes to.
        path: As frames have it.
        inside: How its path begins for what is inside of it.
        visit: Which run of the node this is in its entry of the level, from 1.
        order: Its place among the tasks of its super-step.
        call: Whether a task called it as a function (the functional API).
        handles: Whether it takes the failure of another one.
    """

    id: str
    node: str
    namespace: str
    level: str
    path: str
    inside: str
    visit: int
    order: int = 0
    call: bool = False
    handles: bool = False


def nobody(id: str, namespace: str) -> PregelTask:
    """Return who writes the input, or what begins a graph: no task of anybody's."""
    return PregelTask(id, START, "", namespace, "", "", 0)


Pairs = tuple[tuple[str, Any], ...]


class Written(NamedTuple):
    """What a task of the open super-step wrote.

    Attributes:
        task: Which task.
        pairs: Channel and value, in order, as frames keep them.
        place: By which LangGraph puts the tasks of a super-step in order.
    """

    task: PregelTask
    pairs: Pairs
    place: str = ""

    @property
    def waits(self) -> bool:
        """Whether the task waits for an answer."""
        return _has(self.pairs, INTERRUPT)

    @property
    def failed(self) -> bool:
        """Whether the task failed, and another one has taken that."""
        return _has(self.pairs, ERROR)

    @property
    def resumes(self) -> bool:
        """Whether the task has its answers and is to run again."""
        return [channel for channel, _ in self.pairs if channel != RESUME] == []

    @property
    def done(self) -> bool:
        """Whether that is all that the task has to write."""
        channels = [channel for channel, _ in self.pairs]
        return INTERRUPT not in channels and channels.count(RESUME) < len(channels)

    @property
    def answers(self) -> list[Any]:
        """The answers that it has been given."""
        return [a for channel, value in self.pairs if channel == RESUME for a in value]


def _has(pairs: Pairs, channel: str) -> bool:
    # asked for every task of a frame: a generator costs more than a list
    return channel in [found for found, _ in pairs]


class StaticWait(NamedTuple):
    """A node that `interrupt_before` or `interrupt_after` waits at.

    Attributes:
        path: The node's path.
        occurrence: How often it had waited there.
        after: Whether the node has run.
    """

    path: str
    occurrence: int
    after: bool

    @property
    def barrier_id(self) -> str:
        """Its id: path and occurrence."""
        return f"{self.path}#{self.occurrence}"

    @property
    def waiting(self) -> Waiting:
        """What a position has of it."""
        return Waiting(self.barrier_id, self.path.rpartition("/")[2].partition("#")[0])


@dataclass(frozen=True, slots=True)
class PregelLevel:
    """One namespace of a run; an immutable value.

    Attributes:
        namespace: Which.
        checkpoint: LangGraph's own, without the values of channels.
        metadata: LangGraph's own.
        hidden: Values of channels that are no keys of the state.
        data: The state, in the compact form of frames.
        visits, step: How often each node ran, and how many steps of the level are committed.
        written: What the tasks of the open super-step wrote, in order of their commits.
        passed: Nodes of this super-step whose static interrupt was approved.
        static: What waits without a value, by `interrupt_before` or `interrupt_after`.
    """

    namespace: str
    checkpoint: Mapping[str, Any]
    metadata: Mapping[str, Any]
    hidden: Mapping[str, Any]
    data: Any
    visits: Visits = field(default_factory=Visits)
    step: int = 0
    written: tuple[Written, ...] = ()
    passed: frozenset[str] = frozenset()
    static: tuple[StaticWait, ...] = ()

    @property
    def id(self) -> str:
        """The id of its checkpoint: what all tasks of one super-step have in common."""
        found: str = self.checkpoint["id"]
        return found

    def wrote(self, wrote: Written, counts: str = "") -> PregelLevel:
        """Return the level after a task wrote; what it wrote before is replaced.

        Args:
            counts: The name under which that is counted; empty where it is no step.
        """
        others = self.written
        if others:
            others = tuple(w for w in others if w.task.id != wrote.task.id)
        visits, step = self.visits, self.step
        if counts:
            visits, step = visits.record(step, counts)[0], step + 1
        return PregelLevel(
            self.namespace,
            self.checkpoint,
            self.metadata,
            self.hidden,
            self.data,
            visits,
            step,
            (*others, wrote),
            self.passed,
            self.static,
        )


def waits_name(path: str) -> str:
    """Return the name under which it is counted how often a path has waited, in its level."""
    return f"?{path.rpartition('/')[2]}"


def counter_of(task: PregelTask) -> str:
    """Return the name under which the runs of a task are counted in its level."""
    return f"{task.path}()" if task.call else task.node


Levels = Mapping[str, PregelLevel]
"""Every level of a run by its namespace: the whole position, as the tape serves it."""


class At(NamedTuple):
    """What a frame's position has beside it.

    Attributes:
        levels: The whole position.
        pairs: What the frame's task wrote, its ways out included.
        tasks: The tasks of the open super-steps that had asked.
    """

    levels: Levels
    pairs: Pairs = ()
    tasks: tuple[PregelTask, ...] = ()
