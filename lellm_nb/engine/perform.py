"""Performing a spot: the only part of a step that touches the world."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from lellm_nb.engine.context import Context, record_returned

__all__ = ["perform"]


async def perform(ctx: Context, node: Any) -> None:
    """Run a node once; what it did is on `ctx`.

    A sync node returns here without a turn of the event loop.
    """
    returned = node.call(ctx)
    if returned is None:
        return
    if type(returned) is not dict and isinstance(returned, Awaitable):
        returned = await returned
        if returned is None:
            return
    record_returned(ctx, returned)
