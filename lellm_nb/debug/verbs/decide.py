"""Barriers: what waits, and every verb that answers."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from typing import Any, NamedTuple

from lellm_nb.debug.breakpoints.registry import Hit
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.diff.diff import Diff, diff_states
from lellm_nb.debug.verbs.modes import Modes
from lellm_nb.engine.runner_thread import runner
from lellm_nb.engine.spot import Spot
from lellm_nb.errors import DebuggerError, NotWaitingError, RunError
from lellm_nb.graph.decision import Approve, Decision, Modify, Reject, Reroute

__all__ = ["Deciding", "Preview"]


class Preview(NamedTuple):
    """What a decision would do, had it been given.

    Attributes:
        diff: What it would write in the state of the barrier's level.
        next_node: Where it would lead; `None` for the end.
        error: Why it would not route, if it would not.
    """

    diff: Diff
    next_node: str | None
    error: Exception | None = None

    def __repr__(self) -> str:
        to = f"then {self.next_node or 'the end'}"
        return f"{self.diff!r}\n{to if self.error is None else f'then fails: {self.error}'}"


class Deciding(Modes):
    """``approve, reject, modify, reroute, preview``.

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
        return self._decide("approve", Approve(), id, then_run)

    def reject(
        self, reason: str = "rejected", id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Put a reason, and let the routing see it.

        Raises:
            NotWaitingError: As for `approve`.
        """
        return self._decide("reject", Reject(reason), id, then_run)

    def modify(
        self, key: Any, value: Any, id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Put a value at `key` and approve.

        Raises:
            NotWaitingError: As for `approve`.
            MissingKeyError: A path leads through what is not there.
        """
        return self._decide("modify", Modify(key, value), id, then_run)

    def reroute(self, target: str, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Jump to a node of the barrier's graph.

        Raises:
            NotWaitingError: As for `approve`.
            NodeNotFoundError: There is no such node; the barrier goes on waiting.
        """
        return self._decide("reroute", Reroute(target), id, then_run)

    async def aapprove(self, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Do what `approve` does, with await."""
        return await self._adecide("approve", Approve(), id, then_run)

    async def areject(
        self, reason: str = "rejected", id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Do what `reject` does, with await."""
        return await self._adecide("reject", Reject(reason), id, then_run)

    async def amodify(
        self, key: Any, value: Any, id: str | None = None, *, then_run: bool = False
    ) -> Stop:
        """Do what `modify` does, with await."""
        return await self._adecide("modify", Modify(key, value), id, then_run)

    async def areroute(self, target: str, id: str | None = None, *, then_run: bool = False) -> Stop:
        """Do what `reroute` does, with await."""
        return await self._adecide("reroute", Reroute(target), id, then_run)

    def preview(self, decision: Decision, id: str | None = None) -> Preview:
        """Tell what a decision would write and where it would lead; nothing is decided.

        Raises:
            NotWaitingError, NodeNotFoundError, MissingKeyError: As for the decision itself.
        """
        asked = self._asked_for(id)
        if asked is not None:
            return self._preview_answer(asked[1], decision)
        would = self._session.preview(decision, id)
        return Preview(diff_states(would.before, would.after), would.next_node, would.error)

    def reroute_targets(self, id: str | None = None) -> list[str]:
        """Return the nodes that `reroute` may name for a waiting barrier.

        Raises:
            NotWaitingError: As for `approve`.
        """
        asked = self._asked_for(id)
        return list(asked[1].scope.graph.nodes) if asked else self._session.targets(id)

    # -- one way in ------------------------------------------------------------

    def _decide(self, verb: str, decision: Decision, id: str | None, then_run: bool) -> Stop:
        if self._desk is not None:
            return self._hand_in(decision, id)
        return self._call(verb, lambda: self._do_decide(decision, id, then_run))

    async def _adecide(self, verb: str, decision: Decision, id: str | None, then_run: bool) -> Stop:
        if self._desk is not None:
            return self._hand_in(decision, id)
        return await self._handle(verb, lambda: self._do_decide(decision, id, then_run))

    async def _do_decide(self, decision: Decision, id: str | None, then_run: bool) -> Stop:
        asked = self._asked_for(id)
        if asked is not None:
            self._answer(*asked, decision)
            return await self._do_run() if then_run else self._stop(StopReason.STEP)
        try:
            await self._session.decide(decision, id)
        except RunError as error:
            if self._session.head.error is not error:
                raise  # refused: the barrier goes on waiting
            return self._stop_with(StopReason.FAILED, self._hit_by_deciding(), error=error)
        hit = self._hit_by_deciding()
        if self._session.position.ended:
            return self._stop_with(StopReason.COMPLETED, hit)
        if hit is not None:
            return self._stop_at(hit)
        return await self._do_run() if then_run else self._stop(StopReason.STEP)

    def _hit_by_deciding(self) -> Hit | None:
        """Return the stop that the decision just made hits: it is a step like any other."""
        return self._hit_after(self._session.head)

    def _asked_for(self, id: str | None) -> tuple[str, Spot] | None:
        """Return the node in mode ask that an id means; `None` where a barrier is meant.

        Raises:
            NotWaitingError: Nothing of that id waits, or it is not clear which is meant.
        """
        asking = dict(self._asking())
        if not asking:
            return None  # the session knows what else may be meant
        waiting = [each.barrier_id for each in self._session.waiting]
        if id is None and len(asking) == 1 and not waiting:
            id = next(iter(asking))
        if id is None or id not in (*asking, *waiting):
            raise NotWaitingError(id, (*waiting, *asking))
        return (id, asking[id]) if id in asking else None

    def _preview_answer(self, spot: Spot, decision: Decision) -> Preview:
        """Tell what an answer to a node that asks would do, as far as that can be told."""
        _, would = self._outcome_for(spot, decision)
        if would is None:  # the node itself runs: nobody knows what it will do
            return Preview(diff_states({}, {}), spot.level.node)
        to = would.route.next_node if would.route else None
        return Preview(diff_states(spot.level.state, would.level.state), to, would.error)

    def _hand_in(self, decision: Decision, id: str | None) -> Stop:
        """Answer a barrier that a run through barriers waits for.

        Raises:
            NotWaitingError: As for `approve`.
            DebuggerError: The decision would be refused.
        """
        desk = self._desk  # once: the run may end at any moment
        asked = [] if desk is None else desk.asked
        if id is None and len(asked) == 1:
            id = asked[0]
        if desk is None or id is None or id not in asked:
            raise NotWaitingError(id, asked)
        would = self.preview(decision, id)  # refuses what cannot be, while it still waits
        if isinstance(would.error, RunError):
            raise DebuggerError(f"This decision would not lead anywhere: {would.error}")
        runner().loop.call_soon_threadsafe(desk.hand_in, id, decision)
        return self._stop(StopReason.STEP)

    def _begin(self, verb: str, *args: Any, **options: Any) -> Future[Any]:
        kind = DECISIONS.get(verb)
        if kind is None:
            return super()._begin(verb, *args, **options)
        count = len(dataclasses.fields(kind))
        decision = kind(*args[:count])
        id = options.get("id", args[count] if len(args) > count else None)
        if self._desk is None:
            then_run = options.get("then_run", False)
            return self._post(verb, lambda: self._do_decide(decision, id, then_run))
        future: Future[Any] = Future()
        future.set_result(self._hand_in(decision, id))
        return future


DECISIONS: dict[str, Any] = {
    "approve": Approve,
    "reject": Reject,
    "modify": Modify,
    "reroute": Reroute,
}
"""What the verbs of a barrier make of their arguments."""
