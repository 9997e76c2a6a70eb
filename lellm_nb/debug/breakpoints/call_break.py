"""A stop inside of a node: before a call, or after an answer that asks for a tool (K12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.calls.call import Call
from lellm_nb.debug.breakpoints.kinds import ConditionalStop, Hit
from lellm_nb.debug.breakpoints.unsaved_condition import name_of
from lellm_nb.record.level_key import without_visits

__all__ = ["CallBreak"]


class CallBreak(ConditionalStop):
    """A stop at calls.

    Attributes:
        tool: Stops after an answer that asks for it, before anybody runs it; empty for any call,
            which is stopped before.
        model: Stops at calls of this model only, or of one whose name begins like it.
        node: Stops inside of the node of this path only.
        visit: Stops in this visit of a node only.
        nth: Stops at the call of this number of a node's run only, from 0.
        when: Asked with the call; stops where it is true.
    """

    def __init__(
        self,
        *,
        tool: str = "",
        model: str = "",
        node: str = "",
        visit: int | None = None,
        nth: int | None = None,
        when: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__()
        self.tool = tool
        self.model = model
        self.node = node
        self.visit = visit
        self.nth = nth
        self.when = when

    @property
    def label(self) -> str:
        what = f"after a call asks for {self.tool}" if self.tool else "before a call"
        what += f" of {self.model}" if self.model else ""
        what += f" in {self.node}" if self.node else ""
        what += f" at visit {self.visit}" if self.visit is not None else ""
        what += f" number {self.nth}" if self.nth is not None else ""
        return what + (f" if {name_of(self.when)}" if self.when else "")

    def at_call(self, call: Call, *, answered_now: bool) -> Hit | None:
        """Tell whether to stop at a call; never raises.

        Args:
            answered_now: Whether it was answered just now; else it is to be sent.
        """
        if not self.enabled or answered_now is not bool(self.tool):
            return None
        if self.node and without_visits(call.path) != self.node:
            return None
        if self.visit is not None and call.visit != self.visit:
            return None
        if self.nth is not None and call.number != self.nth:
            return None
        if self.model and not (call.model or "").startswith(self.model):
            return None
        if self.tool and self.tool not in [one.get("name") for one in call.tool_calls]:
            return None
        if self.when is not None and (refused := self.refused(lambda: call)) is not False:
            return refused
        self.hits += 1
        return Hit(self)
