"""The history in one file: it is scrubbed in a browser, without a kernel and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lellm_nb import Debugger, GraphBuilder
from tests.browser.lab import Lab
from tests.browser.panels import look_at, node, status

pytestmark = pytest.mark.timeout(120)

EVIL = (
    "</script><!--<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\u2028\ud800"
)
NAME = "<img src=x onerror='window.hacked=1'><!--<script>window.hacked=1\ud800"
"""No slash: names build paths."""


def history() -> Debugger:
    """A run with hostile words in every place, a decision, a failure and a fork."""
    g = GraphBuilder(NAME)

    @g.task(name=NAME)
    def first(ctx):
        print(EVIL)
        ctx.emit(EVIL)
        return {EVIL: EVIL, "rows": [{EVIL: 1}, {EVIL: 2}]}

    g.barrier("approve")

    @g.task
    def last(ctx):
        if ctx.state.get("good"):
            return {"done": True}
        raise ValueError(EVIL)

    g.edge(NAME, "approve").edge("approve", "last").start(NAME).end("last")
    dbg = Debugger(g.build(), {"n": 1})
    dbg.run()
    dbg.approve()
    dbg.run()
    dbg.note(1, EVIL)
    fork = dbg.fork(at=1, put={"good": True}, name="good one")
    fork.run()
    fork.approve()
    fork.run()
    return dbg


@pytest.fixture
def page(lab: Lab, tmp_path: Path):
    """The exported file in a page that may talk to nobody."""
    file = history().export_html(tmp_path / "history.html")
    context = lab.browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("window.hacked") is None
    context.close()


def test_the_file_is_scrubbed_without_a_kernel(page: Page):
    """Every frame shows its graph, its diff, its decision and its output."""
    panel = page.locator(".lellm-nb")
    expect(status(panel)).to_contain_text("failed at last")
    expect(node(panel, "last, failed")).to_be_visible()

    look_at(panel, 1)
    expect(node(panel, "approve, current")).to_be_visible()
    panel.get_by_role("tab", name="Diff").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("rows")
    panel.get_by_role("tab", name="Output").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Stream")
    panel.get_by_role("tab", name="State").click()
    panel.get_by_role("tabpanel").locator("button.tree-row").filter(has_text="rows").click()
    expect(panel.get_by_role("table")).to_be_visible()


def test_every_line_is_in_the_file(page: Page):
    """The picker and the tree lead to each; nothing in the file offers to run."""
    panel = page.locator(".lellm-nb")

    panel.get_by_role("combobox", name="Line").select_option("good one")

    expect(status(panel)).to_contain_text("completed")
    panel.get_by_role("tab", name="Branches").click()
    expect(panel.get_by_role("list", name="Lines")).to_contain_text("main")
    for name in ("Run", "Step", "Approve", "Rewind here", "Fork here", "Go"):
        expect(panel.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_hostile_words_are_only_words(page: Page):
    """They are shown as they are written, and made nothing: no image, no link, no script."""
    panel = page.locator(".lellm-nb")
    panel.get_by_role("tab", name="Error").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("<img src=x onerror")

    assert panel.locator("img, a, iframe, object, script").count() == 0
