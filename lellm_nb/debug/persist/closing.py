"""Letting a run go, and following one that another process writes."""

from __future__ import annotations

from lellm_nb.debug.core.context import DebugContext
from lellm_nb.errors import BusyError

__all__ = ["close", "refresh"]


def close(context: DebugContext) -> None:
    """Let the whole run go, whichever of its lines this is.

    Raises:
        CheckpointStoreError: The store still refuses what was committed.
        BusyError: A run is going on.
    """
    contexts = context.family.contexts()
    if any(one.commands.busy for one in contexts):
        raise BusyError("close")
    context.commands.at_once("close", lambda: context.storage.close(contexts))


def refresh(context: DebugContext) -> int:
    """Look for frames that another process has added since; return how many came."""
    return context.commands.at_once("refresh", lambda: context.storage.grow(context.session))
