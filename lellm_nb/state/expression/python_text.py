"""Python proper as text, after ``py:``. It is run as the user's own code, and never when read."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Final

from lellm_nb.errors import ExpressionError, sentence
from lellm_nb.state.compact import MISSING
from lellm_nb.state.expression.expression import ConditionText
from lellm_nb.state.expression.lookup import WHOLE, under

__all__ = ["PREFIX", "PythonText"]

PREFIX: Final = "py:"


class PythonText(ConditionText):
    """Python in which the names are keys of a state, and `state` is the state itself.

    Attributes:
        names: Every name that it looks up.

    Args:
        text: Begins with ``py:``.

    Raises:
        ExpressionError: The syntax is wrong; shows where.

    Example:
        >>> PythonText("py: [x for x in log if 'a' in x.lower()]")({"log": ["A", "b"]})
        ['A']
    """

    __slots__ = ("_code", "names")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        source = self.text.removeprefix(PREFIX).strip()
        if not source:
            raise ExpressionError("The expression is empty.", self.text)
        try:
            self._code = compile(source, "<expression>", "eval", dont_inherit=True)
        except SyntaxError as error:
            raise _explained(source, error) from None
        except (ValueError, RecursionError, MemoryError) as error:  # a null byte, say
            raise ExpressionError(
                f"The expression can't be read: {sentence(error)}", source
            ) from None
        self.names = _names(self._code)

    def __call__(self, state: Any) -> Any:
        def meant(name: str) -> Any:
            return state if name == WHOLE else under(state, name)

        return self.run(meant)

    def run(self, meant: Callable[[str], Any]) -> Any:
        """Run it.

        Args:
            meant: What a name means; `MISSING` for nothing.
        """
        found = {name: meant(name) for name in self.names}
        space: Mapping[str, Any] = {n: v for n, v in found.items() if v is not MISSING}
        return eval(self._code, {"__builtins__": builtins, **space})


def _names(code: CodeType) -> tuple[str, ...]:
    """Return every name that is looked up, also inside lambdas and comprehensions."""
    names = dict.fromkeys(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            names |= dict.fromkeys(_names(inner))
    return tuple(names)


def _explained(text: str, error: SyntaxError) -> ExpressionError:
    lines = (error.text or text).splitlines() or [""]
    line = lines[0].rstrip()
    column = max(1, min(error.offset or 1, len(line) + 1))
    more = ""
    if line[column - 1 : column] == "=":
        more = " To compare, write ==; an expression assigns nothing."
    caret = " " * (column - 1) + "^"
    said = f"The expression has a syntax error: {error.msg}.{more}\n  {line}\n  {caret}"
    return ExpressionError(said, text, column)
