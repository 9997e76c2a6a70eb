"""Barriers: what waits, and every verb that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.arguments import text
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.deciding.rules import StandingRule, StandingRules
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import decide, joins, standing
from lellm_nb.debug.verbs.decide import Preview
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.decision import Decision

__all__ = ["BarriersFace"]


class BarriersFace(Face):
    """``approve, reject, modify, answer, reroute, always, preview, resolve_join``.

    A call decides, makes the decision frame, and stays; with `then_run` it runs on,
    which is what a button does.
    """

    @property
    def user(self) -> str:
        """Who decides by verb or by button, as it is recorded: the login, if you name nobody.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> dbg = Debugger(GraphBuilder("g").barrier("ok").start("ok").end("ok").build())
            >>> dbg.user = "ada"; stop = dbg.run()
            >>> dbg.approve().frame.decision.by
            'ada'
        """
        return decide.decider(self._context)

    @user.setter
    def user(self, user: str) -> None:
        self._context.user = text(user, "user", DebuggerError)

    @property
    def standing(self) -> StandingRules:
        """The rules that `always` made: listed here, and revoked by their number."""
        return self._context.standing

    def always(
        self,
        barrier: str,
        decision: Decision | str,
        when: str | Callable[[Any], Any] | None = None,
    ) -> StandingRule:
        """Have a barrier decided by a rule, from now on: whenever it waits, also if it does now.

        The next verb that goes forward decides it, by step or by run. Rules are asked in the
        order in which they were made, the first that holds decides, and its decision is recorded
        as by that rule. They go along to forks, and a run that is reopened has them switched off.

        Args:
            barrier: Its name, or its path.
            decision: ``"approve"``, ``"reject"``, or a decision such as `Reject("too big")`; where
                a barrier asks, `Answer(value)`.
            when: Text such as ``"amount < 10"``, in which names are keys (SEMANTICS G10), or a
                function: asked of the state of the barrier's level. Without it the rule always
                holds.

        Raises:
            NoSuchNodeError: There is no such barrier, or more than one.
            NodeNotFoundError: A reroute leads nowhere.
            QuestionError: The barrier asks, and this is no answer; or it does not ask.
            DebuggerError: Another argument does not fit; names it.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("pay").barrier("ok").start("ok").end("ok").build()
            >>> dbg = Debugger(g, {"amount": 3})
            >>> dbg.always("ok", "approve", when=lambda s: s["amount"] < 10)
            <StandingRule 1 approve when lambda s: s["amount"] < 10 at ok, used 0>
            >>> dbg.run().frame.decision.by
            'rule: approve when lambda s: s["amount"] < 10'
            >>> dbg.standing.clear(); dbg.always("ok", "reject", when="amount >= 10")
            <StandingRule 2 reject when amount >= 10 at ok, used 0>
        """
        return self._context.at_once(standing.always, barrier, decision, when)

    def approve(self, id: str | None = None, *, all: bool = False, then_run: bool = False) -> Stop:
        """Let a waiting barrier go on.

        Args:
            id: Which barrier; may be left out when exactly one waits.
            all: Whether to approve all that waits, in order. What asks for more than a yes goes
                on waiting; the stop's `error` says which that is.
            then_run: Whether to run on to the next stop.

        Raises:
            NotWaitingError: No such barrier waits, or several do and none is named.
            QuestionError: It asks, and is answered with `answer`.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> both = {name: GraphBuilder(name).barrier("ok").start("ok").end("ok").build()
            ...         for name in ("card", "cash")}
            >>> g = GraphBuilder("pay").parallel("ways", both).start("ways").end("ways").build()
            >>> dbg = Debugger(g); [waits.id for waits in dbg.run().pending]
            ['ways/card/ok#0', 'ways/cash/ok#0']
            >>> dbg.approve(all=True, then_run=True).reason.name
            'COMPLETED'
        """
        return self._context.run(decide.approve, id, all=all, then_run=then_run)

    def reject(
        self, reason: str = "rejected", id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Put a reason, and let the routing see it.

        Raises:
            NotWaitingError: As for `approve`.
        """
        return self._context.run(decide.reject, reason, id, then_run=then_run)

    def modify(
        self, key: Any, value: Any, id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Put a value at `key` and approve.

        Raises:
            NotWaitingError: As for `approve`.
            MissingKeyError: A path leads through what is not there.
        """
        return self._context.run(decide.modify, key, value, id, then_run=then_run)

    def answer(self, value: Any, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Answer what waits with a value.

        At a barrier with a `Question` it is put as plain data under ``<name>.answer``, and
        approves; in a graph of LangGraph it is what `interrupt()` returns.

        Args:
            value: Anything; it is looked at against what is asked where that says its form.
            id: What waits; may be left out when exactly one does.

        Raises:
            NotWaitingError: As for `approve`.
            QuestionError: It does not fit what is asked, and says where; or nothing is asked
                there. It goes on waiting.
            DebuggerError: It waits by a static interrupt of LangGraph.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder, Question
            >>> asks = Question("How shall it be paid?", choices=["card", "cash"])
            >>> g = GraphBuilder("pay").barrier("how", ask=asks)
            >>> dbg = Debugger(g.start("how").end("how").build()); dbg.run().reason.name
            'BARRIER'
            >>> dbg.answer("card").reason.name, dbg.state["how.answer"]
            ('COMPLETED', 'card')
        """
        return self._context.run(decide.answer, value, id, then_run=then_run)

    def reroute(self, target: str, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Jump to a node of the barrier's graph.

        Raises:
            NotWaitingError: As for `approve`.
            NodeNotFoundError: There is no such node; the barrier goes on waiting.
        """
        return self._context.run(decide.reroute, target, id, then_run=then_run)

    async def aapprove(
        self, id: str | None = None, *, all: bool = False, then_run: bool = False
    ) -> Stop:
        """Do what `approve` does, with await."""
        return await self._context.start(decide.approve, id, all=all, then_run=then_run)

    async def areject(
        self, reason: str = "rejected", id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Do what `reject` does, with await."""
        return await self._context.start(decide.reject, reason, id, then_run=then_run)

    async def amodify(
        self, key: Any, value: Any, id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Do what `modify` does, with await."""
        return await self._context.start(decide.modify, key, value, id, then_run=then_run)

    async def aanswer(self, value: Any, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Do what `answer` does without blocking the event loop."""
        return await self._context.start(decide.answer, value, id, then_run=then_run)

    async def areroute(self, target: str, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Do what `reroute` does, with await."""
        return await self._context.start(decide.reroute, target, id, then_run=then_run)

    def preview(self, decision: Decision, id: str | None = None) -> Preview:
        """Tell what a decision would write and where it would lead; nothing is decided.

        Raises:
            NotWaitingError, NodeNotFoundError, MissingKeyError: As for the decision itself.
        """
        found = decide.preview(self._context, decision, id)
        return found._replace(diff=found.diff.hiding(self._context.hide()))

    def reroute_targets(self, id: str | None = None) -> list[str]:
        """Return the nodes that `reroute` may name for a waiting barrier.

        Raises:
            NotWaitingError: As for `approve`.
        """
        return decide.reroute_targets(self._context, id)

    def resolve_join(self, how: str | Mapping[Any, str]) -> Stop:
        """Say what becomes of a Parallel that cannot be left.

        Args:
            how: Where branches of a collect-all one failed: ``"keep"`` joins the good ones,
                ``"drop"`` joins none, ``"retry"`` runs the failed ones again.
                Where branches disagree: the name of the one whose side is kept, and what does
                not disagree with it; or ``{key: branch}`` with a side for each key. Where a
                merge of yours raised: the branch that is joined alone. ``"drop"`` joins none,
                ``"retry"`` merges again, and before that runs again the branches that have new
                code since.

        Raises:
            DebuggerError: No such failure is there, or `how` is none of these; says what is.
        """
        return self._context.run(joins.resolve_join, how)

    async def aresolve_join(self, how: str | Mapping[Any, str]) -> Stop:
        """Do what `resolve_join` does, with await."""
        return await self._context.start(joins.resolve_join, how)
