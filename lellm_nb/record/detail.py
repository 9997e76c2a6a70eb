"""What only some frames have: a failure, a decision, output, a stream, costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.errors import RunError
from lellm_nb.errors.safe_text import fields_text, safe_str
from lellm_nb.graph.decision import Decision
from lellm_nb.login import NOBODY, login

__all__ = ["DecisionRecord", "Detail"]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision as it was taken (SEMANTICS B7).

    Attributes:
        barrier_id: What it was for.
        decision: What was decided.
        by: Who: a name, ``person`` for whoever a sink asked, ``timeout``, ``no sink``, or
            ``rule: …``; in a text it is left out where it is whoever reads it.
        at: Seconds since the epoch.
        proposed: The value that stood there before a Modify.
        effective: The value that stands there after it.
    """

    barrier_id: str
    decision: Decision | str
    by: str
    at: float
    proposed: Any = None
    effective: Any = None

    __repr__ = fields_text

    def __str__(self) -> str:
        said = safe_str(self.decision)
        return said if self.by in (NOBODY, login()) else f"{said} (by {self.by})"


class Detail:
    """What only some frames have."""

    __slots__ = (
        *("attempts", "calls", "cost", "decision", "displayed", "error", "gap", "output"),
        *("recorded", "side_effects", "stale", "stream", "variables"),
    )

    def __init__(
        self,
        *,
        error: RunError | None = None,
        decision: DecisionRecord | None = None,
        output: str = "",
        stream: tuple[Any, ...] = (),
        cost: float = 0.0,
        side_effects: bool = False,
        attempts: tuple[Any, ...] = (),
        displayed: tuple[Any, ...] = (),
        recorded: bool = False,
        stale: tuple[str, ...] = (),
        variables: Any = None,
        gap: bool = False,
        calls: tuple[Any, ...] = (),
    ) -> None:
        self.error = error
        self.decision = decision
        self.output = output
        self.stream = stream
        self.cost = cost
        self.side_effects = side_effects
        self.attempts = attempts
        self.displayed = displayed
        self.recorded = recorded
        self.stale = stale
        self.variables = variables  # of this process only: never stored
        self.gap = gap
        self.calls = calls

    @classmethod
    def of(
        cls, outcome: Any, error: RunError | None = None, decision: DecisionRecord | None = None
    ) -> Detail:
        """Take what is worth keeping from an outcome."""
        return cls(
            error=error,
            decision=decision,
            output=outcome.output,
            stream=tuple(outcome.stream or ()),
            cost=outcome.cost,
            side_effects=outcome.side_effects,
            attempts=outcome.attempts,
            displayed=outcome.displayed,
            recorded=outcome.recorded,
            stale=outcome.stale,
            variables=outcome.variables,
            calls=outcome.calls,
        )

    def after_gap(self) -> Detail:
        """Return the same of a frame before which steps are not known."""
        kept = {name: getattr(self, name) for name in Detail.__slots__}
        return Detail(**{**kept, "gap": True})
