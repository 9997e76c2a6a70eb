"""The package as its source says it: modules, imports and classes, for the tests of this folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lellm_nb

PACKAGE = Path(lellm_nb.__file__).parent
ROOT = PACKAGE.parent

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Import:
    """One module imports another: where, and whether only later or only for types."""

    module: str
    target: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{where(self.module, self.line)}: imports {self.target}"


def where(module: str, line: int) -> str:
    """A place that an editor opens: path and line."""
    return f"{modules()[module].relative_to(ROOT)}:{line}"


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(module: str) -> ast.Module:
    """A module's source, parsed."""
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def is_type_checking(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`, whose body never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def named(module: str, node: ast.AST) -> list[str]:
    """What an import statement names, as dotted names; nothing for any other statement."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = module.split(".")
        if modules()[module].name != "__init__.py":
            package.pop()
        base = ".".join([*package[: len(package) - node.level + 1], base]).strip(".")
    # `from lellm_nb.debug import diff` imports a module; `… import Debugger` a name of one.
    return [full if (full := f"{base}.{a.name}") in modules() else base for a in node.names]


@cache
def imports(module: str) -> tuple[Import, ...]:
    """The modules of this package that a module imports, anywhere in it."""

    def visit(node: ast.AST, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for name in dict.fromkeys(named(module, child)):
                if name in modules() and name != module:
                    yield Import(module, name, child.lineno, late)
            yield from visit(child, late or is_type_checking(child) or isinstance(child, FUNCTION))

    return tuple(visit(tree(module), False))


def every_import() -> Iterator[Import]:
    """Every import inside the package; the package's own `__init__` only gathers the names."""
    for module in modules():
        if module != "lellm_nb":
            yield from imports(module)


@dataclass(frozen=True)
class Class:
    """One class at the top of a module, and the bases that it names."""

    name: str
    module: str
    line: int
    bases: tuple[str, ...]

    def __str__(self) -> str:
        return f"{where(self.module, self.line)}: {self.name}"


@cache
def classes() -> dict[tuple[str, str], Class]:
    """Every class at the top of a module, by module and name."""
    found = {}
    for module in modules():
        for node in tree(module).body:
            if isinstance(node, ast.ClassDef):
                bases = tuple(ast.unparse(base).partition("[")[0] for base in node.bases)
                found[module, node.name] = Class(node.name, module, node.lineno, bases)
    return found


@cache
def home(module: str, name: str) -> tuple[str, str]:
    """Where a name of a module comes from: followed through `from … import …`."""
    if (module, name) in classes() or module not in modules():
        return module, name
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return home(node.module, alias.name)
    return module, name


def base_classes(one: Class) -> list[Class]:
    """The bases of a class that are classes of this package."""
    return [
        classes()[place]
        for base in one.bases
        if (place := home(one.module, base.split(".")[-1])) in classes()
    ]


def chain(one: Class) -> list[Class]:
    """The longest way up from a class through its bases in this package, itself first."""
    return [one, *max((chain(base) for base in base_classes(one)), key=len, default=[])]
