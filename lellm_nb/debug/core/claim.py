"""One command's hold on a run: what it moves, and how it is paused, interrupted or stopped."""

from __future__ import annotations

import threading
from contextvars import Context
from dataclasses import dataclass, field
from typing import Protocol

from lellm_nb.debug.inputs.steering import STEER
from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.session.protocol import Controls

__all__ = ["PAUSE", "Claim"]


class _Pause:
    def __repr__(self) -> str:
        return "PAUSE"


PAUSE = _Pause()
"""What `Controls.stopping` holds when a person asked to pause."""


class _Live(Protocol):
    """Where decisions are handed in while a run goes through its barriers."""

    @property
    def asked(self) -> list[str]:
        """The ids that wait there."""

    def close_soon(self) -> None:
        """End all waits without an answer; from any thread."""


@dataclass(slots=True, eq=False)
class Claim:
    """One command's hold on a run.

    Attributes:
        verb: Which command it is.
        brief: Whether it runs no node, and others wait for it.
        cell: The context variables with which its nodes run.
        thread: The thread that it works on, by its identifier; `None` before it begins.
        own: Whether that is the debugger's own thread, so that it can be given up.
        token: Cancels what it has in flight.
        controls: Of the run that it moves now, or `None`.
        live: Where it takes decisions while it goes on, or `None`.
        pausing: Whether it was asked to pause.
        interrupts: How often it was interrupted.
    """

    verb: str
    cell: Context
    brief: bool = False
    own: bool = False
    thread: int | None = field(default_factory=threading.get_ident)
    token: CancellationToken = field(default_factory=CancellationToken)
    controls: Controls | None = None
    live: _Live | None = None
    pausing: bool = False
    interrupts: int = 0

    def moving(self, controls: Controls | None, live: _Live | None = None) -> None:
        """Take note of what moves the run now, so that `pause` reaches it."""
        self.controls, self.live = controls, live
        if controls is not None and self.pausing:
            controls.stop(PAUSE)

    def steer(self) -> None:
        """Have the run come back at the next commit, to be written into, and go on then."""
        if self.controls is not None:
            self.controls.stop(STEER)
        live = self.live
        if live is not None:
            live.close_soon()

    def pause(self) -> None:
        """Stop at the next commit: nodes in flight finish, no new one starts."""
        self.pausing = True
        if self.controls is not None:
            self.controls.stop(PAUSE)
        live = self.live
        if live is not None:  # nothing is in flight at a barrier: only the wait has to end
            live.close_soon()

    def interrupted(self) -> None:
        """Take an Interrupt: it ends what is in flight, and pauses the run; a second one stops."""
        self.interrupts += 1
        self.pause()
        if self.interrupts == 1:
            self.token.interrupt()
        else:
            self.token.cancel()
