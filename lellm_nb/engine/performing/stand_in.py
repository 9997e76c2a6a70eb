"""A node whose place another function takes: everything else about it stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lellm_nb.engine.scope import Scope, Site
from lellm_nb.graph.node import Task
from lellm_nb.record.outcome import Outcome

__all__ = ["StandInSite"]


class StandInSite(Site):
    """A node of a level with another function: its retries, its limit and its ways out stay.

    Args:
        function: Called with the node's context, in place of its own.
    """

    __slots__ = ()

    def __init__(self, scope: Scope, site: Site, function: Callable[[Any], Any]) -> None:
        node = site.node
        instead = (
            replace(node, fn=function) if isinstance(node, Task) else Task(site.name, function)
        )
        super().__init__(scope, site.name, instead)
        self.side_effects = True  # there is something to mark

    def mark(self, outcome: Outcome) -> None:
        """Note that the node's own code did not run."""
        outcome.mocked = outcome.has_more = True
