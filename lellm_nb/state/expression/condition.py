"""What a condition may be, looked at where it is given: text, or a function."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lellm_nb.arguments import Refuse, plain_function, refusal
from lellm_nb.errors import ExpressionError
from lellm_nb.state.expression.expression import ConditionText, Expression
from lellm_nb.state.expression.python_text import PREFIX, PythonText

__all__ = ["condition", "says_more", "written"]

_MORE = re.compile(r"""[<>=!()\[\]{}"'+*%]|\b(?:and|or|not|in|is|if)\b|\s[-/]\s|^\s*py:""")


def written(text: str, argument: str, refuse: Refuse) -> ConditionText:
    """Return the condition that a text is.

    Args:
        argument, refuse: Of whom it is said where the text is none.

    Raises:
        LellmError: It is no expression, and no Python after ``py:``; shows where.
    """
    try:
        return PythonText(text) if text.lstrip().startswith(PREFIX) else Expression(text)
    except ExpressionError as error:
        told = refuse(str(error) if argument == "expression" else f"{argument}: {error}")
        told.argument = argument
        raise told from None


def condition(given: Any, argument: str, refuse: Refuse, form: str) -> Callable[..., Any]:
    """Return a condition that can be asked: of a text what it says, a function as it is.

    Args:
        form: What a function is called with: ``state``.

    Raises:
        LellmError: It is neither, or the text is none of the language.

    Example:
        >>> from lellm_nb.errors import DebuggerError
        >>> condition("n > 2", "when", DebuggerError, "state")({"n": 3})
        True
        >>> condition(3, "when", DebuggerError, "state")
        Traceback (most recent call last):
        lellm_nb.errors.DebuggerError: when is text, or a function of (state), not 3.
    """
    if isinstance(given, str):
        return written(given, argument, refuse)
    if not callable(given):
        raise refusal(given, argument, f"text, or a function of ({form})", refuse)
    return plain_function(given, argument, refuse, form)


def says_more(text: str) -> bool:
    """Tell whether a text says more than the name of a node or a key: it has an operator or a call.

    Example:
        >>> [says_more(t) for t in ("agent/llm", "plan.steps", "n > 2", "len(x)", "not done")]
        [False, False, True, True, True]
    """
    return _MORE.search(text) is not None
