"""The lines of a book: where their frames are, and which two of them stand side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from typing import Any

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.tabs.branches import compare_rows

__all__ = ["Stretch", "compares", "stretches"]

Stretch = list[int]
"""``[first, count]``: so many frames of the book from a place on. With ``-1 - n`` for the place
it is the first frames of line ``n``."""

_SPELLED = 8
"""Stretches up to which a line repeats those of its base; a longer tale refers to the base."""

_COMPARED = 6
"""Lines up to which every two of them are compared."""

_COMPARES = 60


def stretches(base: Sequence[Stretch], number: int, shared: int, own: Stretch) -> list[Stretch]:
    """Return where the frames of a line are.

    Forks of forks cost a few numbers each, however deep they are.

    Args:
        base: Where those of the line are that it was forked from.
        number: The place of that one among the lines.
        shared: How many frames both have in common.
        own: Those of the line itself.

    Example:
        >>> main = stretches([], -1, 0, [0, 10])
        >>> main, stretches(main, 0, 4, [10, 2]), stretches(main, 0, 10, [10, 2])
        ([[0, 10]], [[0, 4], [10, 2]], [[0, 12]])
        >>> stretches([[10 * n, 5] for n in range(9)], 7, 43, [100, 1])
        [[-8, 43], [100, 1]]
    """
    made: list[Stretch] = []
    left = shared
    for first, count in base:
        if left <= 0:
            break
        made.append([first, min(count, left)])
        left -= count
    if made and made[-1][0] >= 0 and sum(made[-1]) == own[0]:
        made[-1][1] += own[1]
    elif own[1]:
        made.append(own)
    if len(made) <= _SPELLED:
        return made
    return [[-1 - number, shared], own] if own[1] else [[-1 - number, shared]]


def compares(debugger: DebuggerLike, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return every two lines side by side; of many lines, the one on show beside others."""
    pairs = permutations(names, 2) if len(names) <= _COMPARED else _beside(debugger.line, names)
    return [compare_rows(debugger.branch(left), right) for left, right in islice(pairs, _COMPARES)]


def _beside(own: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((own, name) for name in names if name != own)
    yield from ((name, own) for name in names if name != own)
