"""The history in one file: it is scrubbed in a browser, without a kernel and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.workloads.lines import forked
from lellm_nb import Debugger, GraphBuilder
from tests.browser.harness.lab import Lab
from tests.browser.harness.panels import look_at, node, status

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


def tab(panel: Locator, name: str) -> Locator:
    panel.get_by_role("tab", name=name).click()
    return panel.get_by_role("tabpanel")


def test_any_two_frames_are_compared_and_writers_are_named(page: Page):
    """Diff to any frame, and Who, by the name of a key or from a value in the state."""
    panel = page.locator(".lellm-nb")
    shown = tab(panel, "Diff")
    field = panel.get_by_role("spinbutton", name="Compare with frame")
    field.fill("0")
    field.press("Enter")
    expect(shown.locator(".change", has_text="rows")).to_be_visible()
    expect(shown.locator(".change", has_text="approve.approved")).to_be_visible()

    shown = tab(panel, "Who")
    name = shown.get_by_role("textbox", name="Value")
    name.fill("rows")
    name.press("Enter")
    expect(shown.get_by_role("button", name="frame 1")).to_be_visible()
    shown.get_by_role("button", name="frame 1").click()
    expect(panel).to_contain_text("looking at frame 1")
    shown = tab(panel, "State")
    shown.get_by_role("button", name="Who wrote n", exact=True).click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Nobody")


def test_a_text_is_found_and_a_path_is_watched(page: Page):
    """Find leads to the frame; a watch follows a path, and says that it can do no more."""
    panel = page.locator(".lellm-nb")
    panel.press("/")
    box = panel.get_by_role("searchbox", name="Find text")
    box.fill("onerror")
    box.press("Enter")
    hits = panel.get_by_role("search")
    expect(hits).to_contain_text("found")
    hits.get_by_role("button", name="output").first.click()
    expect(panel).to_contain_text("looking at frame 1")
    expect(panel.get_by_role("tabpanel")).to_contain_text("<img src=x onerror")
    panel.get_by_role("button", name="Close find").click()

    shown = tab(panel, "Watches")
    for words in ("len(rows)", "n", "rows[0]", "alert(1)"):
        panel.get_by_role("textbox", name="Watch expression").fill(words)
        panel.get_by_role("textbox", name="Watch expression").press("Enter")
        expect(shown.get_by_role("button", name=f"Changes of {words}", exact=True)).to_be_visible()
    expect(shown.locator(".watch", has_text="len(rows)")).to_contain_text("2")
    expect(shown.locator(".watch", has_text="alert(1)")).to_contain_text("a path such as")
    shown.get_by_role("button", name="Changes of n", exact=True).click()
    expect(shown.get_by_role("button", name="frame 0")).to_be_visible()


def test_two_lines_are_compared(page: Page):
    """The tree of branches with its notes, and two lines side by side as they were saved."""
    panel = page.locator(".lellm-nb")
    shown = tab(panel, "Branches")
    expect(shown).to_contain_text("<script>")
    shown.get_by_role("button", name="Compare with good one").click()
    table = panel.get_by_role("table", name="Compare main with good one")
    expect(table).to_contain_text("first difference")
    table.get_by_role("button", name="Difference at").first.click()
    expect(table.locator(".change").first).to_be_visible()
    table.get_by_role("button", name="of good one").last.click()
    expect(panel.get_by_role("combobox", name="Line")).to_have_value("good one")
    expect(tab(panel, "State").get_by_text("done")).to_be_visible()


def test_a_line_of_ten_thousand_frames_is_scrubbed(lab: Lab, tmp_path: Path):
    """States are told as what changed: a long line opens at once, and any frame of it."""
    g = GraphBuilder("long")

    @g.task
    def add(ctx):
        ctx.put("n", ctx.state["n"] + 1)
        ctx.append("log", f"turn {ctx.state['n']}")

    g.edge_if("add", "add", lambda s: s["n"] < 10_000).node("end", lambda ctx: None)
    g.edge("add", "end").start("add").end("end")
    dbg = Debugger(g.build(), {"n": 0, "log": []}, max_steps=20_000)
    dbg.run()
    file = dbg.export_html(tmp_path / "long.html")
    assert file.stat().st_size < 3_000_000
    context = lab.browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    panel = page.locator(".lellm-nb")
    expect(status(panel)).to_contain_text("completed")
    slider = panel.get_by_role("slider", name="Frame")
    slider.fill("6789")
    shown = tab(panel, "State")
    expect(shown.locator(".tree-line", has_text="6789").first).to_be_visible()
    expect(shown).to_contain_text("6,789 items")
    slider.press("End")
    expect(shown).to_contain_text("10,000 items")
    context.close()


def test_ten_thousand_lines_are_looked_through(lab: Lab, tmp_path: Path):
    """Lines are listed a few at a time from the one on show on, and any two are compared."""
    file = forked(10_000, store=None).export_html(tmp_path / "lines.html")
    context = lab.browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    panel = page.locator(".lellm-nb")
    expect(status(panel)).to_contain_text("main")
    panel.get_by_role("combobox", name="Line").select_option("fork 5000")
    expect(status(panel)).to_contain_text("fork 5000")
    expect(panel.locator(".timeline .lane-name")).to_have_count(5)
    shown = tab(panel, "Branches")
    rows = shown.get_by_role("listitem")
    expect(rows).to_have_count(200)
    expect(shown.get_by_text("on show")).to_be_in_viewport()
    shown.get_by_role("button", name="earlier lines").click()
    expect(rows).to_have_count(400)
    shown.get_by_role("button", name="later lines").click()
    expect(rows).to_have_count(600)

    shown.get_by_role("button", name="Compare with fork 4998", exact=True).click()
    table = panel.get_by_role("table", name="Compare fork 5000 with fork 4998")
    expect(table.get_by_text("first difference")).to_be_in_viewport()
    expect(shown.locator(".compared")).to_contain_text("mark")
    context.close()


def test_hostile_words_are_only_words(page: Page):
    """They are shown as they are written, and made nothing: no image, no link, no script."""
    panel = page.locator(".lellm-nb")
    panel.get_by_role("tab", name="Error").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("<img src=x onerror")
    for name in ("State", "Diff", "Mutations", "Route", "Output", "Watches", "Branches"):
        look_at(panel, 1)
        expect(tab(panel, name)).to_be_visible()
    shown = tab(panel, "Who")
    shown.get_by_role("textbox", name="Value").fill(EVIL[:40])
    shown.get_by_role("textbox", name="Value").press("Enter")
    expect(shown).to_contain_text("There is no key")

    assert panel.locator("img, a, iframe, object, script").count() == 0
