"""What a person may decide at a barrier (SEMANTICS B3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from lellm_nb.arguments import Refuse, refusal
from lellm_nb.errors import path_text
from lellm_nb.errors.safe_text import fields_text, safe_repr, safe_str
from lellm_nb.state.frozen import freeze, handed
from lellm_nb.state.mutation import Delete, Key, Mutation, Put, check_key

__all__ = ["Answer", "Approve", "Decision", "DefaultAction", "Modify", "Reject", "Reroute"]
__all__ += ["check_decision"]


class DefaultAction(Enum):
    """What a barrier does when its time is up (SEMANTICS B4)."""

    REJECT = "reject"
    APPROVE = "approve"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Approve:
    """Go on: puts the approval and deletes a reason of an earlier rejection."""

    word: ClassVar[str] = "approve"

    def mutations(self, approved: str, rejected: str) -> tuple[Mutation, ...]:
        """Return what is written, given the barrier's two key names."""
        return Put(approved, True), Delete(rejected)

    def __str__(self) -> str:
        return "approve"


@dataclass(frozen=True, slots=True)
class Reject:
    """Do not go on as planned: puts the reason and deletes the approval."""

    reason: str = "rejected"
    word: ClassVar[str] = "reject"

    def mutations(self, approved: str, rejected: str) -> tuple[Mutation, ...]:
        """Return what is written, given the barrier's two key names."""
        return Put(rejected, freeze(self.reason, rejected)), Delete(approved)

    def __str__(self) -> str:
        return f"reject: {safe_str(self.reason)}"


@dataclass(frozen=True, slots=True)
class Modify:
    """Put one value, and approve."""

    key: Key
    value: Any
    word: ClassVar[str] = "modify"

    __repr__ = fields_text

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", check_key(self.key))
        object.__setattr__(self, "value", handed(freeze(self.value, self.key)))

    def mutations(self, approved: str, rejected: str) -> tuple[Mutation, ...]:
        """Return what is written, given the barrier's two key names."""
        return Put(self.key, freeze(self.value, self.key)), Put(approved, True), Delete(rejected)

    def __str__(self) -> str:
        return f"modify {path_text(self.key)}"


@dataclass(frozen=True, slots=True)
class Reroute:
    """Jump to a node of the barrier's own graph; writes nothing."""

    target: str
    word: ClassVar[str] = "reroute"

    def mutations(self, approved: str, rejected: str) -> tuple[Mutation, ...]:
        """Return nothing: a reroute changes no state."""
        return ()

    def __str__(self) -> str:
        return f"reroute to {self.target}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked is answered with a value.

    At a barrier that asks it has to be an answer to its `Question`: it is put as plain data under
    ``<name>.answer``, and approves. A node of LangGraph is given it as it is.

    Example:
        >>> Answer({"decisions": [{"type": "approve"}]}).word
        'answer'
    """

    value: Any = None
    word: ClassVar[str] = "answer"

    __repr__ = fields_text

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", handed(freeze(self.value, "answer")))

    def mutations(self, approved: str, rejected: str) -> tuple[Mutation, ...]:
        """Return what is written beside the answer itself: it approves."""
        return Put(approved, True), Delete(rejected)

    def __str__(self) -> str:
        return f"answer {safe_repr(self.value, 60)}"


Decision = Approve | Reject | Modify | Reroute | Answer


def check_decision(given: Any, refuse: Refuse) -> Decision:
    """Return what was given as a decision, if it is one.

    Raises:
        LellmError: It is none, or rejects for a reason that is no text.
    """
    if not isinstance(given, Decision):
        wanted = "Approve(), Reject(reason), Modify(key, value), Reroute(target) or Answer(value)"
        raise refusal(given, "decision", wanted, refuse)
    if isinstance(given, Reject) and not isinstance(given.reason, str):
        raise refusal(given.reason, "reason", "text", refuse)
    return given
