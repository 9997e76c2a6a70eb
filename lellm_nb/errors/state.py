"""What can be wrong with reading or changing a state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.errors.base import LellmError, listed, nearest, path_text
from lellm_nb.errors.safe_text import safe_repr, safe_str

__all__ = [
    "ExpressionError",
    "MissingKeyError",
    "ReadOnlyStateError",
    "ReducerError",
    "StateError",
    "StateTypeError",
]


class StateError(LellmError):
    """A state was read or changed in a way that does not fit. `key` says where."""

    def __init__(self, message: str, *, key: Any = None) -> None:
        self.key = key
        super().__init__(message)


class ReadOnlyStateError(StateError, TypeError):
    """Something tried to change a state in place."""


class MissingKeyError(StateError, KeyError):
    """A key, or a step of a path, is not in the state.

    Attributes:
        hint: What may have been meant, as a question; empty where nothing is near.
    """

    def __init__(
        self, key: Any, known: Iterable[Any] = (), problem: str = "", hint: str = ""
    ) -> None:
        names = [safe_str(name) for name in known]
        shown = key if isinstance(key, str) else path_text(key)
        problem = problem or f"The state has no key {shown!r}."
        self.hint = (hint or nearest(str(shown), names)).strip()
        asked = f" {self.hint}" if self.hint else ""
        keys = f" Keys: {listed(names)}." if names or isinstance(key, str) else ""
        super().__init__(f"{problem}{asked}{keys}", key=key)


class StateTypeError(StateError, TypeError):
    """A value has another type than its key asks for."""

    def __init__(self, key: Any, expected: str, found: str, problem: str = "") -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            problem or f"State key {safe_repr(key, 60)} should hold {expected}, but holds {found}.",
            key=key,
        )


class ReducerError(StateError):
    """A reducer refused a value."""


class ExpressionError(StateError):
    """A text is no expression of the language that conditions are written in (SEMANTICS G10).

    Attributes:
        text: What was given.
        column: Where in its line the piece stands that it can't have, from 1; 0 for the whole.
    """

    def __init__(self, message: str, text: str = "", column: int = 0) -> None:
        self.text = text
        self.column = column
        super().__init__(message)
        self.argument = "text"
