"""What a text may not hold, told where it stands; nothing of a refused text is ever run."""

from __future__ import annotations

import ast
import re
from typing import Any

from lellm_nb.errors import ExpressionError

__all__ = ["LONGEST", "PYTHON", "read", "refused"]

LONGEST = 2_000
"""So many characters may an expression have: a stored one is looked at by whoever opens a run."""

PYTHON = "For Python proper, begin the text with py:"

_SHOWN = 70

_BACK = chr(92)
_OF_OTHERS = {"&&": "and", r"\|\|": "or", r"!(?!=)": "not"}
"""How other languages write what is a word here."""


def read(text: str) -> ast.expr:
    """Return the tree of an expression, of which no piece was looked at.

    Raises:
        ExpressionError: It is no expression of Python's; shows where.

    Example:
        >>> type(read("total > 100")).__name__
        'Compare'
        >>> read("total = 100")
        Traceback (most recent call last):
        lellm_nb.errors.ExpressionError: The expression can't be read at column 7: to \
compare, write ==; an expression assigns nothing.
          total = 100
                ^
    """
    if not text.strip():
        raise ExpressionError("The expression is empty: write a condition, such as total > 100.")
    if len(text) > LONGEST:
        raise ExpressionError(
            f"The expression has {len(text):,} characters, and may have {LONGEST:,}.", text
        )
    if "\0" in text:
        raise ExpressionError("The expression can't be read: there is a null byte in it.", text)
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        offset = _offset(text, error)
        raise _at(text, offset, _why(text, error, offset)) from None
    except (ValueError, RecursionError, MemoryError, UnicodeError):
        raise ExpressionError("The expression is nested too deeply.", text) from None


def refused(text: str, node: Any, said: str) -> ExpressionError:
    """Return the error of a piece that is not of the language, with where it stands."""
    lines = text.splitlines()
    line = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
    column = len(line.encode()[: node.col_offset].decode(errors="ignore"))
    before = sum(len(each) + 1 for each in lines[: node.lineno - 1])
    return _at(text, before + column, said)


def _at(text: str, offset: int, said: str) -> ExpressionError:
    """Return an error that shows a place, by its offset from the text's beginning."""
    before = text[:offset]
    start = before.rfind("\n") + 1
    line = text[start:].partition("\n")[0].rstrip()
    column = offset - start
    cut = max(0, column - _SHOWN // 2)
    shown = line[cut : cut + _SHOWN]
    caret = " " * (column - cut) + "^"
    return ExpressionError(
        f"The expression can't be read at column {column + 1}: {said}\n  {shown}\n  {caret}",
        text,
        column + 1,
    )


def _offset(text: str, error: SyntaxError) -> int:
    if not error.offset:  # it ends too early
        return len(text)
    lines = text.splitlines(keepends=True)
    above = sum(map(len, lines[: max(0, (error.lineno or 1) - 1)]))
    return max(0, min(above + error.offset - 1, len(text)))


def _why(text: str, error: SyntaxError, offset: int) -> str:
    """Say what is wrong in the words of who writes a condition."""
    if offset == len(text):
        return "something is missing at its end."
    piece = text[offset : offset + 2]
    if piece[:1] == "=" and piece != "==":
        return "to compare, write ==; an expression assigns nothing."
    for written, instead in _OF_OTHERS.items():
        if re.search(written, text):
            return f"write {instead} for {written.partition('(')[0].replace(_BACK, '')}."
    try:
        statement = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return f"{error.msg}."
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return "to compare, write ==; an expression assigns nothing."
    what = type(statement).__name__.lower().removesuffix("from")
    return f"{what} is a statement, and this is to be an expression, such as total > 100. {PYTHON}"
