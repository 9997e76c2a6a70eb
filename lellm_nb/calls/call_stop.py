"""What leaves a node from inside of a call (CALLS.md, K2)."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.call import Call

__all__ = ["CallStop"]


class CallStop(BaseException):
    """Leaves a node from inside of a call; its step is not committed, and begins anew later.

    A `BaseException`, as clients of models try again at every `Exception`. Whatever a node makes
    of it, whoever runs the node asks the node's tape.

    Attributes:
        why: ``breakpoint``, ``step``, ``budget`` or ``miss``.
        call: The call that it is before, or after.
        after: Whether that call was answered.
        hit: The stop that was hit, if one was.
    """

    def __init__(
        self, why: str, words: str, call: Call, *, after: bool = False, hit: Any = None
    ) -> None:
        super().__init__(words)
        self.why = why
        self.call = call
        self.after = after
        self.hit = hit
