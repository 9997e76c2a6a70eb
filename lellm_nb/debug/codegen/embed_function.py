"""A function's source with what it needs from outside, as far as that can be found."""

from __future__ import annotations

import ast
import builtins
import copy
import dis
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.debug.codegen.client_source import client_source
from lellm_nb.debug.codegen.function_source import SourcePiece, class_piece, function_piece
from lellm_nb.debug.codegen.literal import Unwritable, literal
from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import has_kind, safe_pairs

__all__ = ["Embedded", "embed"]


@dataclass
class Embedded:
    """Source text that defines a function and its surroundings.

    Attributes:
        name: What the function is called in the text.
        imports: Import lines.
        parts: Definitions, what is needed before what needs it.
        missing: What could not be written out, each with why.
        means: What each name means that the text defines.
        annotated: Whether it has annotations, which are not to be looked up.
        offline: Whether clients are written out that need no key: nothing is sent.
    """

    name: str
    imports: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    means: dict[str, Any] = field(default_factory=dict)
    annotated: bool = False
    offline: bool = False

    def free(self, name: str) -> str:
        """Return a name that the text does not use for anything else."""
        while name in self.means or hasattr(builtins, name):
            name += "_"
        return name


def embed(function: Any, *, offline: bool = False) -> Embedded:
    """Write out a function: its own source, its constants, modules and helpers.

    Where something cannot be written out it is named in `missing`, not guessed.

    Args:
        offline: Whether what it asks over HTTP is answered by recorded calls.
    """
    name = getattr(function, "__name__", "node")
    made = Embedded(name, offline=offline)
    if not name.isidentifier() or hasattr(builtins, name):
        used = set(_global_names(function.__code__)) if hasattr(function, "__code__") else set()
        made.name = "node"
        while made.name in used:
            made.name += "_"
    _define(made.name, function, made)
    return made


def _define(name: str, value: Any, made: Embedded) -> None:
    """Add what makes `name` mean `value`."""
    if name in made.means:
        if made.means[name] is not value:
            made.missing[name] = "a name that means two things in what is embedded"
        return
    made.means[name] = value
    if type(value) is Missing:
        made.missing[name] = "a name that means nothing"
    elif has_kind(value, types.ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        made.imports.add(f"import {value.__name__}{alias}")
    elif has_kind(value, types.FunctionType) and not _importable(value):
        _define_function(name, value, made)
    elif attempt(lambda: value.__module__) and _importable(value):
        alias = "" if value.__qualname__ == name else f" as {name}"
        made.imports.add(f"from {value.__module__} import {value.__qualname__}{alias}")
    elif has_kind(value, type):
        _define_class(name, value, made)
    elif made.offline and (client := client_source(value)) is not None:
        made.imports.add(f"import {client.module}")
        made.parts.append(f"{name} = {client.text}")
    else:
        try:
            made.parts.append(f"{name} = {literal(value, name, made.imports, _named(value, made))}")
        except Unwritable as error:
            made.missing[name] = str(error)


def _named(value: Any, made: Embedded) -> dict[int, str]:
    """Define the functions and classes in a container, as in a table of tools; return their names.

    One whose name means something else, or that has none, is left to be named as missing.
    """
    names: dict[int, str] = {}
    inside = [value]
    while inside:
        at = inside.pop()
        if has_kind(at, dict):
            inside += dict.values(at)
        elif has_kind(at, (list, tuple)):
            inside += [one for _, one in safe_pairs(at)]
        elif has_kind(at, (types.FunctionType, type)) and at.__module__ != "builtins":
            name = at.__name__
            if name.isidentifier() and made.means.get(name, at) is at:
                _define(name, at, made)
                names[id(at)] = name
    return names


def _define_function(name: str, function: Any, made: Embedded) -> None:
    piece = function_piece(function)
    if piece.problem:
        made.missing[name] = piece.problem
        return
    made.annotated |= _has_annotations(piece.node)
    for needed, value in _outside(function):
        _define(needed, value, made)
    _define_defaults(name, function, piece, made)
    own = getattr(piece.node, "name", "")
    if not own:
        made.parts.append(f"{name} = {piece.text}")
    elif own == name:
        made.parts.append(piece.text)
    else:
        _define_under(own, name, piece, made)


def _has_annotations(tree: ast.AST) -> bool:
    return any(
        getattr(node, "annotation", None) or getattr(node, "returns", None)
        for node in ast.walk(tree)
    )


def _define_under(own: str, name: str, piece: SourcePiece, made: Embedded) -> None:
    """Add a definition under a name of its own, and then the name that it goes by."""
    if own not in made.means:
        made.parts.append(f"{piece.text}\n\n\n{name} = {own}")
        return
    renamed = copy.copy(piece.node)  # its own name means something else here
    renamed.name = name
    made.parts.append(ast.unparse(renamed))


def _define_defaults(name: str, function: Any, piece: SourcePiece, made: Embedded) -> None:
    """Define what the default values of arguments name."""
    arguments = piece.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    given = dict(function.__kwdefaults__ or {})
    values = function.__defaults__ or ()
    given |= dict(zip(names[len(names) - len(values) :], values, strict=True))
    trees = dict(zip(names[len(names) - len(values) :], arguments.defaults, strict=True))
    trees |= {
        argument.arg: tree
        for argument, tree in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if tree is not None
    }
    for argument, tree in trees.items():
        if isinstance(tree, ast.Name):
            _define(tree.id, given[argument], made)
        elif any(isinstance(inner, ast.Name | ast.Call) for inner in ast.walk(tree)):
            made.missing[f"{name}({argument}=…)"] = "a default value that was computed"


def _define_class(name: str, value: type, made: Embedded) -> None:
    piece = class_piece(value)
    if piece.problem:
        made.missing[name] = piece.problem
        return
    module = sys.modules.get(value.__module__)
    space = getattr(module, "__dict__", {})
    used = {node.id for node in ast.walk(piece.node) if isinstance(node, ast.Name)}
    for needed in sorted(used - {value.__name__}):
        if needed in space:
            _define(needed, space[needed], made)
    for base in value.__mro__[1:]:
        known = base is object or base in made.means.values()
        if not known and not _importable(base) and base.__module__ != "builtins":
            made.missing[name] = f"a class made from {base.__name__}, which is not at hand"
    if value.__name__ == name:
        made.parts.append(piece.text)
    else:
        _define_under(value.__name__, name, piece, made)


def _outside(function: Any) -> Iterator[tuple[str, Any]]:
    """Walk the globals and closure values that a function's code names."""
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name, cell in closure.items():
        try:
            yield name, cell.cell_contents
        except ValueError:
            yield name, Missing()  # not filled yet
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


def _importable(value: Any) -> bool:
    """Tell whether another process finds the value by importing its module."""
    home, name = attempt(lambda: (value.__module__, value.__qualname__), ("", ""))
    if type(home) is not str or type(name) is not str:
        return False
    module = sys.modules.get(home)
    if module is None or not name or "." in name or module.__name__ == "__main__":
        return False
    return getattr(module, name, None) is value and getattr(module, "__spec__", None) is not None
