"""What an engine is able to."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EVERYTHING", "Capability"]


class Capability(StrEnum):
    """What an engine is able to; a verb that needs what is missing says so by name.

    As in the Debug Adapter Protocol, the front end is told what exists: a button whose verb is
    not possible is not drawn.
    """

    STEP_INSIDE = "step_inside"  # steps inside subgraphs and branches are frames
    REWIND = "rewind"  # the head may be moved to any frame
    FORK = "fork"  # a frame may have several lines after it
    EDIT = "edit"  # the state may be written between two steps
    PATCH = "patch"  # a node's function may be exchanged
    RECORDED = "recorded"  # outcomes may be looked up instead of running nodes
    REFOLD = "refold"  # a line may be committed again with one write left out
    ROUTES = "routes"  # it is known which way out was taken, and why
    DECIDE = "decide"  # a run may wait for a decision
    REROUTE = "reroute"  # a decision may lead to any node
    JOIN = "join"  # what becomes of failed branches may be said
    SEND = "send"  # a position may be run on in another process
    CODE = "code"  # a step can be written out as code
    STORE = "store"  # the run can be kept in a store or a file, and gone on with


EVERYTHING: frozenset[Capability] = frozenset(Capability)
"""What the native engine is able to."""
