"""The panel in front ends other than JupyterLab: the same presses do the same things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lellm_nb import Debugger
from tests.browser.harness.lab import DARK, LIGHT, NOTEBOOK
from tests.browser.harness.marimo_page import Marimo
from tests.browser.harness.panels import button, look_at, node, status
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)

SETUP = """\
from lellm_nb import Debugger, GraphBuilder

g = GraphBuilder("review")
g.node("draft", lambda ctx: {"words": 120 * ctx.visit})
g.barrier("approve", timeout=300)
g.node("publish", lambda ctx: {"published": True})
g.edge("draft", "approve").edge("approve", "publish")
g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
dbg = Debugger(g.start("draft").end("publish").build(), {"topic": "otters"}, store=STORE)
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the run is kept: what Python did is read there, beside the kernel."""
    return tmp_path / "runs.db"


@pytest.fixture(scope="module")
def marimo(browser: Browser) -> Iterator[Marimo]:
    """One marimo for all; each notebook has a page and a kernel of its own."""
    with Marimo(browser) as running:
        yield running


def brightness(place: Locator) -> float:
    """How bright the background is, from 0 to 255."""
    colour = place.evaluate("place => getComputedStyle(place).backgroundColor")
    red, green, blue = (float(part) for part in colour.strip("rgb()").split(",")[:3])
    return (red + green + blue) / 3


def work_through(page: Page, panel: Locator, store: Path) -> None:
    """Step, run, refuse by key, look back, approve: what anybody does first."""

    def run() -> Debugger:
        return Debugger.open(store)

    expect(status(panel)).to_have_text("ready · frame 0 of 0 · main", timeout=20_000)
    button(panel, "Step").click()
    expect(node(panel, "approve, current")).to_be_visible()
    until(lambda: run().head == 1, "a step")
    button(panel, "Run").click()
    card = panel.get_by_role("group", name="Barrier approve")
    expect(card).to_contain_text("→ publish")
    reason = card.get_by_role("textbox", name="Reason")
    # Letters, a slash and a question mark are keys of the panel, and of the page around it.
    reason.press_sequentially("a/b? d,d then x")
    reason.press("Enter")
    until(lambda: run().state.get("approve.reject_reason") == "a/b? d,d then x", "the reason")
    expect(status(panel)).to_have_text("waiting at approve · frame 5 of 5 · main")

    look_at(panel, 1)
    expect(panel).to_contain_text("looking at frame 1")
    expect(panel.get_by_role("tabpanel")).to_contain_text("120")
    page.keyboard.press("?")
    expect(panel.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel.get_by_role("slider", name="Frame")).to_be_focused()
    page.keyboard.press("End")
    expect(panel.get_by_text("looking at")).to_be_hidden()
    assert run().head == 5

    button(card, "Approve").click()
    expect(status(panel)).to_have_text("completed · frame 7 of 7 · main")
    until(lambda: run().state.get("published") is True, "the end")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_notebook_7_shows_the_panel_and_it_works(notebook, store, theme):
    """The whole way once, the still form hidden, no cell made or lost by a key, no complaint."""
    page = notebook(
        [SETUP.replace("STORE", repr(str(store))), "dbg"], front_end=NOTEBOOK, theme=theme
    )
    own = len(page.complaints)  # what the page says before anything of ours is on it
    page.run_cell(0)
    panel = page.run_cell(1).locator(".lellm-nb")

    work_through(page.page, panel, store)

    assert len(page) == 2
    assert (brightness(panel) < 128) is (theme == DARK)
    expect(page.output(1).locator(".lellm-nb-static")).to_be_hidden()
    assert page.complaints[own:] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marimo_shows_the_panel_and_it_works(marimo, store, theme):
    """`dbg` at the end of a cell is enough; the panel is as dark as the page, and fits its cell."""
    cells = ["|dbg|" + SETUP.replace("STORE", repr(str(store))), "dbg||dbg"]
    with marimo.open(cells, theme=theme) as page:
        panel = page.page.locator(".lellm-nb")
        work_through(page.page, panel, store)

        assert page.page.locator(".marimo-cell").count() == 2
        assert (brightness(panel) < 128) is (theme == "dark")
        fits = "p => p.clientHeight <= p.getRootNode().host.closest('.output-area').clientHeight"
        assert panel.evaluate(fits)
        assert page.complaints == []
