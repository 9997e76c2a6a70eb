"""The panel beside the notebook: one, however often it is asked for."""

from __future__ import annotations

import importlib.util

import pytest
from playwright.sync_api import expect

from tests.browser.panels import button, status

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(importlib.util.find_spec("sidecar") is None, reason="needs sidecar"),
]

SETUP = """
from lellm_nb import *
g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("ok").edge("a", "ok")
dbg = Debugger(g.start("a").end("ok").build())
"""


def test_the_panel_stands_beside_the_notebook_and_in_step_with_the_cell(notebook):
    """Docking again replaces it, and a panel in a cell shows the same run."""
    page = notebook([SETUP, "dbg.dock()", "dbg.dock()", "dbg"], width=1700)
    page.run_cell(0)
    page.run_cell(1)
    docked = page.page.locator(".lellm-nb")
    expect(docked.get_by_role("status")).to_contain_text("ready")
    page.run_cell(2)
    expect(docked).to_have_count(1)

    button(docked, "Run").click()
    page.until("dbg.status == 'waiting'")
    page.run_cell(3)

    expect(status(page.output(3).locator(".lellm-nb"))).to_contain_text("waiting at ok")
    assert page.complaints == []
