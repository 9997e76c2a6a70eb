"""What calls come to, together: how many, tokens, cost, time (CALLS.md, K6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lellm_nb.calls.call import Call
    from lellm_nb.record.frame import Frame

__all__ = ["CallSums", "spent_by", "sums_of"]


class CallSums(NamedTuple):
    """What some calls come to.

    Attributes:
        calls: How many they are.
        tokens_in, tokens_out: As far as they were told.
        cost: In dollars, as far as it is known; what was served cost that once.
        paid: The same without what was served.
        unpriced: So many answers cost nobody knows what.
        untold: So many answers of models do not tell their tokens.
        seconds: How long they took, one after the other.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    paid: float = 0.0
    unpriced: int = 0
    untold: int = 0
    seconds: float = 0.0

    def plus(self, other: CallSums) -> CallSums:
        """Return what both come to.

        Example:
            >>> CallSums(1, tokens_in=7).plus(CallSums(2, tokens_in=3))[:2]
            (3, 10)
        """
        return CallSums(*(mine + more for mine, more in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        """Say it in words: ``11 calls, 1,204 tokens in, 154 out, $0.002712``."""
        told = [f"{self.calls:,} calls", f"{self.tokens_in:,} tokens in, {self.tokens_out:,} out"]
        told.append(f"${self.cost:.6f}".rstrip("0").rstrip(".") if self.cost else "")
        told.append(f"{self.unpriced:,} of unknown cost" if self.unpriced else "")
        return f"<{', '.join(filter(None, told))}>"

    @property
    def row(self) -> dict[str, Any]:
        """The columns of a table: what is not known whole is missing."""
        told = self.calls > 0 and not self.untold
        priced = not self.unpriced
        return {
            "cost": self.cost if priced else None,
            "calls": self.calls,
            "tokens_in": self.tokens_in if told else None,
            "tokens_out": self.tokens_out if told else None,
            "paid": self.paid if priced else None,
        }


def sums_of(calls: Iterable[Call]) -> CallSums:
    """Return what calls come to; one that is under way counts as a call and as nothing else."""
    total = CallSums()
    for call in calls:
        total = total.plus(_sums(call) if call.last.ended else CallSums(1))
    return total


def spent_by(frame: Frame) -> CallSums:
    """Return what a step spent: its calls, and the cost that its node set in place of theirs."""
    if frame.own_detail is None:
        return _NOTHING
    sums = sums_of(frame.calls)
    if frame.cost:
        sums = sums._replace(cost=frame.cost, paid=frame.cost, unpriced=0)
    return sums


_NOTHING = CallSums()


def _sums(call: Call) -> CallSums:
    cost, answered = call.cost, call.error is None and bool(call.model)
    return CallSums(
        1,
        call.tokens_in or 0,
        call.tokens_out or 0,
        cost or 0.0,
        0.0 if call.served else cost or 0.0,
        int(cost is None and answered),
        int(call.tokens_in is None and answered),
        0.0 if call.served else call.latency or 0.0,
    )
