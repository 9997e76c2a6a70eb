"""The text of a condition, for people to read. It is never run."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import Any

from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.expression.expression import ConditionText

__all__ = ["definitions_of", "parsed", "source_of"]


def source_of(function: Callable[..., Any]) -> str:
    """Return a function's source, of a lambda just the lambda; its name where there is none.

    A condition that is text is its own source.

    Example:
        >>> source_of(len)
        'len'
        >>> source_of(functools.partial(max, 3))
        'partial of max(3)'
    """
    if isinstance(function, ConditionText):
        return function.text
    if isinstance(function, functools.partial):
        given = [*map(_brief, function.args)]
        given += [f"{k}={_brief(v)}" for k, v in function.keywords.items()]
        return f"partial of {source_of(function.func)}({', '.join(given)})"
    called = inspect.unwrap(function)
    called = getattr(called, "__func__", called)
    if not hasattr(called, "__code__"):
        method: Any = vars(type(function)).get("__call__")
        if hasattr(method, "__code__") and not inspect.isclass(function):
            return f"{type(function).__name__}: {source_of(method)}"
        return _name(function)
    try:
        lines, _ = inspect.findsource(called)
        found = _found("".join(lines), called.__code__)
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        found = None
    return found or _name(function)


def _brief(value: Any) -> str:
    return safe_repr(value, 40)


def _name(function: Any) -> str:
    name = getattr(function, "__qualname__", None)
    return str(name) if name else _brief(function)


@functools.lru_cache(maxsize=32)
def parsed(text: str) -> ast.Module:
    """Return a source's tree; the same one for the same text, so it is only to be read."""
    return ast.parse(text)


@functools.lru_cache(maxsize=256)
def _found(text: str, code: CodeType) -> str | None:
    fitting = definitions_of(parsed(text), code)
    if not fitting:
        return None
    piece = ast.get_source_segment(text, fitting[-1], padded=True)
    return None if piece is None else textwrap.dedent(piece).strip()


def definitions_of(tree: ast.AST, code: CodeType) -> list[Any]:
    """Return the definitions in a tree that code of this name and line may be of."""
    found = [node for node in ast.walk(tree) if isinstance(node, _DEFINITIONS)]
    found = [node for node in found if _fits(node, code)]
    if code.co_name == "<lambda>" and len(found) > 1:
        # of lambdas within each other, which all hold the code, the innermost comes last
        return [node for node in found if _holds_code(node, code)][-1:]
    return found


_DEFINITIONS = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)


def _fits(node: Any, code: CodeType) -> bool:
    lines = [int(node.lineno), *(int(each.lineno) for each in getattr(node, "decorator_list", ()))]
    return min(lines) == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name


def _holds_code(node: Any, code: CodeType) -> bool:
    """Tell whether a lambda's body is where its code says it stands."""
    body = node.body
    places = [
        (first, column)
        for first, _, column, _ in code.co_positions()
        if first is not None and column is not None and (first, column) != (node.lineno, 0)
    ]
    inside = [
        (body.lineno, body.col_offset) <= place <= (body.end_lineno, body.end_col_offset)
        for place in places
    ]
    return bool(inside) and sum(inside) * 2 > len(inside)
