"""A function's source with what it needs from outside, as far as that can be found."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.debug.literal import Unwritable, literal

__all__ = ["Embedded", "embed"]


@dataclass
class Embedded:
    """Source text that defines a function and its surroundings.

    Attributes:
        name: What the function is called in the text.
        imports: Import lines.
        parts: Definitions, what is needed before what needs it.
        missing: What could not be written out, each with why.
    """

    name: str
    imports: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def embed(function: Any) -> Embedded:
    """Write out a function: its own source, its constants, modules and helpers.

    Where something cannot be written out it is named in `missing`, not guessed.
    """
    made = Embedded(getattr(function, "__name__", "node"))
    if made.name == "<lambda>":
        made.name = "node"
    _define(made.name, function, made, set())
    return made


def _define(name: str, value: Any, made: Embedded, done: set[str]) -> None:
    """Add what makes `name` mean `value`."""
    if name in done:
        return
    done.add(name)
    if isinstance(value, types.ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        made.imports.add(f"import {value.__name__}{alias}")
    elif inspect.isfunction(value) and _is_users(value):
        _define_function(name, value, made, done)
    elif getattr(value, "__module__", None) and _importable(value):
        alias = "" if value.__qualname__ == name else f" as {name}"
        made.imports.add(f"from {value.__module__} import {value.__qualname__}{alias}")
    elif inspect.isclass(value):
        source = _source(value)
        if source is None:
            made.missing[name] = "a class whose source is not at hand"
        else:
            made.parts.append(source)
    else:
        try:
            made.parts.append(f"{name} = {literal(value, name, made.imports)}")
        except Unwritable as error:
            made.missing[name] = str(error)


def _define_function(name: str, function: Any, made: Embedded, done: set[str]) -> None:
    source = _source(function)
    if source is None:
        made.missing[name] = "a function whose source is not at hand"
        return
    for needed, value in _outside(function):
        _define(needed, value, made, done)
    if function.__name__ == "<lambda>":
        source = f"{name} = {source}"
    elif function.__name__ != name:
        source = f"{source}\n\n\n{name} = {function.__name__}"
    made.parts.append(source)


def _source(thing: Any) -> str | None:
    """Return the source without decorators; of a lambda, the expression alone."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        return None
    name = getattr(thing, "__name__", "")
    if name == "<lambda>":
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        return ast.unparse(found[0]) if len(found) == 1 else None
    for node in tree.body:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, kinds) and node.name == name:
            lines = text.splitlines()
            return "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return None


def _outside(function: Any) -> Iterator[tuple[str, Any]]:
    """Walk the globals and closure values that a function's code names."""
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name, cell in closure.items():
        try:
            yield name, cell.cell_contents
        except ValueError:
            continue  # not filled yet: it is the function itself
    for name in dict.fromkeys(_global_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
        elif not hasattr(builtins, name):
            yield name, Missing()


class Missing:
    """In place of a global that is not there."""


def _global_names(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)


def _is_users(function: Any) -> bool:
    return function.__module__ == "__main__" or not _importable(function)


def _importable(value: Any) -> bool:
    """Tell whether another process finds the value by importing its module."""
    import sys

    module = sys.modules.get(getattr(value, "__module__", ""))
    name = getattr(value, "__qualname__", "")
    if module is None or not name or "." in name or module.__name__ == "__main__":
        return False
    return getattr(module, name, None) is value and getattr(module, "__spec__", None) is not None
