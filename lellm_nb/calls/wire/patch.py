"""A method that is replaced on its class, and put back where it is still the one put there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["Patch"]


class Patch:
    """A wrapper in the place of a method.

    Args:
        owner: The class.
        name: Of the method.
        wrap: Makes the wrapper of the method.

    Example:
        >>> class Greeter:
        ...     def say(self):
        ...         return "hello"
        >>> patch = Patch(Greeter, "say", lambda say: lambda self: say(self).upper())
        >>> Greeter().say()
        'HELLO'
        >>> patch.undo()
        >>> Greeter().say()
        'hello'
    """

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._original = getattr(owner, name)
        self._wrapper = wraps(self._original)(wrap(self._original))
        setattr(owner, name, self._wrapper)

    def undo(self) -> None:
        """Put the method back, unless somebody has wrapped ours since: then it stays below."""
        if vars(self._owner).get(self._name) is self._wrapper:
            setattr(self._owner, self._name, self._original)
