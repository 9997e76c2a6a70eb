"""The panel beside the notebook: one, however often it is asked for, and as high as its place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.panels import button, status
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)

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
    expect(page.run_cell(2)).to_contain_text("beside the notebook")
    expect(docked).to_have_count(1)

    button(docked, "Run").click()
    page.until("dbg.status == 'waiting'")
    page.run_cell(3)

    expect(status(page.output(3).locator(".lellm-nb"))).to_contain_text("waiting at ok")
    assert page.complaints == []


def height(panel: Locator) -> float:
    """How high the panel is on the page."""
    box = panel.bounding_box()
    assert box is not None
    return box["height"]


def test_docked_it_is_as_high_as_its_place_and_in_a_cell_as_high_as_it_is_pulled(notebook):
    """A place beside the notebook is filled, at any height; a cell has no height of its own."""
    page = notebook([SETUP, "dbg", "dbg.dock()"], width=1700)
    page.run_cell(0)
    inline = page.run_cell(1).locator(".lellm-nb")
    expect(inline).to_have_css("resize", "vertical")
    assert height(inline) == 640
    inline.evaluate("panel => { panel.style.height = '480px'; }")  # as pulling its corner does
    assert height(inline) == 480

    page.run_cell(2)
    place = page.page.locator(".jupyterlab-sidecar")
    docked = place.locator(".lellm-nb")
    expect(docked.get_by_role("status")).to_contain_text("ready")
    expect(docked).to_have_css("resize", "none")
    for high in (900, 700):
        page.page.set_viewport_size({"width": 1700, "height": high})
        until(lambda: abs(height(docked) - height(place)) <= 2, f"a full place at {high} px")
    page.page.set_viewport_size({"width": 1700, "height": 380})
    until(lambda: height(docked) == 320, "the least height, with the place scrolling")
    assert page.complaints == []
