"""What only some frames have: a failure, a decision, output, a stream, costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.errors import RunError
from lellm_nb.errors.safe_text import fields_text, safe_str
from lellm_nb.graph.decision import Decision
from lellm_nb.login import NOBODY, login

__all__ = ["DecisionRecord", "Detail", "HasDetail"]


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
        *("mocked", "recorded", "side_effects", "skipped", "stale", "stream", "variables"),
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
        mocked: bool = False,
        skipped: bool = False,
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
        self.mocked = mocked
        self.skipped = skipped

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
            mocked=outcome.mocked,
            skipped=outcome.skipped,
        )

    def after_gap(self) -> Detail:
        """Return the same of a frame before which steps are not known."""
        kept = {name: getattr(self, name) for name in Detail.__slots__}
        return Detail(**{**kept, "gap": True})


_NOTHING = Detail()


class HasDetail:
    """What a frame says of what only some frames have.

    Attributes:
        own_detail: `None` where it has nothing of the kind; `detail` is never `None`.
    """

    __slots__ = ()

    own_detail: Detail | None

    @property
    def decision(self) -> DecisionRecord | None:
        """The decision of a decision frame."""
        return self.detail.decision

    @property
    def output(self) -> str:
        """What was printed, logged and displayed while the node ran, as text."""
        return self.detail.output

    @property
    def displayed(self) -> tuple[Any, ...]:
        """MIME bundles of what the node displayed; their plain text is in `output`."""
        return self.detail.displayed

    @property
    def recorded(self) -> bool:
        """Whether the outcome was looked up, and the node did not run."""
        return self.detail.recorded

    @property
    def stale(self) -> tuple[str, ...]:
        """Of a looked-up outcome: the keys that differ from when it was recorded."""
        return self.detail.stale

    @property
    def mocked(self) -> bool:
        """Whether its outcome was fixed beforehand, and the node's own code did not run."""
        return self.detail.mocked

    @property
    def skipped(self) -> bool:
        """Whether the node was gone past without being run."""
        return self.detail.skipped

    @property
    def stream(self) -> tuple[Any, ...]:
        """The chunks that the node emitted."""
        return self.detail.stream

    @property
    def cost(self) -> float:
        """The token cost that the node set."""
        return self.detail.cost

    @property
    def side_effects(self) -> bool:
        """Whether the node touched the outside world."""
        return self.detail.side_effects

    @property
    def attempts(self) -> tuple[Any, ...]:
        """The attempts that a node with retries made before this outcome."""
        return self.detail.attempts

    @property
    def calls(self) -> tuple[Any, ...]:
        """What the node asked of models and tools over HTTP, in the order of their start (K1)."""
        return self.detail.calls

    @property
    def detail(self) -> Detail:
        """What only some frames have, with empty values where this one has none."""
        return _NOTHING if self.own_detail is None else self.own_detail
