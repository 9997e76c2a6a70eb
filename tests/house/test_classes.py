"""Classes: short chains of bases, names of their own, and nobody's hand in another's pocket."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import ROOT, chain, classes, modules, tree, where
from tests.house.test_rooms import listed

PRIVATE = {
    "_getframe": "sys has no public name for it",
    "_version": "torch counts there how often a tensor was changed",
    "_make": "a named tuple's own, and public",
    "_replace": "so is this",
    "_repr_mimebundle_": "IPython's name for it",
    "_display_": "marimo's name for it",
}
"""Underscored names that others may use, and why."""


def test_bases_are_at_most_three_deep():
    """What a method does is found without climbing."""
    deep = [
        f"{one}: {' < '.join(part.name for part in way)}"
        for one in classes().values()
        if len(way := chain(one)) > 4
    ]

    assert not deep, listed(deep)


def test_no_two_public_classes_share_a_name():
    """A name that is searched for is found once."""
    homes: dict[str, list[str]] = {}
    for one in classes().values():
        if not one.name.startswith("_"):
            homes.setdefault(one.name, []).append(str(one))
    shared = [place for places in homes.values() if len(places) > 1 for place in places]

    assert not shared, listed(shared)


def is_private(name: str) -> bool:
    """Whether a name begins with one underscore."""
    return name.startswith("_") and not name.startswith("__") and name not in PRIVATE


def own_names(module: str) -> set[str]:
    """The names that a module gives: what it defines, assigns, has as a slot or sets on `self`."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if ast.unparse(node.value) in ("self", "cls"):
                found.add(node.attr)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__":
            found |= set(re.findall(r"\w+", ast.unparse(node.value)))
    return found


def reaches(module: str) -> Iterator[str]:
    """Where a module touches a private name of another's: an attribute, or an import of one."""
    own = own_names(module)
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lellm_nb"):
            for alias in node.names:
                if is_private(alias.name):
                    yield f"{where(module, node.lineno)}: imports {alias.name}"
        if not isinstance(node, ast.Attribute) or not is_private(node.attr) or node.attr in own:
            continue
        holder = ast.unparse(node.value)
        if holder not in ("self", "cls", "super()"):
            yield f"{where(module, node.lineno)}: {holder}.{node.attr}"


def test_nobody_touches_the_private_parts_of_another():
    """A module may, of its own classes: a copy is made there, two of a kind are compared there."""
    found = [place for module in modules() for place in reaches(module)]

    assert not found, listed(found)


def test_the_glossary_names_classes_that_are_there():
    """A class in backticks on the page can be searched for."""
    page = ROOT / "docs" / "glossary.md"
    known = {name for _, name in classes()}
    gone = [
        f"docs/glossary.md:{number}: {name}"
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        for name in re.findall(r"`([A-Z][a-z]\w*)`", line)
        if name not in known
    ]

    assert not gone, listed(gone)
