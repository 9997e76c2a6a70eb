"""What an engine is able to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

__all__ = ["EVERYTHING", "Capability", "lacks"]


class Capability(StrEnum):
    """What an engine is able to; a verb that needs what is missing says so by name.

    As in the Debug Adapter Protocol, the front end is told what exists: a button whose verb is
    not possible is not drawn.

    Example:
        >>> Capability.CODE.means
        'a step can be written out as code'
    """

    STEP_INSIDE = "step_inside"
    REWIND = "rewind"
    FORK = "fork"
    EDIT = "edit"
    PATCH = "patch"
    WHOLE = "whole"
    RECORDED = "recorded"
    REFOLD = "refold"
    ROUTES = "routes"
    DECIDE = "decide"
    ANSWER = "answer"
    REROUTE = "reroute"
    JOIN = "join"
    SEND = "send"
    TURNS = "turns"
    CODE = "code"
    CALLS = "calls"
    STORE = "store"

    @property
    def means(self) -> str:
        """What it is that is possible, in words."""
        return _MEANS[self]


_MEANS = {
    Capability.STEP_INSIDE: "steps inside subgraphs and branches are frames",
    Capability.REWIND: "the head may be moved to any frame",
    Capability.FORK: "a frame may have several lines after it",
    Capability.EDIT: "the state may be written between two steps",
    Capability.PATCH: "a node's function may be exchanged",
    Capability.WHOLE: "a mode may be set for a composite, and is that of all that is inside",
    Capability.RECORDED: "outcomes may be looked up instead of running nodes",
    Capability.REFOLD: "a line may be committed again with one write left out",
    Capability.ROUTES: "it is known which way out was taken, and why",
    Capability.DECIDE: "a run may wait for a decision",
    Capability.ANSWER: "what waits may ask something, and is answered with a value",
    Capability.REROUTE: "a decision may lead to any node",
    Capability.JOIN: "what becomes of failed branches may be said",
    Capability.TURNS: "a run that is through takes another input, and begins anew with its state",
    Capability.SEND: "a position may be run on in another process",
    Capability.CALLS: "what a node asks of models and tools over HTTP is taken down",
    Capability.CODE: "a step can be written out as code",
    Capability.STORE: "the run can be kept in a store or a file, and gone on with",
}


EVERYTHING: frozenset[Capability] = frozenset(Capability) - {Capability.WHOLE}
"""What the native engine is able to."""


def lacks(engine: Any, capability: Capability) -> str:
    """Return in words that an engine is not able to do something.

    Example:
        >>> lacks(object(), Capability.CODE)
        "object does not give 'code', by which a step can be written out as code."
    """
    return (
        f"{type(engine).__name__} does not give {capability.value!r}, by which {capability.means}."
    )
