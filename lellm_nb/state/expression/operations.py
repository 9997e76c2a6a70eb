"""What an expression can do to values: bounded, so that no text takes a machine down."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from lellm_nb.state.containers.read_only import ATOMS

__all__ = ["ARITHMETIC", "FUNCTIONS", "ORDERING", "Steps", "contains", "ordered"]

MOST_ITEMS: Final = 10_000
"""So many characters or items may a multiplication make."""

MOST_BITS: Final = 16_384
"""So many bits may a power have."""

MOST_STEPS: Final = 1_000_000
"""So many items do the generators of one expression look at, each time it is asked."""

ORDERING: Final = frozenset((operator.lt, operator.le, operator.gt, operator.ge))


def ordered(order: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a comparison in which nothing comes before or after None.

    Example:
        >>> ordered(operator.lt)(1, 2), ordered(operator.lt)(None, 2)
        (True, False)
    """

    def compare(a: Any, b: Any) -> Any:
        return a is not None and b is not None and order(a, b)

    return compare


def contains(a: Any, b: Any) -> bool:
    """Tell whether `a` is in `b`; nothing is in None."""
    return b is not None and a in b


# -- arithmetic ------------------------------------------------------------------------------


def _times(a: Any, b: Any) -> Any:
    for many, count in ((a, b), (b, a)):
        if not isinstance(many, Sequence) or not isinstance(count, int):
            continue
        if len(many) * count > MOST_ITEMS:
            raise ValueError(f"{len(many):,} times {count:,} is more than {MOST_ITEMS:,} items")
        if not isinstance(many, (str, bytes)) and not ATOMS.issuperset(map(type, many)):
            # small, and yet without end to whoever compares it, if lists stand in it
            raise TypeError("* repeats a list of plain values only")
    return a * b


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes, bytearray)):  # a width in it may be anything
        raise TypeError("% is for numbers: an expression formats no text")
    return a % b


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, int) and not isinstance(a, (float, complex)):
        bits = a.bit_length() if isinstance(a, int) else 64
        if bits * abs(b) > MOST_BITS:
            raise ValueError(f"a power of more than {MOST_BITS:,} bits")
    return a**b


ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": _times,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": _modulo,
    "Pow": _power,
}
"""By the name of the node in a tree."""


# -- functions -------------------------------------------------------------------------------


class Steps:
    """How many items the generators of one asking look at."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0

    def count(self, many: Any) -> None:
        """Count the items that a generator is to go over.

        Raises:
            TypeError: It is nothing with an end.
            ValueError: They are too many.
        """
        if not isinstance(many, (list, Collection)):
            raise TypeError(f"a generator goes over a list, not {type(many).__name__}")
        self.done += len(many)
        if self.done > MOST_STEPS:
            raise ValueError(f"its generators look at more than {MOST_STEPS:,} items")


def _round(number: Any, digits: Any = None) -> Any:
    if isinstance(digits, int) and abs(digits) > MOST_BITS:
        raise ValueError(f"round() to {digits:,} digits")
    return round(number) if digits is None else round(number, digits)


FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int]]] = {
    "len": (len, 1, 1),
    "any": (any, 1, 1),
    "all": (all, 1, 1),
    "min": (min, 1, 20),
    "max": (max, 1, 20),
    "sum": (sum, 1, 2),
    "abs": (abs, 1, 1),
    "round": (_round, 1, 2),
}
"""Each function of the language, with how many arguments it takes, at least and at most."""
