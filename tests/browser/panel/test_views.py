"""The same run in every view of it: side by side, after a reload, and shown late."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, look_at, node, status
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)

SETUP = """
import asyncio
from lellm_nb import *

gate, said = [], []
g = GraphBuilder("review")

@g.task
def draft(ctx):
    return {"draft": f"An essay about {ctx.state['topic']}", "words": 120}

@g.task
async def ask(ctx):
    while not gate and not said:
        ctx.emit(".")
        await asyncio.sleep(0.01)
    ctx.emit("Otters hold hands ")
    while not gate:
        await asyncio.sleep(0.01)
    return {"answer": 42}

g.barrier("approve", timeout=300)
g.node("publish", lambda ctx: {"published": True})
g.edge("draft", "ask").edge("ask", "approve").edge("approve", "publish")
dbg = Debugger(g.start("draft").end("publish").build(), {"topic": "otters"})
"""
OPEN = "gate.append(1)"
"""What `ask` waits for."""


@pytest.fixture
def shown(shown):
    """A notebook whose second cell shows the panel, before its first step."""

    def show(*more: str, **options: object) -> tuple[Notebook, Locator]:
        page, panel = shown(*more, **options)
        expect(node(panel, "draft, current")).to_be_visible()
        return page, panel

    return show


def seen(panel: Locator) -> str:
    """What a person reads in the panel: names of nodes, status line, tab, cards, lanes."""
    return json.dumps(
        panel.evaluate(
            """panel => ({
              nodes: [...panel.querySelectorAll('.node')].map((one) => one.ariaLabel).sort(),
              status: panel.querySelector('[role=status]').textContent,
              frame: panel.querySelector('.frame-title').textContent,
              state: panel.querySelector('[role=tabpanel]').innerText,
              stale: panel.querySelector('.inspector').hasAttribute('data-stale'),
              slider: ['value', 'max'].map((name) => panel.querySelector('.slider')[name]),
              cards: [...panel.querySelectorAll('.card')].map((one) => one.ariaLabel),
              lines: [...panel.querySelectorAll('.lines option')].map((one) => one.value),
            })"""
        ),
        indent=1,
    )


def shows(panel: Locator, what: str) -> None:
    """Wait until a person reads exactly this."""
    until(lambda: seen(panel) == what, f"the panel to show\n{what}", timeout=15)
    assert seen(panel) == what


def reload(page: Notebook) -> Locator:
    """Load the page again, with the kernel going on, and return the panel that comes back."""
    # Widgets are found again by the outputs of the notebook, so it is saved first.
    page._js("(panel) => panel.context.save()")
    page.page.reload()
    page.wait_for_kernel()
    return page.output(1).locator(".lellm-nb")


def test_two_views_show_the_same_and_look_together(shown):
    """Views of one panel stay in step, whichever of them is used."""
    page, panel = shown("dbg")
    page.run_cell(2)
    other = page.output(2).locator(".lellm-nb")
    page.kernel("None", OPEN)

    button(panel, "Run").click()
    expect(status(other)).to_contain_text("waiting at approve")
    look_at(other, 2)
    expect(panel).to_contain_text("looking at frame 2")
    for view in (panel, other):
        expect(view.locator(".frame-title")).to_contain_text("frame 2")
    shows(other, seen(panel))
    button(panel, "Back to now").click()
    expect(other.get_by_text("looking at")).to_be_hidden()
    assert page.kernel("dbg.head") == 3


def test_a_page_that_is_loaded_again_during_a_run_goes_on_with_it(shown):
    """What is in flight, and what it has streamed, is there again; then the run goes on."""
    page, panel = shown()
    page.kernel("None", "handle = dbg.start()")
    stream = "Otters hold hands"
    expect(panel.get_by_role("group", name="Stream ask")).to_contain_text("...")
    expect(status(panel)).to_contain_text("running · frame 1")
    # Words that keep coming don't keep the inspector from showing what the run has come to.
    expect(panel.locator(".frame-title")).to_contain_text("frame 1")
    # Only the end of a stream is shown, so nothing more comes while the page is loaded again.
    page.kernel("None", "said.append(1)")
    expect(panel.get_by_role("group", name="Stream ask")).to_contain_text(stream)

    panel = reload(page)

    expect(status(panel)).to_contain_text("running · frame 1")
    expect(node(panel, "ask, current")).to_be_visible()
    expect(panel.get_by_role("group", name="Stream ask")).to_contain_text(stream)
    page.kernel("None", OPEN)
    expect(status(panel)).to_have_text("waiting at approve · frame 3 of 3 · main")
    button(panel, "Approve").click()
    page.until("dbg.status == 'completed'")
    expect(node(panel, "publish, done")).to_be_visible()


def test_a_page_loaded_after_a_run_and_a_view_shown_after_it_show_what_was_there(shown):
    """Two lines, notes and the end: the same before and after, and in a view that came late."""
    page, panel = shown("dbg")
    page.kernel("None", OPEN)
    page.kernel("None", "dbg.run(); dbg.note(1, 'odd'); dbg.fork(at=1, put={'words': 99})")
    button(panel, "Approve").click()
    expect(status(panel)).to_have_text("completed · frame 5 of 5 · main")
    expect(panel.get_by_role("combobox", name="Line")).to_contain_text("fork 1")
    expect(panel.get_by_role("tabpanel")).to_contain_text("published")
    before = seen(panel)

    page.run_cell(2)
    shows(page.output(2).locator(".lellm-nb"), before)
    shows(reload(page), before)
    shows(page.output(2).locator(".lellm-nb"), before)
    button(page.output(1), "Step back").click()
    page.until("dbg.head == 4")
