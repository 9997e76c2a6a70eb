"""Imports go one way, and importing the package is cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import lellm_nb

PACKAGE = Path(lellm_nb.__file__).parent

# notebook -> debug -> adapters -> session -> engine | store -> calls -> record -> graph -> state
# -> base
RANKS = [
    {"errors", "ids", "clock", "interrupts", "login", "private_file", "sending"},
    {"arguments"},
    {"state"},
    {"graph"},
    {"record"},
    {"calls"},
    {"engine", "store"},  # side by side: neither imports the other
    {"session"},
    {"adapters"},
    {"debug"},
    {"records"},
    {"notebook", "cli", "testing"},
]
RANK = {layer: rank for rank, layers in enumerate(RANKS) for layer in layers}

LATE = {
    ("graph", "engine"): "Graph.run, execute and the others run the graph",
    ("graph", "store"): "Graph.analyze(runs=store) says which ways no run has gone",
    ("record", "debug"): "the frames of a sink or a stack are shown as a Debugger shows its own",
    ("record", "records"): "a trace writes and reads itself as lellm_nb.to_json does",
    ("debug", "notebook"): "a Debugger at the end of a cell shows the panel",
}
"""The only imports against the direction; each inside a function, so nothing loads early."""

FOR_ADAPTERS = {"langgraph", "langchain_core", "jsonschema", "typing_extensions"}
"""What an extra brings for those who hand a graph of another library to a Debugger."""

HEAVY = ["IPython", "pandas", "numpy", "ipywidgets", "anywidget", "pygraphviz", "traitlets"]


def modules() -> list[Path]:
    """Every module below a layer; the package's own `__init__` only gathers the names."""
    return sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


def layer_of(file: Path) -> str:
    """The folder, or the name of a module that lies directly in the package."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`, whose body never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(file: Path) -> Iterator[tuple[str, int, bool]]:
    """The layers that a module imports: name, line, and whether only later (or only for types)."""
    parts = ["lellm_nb", *file.relative_to(PACKAGE).with_suffix("").parts]
    package = parts[:-1]

    def visit(node: ast.AST, late: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            names: list[str] = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                start = package[: len(package) - child.level + 1] if child.level else []
                base = ".".join([*start, *(child.module or "").split(".")]).strip(".")
                # `from lellm_nb import debug` imports a layer; `from lellm_nb.debug import x` too.
                names = (
                    [f"{base}.{alias.name}" for alias in child.names]
                    if base == "lellm_nb"
                    else [base]
                )
            for name in names:
                top, _, rest = name.partition(".")
                if top == "lellm_nb" and rest:
                    yield rest.split(".")[0], child.lineno, late
            later = late or is_type_checking(child)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                later = True
            yield from visit(child, later)

    yield from visit(ast.parse(file.read_text(encoding="utf-8")), False)


def test_every_module_lies_in_a_layer():
    """A new folder takes its place in the order before it is used."""
    unplaced = {layer_of(file) for file in modules()} - RANK.keys()

    assert not unplaced, f"not in the order of layers: {sorted(unplaced)}"


def test_imports_go_one_way():
    """notebook -> debug -> adapters -> session -> engine | store -> record -> … -> base."""
    against = []
    for file in modules():
        here = layer_of(file)
        for there, line, late in imports(file):
            if there == here or RANK.get(there, 99) < RANK.get(here, -1):
                continue
            if late and (here, there) in LATE:
                continue
            against.append(f"{file.relative_to(PACKAGE)}:{line}: {here} imports {there}")

    assert not against, "\n".join(against)


def test_the_listed_late_imports_are_there():
    """The list of exceptions stays as short as it can be."""
    found = {
        (layer_of(file), there)
        for file in modules()
        for there, _, late in imports(file)
        if late and (layer_of(file), there) in LATE
    }

    assert found == LATE.keys()


def test_only_the_notebook_layer_knows_widgets():
    """The debugger works in a script, a terminal and pytest."""
    widgets = ("ipywidgets", "anywidget", "traitlets", "pygraphviz")
    found = [
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in modules()
        if layer_of(file) != "notebook"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] in widgets
    ]

    assert not found, "\n".join(found)


def third_party(file: Path) -> set[str]:
    """The packages from elsewhere that a module imports, early or late."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return {name.lower() for name in found - set(sys.stdlib_module_names) - {"lellm_nb"}}


def test_dependencies_are_those_that_are_imported():
    """Nothing is imported that is not declared, and nothing declared that is not imported."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {
        re.match(r"[\w-]+", requirement)[0].replace("-", "_").lower()
        for requirement in project["project"]["dependencies"]
    }

    found = {file: third_party(file) for file in modules()}
    adapters = {file for file in found if layer_of(file) == "adapters"}
    own = set().union(*(names for file, names in found.items() if file not in adapters))

    assert own == declared
    assert set().union(*(found[file] for file in adapters)) <= declared | FOR_ADAPTERS


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    """No IPython, no pandas, no widgets: they load when they are used."""
    loaded = fresh(
        f"import sys, lellm_nb; print(' '.join(n for n in {HEAVY} if n in sys.modules), end='')"
    )

    assert loaded == ""


@pytest.mark.parametrize(
    "layer", sorted({layer_of(f) for f in modules() if (PACKAGE / layer_of(f)).is_dir()})
)
def test_every_layer_can_be_imported_first(layer):
    """No layer works only because another was imported before it."""
    fresh(f"import lellm_nb.{layer}")


def test_a_run_without_a_notebook_loads_nothing_heavy():
    """Running a graph in a script pays for no widgets either."""
    loaded = fresh(
        "import sys\n"
        "from lellm_nb import Debugger, GraphBuilder\n"
        "g = GraphBuilder('g')\n"
        "g.node('a', lambda ctx: {'n': 1}).start('a').end('a')\n"
        "dbg = Debugger(g.build(), {})\n"
        "assert dbg.run().reason.name == 'COMPLETED'\n"
        f"print(' '.join(n for n in {HEAVY} if n in sys.modules), end='')"
    )

    assert loaded == ""
