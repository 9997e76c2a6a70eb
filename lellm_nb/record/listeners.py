"""Who is told that something changed."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from lellm_nb.errors.safe_text import safe_repr

__all__ = ["tell_all"]

log = logging.getLogger("lellm_nb")


def tell_all(listeners: list[Callable[[], None]]) -> None:
    """Call every listener; one that raises is reported and dropped, and stops nothing."""
    for listener in tuple(listeners):
        try:
            listener()
        except Exception:
            log.exception("listener %s failed; it is dropped", safe_repr(listener, 80))
            with contextlib.suppress(ValueError):
                listeners.remove(listener)
