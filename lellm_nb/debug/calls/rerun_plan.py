"""What one visit of a node is served that is run anew (CALLS.md, K12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.tape import Serving
from lellm_nb.debug.calls.unfinished import Unfinished, is_whole

__all__ = ["RerunPlan"]


class RerunPlan(NamedTuple):
    """What is served when one visit of a node is run anew (`rerun`).

    Attributes:
        path, visit: Of the node.
        calls: Those that were recorded.
        first: So many of them are served; the others are sent.
        whole: Whether what is not among them is a miss.
        miss: What becomes of a miss.
        edits, answers: As for `Serving`.
    """

    path: str
    visit: int
    calls: tuple[Call, ...]
    first: int | None
    whole: bool
    miss: str
    edits: dict[int, Callable[[bytes], bytes]]
    answers: dict[int, Exchange]

    @property
    def at(self) -> tuple[str, int]:
        """The path and the visit."""
        return self.path, self.visit

    def serving(
        self,
        left: Unfinished | None,
        miss: str | None,
        differs: Callable[[Exchange, Exchange | None], str],
    ) -> Serving:
        """Return what the node is served.

        Args:
            left: What it did since it was begun anew by this plan, where it was left.
            miss: What becomes of a miss by the mode of the node.
            differs: Says how a request differs from the recorded one.
        """
        since = () if left is None else left.recorded
        done = {call.number for call in since}
        kept = (call for call in self.calls[: self.first] if call.number not in self.edits)
        calls = [*kept, *filter(is_whole, since)]
        asked = 0 if left is None else len(left.calls)
        return Serving(
            calls,
            first=None if self.first is None else max(self.first, asked, len(calls)),
            miss=self.miss if self.miss != "stop" else miss or "stop",
            edits={number: edit for number, edit in self.edits.items() if number not in done},
            answers=self.answers,
            onwards=not self.whole,
            together=left is not None and left.together,
            differs=differs,
        )
