"""Why a run came back without an error."""

from __future__ import annotations

from enum import Enum

__all__ = ["HOLD", "PRECEDENCE", "Halt", "Hold"]


class Halt(Enum):
    """Why a run came back without an error."""

    ENDED = "ended"
    HELD = "held"  # nothing can move without a decision
    UNRECORDED = "unrecorded"  # replaying, and no outcome was recorded here
    STOPPED = "stopped"  # somebody asked
    LIMIT = "limit"  # one more node than allowed wants to run
    STEPPED = "stepped"  # one commit was made, as asked


PRECEDENCE = [Halt.ENDED, Halt.HELD, Halt.UNRECORDED, Halt.LIMIT, Halt.STOPPED]
"""When branches come back differently, the last of these speaks for all."""


class Hold:
    """In place of a barrier sink: the run comes back instead of waiting."""


HOLD = Hold()
