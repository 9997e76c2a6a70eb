"""What all lines of a run have in common about calls: whether, at what price, how much."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_sums import CallSums, sums_of
from lellm_nb.calls.prices import Prices
from lellm_nb.debug.calls.budget import CallBudget
from lellm_nb.engine.output_capture import RUNNING, running_tape

__all__ = ["CallSettings", "ClientWrapping"]


class CallSettings:
    """What all lines of a run have in common about calls.

    Attributes:
        on: Whether calls are taken down.
        prices: What tokens cost that nobody else knows the price of.
        budget: What may still be spent, or `None` for anything.
    """

    def __init__(self, on: bool = True) -> None:
        self.on = on
        self.prices = Prices()
        self.budget: CallBudget | None = None
        self._sent: list[Call] = []
        self._wrapping: Callable[[], ClientWrapping | None] = _none_yet

    def wrapping(self) -> ClientWrapping:
        """Return what keeps clients wrapped: one for all lines, for as long as one of them lives.

        It is no part of these settings, which a call has that somebody still looks at.
        """
        found = self._wrapping()
        if found is None:
            found = ClientWrapping()
            _record_for(found)
            self._wrapping = weakref.ref(found)
        return found

    def sent(self, call: Call) -> None:
        """Take note of a call that was sent and answered."""
        self._sent.append(call)

    @property
    def spent(self) -> CallSums:
        """What was sent in this process, in all."""
        return sums_of(self._sent)

    def cost_of(self, call: Call, tokens_in: int, tokens_out: int) -> float | None:
        """Return what a call would cost that needs so many tokens; `None` where nobody knows."""
        models = [call.model or ""]
        return self.prices.cost_of(
            call.provider, models, tokens_in=tokens_in, tokens_out=tokens_out
        )


class ClientWrapping:
    """Has clients wrapped while it lives."""


def _none_yet() -> None:
    return None


def _record_for(owner: object) -> None:
    """Have clients wrapped, those too that are imported later, for as long as somebody lives.

    The wrappers stand from the first run of a debugger with calls on until the last such debugger
    is gone, whatever of its calls is still looked at.
    """
    from lellm_nb.calls.wire.install import install, uninstall

    install(running_tape, RUNNING.get)
    weakref.finalize(owner, uninstall)
