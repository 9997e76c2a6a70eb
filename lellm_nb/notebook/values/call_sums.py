"""What calls come to, as it travels."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.call_sums import CallSums

__all__ = ["sums_row"]


def sums_row(sums: CallSums) -> dict[str, Any] | None:
    """Return sums as they travel; `None` where there were no calls.

    Example:
        >>> sums_row(CallSums()), (sums_row(CallSums(2, 7, 3)) or {})["in"]
        (None, 7)
    """
    if not sums.calls:
        return None
    return {
        "calls": sums.calls,
        "in": sums.tokens_in,
        "out": sums.tokens_out,
        "cost": sums.cost,
        "paid": sums.paid,
        "unpriced": sums.unpriced,
        "ms": round(sums.seconds * 1e3, 3),
    }
