"""A real marimo for tests: notebooks that are run on opening, beside the shared browser."""

from __future__ import annotations

import secrets
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import indent

from playwright.sync_api import Page

from tests.browser.harness.servers import Server, complaints_of

HEAD = """\
# /// script
# [tool.marimo.display]
# theme = "{theme}"
# ///
import marimo

app = marimo.App()"""

RUN_ON_OPENING = "[runtime]\nauto_instantiate = true\n"
"""The person's own setting: a notebook may not say it of itself."""


class Marimo(Server):
    """A marimo server that edits notebooks, as `marimo edit` does."""

    def __enter__(self) -> Marimo:
        file = self.home / "marimo" / "marimo.toml"
        file.parent.mkdir()
        file.write_text(RUN_ON_OPENING)
        return super().__enter__()

    def command(self) -> list[str]:
        """The editor, for the folder in which the notebooks are made."""
        return [
            *(sys.executable, "-m", "marimo", "--quiet", "edit", "--headless", "--no-token"),
            *("--skip-update-check", "--host", "127.0.0.1", "--port", str(self.port)),
            str(self.root),
        ]

    def surroundings(self) -> dict[str, str]:
        """Where it would look for settings and keep what it remembers."""
        own = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
        return {name: str(self.home) for name in own}

    def alive(self) -> urllib.request.Request:
        """Its page for this question."""
        return urllib.request.Request(f"{self.url}/health")

    @contextmanager
    def open(self, cells: list[str], *, theme: str = "light") -> Iterator[MarimoPage]:
        """Open a notebook of these cells, each written `reads | makes | source`."""
        file = self.root / f"{secrets.token_hex(4)}.py"
        head = HEAD.format(theme=theme)
        file.write_text("\n\n".join([head, *map(_cell, cells)]))
        context = self.browser.new_context(viewport={"width": 1280, "height": 1000})
        try:
            page = context.new_page()
            page.set_default_timeout(30_000)
            opened = MarimoPage(page)
            page.goto(f"{self.url}/?file={file}")
            yield opened
        finally:
            context.close()


class MarimoPage:
    """A notebook that is open in marimo."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints = complaints_of(page)
        """What the page reported as an error, in order."""


def _cell(text: str) -> str:
    """A cell as marimo keeps it: a function of what it reads that returns what it makes."""
    reads, makes, source = text.split("|", 2)
    made = f"return ({makes},)" if makes.strip() else "return"
    return f"@app.cell\ndef _({reads}):\n{indent(source.strip(), '    ')}\n    {made}\n"
