"""Fixtures for tests in a real browser: `lab` for the folder, `notebook` per test.

Playwright keeps an event loop running in the main thread for as long as it is open, and a test
that calls `asyncio.run` cannot run beside that. So the folder is a package, and what is open
is closed as soon as the next test is none of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.servers import ROOT, chromium

KEPT = ROOT / "test-results"

expect.set_options(timeout=15_000)  # a busy machine is slow, and no rule here is about that


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this folder."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def lab(browser: Browser) -> Iterator[Lab]:
    """One server for all; each notebook has a page and a kernel of its own."""
    with Lab(browser) as running:
        yield running


@pytest.fixture
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Notebook]]:
    """Open a copy of a notebook, or one made of the given code cells: `notebook("…ipynb")`.

    When the test fails, a picture of each open page is left in `test-results/`.
    """
    opened: list[Notebook] = []
    with ExitStack() as stack:

        def open_one(source: str | Path | list[str], **options: Any) -> Notebook:
            opened.append(stack.enter_context(lab.open(source, **options)))
            return opened[-1]

        yield open_one
        if getattr(request.node, "failed", False):
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            for number, page in enumerate(opened):
                picture = page.screenshot(KEPT / f"{name}-{number}.png")
                said = "\n".join(page.complaints) or "(nothing)"
                print(f"{picture}\nThe page complained about:\n{said}")


@pytest.fixture
def shown(
    notebook: Callable[..., Notebook], request: pytest.FixtureRequest
) -> Callable[..., tuple[Notebook, Locator]]:
    """Show the panel of what a module's `SETUP`, or another first cell, calls `dbg`."""

    def show(*more: str, setup: str = "", **options: Any) -> tuple[Notebook, Locator]:
        page = notebook([setup or request.module.SETUP, "dbg", *more], **options)
        page.run_cell(0)
        page.run_cell(1)
        panel = page.output(1).locator(".lellm-nb")
        expect(panel.get_by_role("region", name="Graph").locator(".node").first).to_be_visible()
        return page, panel

    return show


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Let the fixtures know that their test failed."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]  # read by the fixture above
