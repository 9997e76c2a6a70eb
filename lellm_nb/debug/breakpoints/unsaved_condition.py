"""A condition that a store could not keep, or that is refused: what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.errors import ConditionNotStoredError
from lellm_nb.state.expression.expression import ConditionText

__all__ = ["MOST", "UnsavedCondition", "name_of"]

MOST = 2000
"""So many letters of a condition's source are kept."""


def name_of(function: Any) -> str:
    """Return what a condition is called: its text, or ``condition`` where it has no name."""
    if isinstance(function, ConditionText):
        return " ".join(function.text.split())
    name = getattr(function, "__name__", "condition")
    return "condition" if name == "<lambda>" else str(name)


class UnsavedCondition:
    """Stands where a condition was that is a function of the user's, or a refused text.

    A stop that has one is disabled; enabled all the same, it stops at its place and says why.

    Attributes:
        source: The function's text as it was, for people to read. It is never run.
        where: The module and line where it was defined, where they are known.
        was_on: Whether the stop was enabled when it was stored.
        refused: Why a stored expression was not taken; empty for a function.
    """

    def __init__(self, name: str, source: str, where: str, was_on: bool, refused: str = "") -> None:
        self.__name__ = name
        self.source = source
        self.where = where
        self.was_on = was_on
        self.refused = refused

    @classmethod
    def of(cls, function: Callable[..., Any], on: bool) -> UnsavedCondition:
        """Describe a function; one that was not stored before stays what it was."""
        if isinstance(function, UnsavedCondition):
            return function
        code = getattr(function, "__code__", None)
        module = getattr(function, "__module__", None) or ""
        where = f"{module}, line {code.co_firstlineno}" if code is not None else module
        return cls(name_of(function), source_of(function)[:MOST], where, on)

    @classmethod
    def from_form(cls, form: dict[str, Any]) -> UnsavedCondition:
        """Read the stored form.

        Raises:
            KeyError, TypeError: It is none.
        """
        # text, or what stands for it where a secret was taken out of it
        name, source, where = (str(form[key]) for key in ("name", "source", "where"))
        return cls(name, source, where, bool(form["on"]))

    def form(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "name": self.__name__,
            "source": self.source,
            "where": self.where,
            "on": self.was_on,
        }

    def fits(self, function: Any) -> bool:
        """Tell whether a function is the one that is missing, by its name or its text."""
        if not callable(function) or isinstance(function, UnsavedCondition):
            return False
        name = name_of(function)
        if name != "condition" or self.__name__ != name:
            return name == self.__name__
        return source_of(function)[:MOST] == self.source

    def __call__(self, _: Any) -> bool:
        raise ConditionNotStoredError(self.__name__, self.source, self.where, self.refused)

    def __repr__(self) -> str:
        shown = self.source if self.__name__ == "condition" else self.__name__
        if self.refused:
            return f"condition refused: {shown}; give it again"
        return f"condition not stored: {shown}; give it again"
