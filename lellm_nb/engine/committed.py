"""What a commit leads to, before anybody is told."""

from __future__ import annotations

from lellm_nb.errors import RunError
from lellm_nb.graph.edge import Route
from lellm_nb.record.place import Place
from lellm_nb.record.position import Position
from lellm_nb.state.mutation import Mutation

__all__ = ["Committed"]


class Committed:
    """A level after a step, and what its frame says of it.

    One is made in every step: a tuple with names would take three times as long to be read.
    """

    __slots__ = ("error", "kind", "level", "mutations", "place", "route", "visit")

    def __init__(
        self,
        level: Position,
        kind: str,
        place: Place,
        visit: int,
        mutations: tuple[Mutation, ...],
        route: Route | None,
        error: RunError | None,
    ) -> None:
        self.level = level
        self.kind = kind
        self.place = place
        self.visit = visit
        self.mutations = mutations
        self.route = route
        self.error = error
