"""The sizes of the house: a folder is a topic, a file one concept, a function one thought."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT
from tests.house.test_rooms import listed

MODULES = 20
LINES = {"package": 320, "page": 320, "tests": 400}
FUNCTION = 120

FILES = {
    "package": sorted(PACKAGE.rglob("*.py")),
    "page": sorted(PACKAGE.rglob("*.js")),
    "tests": sorted((ROOT / "tests").rglob("*.py")),
}

OPENS = re.compile(
    r"^(?P<indent> *)(?:"
    r"(?:export )?(?:default )?(?:async )?function\*? *(?P<plain>\w*)"
    r"|(?:export )?(?:const|let) (?P<arrow>\w+) = (?:async )?(?:\([^=]*\)|\w+) => "
    r"|(?:static |async |get |set |\*)*(?P<method>#?\w+)\(.*\) "
    r").*[{(\[]$"
)
STATEMENTS = {"if", "for", "while", "switch", "catch", "with"}


def test_a_folder_holds_at_most_twenty_modules():
    """More is two topics."""
    held: dict[Path, int] = {}
    for file in [*FILES["package"], *FILES["page"], *FILES["tests"]]:
        held[file.parent] = held.get(file.parent, 0) + (file.name != "__init__.py")
    crowded = [
        f"{folder.relative_to(ROOT)}: {count}" for folder, count in held.items() if count > MODULES
    ]

    assert not crowded, listed(crowded)


@pytest.mark.parametrize(
    "kind",
    [
        "package",
        "page",
        "tests",
    ],
)
def test_a_file_is_short(kind):
    """More is two concepts."""
    long = [
        f"{file.relative_to(ROOT)}: {count} lines"
        for file in FILES[kind]
        if (count := len(file.read_text(encoding="utf-8").splitlines())) > LINES[kind]
    ]

    assert not long, listed(long)


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """The functions of a page's script: name, first line, how many lines. Goes by indentation."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = OPENS.match(line)
        if found is None or found["method"] in STATEMENTS:
            continue
        end = re.compile(rf"^{found['indent']}[}})\]]")
        for last in range(number + 1, len(lines)):
            if end.match(lines[last]):
                name = found["plain"] or found["arrow"] or found["method"] or "function"
                yield name, number + 1, last - number + 1
                break


def test_the_functions_of_a_script_are_found():
    """Plain ones, arrows and methods; what is inside one is found too."""
    text = (
        "export function a(x) {\n  const b = (y) => {\n    if (y) {\n    }\n  };\n}\n"
        "class C {\n  d() {\n  }\n}\n"
    )

    assert list(functions(text)) == [("a", 1, 6), ("b", 2, 4), ("d", 8, 2)]


def test_a_function_of_the_page_is_short():
    """What it holds inside counts: it has to be read at once."""
    long = [
        f"{file.relative_to(ROOT)}:{line}: {name}, {count} lines"
        for file in FILES["page"]
        for name, line, count in functions(file.read_text(encoding="utf-8"))
        if count > FUNCTION
    ]

    assert not long, listed(long)
