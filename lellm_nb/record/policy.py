"""When a checkpoint is made, and how long it is kept (SEMANTICS C4)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from lellm_nb.arguments import flag, member, number, refusal, seconds, whole
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.frame import Frame

__all__ = [
    "CheckpointPolicy",
    "CheckpointScore",
    "CheckpointTrigger",
    "ExecutionMetadata",
    "RetentionPolicy",
    "TriggerPolicy",
]


class TriggerPolicy(Enum):
    """When a checkpoint is made: the simple choices."""

    EVERY_NODE = "every_node"
    ON_MUTATION = "on_mutation"
    BARRIER_ONLY = "barrier_only"
    MANUAL = "manual"

    def wants(self, frame: Frame) -> bool:
        """Tell whether a commit is to be kept."""
        if self is TriggerPolicy.ON_MUTATION:
            return bool(frame.mutations)
        if self is TriggerPolicy.BARRIER_ONLY:
            return frame.kind in ("waiting", "decision")
        return self is TriggerPolicy.EVERY_NODE


@dataclass(frozen=True, slots=True)
class ExecutionMetadata:
    """What a step cost, for the adaptive choice.

    Attributes:
        duration_ms: Milliseconds.
        token_cost: In the unit that the node counts in.
        has_side_effects: Whether it touched the outside world.
    """

    duration_ms: float = 0.0
    token_cost: float = 0.0
    has_side_effects: bool = False

    def __post_init__(self) -> None:
        for name in ("duration_ms", "token_cost"):
            number(getattr(self, name), name, CheckpointStoreError)
        flag(self.has_side_effects, "has_side_effects", CheckpointStoreError)

    @classmethod
    def of(cls, frame: Frame) -> ExecutionMetadata:
        """Read them off a frame."""
        return cls(frame.duration * 1000, frame.cost, frame.side_effects)

    @classmethod
    def lightweight(cls) -> ExecutionMetadata:
        """A step that costs nothing worth keeping."""
        return cls(duration_ms=2)

    @classmethod
    def heavy(cls) -> ExecutionMetadata:
        """A step of a minute and a half."""
        return cls(duration_ms=90_000, token_cost=0.01)

    @classmethod
    def with_side_effects(cls) -> ExecutionMetadata:
        """A quick step that touched the world."""
        return cls(has_side_effects=True)


@dataclass(frozen=True, slots=True)
class CheckpointScore:
    """How much it would hurt to lose a step.

    Example:
        >>> CheckpointScore().should_checkpoint(ExecutionMetadata.lightweight())
        False
        >>> CheckpointScore().should_checkpoint(ExecutionMetadata.with_side_effects())
        True
    """

    duration_weight: float = 1.0
    token_weight: float = 1000.0
    side_effect_weight: float = 10_000.0
    threshold: float = 100.0

    def __post_init__(self) -> None:
        for each in fields(self):
            number(getattr(self, each.name), each.name, CheckpointStoreError)

    def calculate(self, metadata: ExecutionMetadata) -> float:
        """Return the score of a step."""
        effects = self.side_effect_weight if metadata.has_side_effects else 0.0
        time = self.duration_weight * metadata.duration_ms
        return time + self.token_weight * metadata.token_cost + effects

    def should_checkpoint(self, metadata: ExecutionMetadata) -> bool:
        """Tell whether the score reaches the threshold."""
        return self.calculate(metadata) >= self.threshold


class CheckpointTrigger(Enum):
    """What may cause a checkpoint."""

    BARRIER_RESOLVED = "barrier_resolved"
    EXECUTION_COMPLETED = "execution_completed"
    HUMAN_DECISION = "human_decision"
    EXPLICIT = "explicit"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """When a checkpoint is made: a set of triggers, the conservative ones by default.

    Attributes:
        triggers: What causes one; none at all is never, but for what is asked for.
        score: When a step is worth one, for the trigger *adaptive*.

    Example:
        >>> CheckpointPolicy() == CheckpointPolicy.conservative()
        True
        >>> CheckpointTrigger.HUMAN_DECISION in CheckpointPolicy.minimal().triggers
        False
    """

    triggers: frozenset[CheckpointTrigger] = frozenset(
        {
            CheckpointTrigger.BARRIER_RESOLVED,
            CheckpointTrigger.EXECUTION_COMPLETED,
            CheckpointTrigger.HUMAN_DECISION,
        }
    )
    score: CheckpointScore = field(default_factory=CheckpointScore)

    def __post_init__(self) -> None:
        given: Any = self.triggers
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise refusal(given, "triggers", "a set of CheckpointTrigger", CheckpointStoreError)
        kinds = (member(t, "trigger", CheckpointStoreError, CheckpointTrigger) for t in given)
        object.__setattr__(self, "triggers", frozenset(kinds))
        if not isinstance(self.score, CheckpointScore):
            raise refusal(self.score, "score", "a CheckpointScore", CheckpointStoreError)

    @classmethod
    def conservative(cls) -> CheckpointPolicy:
        """After barriers, at the end, and after what a person decided."""
        return cls()

    @classmethod
    def minimal(cls) -> CheckpointPolicy:
        """After barriers and at the end."""
        t = CheckpointTrigger
        return cls(frozenset({t.BARRIER_RESOLVED, t.EXECUTION_COMPLETED}))

    @classmethod
    def manual(cls) -> CheckpointPolicy:
        """Only when asked."""
        return cls(frozenset({CheckpointTrigger.EXPLICIT}))

    @classmethod
    def adaptive(cls, score: CheckpointScore | None = None) -> CheckpointPolicy:
        """After every step that it would hurt to lose."""
        return cls(frozenset({CheckpointTrigger.ADAPTIVE}), score or CheckpointScore())

    def wants(self, frame: Frame) -> bool:
        """Tell whether a commit is to be kept."""
        t = CheckpointTrigger
        decided = frame.decision is not None
        by_person = frame.decision is not None and not _by_itself(frame.decision.by)
        return (
            (t.BARRIER_RESOLVED in self.triggers and decided)
            or (t.HUMAN_DECISION in self.triggers and by_person)
            or (t.EXECUTION_COMPLETED in self.triggers and frame.position.ended)
            or (
                t.ADAPTIVE in self.triggers
                and self.score.should_checkpoint(ExecutionMetadata.of(frame))
            )
        )


def _by_itself(by: str) -> bool:
    """Tell whether nobody took a decision: the time was up, no sink was there, a rule held."""
    return by in ("timeout", "no sink") or by.startswith("rule: ")


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long checkpoints are kept. What is protected is never dropped.

    Raises:
        CheckpointStoreError: A limit is no number from 0.

    Attributes:
        latest: Keep this many of the newest; `None` is all.
        age: Keep those that are not older than this many seconds; `None` is all.
    """

    latest: int | None = None
    age: float | None = None

    def __post_init__(self) -> None:
        if self.latest is not None:
            whole(self.latest, "latest", CheckpointStoreError)
        if self.age is not None:
            seconds(self.age, "age", CheckpointStoreError, zero=True)

    @classmethod
    def keep_all(cls) -> RetentionPolicy:
        """Drop nothing."""
        return cls()

    @classmethod
    def keep_latest(cls, n: int) -> RetentionPolicy:
        """Keep the newest `n`."""
        return cls(latest=n)

    @classmethod
    def keep_for(cls, seconds: float) -> RetentionPolicy:
        """Keep what is not older than this."""
        return cls(age=seconds)

    def to_drop(
        self, newest_first: Iterable[Checkpoint], now: datetime.datetime
    ) -> list[Checkpoint]:
        """Return the checkpoints that may go."""
        dropped = []
        for i, checkpoint in enumerate(newest_first):
            too_many = self.latest is not None and i >= self.latest
            age = (now - checkpoint.created_at).total_seconds()
            too_old = self.age is not None and age > self.age
            if (too_many or too_old) and not checkpoint.protected:
                dropped.append(checkpoint)
        return dropped
