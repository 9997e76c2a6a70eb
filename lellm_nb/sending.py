"""What can go to an executor's other processes, told before anything starts."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

__all__ = ["can_pickle", "cannot_go", "is_here", "stuck_words"]

_SEND_ANYTHING = frozenset({"distributed", "joblib", "loky"})
"""Packages whose executors send functions by their code."""


def is_here(executor: Executor) -> bool:
    """Tell whether an executor works in this process, so that nothing is sent."""
    return isinstance(executor, ThreadPoolExecutor) or type(executor).__name__.startswith("Thread")


def cannot_go(executor: Executor, parts: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the names of the parts that can't be sent to an executor.

    Args:
        parts: What is to be sent, each with what it is called.
    """
    if is_here(executor) or type(executor).__module__.partition(".")[0] in _SEND_ANYTHING:
        return []
    lonely = _starts_without_this_notebook(executor)
    return [name for name, part in parts if not _can_go(part, lonely)]


def stuck_words(stuck: list[str]) -> str:
    """Say that parts can't be sent, and what to do about it."""
    return (
        f"These cannot be sent to another process: {', '.join(stuck)}. Define them with def"
        " at the top of a module, or use a ThreadPoolExecutor."
    )


def can_pickle(part: Any) -> bool:
    """Tell whether a value can be pickled; whatever it raises, it can't."""
    try:
        pickle.dumps(part)
    except Exception:  # pickle raises many kinds, and so may a __reduce__
        return False
    return True


def _can_go(part: Any, lonely: bool) -> bool:
    at_home = getattr(part, "__module__", None) == "__main__" and hasattr(part, "__qualname__")
    return not (lonely and at_home) and can_pickle(part)


def _starts_without_this_notebook(executor: Executor) -> bool:
    """Whether other processes know nothing of what a notebook, or a prompt, has defined."""
    context = getattr(executor, "_mp_context", None)
    main = sys.modules["__main__"]
    nowhere = getattr(main, "__file__", None) is None and getattr(main, "__spec__", None) is None
    return context is not None and context.get_start_method() != "fork" and nowhere
