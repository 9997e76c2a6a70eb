"""A LangGraph run behind the session protocol: where it stands, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import copy_context
from copy import copy
from typing import Any, NamedTuple, Self

from lellm_nb.adapters.langgraph.driving.app import App
from lellm_nb.adapters.langgraph.driving.drive import Drive
from lellm_nb.adapters.langgraph.driving.frames import Carried
from lellm_nb.adapters.langgraph.driving.inside import clean_context
from lellm_nb.adapters.langgraph.driving.tape import SaverTape
from lellm_nb.adapters.langgraph.position.copies import Copies
from lellm_nb.adapters.langgraph.position.facts import GraphFacts
from lellm_nb.adapters.langgraph.position.level import At, Levels, PregelLevel
from lellm_nb.adapters.langgraph.position.moves import TaskMove
from lellm_nb.adapters.langgraph.position.names import task_of
from lellm_nb.adapters.langgraph.position.standing import Member, Standing
from lellm_nb.adapters.langgraph.position.threads import levels_of_thread
from lellm_nb.adapters.langgraph.position.turn_steps import TurnSteps
from lellm_nb.adapters.langgraph.position.writes import targets_of
from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.clock import Clock
from lellm_nb.engine.driving.drive import drive, own_task
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.error_words import error_line
from lellm_nb.graph.walk import graph_at, node_at
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.history import History
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.place import Place
from lellm_nb.session.head import Head
from lellm_nb.session.protocol import Controls, MoveKind

__all__ = ["LangGraphLooking"]

NO_LIMIT = 1_000_000


class OpenAt(NamedTuple):
    """A level that can move on."""

    namespace: str
    name: str
    data: Any


class LangGraphLooking(Head):
    """What a LangGraph run is, and where it stands.

    Args:
        compiled: The user's graph, which is not changed.
        input: What the run begins with.
        config: As for `invoke`; its thread and saver are not written to.
        context: As for `invoke`.
        stream: Whether models stream.
    """

    def __init__(
        self,
        compiled: Any,
        input: Any,
        *,
        config: Any = None,
        context: Any = None,
        stream: bool = True,
    ) -> None:
        self._open(compiled, config, context, stream)
        self._begin_at(self._first_levels(input))

    @classmethod
    def of_thread(
        cls, compiled: Any, config: Any, *, context: Any = None, stream: bool = True
    ) -> Self:
        """Return a session that stands where a thread of the user's own stands.

        Raises:
            DebuggerError: There is no saver, no thread is named, or it has no checkpoint.
        """
        made = cls.__new__(cls)
        made._open(compiled, config, context, stream)
        levels, made._version[0] = levels_of_thread(
            compiled, config, made._standing_of, made._copies
        )
        looked = made._made_drive(Carried(levels), Controls(), looking=True)
        drive(own_context(made._went(looked)))
        for task in looked.before:
            looked.levels = looked.levels_before(task)
        made._begin_at({**levels, **{ns: looked.levels[ns] for ns in levels if looked.before}})
        return made

    def _open(self, compiled: Any, config: Any, context: Any, stream: bool) -> None:
        self._adopt(shape_of(compiled), Clock())
        self._app = App(compiled, config, context, stream=stream)
        self._begin_run(GraphFacts(self._app.graph, self._app.compiled))

    def _begin_at(self, levels: Levels) -> None:
        position, _ = self._standing_of.position(levels)
        now = self.clock.wall()
        start = make_frame(
            Place(self.graph.name, "", ""), "start", 0, position, position, (), None, now, 0.0, None
        )
        self.history = History(start)
        self.line = self.history.lines["main"]
        self.head = start

    def _begin_run(self, facts: GraphFacts) -> None:
        self._standing_of = Standing(facts)
        self._copies = Copies()
        self._single: set[str] = set(facts.alone)
        self._version = [0]
        self._more: dict[str, int] = {}
        self._kinds_at: dict[str, tuple[Any, dict[Any, str]]] = {}
        self._carried: Carried | None = None
        self._turns = TurnSteps(self.levels_of)

    def _beside(self, line: Any, head: Frame) -> Any:
        made = super()._beside(line, head)
        made._app, made._standing_of = self._app, Standing(self._standing_of.facts)
        made._copies, made._single = Copies(), set(self._single)
        made._version, made._more = self._version, dict(self._more)
        made._kinds_at = {}
        made._carried = None
        made._turns = TurnSteps(made.levels_of)
        return made

    def _first_levels(self, input: Any) -> Levels:
        """Apply the input; nothing but what routes from START runs."""
        go = self._made_drive(Carried({}), Controls(), looking=True)
        raised = drive(own_context(self._went(go, input)))
        if raised is not None:
            raise DebuggerError(
                f"LangGraph refuses what it is called with: {error_line(raised)}"
            ) from raised
        if "" not in go.levels:
            raise DebuggerError("LangGraph saved nothing of this graph: it cannot be debugged.")
        return go.levels

    # -- one go ------------------------------------------------------------------

    def _made_drive(
        self,
        start: Carried,
        controls: Controls,
        *,
        one: bool = False,
        target: str | None = None,
        looking: bool = False,
    ) -> Drive:
        def emit(frame: Frame) -> None:
            self._learn(frame)
            self._emit(frame)
            go.made(frame)

        self._copies.forget()
        read = self._standing_of, self._copies, start.levels
        go = Drive(*read, emit, self._kinds, self.clock, self._single)
        go.pending.update(start.pending)
        go.ended.update(start.ended)
        go.begin(
            controls,
            one=one,
            target=target,
            looking=looking,
            limits=lambda level: self._app.limit + self._more.get(level, 0) + self._before(level),
            names=self._names,
        )
        return go

    async def _went(
        self, go: Drive, input: Any = None, app: App | None = None
    ) -> BaseException | None:
        """Let LangGraph run once; return what it raised.

        Args:
            app: The graph with other code; the run's own by default.
        """
        graph = copy((app or self._app).graph)  # its own `copy` makes and checks it anew
        graph.checkpointer = SaverTape(go, self._copies, self._version)
        limit = self._left_for(go) if self._standing_of.facts.counts_steps else NO_LIMIT
        config, options = self._app.call(go, limit)
        if self._standing_of.facts.ends_with_step:
            if go.one:  # whoever is next would be prepared, and refused
                options["interrupt_after"] = "*"
            if input is not None:  # whoever is first would ask, and be refused
                options["interrupt_before"] = "*"
        return await go.go(graph, input, config, **options)

    def _left_for(self, go: Drive) -> int:
        """Return the limit that leaves the level of what runs next as many steps as it has.

        LangGraph counts from where a go begins, so what reads how many steps remain is right for
        one level at a time (LANGGRAPH L10).
        """
        target = None if go.target is None else self._standing_of.tasks.get(task_of(go.target))
        level = None if target is None else go.levels.get(target.level)
        if target is not None and without_visits(target.path) in self._standing_of.facts.entered:
            level = None  # a level that begins has all of its steps
        taken = 0 if level is None else level.metadata["step"] - self._before(level.namespace) + 2
        return max(1, self._app.limit - taken)

    def _before(self, level: str) -> int:
        return 0 if level else self._turns.before(getattr(self, "head", None))  # as yet none

    def _kinds(self, level: str) -> dict[Any, str]:
        edges = getattr(self._graph_at(level), "edges", ())
        known = self._kinds_at.get(level)
        if known is None or known[0] is not edges:
            kinds = {(edge.source, edge.target): edge.kind for edge in edges}
            known = self._kinds_at[level] = edges, kinds
        return known[1]

    def _names(self, level: str) -> list[str]:
        return list(getattr(self._graph_at(level), "nodes", ()))

    def _learn(self, frame: Frame) -> None:
        """Have the graph know ways and nodes that only a run tells of."""
        static, route = frame.static_path, frame.route
        around = static.rpartition("/")[0]
        if frame.kind == "join" or not static:
            return
        if frame.kind == "error" and route is not None:
            self.graph.learn_handler(static)
            return
        if around and node_at(self.graph, static) is None:
            self.graph.learn_level(around, [frame.node])
        if route is not None and route.kind == "goto" and isinstance(frame.position.native, At):
            for target in targets_of(frame.position.native.pairs):
                self.graph.learned(static, target)

    def _graph_at(self, level: str) -> Any:
        try:
            return graph_at(self.graph, level)
        except KeyError:  # a graph that a function calls, met for the first time
            return None

    # -- looking -----------------------------------------------------------------

    @property
    def levels(self) -> Levels:
        """The position as LangGraph has it."""
        return self.levels_of(self.head)

    def levels_of(self, frame: Frame) -> Levels:
        """Return a frame's position as LangGraph has it."""
        at = frame.position.native
        assert isinstance(at, At)
        self._standing_of.meet(at)
        return at.levels

    def next_moves(self) -> list[TaskMove]:
        """Return every place that could move without a decision, in LangGraph's order."""
        levels = self.levels
        return [
            move
            for move in self._moves(levels, levels[""], [], "")
            if move.kind is not MoveKind.DECIDE
        ]

    def next_move(self) -> TaskMove | None:
        """Return the one place that a single step would move; `None` at the end."""
        levels = self.levels
        moves = list(self._moves(levels, levels[""], [], ""))
        free = (move for move in moves if move.kind is not MoveKind.DECIDE)
        return next(free, moves[0] if moves else None)

    def _moves(
        self, levels: Levels, level: PregelLevel, around: list[str], inside: str
    ) -> Iterator[TaskMove]:
        for member in self._standing_of.members(levels, level):
            if member.done:
                continue
            task = member.task
            stack = [*around, task.path]
            if member.waiting is None and member.below is not None:
                below = list(self._moves(levels, member.below, stack, task.path))
                if below:
                    yield from below
                    continue
            yield self._move(level, member, stack, inside)

    def _move(self, level: PregelLevel, member: Member, stack: list[str], inside: str) -> TaskMove:
        task = member.task
        static = without_visits(task.path)
        return TaskMove(
            task.path,
            task.node,
            task.visit,
            level.data,
            kind=MoveKind.RUN if member.waiting is None else MoveKind.DECIDE,
            enters=task.path if self._may_enter(static) else "",
            inside=inside,
            stack=stack,
            names=self._names(static.rpartition("/")[0]),
            task=task.namespace if task.id else "",
        )

    def _may_enter(self, static: str) -> bool:
        """Tell whether a node is a graph, or a function that is known to call one."""
        return static not in self._single and self._graph_at(static) is not None

    def open_levels(self) -> Sequence[OpenAt]:
        """Return every level that can move on and may be written into."""
        levels = self.levels
        return [
            OpenAt(namespace, self._standing_of.path_of(levels, namespace), level.data)
            for namespace, level in levels.items()
            if any(not member.done for member in self._standing_of.members(levels, level))
        ]


async def own_context(work: Any) -> Any:
    """Await something in a context in which no graph of LangGraph is running."""
    return await own_task(work, clean_context(copy_context()))
