"""What calls may cost: a run holds before the one that would exceed it (CALLS.md, K7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lellm_nb.calls.call import Call

__all__ = ["CallBudget"]

_ANSWER = 500
"""So many tokens an answer is reckoned with before any was seen, unless the request limits it."""


class CallBudget:
    """What the calls of a run may cost from now on, on all of its lines.

    Args:
        limits: By what is counted (``cost`` in dollars, ``tokens``, ``calls``): how much.
        cost_of: What a call costs of which the tokens are known; `None` where nobody knows.

    Attributes:
        limits: How much there is in all: each time a run goes on after it held, as much more.
        spent: How much is gone.
    """

    def __init__(
        self,
        limits: Mapping[str, float],
        cost_of: Callable[[Call, int, int], float | None],
    ) -> None:
        self.limits = dict(limits)
        self.spent = dict.fromkeys(limits, 0.0)
        self._more = dict(limits)
        self._cost_of = cost_of
        self._reserved: dict[Any, dict[str, float]] = {}
        self._largest = 0
        self._unpriced: set[str] = set()
        self._exceeded = False
        self._lock = threading.Lock()

    def exceeded_by(self, call: Call) -> str:
        """Reserve what a call may cost; return why there is not enough for it, or nothing."""
        with self._lock:
            wants = self._estimate(call)
            model = call.model or call.kind
            if "cost" in wants and wants["cost"] is None:
                if model not in self._unpriced:
                    self._unpriced.add(model)
                    return (
                        f"nobody knows what {model} costs: say it with"
                        f" dbg.prices({{{model!r}: (in, out)}}), or go on without"
                    )
                wants["cost"] = 0.0
            for what, limit in self.limits.items():
                flying = sum(one.get(what) or 0.0 for one in self._reserved.values())
                gone = self.spent[what] + flying
                if gone + (wants[what] or 0.0) > limit:
                    self._exceeded = True
                    said = f"{_part(what, gone, limit)} spent{' or under way' if flying else ''}"
                    if gone < limit:
                        said += f", and it may take {_amount(what, wants[what] or 0.0)}"
                    return said
            self._reserved[call] = {what: amount or 0.0 for what, amount in wants.items()}
            return ""

    def settle(self, call: Call) -> None:
        """Count what a call has cost in place of what was reserved for it.

        Of an answer that was left, or of which nobody told, what was reserved counts.
        """
        with self._lock:
            self._settle(call)

    def landed(self, calls: Iterable[Call]) -> None:
        """Count those of a node that has ended for which something is still reserved."""
        with self._lock:
            for call in calls:
                if call in self._reserved:
                    self._settle(call)

    def _settle(self, call: Call) -> None:
        reserved = self._reserved.pop(call, {})
        tokens_in, out, cost = call.tokens_in, call.tokens_out, call.cost
        self._largest = max(self._largest, out or 0)
        refused = call.status is not None and call.status >= 400
        untold = {} if refused else reserved
        for what in self.limits:
            if what == "calls":
                self.spent[what] += 1
            elif what == "tokens":
                told = tokens_in is not None and out is not None
                self.spent[what] += (tokens_in or 0) + (out or 0) if told else untold.get(what, 0.0)
            else:
                self.spent[what] += untold.get(what, 0.0) if cost is None else cost

    def release(self, call: Call) -> None:
        """Give back what was reserved for a call that was not made."""
        with self._lock:
            self._reserved.pop(call, None)

    def grant(self) -> None:
        """Give as much more as there was at first: whoever runs on after a hold means that.

        Who runs on where nobody knew a price has spent nothing.
        """
        with self._lock:
            for what, more in self._more.items() if self._exceeded else ():
                self.limits[what] = max(self.limits[what], self.spent[what]) + more
            self._exceeded = False

    def _estimate(self, call: Call) -> dict[str, float | None]:
        if call.model is None:  # a tool, a function, a page: no tokens, and no price of them
            return {what: float(what == "calls") for what in self.limits}
        tokens_in = len(call.last.body) // 4
        limit = next((call.params.get(name) for name in _LIMITS if call.params.get(name)), None)
        tokens_out = limit if isinstance(limit, int) else max(self._largest, _ANSWER)
        every: dict[str, Callable[[], float | None]] = {
            "calls": lambda: 1.0,
            "tokens": lambda: float(tokens_in + tokens_out),
            "cost": lambda: self._cost_of(call, tokens_in, tokens_out),
        }
        return {what: every[what]() for what in self.limits}

    def __repr__(self) -> str:
        of = (_part(what, self.spent[what], limit) for what, limit in self.limits.items())
        return f"<Budget {', '.join(of)}>"


_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def _part(what: str, much: float, limit: float) -> str:
    """Say how much of a limit.

    Example:
        >>> _part("cost", 0.1, 0.5), _part("calls", 2.0, 3.0)
        ('$0.10 of $0.50', '2 of 3 calls')
    """
    gone = _amount(what, much) if what == "cost" else f"{int(much):,}"
    return f"{gone} of {_amount(what, limit)}"


def _amount(what: str, much: float) -> str:
    """Say an amount in its unit.

    Example:
        >>> _amount("cost", 0.5), _amount("cost", 0.0001), _amount("calls", 1.0)
        ('$0.50', '$0.0001', '1 call')
    """
    if what == "cost":
        return f"${much:.2f}" if much >= 0.01 or not much else f"${much:.6f}".rstrip("0")
    return f"{int(much):,} {what if much != 1 else what[:-1]}"
