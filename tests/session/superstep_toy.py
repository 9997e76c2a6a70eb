"""A third engine: functions that run side by side in super-steps, and graphs inside of them.

What the tasks of one super-step write is joined when all are through; until then their level does
not change. There is no Parallel, no lens and no engine of ours: only positions, frames and what
`lellm_nb.session.protocol` asks for.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, pairwise, product

from lellm_nb.clock import Clock
from lellm_nb.errors import NodeExecutionError, NotWaitingError
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.record.detail import DecisionRecord, Detail
from lellm_nb.record.frame import make_frame
from lellm_nb.record.history import History
from lellm_nb.record.level_key import LevelKeys, enclosing, level_at
from lellm_nb.record.place import Place
from lellm_nb.record.position import Position, SuperStep, Waiting, has_finished, open_at
from lellm_nb.record.visits import Visits
from lellm_nb.session.head import Head
from lellm_nb.session.protocol import Capability, Controls, Halt, MoveKind
from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.compact import MISSING, Tail
from lellm_nb.state.edits import edits_of
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Put, apply
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import keep, view

__all__ = ["GATHER", "Plan", "Together", "ask"]


def _gather(old, values):
    return freeze([*([] if old is MISSING else old), *chain.from_iterable(values)])


GATHER = Reducer("gather", _gather)
"""A channel of lists: all lists that a super-step brings are put behind what is there."""


def ask(state):
    """Stands for a job that waits for a person."""


@dataclass(frozen=True)
class Job:
    """A function, a question or a graph."""

    fn: object
    kind: str = "task"
    graph: object = None


class Plan(GraphShape):
    """Which jobs run together, super-step after super-step; ``w w`` are two tasks of one job."""

    def __init__(self, name, jobs, *steps, **reducers):
        self.name = name
        self.steps = [step.split() for step in steps]
        self.nodes = {key: _job(given) for key, given in jobs.items()}
        ways = chain.from_iterable(product(a, b) for a, b in pairwise(self.steps))
        self.edges = tuple(Edge(a, b) for a, b in dict.fromkeys(ways))
        self.start, self.end = self.steps[0][0], self.steps[-1][-1]
        self.error_routes = {}
        self.reducers = reducers

    @property
    def starts(self):
        return tuple(dict.fromkeys(self.steps[0]))

    @property
    def ends(self):
        return tuple(dict.fromkeys(self.steps[-1]))

    def before(self, index, data, step, visits, wrote):
        """Return the position of a level before one of its super-steps."""
        if index == len(self.steps):
            return Position(None, data, step, visits, None, None, wrote)
        names, seen, tasks = self.steps[index], Counter(), {}
        for name in names:
            seen[name] += 1
            segment = name if seen[name] == 1 else f"{name}#{seen[name]}"
            tasks[segment] = Position(name, data, step, visits)
        ran = {name: visits.count(name, step) for name in names}
        own = Own(index, ran, tuple(tasks), {})
        inner = SuperStep(tasks) if len(tasks) > 1 else None
        together = " + ".join(seen)
        return Position(together, data, step, visits, None, inner, wrote, own)

    def writes(self, mutations):
        """Return what mutations come to, one for each key."""
        values = {}
        for m in mutations:
            given = m.values if isinstance(m, ChannelUpdate) else [m.value]
            values.setdefault(m.key, []).extend(given)
        return tuple(
            ChannelUpdate(key, given, self.reducers[key])
            if key in self.reducers
            else Put(key, freeze(given[-1], key))
            for key, given in values.items()
        )


def _job(given):
    if isinstance(given, Plan):
        return Job(None, "subgraph", given)
    return Job(given, "barrier" if given is ask else "task")


@dataclass(frozen=True)
class Own:
    """What a level keeps of its super-step: beside the position, where only the toy looks."""

    index: int
    ran: dict
    segments: tuple
    pending: dict


@dataclass(frozen=True)
class Move:
    """A task that may move: `way` has the task of each level that leads to it."""

    path: str
    node: str
    visit: int
    data: object
    way: tuple
    plan: Plan
    inner: object = None
    hold: object = None
    enters: str = ""
    inside: str = ""
    stack: tuple = ()
    names: tuple = ()
    joins: bool = False

    static_path = property(lambda self: Place("", self.path, "").static)
    state = property(lambda self: view(self.data))
    job = property(lambda self: self.plan.nodes[self.node])

    @property
    def kind(self):
        if self.hold is not None:
            return MoveKind.DECIDE
        leaves = self.joins or self.job.graph is not None
        return MoveKind.LEAVE if leaves else MoveKind.RUN


class Together(Head):
    """One run of a plan."""

    capabilities = frozenset(
        {
            *(Capability.STEP_INSIDE, Capability.REWIND, Capability.FORK),
            *(Capability.EDIT, Capability.DECIDE),
        }
    )

    def __init__(self, plan, state):
        self._adopt(plan, Clock())
        root = plan.before(0, keep(state), 0, Visits(), None)
        place = Place(plan.name, "", "")
        start = make_frame(place, "start", 0, root, root, (), None, time.time(), 0.0, None)
        self.history = History(start)
        self.line = self.history.lines["main"]
        self.head = start

    # -- where it stands ----------------------------------------------------------

    def _tasks(self):
        return list(_tasks(self.position, self.graph, Move("", "", 0, None, (), None), ""))

    def next_moves(self):
        return [move for move in self._tasks() if move.hold is None]

    def next_move(self):
        tasks = self._tasks()
        return next((move for move in tasks if move.hold is None), tasks[0] if tasks else None)

    def data_at(self, frame, like=None):
        key = "" if like is None else LevelKeys().of(like)
        level = level_at(frame.position, key)
        if level is None:  # what goes in is all that there is around it
            level = level_at(frame.position, enclosing(key))
        return None if level is None else level.data

    # -- forward --------------------------------------------------------------------

    async def advance(self, controls: Controls) -> Halt:
        self._moving = controls
        made = 0
        while moves := self.next_moves():
            gate = (controls.gates or {}).get(moves[0].static_path)
            if made == controls.max_steps:
                return Halt.LIMIT
            if gate is not None and controls.stopping is None:
                controls.stopping = gate(moves[0])
            if controls.stopping is not None:
                return Halt.STOPPED
            self._work(moves[0], controls)
            made += 1
            if controls.one:
                return Halt.STEPPED
        return Halt.ENDED if self.position.node is None else Halt.HELD

    def _work(self, move, controls):
        begun = time.time()
        if move.joins:
            return self._join(_level(self.position, move.way), move, controls)
        if move.job.kind == "barrier":
            hold = Waiting(f"{move.path}#{move.visit - 1}", move.node)
            position = _changed(
                self.position, self.graph, move.way, lambda at: _held(at, move, hold)
            )
            return self._tell("waiting", move, position, (), begun, controls)
        if move.inner is not None:
            return self._commit("exit", move, move.inner.wrote.since(0), begun, controls)
        try:
            wrote = move.job.fn(move.state) or {}
        except Exception as cause:
            error = NodeExecutionError(move.path, cause, state=move.state)
            self._tell("error", move, self.position, (), begun, controls, Detail(error=error))
            raise error from cause
        puts = [
            ChannelUpdate(k, [v]) if k in move.plan.reducers else Put(k, v)
            for k, v in wrote.items()
        ]
        return self._commit("commit", move, puts, begun, controls)

    def _commit(self, kind, move, wrote, begun, controls, detail=None):
        """Commit a task, and join its super-step where it was the last one."""
        writes = move.plan.writes(wrote)

        def done(at):
            visits, step = _counted(at, move) if detail is None else (at.visits, at.step)
            own = replace(at.native, pending={**at.native.pending, move.way[-1]: writes})
            if at.inner is None or not isinstance(at.inner, SuperStep):
                return _joined(at, move.plan, writes, step, visits)
            gone = Position(None, at.data, step, visits)
            tasks = _task_by_task(at, at.data, step, visits) | {move.way[-1]: gone}
            return Position(
                *(at.node, at.data, step, visits, None, SuperStep(tasks), at.wrote, own)
            )

        position = _changed(self.position, self.graph, move.way, done)
        self._tell(kind, move, position, writes, begun, controls, detail)
        level = _level(position, move.way)
        if isinstance(level.inner, SuperStep) and not level.inner.open:
            self._join(level, move, controls)

    def _join(self, level, move, controls):
        own = level.native
        writes = move.plan.writes(chain.from_iterable(own.pending[name] for name in own.segments))
        position = _changed(
            *(self.position, self.graph, move.way),
            lambda at: _joined(at, move.plan, writes, at.step, at.visits),
        )
        around, slash, _ = move.path.rpartition("/")
        joined = replace(move, path=f"{around}{slash}{level.node}", node=level.node, visit=1)
        self._tell("join", joined, position, writes, time.time(), controls)

    def _tell(self, kind, move, position, writes, begun, controls, detail=None):
        level = _level(position, move.way)
        place = Place(move.plan.name, move.path, move.node)
        stays = kind in ("waiting", "error") or has_finished(level, move.path)
        there = Route(level.node, "normal" if level.node else "end")
        route = None if stays and kind != "join" else there
        took = time.time() - begun
        made = (place, kind, move.visit, position, level, writes, route, begun, took, detail)
        frame = make_frame(*made)
        self._emit(frame)
        watch = controls.watch_failures if kind == "error" else controls.watch
        if watch is not None and controls.stopping is None:
            controls.stopping = watch(frame)

    # -- what a person does -----------------------------------------------------------

    async def decide(self, decision, barrier_id=None, *, by="person"):
        waits = [move for move in self._tasks() if move.hold is not None]
        found = [move for move in waits if barrier_id in (None, move.hold.barrier_id)]
        if len(found) != 1:
            raise NotWaitingError(barrier_id, [move.hold.barrier_id for move in waits])
        [move] = found
        now = time.time()
        detail = Detail(decision=DecisionRecord(move.hold.barrier_id, decision, by, now))
        wrote = [Put(f"{move.node}.approved", True)]
        self._commit("decision", move, wrote, now, Controls(), detail)
        return self.head

    def check_edit(self, frame, put, delete=()):
        edits, at = tuple(edits_of(put, delete)), frame.position
        data, inner = apply(at.data, edits), at.inner
        if isinstance(inner, SuperStep):
            inner = SuperStep(_task_by_task(at, data, at.step, at.visits))
        after = Position(at.node, data, at.step, at.visits, at.hold, inner, None, at.native)
        place, now = Place(self.graph.name, frame.node, frame.node), time.time()
        made = (place, "edit", frame.visit, after, after, edits, None, now, 0.0, None)
        return make_frame(*made) if edits else None

    def fork(self, frame=None, *, put=None, delete=(), name=None):
        frame = frame or self.head
        line, edit = self.line_through(frame), self.check_edit(frame, put, delete)
        child = self._beside(self.history.fork(line, frame.index, name), frame)
        if edit is not None:
            child._emit(edit)
        return child

    def use(self, graph):
        self.graph = graph


# -- positions --------------------------------------------------------------------------


def _tasks(level, plan, around, prefix):
    """Walk the tasks that are open in a level and below; each says how it was come to."""
    if isinstance(level.inner, SuperStep) and not level.inner.open:
        where = {"path": prefix + level.node, "node": level.node, "visit": 1, "data": level.data}
        way = (*around.way, level.native.segments[0])
        yield replace(around, **where, way=way, plan=plan, joins=True)
    for segment, task in open_at(level):
        visit = level.native.ran[task.node] + int(segment.partition("#")[2] or 1)
        path, way = prefix + segment, (*around.way, segment)
        where = {"path": path, "node": task.node, "visit": visit, "data": level.data, "way": way}
        made = replace(
            around,
            **where,
            plan=plan,
            hold=task.hold,
            stack=(*around.stack, path),
        )
        graph = plan.nodes[task.node].graph
        if graph is None:
            yield made
        elif task.inner is not None and task.inner.node is None:
            yield replace(made, inner=task.inner)
        else:
            entered = task.inner or graph.before(0, level.data, 0, Visits(), Tail.of(()))
            enters = around.enters if task.inner is not None else around.enters or path
            below = f"{prefix}{task.node}{f'#{visit}' if visit > 1 else ''}/"
            yield from _tasks(entered, graph, replace(made, enters=enters, inside=path), below)


def _level(root, way):
    """Return the level that the last task of a way is in."""
    for segment in way[:-1]:
        step = root.inner
        root = step.branches[segment].inner if isinstance(step, SuperStep) else step
    return root


def _changed(level, plan, way, change):
    """Return a position in which the level at the end of a way is changed."""
    segment, *rest = way
    if not rest:
        return change(level)
    graph = plan.nodes[segment.partition("#")[0]].graph
    step = level.inner if isinstance(level.inner, SuperStep) else None
    task = level if step is None else step.branches[segment]
    inner = task.inner or graph.before(0, level.data, 0, Visits(), Tail.of(()))
    made = task.holding(_changed(inner, graph, rest, change))
    if step is None:
        return made
    return level.holding(SuperStep({**step.branches, segment: made}))


def _joined(at, plan, writes, step, visits):
    wrote = None if at.wrote is None else at.wrote.extended(writes)
    return plan.before(at.native.index + 1, apply(at.data, writes), step, visits, wrote)


def _counted(at, move):
    """Return a level's visits and steps after a task of it has run."""
    visits, _ = at.visits.record(at.step, move.node)
    return visits, at.step + 1


def _held(at, move, hold):
    """Return a level of which one task waits."""
    visits, step = _counted(at, move)
    if not isinstance(at.inner, SuperStep):
        return Position(at.node, at.data, step, visits, hold, None, at.wrote, at.native)
    waits = Position(move.node, at.data, step, visits, hold)
    inner = SuperStep(_task_by_task(at, at.data, step, visits) | {move.way[-1]: waits})
    return Position(at.node, at.data, step, visits, None, inner, at.wrote, at.native)


def _task_by_task(at, data, step, visits):
    """Return the level at each of its tasks, with what is true of all of them."""
    return {
        name: Position(task.node, data, step, visits, task.hold, task.inner)
        for name, task in at.inner.branches.items()
    }
