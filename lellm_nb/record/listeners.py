"""Who is told that something changed."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

__all__ = ["tell_all"]

log = logging.getLogger("lellm_nb")


def tell_all(listeners: list[Callable[[], None]]) -> None:
    """Call every listener; one that raises is reported and dropped, and stops nothing."""
    for listener in tuple(listeners):
        try:
            listener()
        except Exception:
            log.exception("listener %r failed; it is dropped", listener)
            with contextlib.suppress(ValueError):
                listeners.remove(listener)
