"""What a step did: all that a commit needs, and all that a replay looks up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lellm_nb.errors import RunError
from lellm_nb.state.mutation import Mutation

__all__ = ["LIVE", "Outcome", "StandIn"]


class Outcome:
    """What a step did.

    Attributes:
        mutations: What it wrote, in order.
        target: The node it asked to go to, or `None`.
        ends: Whether it asked to end its level.
        waits: The name and the timeout of the decision it asked to wait for, or `None`.
        cost, side_effects: What it noted of itself.
        stream: The chunks it emitted, or `None`.
        output, displayed: What it printed and displayed, where that was captured.
        attempts: How it went, where it has retries or a limit.
        failure: The error that looking it up raises, or `None`.
        recorded: Whether it was looked up instead of run.
        mocked: Whether somebody fixed it beforehand, and the node's own code did not run.
        skipped: Whether the node was gone past.
        seen: What the node has been given of the state, `None` where it did not look.
        reads: What it met there that is held by reference, where `seen` does not say it.
        stale: The keys that differ from when it was recorded, where it was looked up.
        variables: The context variables that nodes have set up to here, if it set one.
        calls: What it asked of models and tools, where that was recorded.
        has_more: Whether it may have calls or attempts, or be marked, which most are not.
    """

    mutations: Sequence[Mutation] = ()
    target: str | None = None
    ends: bool = False
    waits: tuple[str, float | None] | None = None
    cost: float = 0.0
    side_effects: bool = False
    stream: list[Any] | None = None
    output: str = ""
    displayed: tuple[Any, ...] = ()
    attempts: tuple[Any, ...] = ()
    failure: RunError | None = None
    recorded: bool = False
    mocked: bool = False
    skipped: bool = False
    stale: tuple[str, ...] = ()
    variables: Any = None
    calls: tuple[Any, ...] = ()
    has_more: bool = False
    seen: Any = None
    reads: Any = None

    def has_detail(self) -> bool:
        """Whether its frame needs more than every frame has."""
        # asked of every step: one look at a time, the shortest way to "no"
        if self.stream or self.output or self.cost or self.side_effects or self.recorded:
            return True
        if self.has_more and (self.calls or len(self.attempts) > 1 or self.mocked or self.skipped):
            return True
        return self.variables is not None


class StandIn(Outcome):
    """What a lookup returns where another function is to run in the node's place.

    Attributes:
        function: Called with the node's context; what it returns is written as usual.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function


LIVE = Outcome()
"""What a lookup returns where the node is to run after all."""
