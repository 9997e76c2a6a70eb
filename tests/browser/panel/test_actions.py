"""One thing a person does in the panel per test; the browser acts, Python is asserted."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import DARK, LIGHT, Notebook
from tests.browser.harness.panels import button, look_at, node, status

pytestmark = pytest.mark.timeout(180)

SETUP = """
from lellm_nb import *
inner = GraphBuilder("inner")
inner.node("llm", lambda ctx: {"answer": 42}).node("tool", lambda ctx: print("looked it up"))
inner.edge("llm", "tool").start("llm").end("tool")
g = GraphBuilder("review")

@g.task
def draft(ctx):
    return {"draft": f"An essay about {ctx.state['topic']}"}

g.subgraph("agent", inner.build())
g.parallel("check", {"facts": lambda ctx: {"facts": True}, "style": lambda ctx: {"style": "dry"}})
g.barrier("approve", timeout=300)

@g.task
def publish(ctx):
    if "printer" not in ctx.state:
        raise ValueError("no <b>printer</b> found")
    return {"published": True}

g.edge("draft", "agent").edge("agent", "check").edge("check", "approve")
g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
g.edge("approve", "publish").start("draft").end("publish")
dbg = Debugger(g.build(), {"topic": "otters", "evil": "<img src=x onerror=window.hacked=1>",
                           "big": list(range(5000))})
"""
STATUSES = {"pending", "current", "done", "failed", "waiting"}


@pytest.fixture
def shown(shown):
    """A notebook whose second cell shows the panel, before its first step."""

    def show(*more: str, **options: object) -> tuple[Notebook, Locator]:
        page, panel = shown(*more, **options)
        expect(node(panel, "draft, current")).to_be_visible()
        return page, panel

    return show


def test_a_run_colours_the_graph_and_waits_with_a_card(shown):
    """After Run every node says what became of it, and the barrier's card says what it leads to."""
    page, panel = shown()

    button(panel, "Run").click()

    expect(status(panel)).to_have_text("waiting at approve · frame 8 of 8 · main")
    for name in ("draft, done", "agent/llm, done", "check/style, done", "approve, waiting"):
        expect(node(panel, name)).to_be_visible()
    card = panel.get_by_role("group", name="Barrier approve")
    expect(card).to_contain_text("→ publish")
    expect(card).to_contain_text("approve.approved")
    expect(card).to_contain_text("timeout 300 s · paused")
    expect(button(panel, "Step")).to_have_attribute(
        "title", "Waiting for a decision at approve (F11)"
    )
    assert page.kernel("len(dbg.frames)") == 9
    assert page.complaints == []


def test_modify_takes_json_and_says_beforehand_where_it_leads(shown):
    """The change is seen under the button before it is made; with Shift the run stays."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    card = panel.get_by_role("group", name="Barrier approve")

    card.get_by_role("textbox", name="Key").fill("printer")
    card.get_by_role("textbox", name="Value").fill('{"dpi": 300}')
    expect(card).to_contain_text("printer {dpi: 300}")
    button(card, "Modify").click(modifiers=["Shift"])

    page.until("dbg.frames[dbg.head].kind == 'decision'")
    assert page.kernel("dbg.state['printer']") == {"dpi": 300}
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("completed")


def test_reroute_goes_where_the_list_says(shown):
    """The list has the nodes that a reroute may name."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    card = panel.get_by_role("group", name="Barrier approve")

    card.get_by_role("combobox", name="Target").select_option("draft")
    button(card, "Reroute").click()

    page.until("[p.id for p in dbg.pending] == ['approve#1']")
    expect(panel.get_by_role("group", name="Barrier approve")).to_have_count(1)


def test_a_failure_is_an_alert_and_opens_its_error(shown):
    """The user's line comes first, as text, and the node is marked."""
    page, panel = shown()
    page.kernel("[dbg.run(), dbg.approve()] and None")

    button(panel, "Step").click()

    expect(panel.get_by_role("alert")).to_contain_text("publish failed: ValueError: no <b>printer")
    expect(panel.get_by_role("tab", name="Error")).to_have_attribute("aria-selected", "true")
    expect(panel.get_by_role("tabpanel")).to_contain_text('raise ValueError("no <b>printer</b>')
    expect(node(panel, "publish, failed")).to_be_visible()
    expect(button(panel, "Retry")).not_to_have_attribute("aria-disabled", "true")


def test_looking_is_not_moving_until_rewind_here(shown):
    """The ribbon says what is looked at; Enter moves the head there; nothing is lost."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    expect(status(panel)).to_contain_text("frame 8 of 8")

    look_at(panel, 2)
    expect(panel).to_contain_text("looking at frame 2")
    expect(node(panel, "agent/tool, current")).to_be_visible()
    expect(node(panel, "approve, pending")).to_be_visible()
    assert page.kernel("dbg.head") == 8
    button(panel, "Back to now").click()
    expect(node(panel, "approve, waiting")).to_be_visible()

    look_at(panel, 2)
    panel.get_by_role("slider", name="Frame").press("Enter")
    expect(status(panel)).to_contain_text("frame 2 of 8 · main")
    assert page.kernel("(dbg.head, len(dbg.frames))") == [2, 9]


def test_fork_here_leads_the_panel_away_and_the_picker_back(shown):
    """The new line is in the picker; the debugger of the notebook stays."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    expect(panel.get_by_role("combobox", name="Line")).to_have_count(0)
    look_at(panel, 1)

    button(panel, "Fork here").click()

    expect(status(panel)).to_contain_text("frame 1 of 1 · fork 1")
    assert page.kernel("(dbg.line, dbg.head)") == ["main", 8]
    button(panel, "Step").click()
    page.until("dbg.branch('fork 1').head == 2")
    panel.get_by_role("combobox", name="Line").select_option("main")
    expect(status(panel)).to_contain_text("frame 8 of 8 · main")


def test_a_click_on_the_rim_and_the_key_b_toggle_a_breakpoint(shown):
    """The rim sets it, B on the focused node takes it away, and runs stop there."""
    page, panel = shown()

    node(panel, "agent/tool, pending").click(position={"x": 3, "y": 12})
    expect(node(panel, "agent/tool, pending, breakpoint")).to_be_visible()
    page.until("[b.path for b in dbg.breakpoints] == ['agent/tool']")
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("paused before agent/tool")
    node(panel, "agent/tool, current, breakpoint").press("b")
    page.until("len(dbg.breakpoints) == 0")


def test_a_click_on_the_body_opens_the_card_of_the_node(shown):
    """The card lists the visits; a click on one looks at it."""
    page, panel = shown()
    page.kernel("dbg.run() and None")

    node(panel, "draft, done").click()
    card = panel.get_by_role("group", name="Node draft")
    card.get_by_role("button", name="frame 1").click()

    expect(panel).to_contain_text("looking at frame 1")
    panel.get_by_role("slider", name="Frame").press("Escape")
    expect(card).to_have_count(0)


def test_values_are_text_and_open_when_asked(shown):
    """Markup in a state is shown as it is written; a long list comes in pages."""
    page, panel = shown()

    tabpanel = panel.get_by_role("tabpanel")
    expect(tabpanel).to_contain_text("<img src=x onerror=window.hacked=1>")
    tabpanel.get_by_role("button", name=re.compile("^big")).click()
    expect(tabpanel.get_by_role("button", name="show more (4,900 left)")).to_be_visible()

    assert page.page.evaluate("window.hacked") is None
    assert panel.locator("img").count() == 0


def test_keys_work_and_jupyterlab_keeps_out(shown):
    """Each key does what its button says, from wherever the focus is in the panel."""
    page, panel = shown()
    panel.get_by_role("slider", name="Frame").focus()

    page.page.keyboard.press("F11")
    page.until("dbg.head == 1")
    page.page.keyboard.press("F9")
    page.until("dbg.status == 'waiting'")
    expect(panel.get_by_role("group", name="Barrier approve")).to_be_visible()
    page.page.keyboard.press("x")
    page.until("[p.id for p in dbg.pending] == ['approve#1']")
    page.page.keyboard.press("Shift+F10")
    page.until("dbg.status == 'paused'")
    page.page.keyboard.press("Home")
    expect(panel).to_contain_text("looking at frame 0")
    page.page.keyboard.press("f")
    expect(status(panel)).to_contain_text("fork 1")
    assert len(page) == 2
    assert page.complaints == []


def test_every_control_has_its_name(shown):
    """Names are a contract: tests and people find things by them."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    expect(panel.get_by_role("group", name="Barrier approve")).to_be_visible()

    for name in (
        "Step back, Step, Over, Into, Out, Run, Run back, Pause, Stop, Retry, Rewind here,"
        " Fork here, Approve, Reject, Modify, Reroute"
    ).split(", "):
        expect(button(panel, name)).to_have_count(1)
    look_at(panel, 1)
    for name, content in {
        "State": "An essay about otters",
        "Diff": "changes since frame",
        "Mutations": "Put",
        "Route": "Goes on to agent",
        "Output": "Nothing was printed",
        "Error": "No error at this frame",
    }.items():
        tab = panel.get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(panel.get_by_role("tabpanel")).to_contain_text(content)
    button(panel, "Back to now").click()
    for name in ("Reason", "Key", "Value"):
        expect(panel.get_by_role("textbox", name=name)).to_have_count(1)
    named = panel.locator(".node").evaluate_all("all => all.map(n => n.getAttribute('aria-label'))")
    assert {name.split(", ")[1] for name in named} <= STATUSES
    unguarded = panel.locator(
        ":is(button, input, select, [tabindex]):not([data-lm-suppress-shortcuts])"
    )
    expect(unguarded).to_have_count(0)


def test_a_cell_that_awaits_goes_on_after_the_click(shown):
    """The one cell that shows Approve and continues by itself."""
    page, panel = shown("stop = await dbg.arun(through_barriers=True)")
    page.start(2)
    card = panel.get_by_role("group", name="Barrier approve")
    card.get_by_role("textbox", name="Key").fill("printer")
    card.get_by_role("textbox", name="Value").fill("1")
    expect(card).to_contain_text("s left")

    button(card, "Modify").click()

    page.finish(2)
    assert page.kernel("stop.reason.name") == "COMPLETED"
    expect(status(panel)).to_contain_text("completed")


def test_a_graph_without_a_debugger_asks_with_a_card(shown):
    """`execute` with a widget sink shows buttons and goes on after the click."""
    page, _ = shown(
        "r = await g.build().execute({'topic': 'x', 'printer': 1}, barrier=WidgetBarrierSink(),"
        " checkpoint=MemorySink())"
    )
    page.start(2)
    cards = page.output(2).locator(".lellm-nb-barrier")

    cards.first.get_by_label("Reason").fill("too short")
    button(cards.first, "Reject").click()
    button(cards.nth(1), "Approve").click()

    page.finish(2)
    assert page.kernel("r.state['published']") is True
    expect(cards.first).to_contain_text("reject: too short")


def test_the_still_form_is_hidden_beside_the_panel_and_in_the_file(shown):
    """A saved notebook keeps the last view as picture and table."""
    page, panel = shown()
    still = page.output(1).locator(".lellm-nb-static")
    expect(still).to_be_hidden()
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("waiting")

    expect(still).to_contain_text("waiting at approve")

    outputs = page._js("(panel) => panel.content.widgets[1].model.sharedModel.outputs")
    kept = json.dumps(outputs)
    assert "data:image/svg+xml;base64," in kept
    assert "onerror" not in kept


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_nothing_overflows_on_a_narrow_page(shown, theme):
    """At 390 px the toolbar wraps, graph and inspector stack, and nothing is cut off sideways."""
    page, panel = shown(theme=theme, width=390, height=900)
    page.page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.kernel("dbg.run() and None")
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")

    wide = panel.evaluate("p => p.scrollWidth - p.clientWidth")
    graph = panel.get_by_role("region", name="Graph").bounding_box()
    tabs = panel.get_by_role("tablist").bounding_box()

    assert wide <= 0
    assert tabs["y"] >= graph["y"] + graph["height"] - 1
