"""Warnings that point to the line of the user's that they are about."""

from __future__ import annotations

import sys
import warnings

__all__ = ["caution"]

_PACKAGE = __name__.partition(".")[0]


def caution(text: str) -> None:
    """Warn of what is allowed and probably not meant, at the caller outside of this package.

    Example:
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     caution("That will never be hit.")
        >>> print(caught[0].category.__name__, caught[0].message)
        UserWarning That will never be hit.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in (_PACKAGE, "asyncio")  # a verb is driven on a loop
