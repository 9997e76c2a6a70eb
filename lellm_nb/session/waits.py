"""What waits for a decision at a position of the native engine."""

from __future__ import annotations

from typing import Any

from lellm_nb.engine import commit
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.engine.spot import Spot, waiting_spots
from lellm_nb.errors import LellmError, NotWaitingError
from lellm_nb.graph.decision import Decision
from lellm_nb.graph.decision_writes import as_asked, question_of
from lellm_nb.record.position import Position, Waiting
from lellm_nb.session.moves import Asking, Previewed

__all__ = ["Waits"]


class Waits:
    """Every barrier that waits at a position, looked up once: what each asks, and what it is at."""

    def __init__(self, scope: Scope, position: Position) -> None:
        self.scope = scope
        self.position = position
        self._spots: dict[str, Spot] = {}
        try:
            for spot in waiting_spots(scope, position):
                assert isinstance(spot.level.hold, Waiting)
                self._spots[spot.level.hold.barrier_id] = spot
        except LellmError:  # a run of an older graph is looked at: looking never raises
            self._spots = {}

    def spot(self, barrier_id: str | None) -> Spot:
        """Return where a barrier waits; the one that waits where none is named.

        Raises:
            NotWaitingError: It does not wait, or it is not clear which is meant.
        """
        spots = self._spots
        if barrier_id is None and len(spots) == 1:
            return next(iter(spots.values()))
        if barrier_id is None or barrier_id not in list(spots):
            raise NotWaitingError(barrier_id, spots)
        return spots[barrier_id]

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what a barrier asks; `None` where it asks for no more than yes or no."""
        spot = self._spots.get(waiting.barrier_id)
        question = None if spot is None or spot.site is None else question_of(spot.site.node)
        if question is None:
            return None
        return Asking(question.text, question.schema, choices=question.choices)

    def data(self, waiting: Waiting) -> Any:
        """Return the compact state of the level that waits; `None` where it does not."""
        spot = self._spots.get(waiting.barrier_id)
        return None if spot is None else spot.level.data

    def preview(self, decision: Decision, barrier_id: str | None) -> Previewed:
        """Tell what a decision would write and where it would lead, without giving it.

        Raises:
            NotWaitingError, NodeNotFoundError, StateError: It would be refused.
        """
        spot = self.spot(barrier_id)
        site, hold = spot.site, spot.level.hold
        assert isinstance(site, Site)
        assert isinstance(hold, Waiting)
        meant = as_asked(site.node, hold.barrier_id, decision)
        done = commit.commit_decision(spot.scope, site, spot.level, meant, "person")
        before, after = spot.level.state, done.level.state
        return Previewed(before, after, done.route.next_node if done.route else None, done.error)
