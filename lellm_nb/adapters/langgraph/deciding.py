"""A LangGraph run that takes decisions, and is written into by hand: forks, edits, new code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lellm_nb.adapters.langgraph.asking import asked_by, check_answer, question, resume_value
from lellm_nb.adapters.langgraph.checks import sends_untracked
from lellm_nb.adapters.langgraph.position.facts import GraphFacts
from lellm_nb.adapters.langgraph.position.level import (
    RESUME,
    TASKS,
    At,
    Levels,
    Pairs,
    PregelLevel,
    PregelTask,
    Written,
    counter_of,
)
from lellm_nb.adapters.langgraph.position.writes import route_of, without_keys_of
from lellm_nb.adapters.langgraph.session import LangGraphLooking
from lellm_nb.errors import DebuggerError, NodeNotFoundError, NotWaitingError
from lellm_nb.graph.decision import (
    Answer,
    Decision,
    Modify,
    Reject,
    Reroute,
    check_decision,
)
from lellm_nb.graph.edge import Route
from lellm_nb.record.detail import DecisionRecord, Detail
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.place import Place
from lellm_nb.record.position import Waiting
from lellm_nb.session.protocol import Asking, OpenLevel, Previewed
from lellm_nb.state.edits import edits_of
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Mutation, Put, apply, parts_of
from lellm_nb.state.state import view

__all__ = ["LangGraphDeciding"]


class LangGraphDeciding(LangGraphLooking):
    """``decide, preview, fork, edit, use``."""

    # -- what waits --------------------------------------------------------------

    def _waits(self, barrier_id: str | None) -> tuple[PregelLevel, PregelTask | None, Waiting]:
        """Return what an id waits for: its level, its task, and how it waits.

        Raises:
            NotWaitingError: It does not wait, or it is not clear which is meant.
        """
        levels = self.levels
        found: dict[str, tuple[PregelLevel, PregelTask | None, Waiting]] = {}
        for level in levels.values():
            for member in self._standing_of.members(levels, level):
                if member.waiting is not None:
                    found[member.waiting.barrier_id] = level, member.task, member.waiting
            for wait in level.static:
                if wait.after:
                    found[wait.barrier_id] = level, None, wait.waiting
        for written in levels[""].written:
            if written.waits and written.task.call:
                held = self._standing_of.waiting_of(levels[""], written.task)
                found[held.barrier_id] = levels[""], written.task, held
        if barrier_id is None and len(found) == 1:
            return next(iter(found.values()))
        if barrier_id is None or barrier_id not in found:
            raise NotWaitingError(barrier_id, found)
        return found[barrier_id]

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what an interrupt asks; `None` of a static one."""
        try:
            level, task, _ = self._waits(waiting.barrier_id)
        except NotWaitingError:
            return None
        found = None if task is None else asked_by(level, task)
        return None if found is None else question(found)

    def waiting_data(self, waiting: Waiting) -> Any:
        """Return the channels of the level that waits."""
        try:
            return self._waits(waiting.barrier_id)[0].data
        except NotWaitingError:
            return None

    def targets(self, barrier_id: str | None = None) -> list[str]:
        """Return the nodes that a reroute of a waiting barrier may name."""
        level, task, _ = self._waits(barrier_id)
        return [] if task is None else self._names(self._static_of(level))

    def _static_of(self, level: PregelLevel) -> str:
        return without_visits(self._standing_of.path_of(self.levels, level.namespace))

    # -- deciding ----------------------------------------------------------------

    async def decide(
        self, decision: Any, barrier_id: str | None = None, *, by: str = "person"
    ) -> Frame:
        """Commit a decision for one that waits; the node gets it when it runs again.

        Raises:
            NotWaitingError: That does not wait, or it is not clear which is meant.
            NodeNotFoundError: A reroute leads nowhere; it goes on waiting.
            DebuggerError: The answer does not fit what is asked; it goes on waiting.
            StateError: There is no such key to modify; it goes on waiting.
        """
        check_decision(decision, DebuggerError)
        writer = self.history.writer
        if writer is not None:
            writer.check()
        frame = self._decision_frame(decision, barrier_id, by)
        self._emit(frame)
        if self._moving is not None:
            self._moving.tell(frame)
        if writer is not None:
            writer.check()
        return self.head

    def _decision_frame(self, decision: Decision, barrier_id: str | None, by: str) -> Frame:
        level, task, waiting = self._waits(barrier_id)
        mutations: list[Mutation] = []
        after, route = level, None
        pairs: Pairs = ()
        if isinstance(decision, Modify):
            mutations = [Put(decision.key, freeze(decision.value, decision.key))]
            after = self._put_into(after, mutations)
        if isinstance(decision, Reroute):
            after, pairs = self._rerouted(after, task, decision.target, waiting)
            route = route_of(pairs, waiting.name, {})
        elif task is None or asked_by(level, task) is None:
            if isinstance(decision, (Answer, Reject)):
                raise DebuggerError(
                    f"{waiting.barrier_id} waits by a static interrupt, which has no question:"
                    " approve() goes on, reroute(target) goes elsewhere."
                )
            kept = tuple(
                w for w in after.static if f"{w.path}#{w.occurrence}" != waiting.barrier_id
            )
            passed = after.passed if task is None else after.passed | {task.node}
            after = replace(after, static=kept, passed=passed)
        else:
            after = self._answered(after, task, decision, waiting.barrier_id)
        record = DecisionRecord(waiting.barrier_id, decision, by, self.clock.wall())
        after = self._untracked_gone(after)
        levels = {name: self._untracked_gone(one) for name, one in self.levels.items()}
        if task is None:  # it has run: by `interrupt_after`
            visit = level.visits.count(waiting.name, level.step)
            task = PregelTask("", waiting.name, "", level.namespace, waiting.path, "", visit)
        return self._frame_of(
            after, "decision", task, pairs, mutations, Detail(decision=record), route, levels
        )

    def _untracked_gone(self, level: PregelLevel) -> PregelLevel:
        """Return a level without what upstream forgets when a run is left and resumed (L14)."""
        gone = self._standing_of.facts.at(self._static_of(level)).untracked
        if not gone:
            return level
        data = {key: value for key, value in level.data.items() if key not in gone}
        sent = [without_keys_of(send, gone) for send in level.hidden.get(TASKS) or ()]
        kept = not sent or sends_untracked()
        hidden = level.hidden if kept else {**level.hidden, TASKS: sent}
        return replace(level, data=data, hidden=hidden)

    def _answered(
        self, level: PregelLevel, task: PregelTask, decision: Decision, barrier_id: str
    ) -> PregelLevel:
        asked = asked_by(level, task)
        given = resume_value(asked, decision)
        check_answer(asked, given, barrier_id)
        value = self._copies.kept(given, "answer")
        before = next(w for w in level.written if w.task.id == task.id)
        return level.wrote(Written(task, ((RESUME, [*before.answers, value]),), before.place))

    def _rerouted(
        self, level: PregelLevel, task: PregelTask | None, target: str, waiting: Waiting
    ) -> tuple[PregelLevel, Pairs]:
        names = self._names(self._static_of(level))
        if target not in names:
            raise NodeNotFoundError(target, names, path=waiting.path)
        if task is None or not task.id:
            raise DebuggerError(
                f"{waiting.barrier_id} waits after its node has run: it can't be rerouted."
                " Fork with put, or rewind to before the node."
            )
        pairs = ((f"branch:to:{target}", None),)
        static = tuple(w for w in level.static if w.path != task.path)
        return replace(level.wrote(Written(task, pairs), counter_of(task)), static=static), pairs

    def preview(self, decision: Decision, barrier_id: str | None = None) -> Previewed:
        """Tell what a decision would write and where it would lead, without giving it."""
        check_decision(decision, DebuggerError)
        level, task, waiting = self._waits(barrier_id)
        frame = self._decision_frame(decision, waiting.barrier_id, "person")
        before, after = view(level.data), view(frame.level.data)
        if isinstance(decision, Reroute):
            return Previewed(before, after, frame.next_node, None)
        asked = None if task is None else asked_by(level, task)
        given = () if asked is None else (resume_value(asked, decision),)
        return Previewed(before, after, waiting.name, None, given)

    # -- frames by hand ----------------------------------------------------------

    def _frame_of(
        self,
        level: PregelLevel,
        kind: str,
        task: PregelTask,
        pairs: Pairs,
        mutations: Sequence[Mutation],
        detail: Detail | None,
        route: Any = None,
        levels: Levels | None = None,
    ) -> Frame:
        levels = {**(self.levels if levels is None else levels), level.namespace: level}
        position, places = self._standing_of.position(levels, pairs)
        own = places.get(level.namespace) or position
        if kind == "input":
            route = Route(own.node, kind)
        graph = self._graph_at(self._static_of(level))
        place = Place(self.graph.name if graph is None else graph.name, task.path, task.node)
        now = self.clock.wall()
        return make_frame(
            place, kind, task.visit, position, own, tuple(mutations), route, now, 0.0, detail
        )

    # -- writing -----------------------------------------------------------------

    def _put_into(self, level: PregelLevel, edits: Sequence[Mutation]) -> PregelLevel:
        """Return a level with other values in its channels; nothing is triggered by that.

        Raises:
            StateError: There is no such key.
        """
        facts = self._standing_of.facts.at(self._static_of(level))
        versions = level.checkpoint["channel_versions"]
        new = {}
        for edit in edits:
            key = parts_of(edit.key)[0]
            facts.check_key(key)
            if key not in versions:
                self._version[0] += 1
                new[key] = self._version[0]
        checkpoint = level.checkpoint
        if new:
            checkpoint = {**checkpoint, "channel_versions": {**versions, **new}}
        return replace(level, data=apply(level.data, edits), checkpoint=checkpoint)

    def check_edit(
        self, frame: Frame, put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()
    ) -> Frame | None:
        """Return the frame that writing after `frame` would make; `None` for no write."""
        edits = edits_of(put, delete)
        return self._edit(frame, edits, self._namespace_of(frame)) if edits else None

    @staticmethod
    def _namespace_of(frame: Frame) -> str:
        return "" if isinstance(frame.level.native, At) else frame.level.native or ""

    def _edit(self, frame: Frame, edits: Sequence[Mutation], namespace: str) -> Frame:
        levels = self.levels_of(frame)
        level = self._put_into(levels[namespace], edits)
        same = namespace == self._namespace_of(frame)
        task = PregelTask("", frame.node, "", namespace, frame.path, "", frame.visit)
        if not same:
            path = self._standing_of.path_of(levels, namespace)
            task = task._replace(path=path, node=path.rpartition("/")[2], visit=1)
        route = frame.route if same else None
        return self._frame_of(level, "edit", task, (), tuple(edits), None, route, levels)

    def edit(self, edits: Sequence[Mutation], level: OpenLevel | None = None) -> None:
        """Write where the run stands, as one frame of kind *edit*; with none, do nothing."""
        if edits:
            namespace = getattr(level, "namespace", self._namespace_of(self.head))
            self._emit(self._edit(self.head, edits, namespace))

    def use(self, graph: Any) -> None:
        """Go on with another graph of the same shape: new code, history kept."""
        self.graph = graph
        self._app = self._app.of(graph.compiled)
        self._standing_of = self._standing_of.of(GraphFacts(self._app.graph, self._app.compiled))
