"""The source of functions and classes, by their code: never what is only near."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType
from typing import Any

from lellm_nb.debug.names.condition_source import definitions_of, parsed

__all__ = ["SourcePiece", "class_piece", "function_piece"]


class SourcePiece:
    """A definition.

    Attributes:
        text: Its source, without decorators; of a lambda the expression.
        node: The same as a tree.
        problem: Why there is none, in words; empty where there is.
    """

    def __init__(self, node: Any = None, text: str = "", problem: str = "") -> None:
        self.node = node
        self.text = text
        self.problem = problem


def function_piece(function: Any) -> SourcePiece:
    """Return a function's source, as far as it is still the source that it was made from."""
    code: CodeType = function.__code__
    try:
        lines, _ = inspect.findsource(code)
        text = "".join(lines)
        tree = parsed(text)
    except (OSError, TypeError, SyntaxError, ValueError):
        return SourcePiece(problem="a function whose source is not at hand")
    found = definitions_of(tree, code)
    if len(found) != 1:
        return SourcePiece(problem="a function whose source is not at hand")
    node = _undecorated(found[0])
    if not _made_from(text, node, code):
        return SourcePiece(problem="a function whose source has changed since")
    return SourcePiece(node, _text(text, found[0], node))


def class_piece(thing: type) -> SourcePiece:
    """Return a class's source."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
        node = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return SourcePiece(problem="a class whose source is not at hand")
    if not isinstance(node, ast.ClassDef) or node.name != thing.__name__:
        return SourcePiece(problem="a class whose source is not at hand")
    return SourcePiece(node, text.rstrip())


def _undecorated(node: Any) -> Any:
    if not getattr(node, "decorator_list", None):
        return node
    made = type(node)(**dict(ast.iter_fields(node)))
    made.decorator_list = []
    return ast.copy_location(made, node)


def _made_from(text: str, node: Any, code: CodeType) -> bool:
    """Whether a source makes the code that stands there; where nobody can tell, it does.

    All of it is compiled: what a name is at the top of a module changes the code inside.
    """
    if any(isinstance(inner, ast.Assert) for inner in ast.walk(node)):
        return True  # a test tool may have rewritten it
    try:
        made = _compiled(text)
    except (SyntaxError, ValueError):
        return True  # a cell with an await at its top, say
    there = (code.co_name, code.co_firstlineno)
    return any(_like(each) == _like(code) for each in made.get(there, ()))


def _like(code: CodeType) -> tuple[Any, ...]:
    constants = [repr(each) for each in code.co_consts if not isinstance(each, CodeType)]
    inside = [_like(each) for each in code.co_consts if isinstance(each, CodeType)]
    return code.co_code, code.co_names, code.co_varnames, constants, inside


@functools.lru_cache(maxsize=8)
def _compiled(text: str) -> dict[tuple[str, int], list[CodeType]]:
    found: dict[tuple[str, int], list[CodeType]] = {}
    for code in _codes(compile(text, "<check>", "exec", dont_inherit=True)):
        found.setdefault((code.co_name, code.co_firstlineno), []).append(code)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def _text(text: str, found: Any, node: Any) -> str:
    """Return a definition as it was written, or as its tree says, where that reads otherwise."""
    piece = ast.get_source_segment(text, found, padded=True)
    if piece is not None:
        piece = textwrap.dedent(piece).strip()
        try:
            read = ast.parse(f"({piece}\n)" if isinstance(node, ast.Lambda) else piece).body[0]
        except SyntaxError:
            return ast.unparse(node)
        again: Any = read.value if isinstance(read, ast.Expr) else read
        if ast.dump(again) == ast.dump(node) and not isinstance(node, ast.Lambda):
            return piece
    return ast.unparse(node)
