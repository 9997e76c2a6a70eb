"""Expressions as further columns of a table of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lellm_nb.arguments import refusal, text
from lellm_nb.debug.query.evaluate import as_function, asked_of
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame

__all__ = ["evaluated_columns"]


def evaluated_columns(frames: Sequence[Frame], wanted: Any) -> dict[str, list[Any]]:
    """Return a column for each of several expressions; where one raises, it says what.

    Args:
        wanted: The expressions by the names of their columns.

    Raises:
        DebuggerError: It is no mapping of names, or one of them is no expression.

    Example:
        >>> frames = [Frame("g", "a", {"n": 1}, 1), Frame("g", "b", {}, 2)]
        >>> evaluated_columns(frames, {"twice": "n * 2", "some": "n > 0"})["some"]
        [True, False]
    """
    if not isinstance(wanted, Mapping):
        raise refusal(wanted, "evaluate", "a mapping of names to expressions", DebuggerError)
    asked = {
        text(name, "evaluate: the name of a column", DebuggerError): as_function(expression)
        for name, expression in wanted.items()
    }
    found: dict[str, list[Any]] = {}
    for name, function in asked.items():
        pairs = (asked_of(function, frame) for frame in frames)
        found[name] = [value if error is None else error for value, error in pairs]
    return found
