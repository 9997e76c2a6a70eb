"""Who sits at the keyboard."""

from __future__ import annotations

import functools
import getpass

__all__ = ["NOBODY", "login"]

NOBODY = "person"
"""Who decided, where nobody can say who that was."""


@functools.cache
def login() -> str:
    """Return the name of the login; ``person`` where the system tells none."""
    try:
        return getpass.getuser() or NOBODY
    except Exception:  # no variable names one, and no account has the number of this process
        return NOBODY
