"""What is said of a piece that an expression can't have, and what to write instead."""

from __future__ import annotations

import ast

from lellm_nb.state.expression.door import PYTHON

__all__ = ["said_of", "said_of_name"]

_GENERATOR = "any(x > 3 for x in items)"

_SAID = {
    "Lambda": f"a lambda can't be in an expression. {PYTHON}",
    "ListComp": f"a list is made by no comprehension here: {_GENERATOR}. {PYTHON}",
    "SetComp": f"a set is made by no comprehension here: {_GENERATOR}. {PYTHON}",
    "DictComp": f"a dict is made by no comprehension here: {_GENERATOR}. {PYTHON}",
    "GeneratorExp": f"a generator stands alone in any, all, sum, min or max: {_GENERATOR}.",
    "NamedExpr": "an expression assigns nothing: to compare, write ==.",
    "JoinedStr": "an f-string can't be in an expression: compare the values themselves.",
    "TemplateStr": "a t-string can't be in an expression: compare the values themselves.",
    "Set": "a set can't be in an expression: write a list, [1, 2].",
    "Starred": "* can't be in an expression: write the items out.",
    "Slice": f"a slice can't be in an expression: an index is one number or key. {PYTHON}",
    "Await": f"await can't be in an expression. {PYTHON}",
    "Yield": f"yield can't be in an expression. {PYTHON}",
    "YieldFrom": f"yield can't be in an expression. {PYTHON}",
    "Call": f"no method can be called, nor what a path leads to. {PYTHON}",
    "BitAnd": "for & write and.",
    "BitOr": "for | write or.",
    "BitXor": "^ can't be in an expression: a power is **.",
    "Invert": "for ~ write not.",
    "LShift": "<< can't be in an expression: multiply.",
    "RShift": ">> can't be in an expression: divide.",
    "MatMult": f"@ can't be in an expression. {PYTHON}",
}

_OF_OTHERS = {"true": "True", "false": "False", "null": "None", "none": "None", "nil": "None"}


def said_of(node: ast.AST) -> str:
    """Say what a piece is, and what to write instead.

    Example:
        >>> said_of(ast.BitAnd())
        'for & write and.'
    """
    if isinstance(node, ast.Constant):
        return "a literal is a number, text, True, False or None here."
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get":
        return f"for x.get(key) write x[key]: what is absent is None. {PYTHON}"
    name = type(node).__name__
    return _SAID.get(name, f"{name} can't be in an expression. {PYTHON}")


def said_of_name(name: str) -> str:
    """Say what is wrong with a name; nothing for one that may be a key's.

    Example:
        >>> said_of_name("true"), said_of_name("total")
        ("write True for true; a key of that name is state['true'].", '')
    """
    meant = _OF_OTHERS.get(name)
    return f"write {meant} for {name}; a key of that name is state[{name!r}]." if meant else ""
