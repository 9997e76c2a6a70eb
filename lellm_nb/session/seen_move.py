"""A place that a run would move from, as it is told where no engine of ours knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.record.level_key import without_visits
from lellm_nb.record.outcome import Outcome
from lellm_nb.session.moves import MoveKind
from lellm_nb.state.frozen import freeze
from lellm_nb.state.mutation import Key, Put
from lellm_nb.state.state import view

__all__ = ["SeenMove"]


@dataclass(slots=True)
class SeenMove:
    """One node that is next; see `NextMove`.

    Attributes:
        path, node, visit: Of its frame.
        data: The state of its level, in the compact form of frames.
        kind: What would happen.
        enters: The outermost composite that the step would enter, by its path; else empty.
        inside: The composite that it is inside of, by the path of the frame that leaves it.
        stack: The paths of the nodes that are next in each level.
        names: The nodes of its level.
    """

    path: str
    node: str
    visit: int
    data: Any
    kind: MoveKind = MoveKind.RUN
    enters: str = ""
    inside: str = ""
    stack: Sequence[str] = field(default_factory=list)
    names: Sequence[str] = ()

    @property
    def static_path(self) -> str:
        """The path without visits."""
        return without_visits(self.path)

    def returned(self, values: Mapping[str, Any]) -> Outcome:
        """Return the outcome of a node that would return this mapping: each is put."""
        outcome = Outcome()
        outcome.mutations = [Put(key, freeze(value, key)) for key, value in values.items()]
        return outcome

    def put(self, key: Key, value: Any) -> Outcome:
        """Return the outcome of a node in whose place a person puts one value."""
        outcome = Outcome()
        outcome.mutations = [Put(key, freeze(value, key))]
        return outcome

    @property
    def state(self) -> Any:
        """The state that the node would see."""
        return view(self.data)
