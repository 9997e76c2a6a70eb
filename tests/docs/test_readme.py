"""README.md is run: its ```python blocks in order, its ```pycon blocks as doctests after them.

All blocks of the page share one namespace, as the cells of a notebook do. A block whose
first line is `# not run` is only compiled.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import lellm_nb

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def blocks() -> list[tuple[int, str, str]]:
    """Each fenced block: the line it starts on, its language, its text."""
    text = README.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in BLOCK.finditer(text)]


def run_cell(source: str, line: int, namespace: dict[str, Any]) -> None:
    """Run a block as a notebook cell does: `await` is allowed at its top."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * (line - 1) + source, str(README), "exec", flags)
    if source.startswith("# not run"):
        return
    if code.co_flags & inspect.CO_COROUTINE:

        async def cell() -> None:
            await eval(code, namespace)

        asyncio.run(cell())
    else:
        exec(code, namespace)


def test_the_snippets_of_the_readme_run():
    """What the README shows is what happens."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    parser = doctest.DocTestParser()
    ran = 0
    for line, language, source in blocks():
        if language == "python":
            run_cell(source, line, namespace)
            ran += 1
        elif language == "pycon":
            example = parser.get_doctest(source, namespace, "README.md", str(README), line - 1)
            example.globs = namespace  # the parser took a copy; functions look into this one
            complaints: list[str] = []
            runner.run(example, out=complaints.append, clear_globs=False)
            assert not complaints, "\n".join(complaints)
            ran += 1

    assert ran >= 2


def test_the_example_is_the_one_of_the_design():
    """The first example stays the one that people know."""
    first = next(source for _, language, source in blocks() if language == "python")

    assert first.startswith("from lellm_nb import Debugger, GraphBuilder\n")
    assert 'fork = dbg.fork(at=1, put={"draft": "shorter"})' in first


def test_what_the_readme_says_is_missing_is_missing():
    """The list of what is not there yet loses a name on the day it arrives."""
    missing = README.read_text(encoding="utf-8").split("\nNot yet:\n")[1].split("\n\n")[0]
    places = [lellm_nb, lellm_nb.Debugger, lellm_nb.Graph, lellm_nb.GraphBuilder]

    names = re.findall(r"`(\w+)`", missing)
    assert [name for name in names if any(hasattr(place, name) for place in places)] == []


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\]\((?!https?:|#)([^)#\s]+)", README.read_text("utf-8"))))
)
def test_every_link_of_the_readme_leads_somewhere(target):
    """Pictures and files that the README names are in the repository."""
    assert (README.parent / target).exists()
