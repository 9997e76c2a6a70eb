"""Runs a page: its ```python blocks in order, its ```pycon blocks as doctests among them.

All blocks of a page share one namespace, as the cells of a notebook do. A block whose first line
begins with `# not run` is only compiled.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import re
from pathlib import Path
from typing import Any

__all__ = ["blocks", "run_page"]

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """Each fenced block: the line it starts on, its language, its text."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in BLOCK.finditer(text)]


def run_page(page: Path) -> int:
    """Run a page, look whether it shows what happens, and give how many blocks ran."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    parser = doctest.DocTestParser()
    ran = 0
    for line, language, source in blocks(page):
        if language == "python":
            _run_cell(source, page, line, namespace)
            ran += 1
        elif language == "pycon":
            example = parser.get_doctest(source, namespace, page.name, str(page), line - 1)
            example.globs = namespace  # the parser took a copy; functions look into this one
            complaints: list[str] = []
            runner.run(example, out=complaints.append, clear_globs=False)
            assert not complaints, "\n".join(complaints)
            ran += 1
    return ran


def _run_cell(source: str, page: Path, line: int, namespace: dict[str, Any]) -> None:
    """Run a block as a notebook cell does: `await` is allowed at its top."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    text = "\n" * (line - 1) + source
    code = compile(text, str(page), "exec", flags, dont_inherit=True)
    if source.startswith("# not run"):
        return
    if code.co_flags & inspect.CO_COROUTINE:

        async def cell() -> None:
            await eval(code, namespace)

        asyncio.run(cell())
    else:
        exec(code, namespace)
