"""A second engine in a page: a conveyor of plain functions from state to state.

It knows nothing of tasks, edges, barriers or branches, runs no loop of ours, and is debugged all
the same, because it gives what `lellm_nb.session.protocol` asks for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

from lellm_nb.clock import Clock
from lellm_nb.errors import NodeExecutionError, RunCancelledError
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.record.detail import Detail
from lellm_nb.record.frame import make_frame
from lellm_nb.record.history import History
from lellm_nb.record.place import Place
from lellm_nb.record.position import Position
from lellm_nb.session.head import Head
from lellm_nb.session.protocol import Capability, Controls, Halt, MoveKind
from lellm_nb.state.edits import edits_of
from lellm_nb.state.mutation import apply
from lellm_nb.state.state import keep, view

__all__ = ["Conveyor", "Station"]


@dataclass(frozen=True)
class Station:
    """One function on the belt."""

    name: str
    fn: object
    kind: str = "task"


class Belt(GraphShape):
    """What the conveyor looks like: its stations in a row."""

    def __init__(self, name, functions):
        self.name = name
        self.nodes = {key: Station(key, fn) for key, fn in functions.items()}
        self.edges = tuple(Edge(a, b) for a, b in pairwise(functions))
        self.start, *_, self.end = functions
        self.error_routes = {}


@dataclass(frozen=True)
class Move:
    """The station that is next."""

    node: str
    visit: int
    data: object
    kind: MoveKind = MoveKind.RUN
    enters: str = ""
    inside: str = ""

    path = static_path = property(lambda self: self.node)
    state = property(lambda self: view(self.data))
    stack = property(lambda self: [self.node])


class Conveyor(Head):
    """One run of a belt: it steps, runs, rewinds, forks and is edited."""

    capabilities = frozenset({Capability.REWIND, Capability.FORK, Capability.EDIT})

    def __init__(self, name, functions, state):
        self._adopt(Belt(name, functions), Clock())
        root = Position.begin(self.graph.start, keep(state))
        start = self._frame(Place(name, "", ""), "start", 0, root, (), None, time.time(), 0.0)
        self.history = History(start)
        self.line = self.history.lines["main"]
        self.head = start

    def next_move(self):
        at = self.position
        if at.node is None:
            return None
        return Move(at.node, at.visits.count(at.node, at.step) + 1, at.data)

    async def advance(self, controls: Controls) -> Halt:
        self._moving = controls
        made = 0
        while (move := self.next_move()) is not None:
            if controls.token is not None and controls.token.is_cancelled:
                raise RunCancelledError(path=move.path, state=self.state)
            if made == controls.max_steps:
                return Halt.LIMIT
            ask = (controls.gates or {}).get(move.node)
            if ask is not None and controls.stopping is None:
                controls.stopping = ask(move)
            if controls.stopping is not None:
                return Halt.STOPPED
            self._work(move, controls)
            made += 1
            if controls.one:
                return Halt.STEPPED
        return Halt.ENDED

    def _work(self, move, controls):
        begun = time.time()
        place = Place(self.graph.name, move.node, move.node)
        try:
            changes = edits_of(self.graph.nodes[move.node].fn(move.state))
        except Exception as cause:
            error = NodeExecutionError(move.path, cause, state=move.state)
            at = self.position
            detail = Detail(error=error)
            frame = self._frame(place, "error", move.visit, at, (), None, begun, 0.0, detail)
            self._tell(frame, controls.watch_failures, controls)
            raise error from cause
        following = dict(pairwise(self.graph.nodes)).get(move.node)
        at = self.position
        data, (visits, _) = apply(at.data, changes), at.visits.record(at.step, move.node)
        after = Position(following, data, at.step + 1, visits)
        route = Route(following, "normal" if following else "end")
        took = time.time() - begun
        frame = self._frame(place, "commit", move.visit, after, changes, route, begun, took)
        self._tell(frame, controls.watch, controls)

    def _tell(self, frame, watch, controls):
        self._emit(frame)
        if watch is not None and controls.stopping is None:
            controls.stopping = watch(frame)

    def _frame(self, place, kind, visit, position, changes, route, begun, took, detail=None):
        return make_frame(
            place, kind, visit, position, position, changes, route, begun, took, detail
        )

    def check_edit(self, frame, put, delete=()):
        edits, at = edits_of(put, delete), frame.position
        after = Position(at.node, apply(at.data, edits), at.step, at.visits)
        made = (frame.place, "edit", frame.visit, after, tuple(edits), frame.route, time.time(), 0)
        return self._frame(*made) if edits else None

    def fork(self, frame=None, *, put=None, delete=(), name=None):
        frame = frame or self.head
        line, edit = self.line_through(frame), self.check_edit(frame, put, delete)
        child = self._beside(self.history.fork(line, frame.index, name), frame)
        if edit is not None:
            child._emit(edit)
        return child

    def use(self, graph):
        self.graph = graph
