"""New code for old nodes: what was put in by hand, what was defined again, what is older."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.debug.breakpoints.unsaved_condition import UnsavedCondition
from lellm_nb.debug.core.followed_code import FollowedCode
from lellm_nb.graph.code.code_place import CodePlace
from lellm_nb.record.frame import Frame

__all__ = ["ReplacedCode"]


class ReplacedCode:
    """Which nodes of a line have other code than the one they began with.

    Attributes:
        since: When a node's function was exchanged, by its path.
        ways_since: When a condition, a merge or a lens of a node was, by the node's path.
        news: Where code was found defined again, until a stop has said so.
        lost: What is known of functions that a store could not keep, by the paths of nodes
            that run the graph's own instead.
    """

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.ways_since: dict[str, float] = {}
        self.news: tuple[str, ...] = ()
        self.lost: dict[str, UnsavedCondition] = {}
        self._followed: FollowedCode | None = None

    def copied(self) -> ReplacedCode:
        """Return the same for another line, to be changed apart."""
        made = ReplacedCode()
        made.since = dict(self.since)
        made.ways_since = dict(self.ways_since)
        made.lost = dict(self.lost)
        made._followed = self._followed
        return made

    def exchanged(self, places: Iterable[CodePlace], now: float) -> None:
        """Take note that there is new code at some places from now on."""
        places = list(places)
        functions = {place.path: now for place in places if not place.part}
        self.since |= functions
        self.ways_since |= {place.path: now for place in places if place.leads}
        self.lost = {path: code for path, code in self.lost.items() if path not in functions}

    def redefined(self, graph: Any) -> dict[CodePlace, Any]:
        """Return the code of a nest that has a new version under its name (SEMANTICS G9).

        Running a cell again, or reloading a module, puts one there.
        """
        if self._followed is None or self._followed.graph is not graph:
            self._followed = FollowedCode(graph)
        return self._followed.renewed()

    def followed(self, graph: Any) -> Any:
        """Return a graph as it will run: with the new versions of its code."""
        found = self.redefined(graph)
        return graph.recoded(found) if found else graph

    def ran_older(self, frame: Frame) -> bool:
        """Tell whether the function that a frame ran was replaced after the frame was made."""
        return self.since.get(frame.static_path, 0.0) > frame.started

    def is_older(self, frame: Frame) -> bool:
        """Tell whether any code that made a frame was replaced after the frame was made."""
        path = frame.static_path
        return max(self.since.get(path, 0.0), self.ways_since.get(path, 0.0)) > frame.started
