"""A condition that is text: it can be asked, compared, stored and read again."""

from __future__ import annotations

from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.errors import StateError
from lellm_nb.state.expression.compiler import compiled

__all__ = ["ConditionText", "Expression"]


class ConditionText:
    """A condition that is written as text, in whatever language.

    Attributes:
        text: The text, as it was given.
    """

    __slots__ = ("__weakref__", "text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise refusal(text, "text", "an expression, such as 'total > 100'", StateError)
        self.text = text.strip()

    def __call__(self, state: Any) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConditionText):
            return NotImplemented
        return type(other) is type(self) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> Any:
        return type(self), (self.text,)

    def __repr__(self) -> str:
        return self.text


class Expression(ConditionText):
    """A condition in the expression language (SEMANTICS G10): names are keys of a state.

    ``a.b``, ``a["b"]`` and ``a[0]`` are paths; a dotted name is first the key that is called so,
    ``approve.reject_reason``, then a path. What is absent is None, and nothing is less or more
    than None. There are comparisons, ``and or not in``, ``is None``, arithmetic, literals,
    ``a if c else b``, and the functions ``len any all min max sum abs round``, the middle ones
    also of a generator over one list. Nothing else can be written, so one that somebody stored
    does no more than look.

    Wherever a condition is asked for, its text will do.

    Attributes:
        ask: What it does, as a function of a state: a dict, a typed state, any object with fields.
        keys: Every key that it may look up, in order.

    Args:
        text: The expression.

    Raises:
        ExpressionError: A piece of the text is not of the language; shows where.

    Example:
        >>> over = Expression("total > 100 and any(x.done for x in steps)")
        >>> over({"total": 120, "steps": [{"done": True}]}), over({})
        (True, False)
        >>> over.keys, over
        (('total', 'steps'), total > 100 and any(x.done for x in steps))
        >>> Expression("steps.append(1)")
        Traceback (most recent call last):
        lellm_nb.errors.ExpressionError: The expression can't be read at column 1: no method can \
be called, nor what a path leads to. For Python proper, begin the text with py:
          steps.append(1)
          ^
    """

    __slots__ = ("ask", "keys")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        made = compiled(self.text)
        self.ask = made.ask
        self.keys = made.keys

    def __call__(self, state: Any) -> Any:
        return self.ask(state)
