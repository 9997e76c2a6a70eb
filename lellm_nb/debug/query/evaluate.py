"""Expressions over recorded frames, after the fact."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import answered, plain_function, refusal
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.level_frames import level_name
from lellm_nb.errors import DebuggerError, nearest, sentence
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_str, safe_type
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING, real

if TYPE_CHECKING:
    import pandas

__all__ = ["as_function", "asked_of", "evaluated", "told"]


def as_function(expression: Any, *, inside: bool = False) -> Callable[[Frame], Any]:
    """Return a function of a frame for an expression; a function is one already.

    The names in an expression are the keys of the root state; `state` is the root state
    itself, for keys that are no names, and `frame` the frame.

    Args:
        inside: Whether the state of the frame's own level is meant instead.

    Raises:
        DebuggerError: It is neither, or its syntax is wrong; shows where.

    Example:
        >>> as_function("n + len(state)")(Frame("g", "a", {"n": 1}, 1))
        2
        >>> as_function("n +* 2")
        Traceback (most recent call last):
        lellm_nb.errors.DebuggerError: The expression has a syntax error: invalid syntax.
          n +* 2
             ^
    """
    if callable(expression):
        return _answering(plain_function(expression, "expression", DebuggerError, "frame"))
    if not isinstance(expression, str):
        wanted = "text, or a function of a frame"
        raise refusal(expression, "An expression", wanted, DebuggerError)
    text = expression.strip()
    if not text:
        raise DebuggerError("The expression is empty.")
    try:
        code = compile(text, "<expression>", "eval", dont_inherit=True)
    except SyntaxError as error:
        raise DebuggerError(_explained(text, error)) from None
    except ValueError as error:  # a null byte
        raise DebuggerError(f"The expression can't be read: {sentence(error)}") from None
    names = _names(code)
    return lambda frame: eval(code, _namespace(frame, names, inside))


def _answering(function: Callable[[Frame], Any]) -> Callable[[Frame], Any]:
    return lambda frame: answered(function(frame))


def _explained(text: str, error: SyntaxError) -> str:
    lines = (error.text or text).splitlines() or [""]
    line = lines[0].rstrip()
    column = max(1, min(error.offset or 1, len(line) + 1))
    more = ""
    if line[column - 1 : column] == "=":
        more = " To compare, write ==; an expression assigns nothing."
    caret = " " * (column - 1) + "^"
    return f"The expression has a syntax error: {error.msg}.{more}\n  {line}\n  {caret}"


def _names(code: CodeType) -> tuple[str, ...]:
    """Return every name that is looked up, also inside lambdas and comprehensions."""
    names = dict.fromkeys(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            names |= dict.fromkeys(_names(inner))
    return tuple(names)


def _namespace(frame: Frame, names: tuple[str, ...], inside: bool) -> dict[str, Any]:
    content = _content(frame, inside)
    space: dict[str, Any] = {"__builtins__": builtins}
    for name in names:
        if name == "frame":
            space[name] = frame
        elif name == "state":
            space[name] = frame.state if inside else frame.root_state
        else:
            value = content.get(name, MISSING)
            if value is not MISSING:
                space[name] = real(value, name)
    return space


def _content(frame: Frame, inside: bool) -> Any:
    return kept_items((frame.level if inside else frame.position).data)


def evaluated(
    frames: Iterable[Frame],
    expression: Any,
    *,
    inside: bool = False,
    lines: Sequence[str] | None = None,
) -> pandas.DataFrame:
    """Return an expression's value at each frame, and what it raised where it did.

    Args:
        inside: As for `as_function`.
        lines: The name of each frame's line, for a column of them.

    Raises:
        DebuggerError: As for `as_function`.
    """
    function = as_function(expression, inside=inside)
    index: list[int] = []
    values: list[Any] = []
    errors: list[str | None] = []
    for frame in frames:
        value, error = asked_of(function, frame, inside=inside)
        index.append(frame.index)
        values.append(value)
        errors.append(error)
    columns = {
        "frame": index,
        **({} if lines is None else {"line": lines}),
        "value": values,
        "error": errors,
    }
    texts = ("error",) if lines is None else ("line", "error")
    return table(columns, texts=texts, counts=("frame",), index="frame")


def asked_of(
    function: Callable[[Frame], Any], frame: Frame, *, inside: bool = False
) -> tuple[Any, str | None]:
    """Return what a function of `as_function` says of a frame, and what it raised there.

    Args:
        inside: As for `as_function`.
    """
    try:
        return function(frame), None
    except BaseException as error:  # an expression may raise anything, but for an interrupt
        if is_interrupt(error):
            raise
        return None, told(error, frame, inside=inside)


def told(error: BaseException, frame: Frame, *, inside: bool = False) -> str:
    """Return what an expression or a function raised at a frame, with what to ask instead."""
    text = error_line(error)
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and isinstance(name, str):
        if not inside and frame.level is not frame.position and name in _content(frame, True):
            level = level_name(frame)
            return f"NameError: {name!r} is of level {level!r}: ask with level={level!r}."
        text = text.partition(". Did you mean")[0] + "."
        return text + nearest(name, _content(frame, inside))
    if "'Frame' object" in text:  # it was written for a state, as `when` of a breakpoint is
        kind, problem = safe_type(error), safe_str(error).removesuffix(".")
        why = f"it gets a frame, not a state: {problem}"  # first, for a table cuts the rest
        return f"{kind}: {why}. Ask frame.state or frame.root_state."
    return text
