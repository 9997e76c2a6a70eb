"""One run of a compiled graph of LangGraph, debugged as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from langgraph.constants import END

from lellm_nb.adapters.langgraph.deciding import LangGraphDeciding
from lellm_nb.adapters.langgraph.driving.frames import Carried
from lellm_nb.adapters.langgraph.keeping.parts import KeptAt, LangGraphParts
from lellm_nb.adapters.langgraph.keeping.stored_types import declare_schemas
from lellm_nb.adapters.langgraph.position.level import At, Levels, PregelTask
from lellm_nb.adapters.langgraph.position.moves import TaskMove
from lellm_nb.adapters.langgraph.position.writes import mutations_of
from lellm_nb.adapters.langgraph.running import LangGraphRunning
from lellm_nb.adapters.langgraph.session import own_context
from lellm_nb.clock import Clock
from lellm_nb.engine.turn import MESSAGES, TURNS, check_input, message, no_messages
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.error_words import error_line
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Waiting
from lellm_nb.session.between_turns import check_between_turns
from lellm_nb.session.protocol import (
    Asking,
    Capability,
    Controls,
    Halt,
    Outcome,
    Plan,
    Previewed,
    Went,
    lacks,
)
from lellm_nb.state.mutation import apply
from lellm_nb.state.state import view

__all__ = ["LangGraphSession"]


class LangGraphSession(LangGraphDeciding, LangGraphRunning):
    """Owns where one run stands, and drives LangGraph from there.

    Args:
        compiled: A compiled graph; it is not changed.
        input: As for `invoke`.
        config: As for `invoke`. Its saver and its thread are not written to.
        context: As for `invoke`.
        stream: Whether models stream what they write.
    """

    capabilities = frozenset(
        {
            Capability.STEP_INSIDE,
            Capability.REWIND,
            Capability.FORK,
            Capability.EDIT,
            Capability.PATCH,
            Capability.CALLS,
            Capability.RECORDED,
            Capability.WHOLE,
            Capability.ROUTES,
            Capability.DECIDE,
            Capability.ANSWER,
            Capability.REROUTE,
            Capability.TURNS,
            Capability.STORE,
        }
    )
    pauses = True

    @classmethod
    def of_history(
        cls, opening: Any, history: History, line: Line, head: Frame
    ) -> LangGraphSession:
        """Return a session that stands at a frame of what was read."""
        made = cls._standing(opening.graph, Clock(), history, line, head)
        made._go_on(opening)
        return made

    def _go_on(self, opening: Any) -> None:
        self._app = opening.app
        self._begin_run(opening.facts)
        self._standing_of, self._version = opening.parts.standing, opening.parts.version

    @property
    def parts(self) -> LangGraphParts:
        """How stores take its positions apart."""
        declare_schemas(self._app.graph)
        return LangGraphParts(self._standing_of, self._version)

    def levels_of(self, frame: Frame) -> Levels:
        """Return a frame's position as LangGraph has it.

        Raises:
            DebuggerError: A store has not kept all of it; says what is missing.
        """
        at = frame.position.native
        if isinstance(at, At) and not getattr(at, "broken", ""):
            return super().levels_of(frame)
        why = getattr(at, "broken", "it has nothing of LangGraph")
        raise DebuggerError(
            f"Frame {frame.index} cannot be gone on from, as the store has not all of it: {why}."
            " It can be looked at; go on from an earlier frame: rewind(...)."
        )

    @property
    def _is_broken(self) -> bool:
        at = self.position.native
        if isinstance(at, KeptAt) and not (at.broken or at.tried):
            at.tried = True
            try:  # a file may say what no run ever comes to
                self._standing_of.meet(at)
                self._standing_of.position(at.levels)
                super().next_move()
            except (*DAMAGE, AssertionError) as error:
                at.broken = f"it is damaged: {error_text(error)}"
        return not isinstance(at, At) or bool(getattr(at, "broken", ""))

    def next_moves(self) -> list[TaskMove]:
        """Return every place that could move without a decision."""
        return [] if self._is_broken else super().next_moves()

    def next_move(self) -> TaskMove | None:
        """Return the one place that a single step would move; `None` where nothing can."""
        if not self._is_broken:
            return super().next_move()
        node = self.position.node
        return None if node is None else TaskMove(node, node, 1, self.position.data)

    def open_levels(self) -> Any:
        """Return every level that can move on and may be written into."""
        return [] if self._is_broken else super().open_levels()

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what an interrupt asks; `None` where that is not there to be answered."""
        return None if self._is_broken else super().asked(waiting)

    async def advance(self, controls: Controls) -> Halt:
        """Go on as the controls say.

        Raises:
            DebuggerError: The store has not kept all that it takes to go on from here.
        """
        counts = self._standing_of.facts.counts_steps
        # what was stored is looked at, too, whether it can be understood
        move = self.next_move() if self._is_broken or counts else None
        levels = self.levels_of(self.head)
        if counts and move is not None and not move.task:
            # LangGraph says which tasks are next; none of them runs
            await self._went(self._made_drive(Carried(levels), Controls(), looking=True))
        return await super().advance(controls)

    async def decide(
        self, decision: Any, barrier_id: str | None = None, *, by: str = "person"
    ) -> Frame:
        """Commit a decision for one that waits.

        Raises:
            DebuggerError: As for `advance`.
        """
        self.next_move()
        self.levels_of(self.head)
        return await super().decide(decision, barrier_id, by=by)

    async def send(self, input: Any) -> Frame:
        """Begin the next turn: LangGraph takes the input in, and nothing but START runs.

        Raises:
            DebuggerError: The run is in the middle of a turn, or LangGraph refuses the input.
            StateError: The graph has no such key, or no messages for a text.
        """
        writer = self.history.writer
        if writer is not None:
            writer.check()
        check_between_turns(self)
        check_input(input)
        facts, given = self._standing_of.facts.at(""), input
        if END in (facts.visible or ()):  # a function, which is called with whatever is sent
            values: dict[str, Any] = {}
        else:
            text = isinstance(input, str)
            if text and MESSAGES not in (facts.visible or ()):
                raise no_messages(input, sorted(facts.visible or ()))
            given = values = {MESSAGES: [message(input)]} if text else dict(input)
            for key in values:
                facts.check_key(key)
        go = self._made_drive(Carried(self.levels), Controls(), looking=True)
        raised = await own_context(self._went(go, given))
        if raised is not None:
            raise DebuggerError(f"LangGraph refuses the input: {error_line(raised)}") from raised
        root = go.levels[""]
        root = replace(root, visits=root.visits.plus(root.step, TURNS))
        sent = PregelTask("", "", "", "", "", "", root.visits.count(TURNS, root.step))
        pairs = [(key, self._copies.kept(value, key)) for key, value in values.items()]
        wrote = mutations_of(facts, pairs)
        self._emit(self._frame_of(root, "input", sent, (), wrote, None, None, go.levels))
        if writer is not None:
            writer.check()
        return self.head

    def preview_outcome(self, move: Any, outcome: Outcome) -> Previewed:
        """Tell what would be written if a task had this outcome; LangGraph alone knows the way."""
        after = apply(move.data, list(outcome.mutations))
        return Previewed(view(move.data), view(after), outcome.target, None)

    async def close_join(
        self,
        *,
        keep: bool = False,
        sides: Mapping[Any, str] | None = None,
        by: str = "person",
    ) -> Frame:
        """Refuse: what LangGraph joins is joined by its channels."""
        self._refuse(Capability.JOIN)

    def alone(self, plan: Plan) -> Callable[[], Went]:
        """Refuse: a compiled graph is not sent to another process."""
        self._refuse(Capability.SEND)

    def _refuse(self, what: Capability) -> NoReturn:
        raise DebuggerError(lacks(self, what))
