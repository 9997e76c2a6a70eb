"""Barriers: what waits, and every verb that answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.verbs import decide, joins
from lellm_nb.debug.verbs.decide import Preview
from lellm_nb.graph.decision import Decision

__all__ = ["BarriersFace"]


class BarriersFace(Face):
    """``approve, reject, modify, answer, reroute, preview, resolve_join``.

    A call decides, makes the decision frame, and stays; with `then_run` it runs on,
    which is what a button does.
    """

    def approve(self, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Let a waiting barrier go on.

        Args:
            id: Which barrier; may be left out when exactly one waits.
            then_run: Whether to run on to the next stop.

        Raises:
            NotWaitingError: No such barrier waits, or several do and none is named.
        """
        return self._context.run(decide.approve, id, then_run=then_run)

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
        """Answer what waits with a value: in a graph of LangGraph, what `interrupt()` returns.

        Args:
            value: Anything; it is looked at against what is asked where that says its form.
            id: What waits; may be left out when exactly one does.

        Raises:
            NotWaitingError: As for `approve`.
            DebuggerError: It does not fit what is asked, or nothing is asked there; it goes on
                waiting.
        """
        return self._context.run(decide.answer, value, id, then_run=then_run)

    def reroute(self, target: str, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Jump to a node of the barrier's graph.

        Raises:
            NotWaitingError: As for `approve`.
            NodeNotFoundError: There is no such node; the barrier goes on waiting.
        """
        return self._context.run(decide.reroute, target, id, then_run=then_run)

    async def aapprove(self, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Do what `approve` does, with await."""
        return await self._context.start(decide.approve, id, then_run=then_run)

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
