"""Keeping the garbage collector from walking the whole history again and again.

A run makes long-lived frames and hardly any cycles. With a million frames the
collector's oldest generation would cost several times what a step does, so it is
looked at less often while a run is going on, and put back after.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collecting_less"]

OLDEST = 1_000
"""How many collections of the middle generation come before one of the oldest."""

_lock = threading.Lock()
_runs = 0
_before: tuple[int, int, int] = (0, 0, 0)


@contextmanager
def collecting_less() -> Iterator[None]:
    """Raise the third threshold while at least one run is going on.

    A threshold that is already higher, and a collector that is switched off, are left
    as they are.
    """
    global _runs, _before
    with _lock:
        _runs += 1
        if _runs == 1:
            _before = gc.get_threshold()
            gc.set_threshold(_before[0], _before[1], max(_before[2], OLDEST))
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            if _runs == 0 and gc.get_threshold()[2] == max(_before[2], OLDEST):
                gc.set_threshold(*_before)
