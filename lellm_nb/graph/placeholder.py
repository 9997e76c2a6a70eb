"""What stands where a function of the user's was, in a graph that was read from a store."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import DebuggerError

__all__ = ["unknown_code"]


def unknown_code(_: Any) -> Any:
    """Refuse to run: only the shape of a graph is stored.

    Raises:
        DebuggerError: Always.
    """
    raise DebuggerError("The run was opened without its graph: there is no code to run here.")
