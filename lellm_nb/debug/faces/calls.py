"""Calls: what models saw, what they answered, and what if (CALLS.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_sums import CallSums
from lellm_nb.debug.breakpoints.call_break import CallBreak
from lellm_nb.debug.calls.budget import CallBudget
from lellm_nb.debug.calls.call_list import CallList, last_call
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.core.summary import open_calls_of
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.history.frame_table import line_names
from lellm_nb.debug.verbs import calls as verbs
from lellm_nb.debug.verbs import rerun
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.record.level_key import without_visits

__all__ = ["CallsFace"]


class CallsFace(Face):
    """``calls, rerun, break_on_call, step_call, budget, prices``."""

    @property
    def calls(self) -> CallList:
        """The calls of this line up to the head, and those of nodes that are not done yet."""
        context = self._context
        session, settings = context.session, context.call_settings
        found: list[tuple[Call, int | None]] = []
        for frame in list(session.line)[: session.head.index + 1]:
            if frame.own_detail is not None:
                found += [(call, frame.index) for call in frame.calls]
        found += [(call, None) for call in context.calls.unfinished()]
        known = {id(call) for call, _ in found}
        found += [(call, None) for call in context.calls.outside if id(call) not in known]
        last: dict[tuple[str, ...], Call] = {}
        for call, _ in found:
            call.belongs_to(settings)
            # of a node that asks once a visit, the one before is that of the visit before
            place = without_visits(call.path), *call.place
            call.before = call.before or last.get(place)
            last[place] = call
        return CallList(found, line_names(session.line))

    def calls_at(self, frame: Any) -> tuple[Call, ...]:
        """Return the calls of one frame, and those that its node sent after it had ended.

        Raises:
            NoSuchFrameError: There is no such frame.
        """
        context = self._context
        found = frame_of(context, frame)
        late = [
            call
            for call in context.calls.outside
            if (call.path, call.visit) == (found.path, found.visit)
        ]
        calls = (*found.calls, *(call for call in late if call not in found.calls))
        for call in calls:
            call.belongs_to(context.call_settings)
            call.before = call.before or last_call(found.parent, found.path, call.place)
        return calls

    @property
    def open_calls(self) -> tuple[Call, ...]:
        """The calls that no frame has: of nodes that are not done yet, and late ones."""
        return open_calls_of(self._context)

    def rerun(
        self,
        frame: Any,
        calls: int | None = None,
        edit: Mapping[int, Any] | None = None,
        answer: Mapping[int, Any] | None = None,
        miss: str = "stop",
        *,
        name: str | None = None,
    ) -> Self:
        """Run the node of a frame anew in a fork, over its recorded calls, to the next stop.

        The node's own Python runs again; what it asks is looked up by what it asks, in whatever
        order. `last_stop` of the fork says how it went.

        Args:
            frame: An index, a `Frame` or ``(node, visit)``.
            calls: So many of its calls are served, and the others are sent; without it all are
                served, and one that is not recorded is a miss.
            edit: By the number of a call: its messages, or a function of its request (a dict)
                that returns another one. It is sent.
            answer: By the number of a call: what it is answered with, a text or a `Call`.
            miss: What becomes of a miss: ``"stop"`` says what differs, ``"live"`` sends it,
                ``"drift"`` serves what was recorded in its place and marks it as stale.
            name: The fork's name.

        Nodes that come later, other visits of the same one included, are live.

        Returns:
            The debugger of the fork.

        Raises:
            NoSuchFrameError: There is no such frame.
            DebuggerError: It ran no node, or another argument does not fit; names it.
        """
        made: Self = self._context.run(rerun.rerun, frame, calls, edit, answer, miss, name)
        return made

    async def arerun(
        self,
        frame: Any,
        calls: int | None = None,
        edit: Mapping[int, Any] | None = None,
        answer: Mapping[int, Any] | None = None,
        miss: str = "stop",
        *,
        name: str | None = None,
    ) -> Self:
        """Do what `rerun` does, with await."""
        made: Self = await self._context.start(rerun.rerun, frame, calls, edit, answer, miss, name)
        return made

    def break_on_call(
        self,
        tool: str | None = None,
        *,
        model: str | None = None,
        node: str | None = None,
        visit: int | None = None,
        nth: int | None = None,
        when: str | Callable[[Any], Any] | None = None,
    ) -> CallBreak:
        """Stop runs inside of nodes: before calls, or after answers that ask for a tool.

        The step is not committed; it is begun anew when the run goes on, over its recorded
        calls, so that none of them is paid twice (K2).

        Args:
            tool: Stop after an answer that asks for it, before anybody runs it.
            model: Only calls of this model, or of one whose name begins like it.
            node: Only in this node.
            visit: Only in this visit of a node.
            nth: Only the call of this number of a node's run, from 0.
            when: Asked with the `Call`; stops where it is true. In an expression the names are
                what a call tells: ``"tokens_in > 1000"``.

        Raises:
            NoSuchNodeError: There is no such node, or more than one.
            DebuggerError: Another argument does not fit; names it.
        """
        return self._context.at_once(
            verbs.break_on_call, tool, model=model, node=node, visit=visit, nth=nth, when=when
        )

    def step_call(self) -> Stop:
        """Run on until one more call was answered; a barrier, a stop or the end comes first."""
        return self._context.run(verbs.step_call)

    async def astep_call(self) -> Stop:
        """Do what `step_call` does, with await."""
        return await self._context.start(verbs.step_call)

    def budget(
        self, cost: float | None = None, tokens: int | None = None, calls: int | None = None
    ) -> CallBudget | None:
        """Have runs hold before the call that would exceed an amount, from now on (K7).

        `run` goes on with as much more. Without an amount anything may be spent again.

        Args:
            cost: In dollars; see `prices`.
            tokens: In and out together; what an answer may have counts before it comes.
            calls: How many.

        Raises:
            DebuggerError: An amount is no number from zero; names it.
        """
        return self._context.at_once(verbs.budget, cost, tokens, calls)

    @property
    def spent(self) -> CallSums:
        """What was sent in this process cost, on all lines of the run and by `Call.ask` (K6).

        What was served cost nothing; what a run had spent before it was opened is in its frames.
        """
        return self._context.call_settings.spent

    def prices(self, prices: Mapping[str, tuple[float, float]]) -> None:
        """Say what models cost, in dollars per million tokens: ``{"gpt-5": (1.25, 10)}``.

        They win over those of the extra ``prices``, for calls of the past, too.

        Raises:
            DebuggerError: It is no mapping of names to pairs of numbers.
        """
        self._context.at_once(verbs.prices, prices)
