"""For everyone: names and roles, the keyboard alone, words that are only words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.harness.panels import TABS, button, node, status

pytestmark = pytest.mark.timeout(180)

HOSTILE = "<img src=x onerror='window.hacked=1'>\\\"><script>window.hacked=1<"
"""No slash in it: names build paths. Escaped once more for being put into a cell."""

SETUP = f"""
import logging
from lellm_nb import *
EVIL = "{HOSTILE}"
LINK = "javascript:window.hacked=1"
g = GraphBuilder(EVIL)

@g.task(name=EVIL)
def first(ctx):
    print(EVIL)
    logging.getLogger("x").warning(EVIL)
    ctx.emit(EVIL)
    return {{EVIL: EVIL, "rows": [{{EVIL: EVIL, LINK: LINK}}] * 3, "link": LINK,
            "deep": {{EVIL: [EVIL]}}, "half": "\\ud800"}}

inner = GraphBuilder(EVIL).node(EVIL, lambda ctx: {{"inner": EVIL}}).start(EVIL).end(EVIL)
g.subgraph("sub " + EVIL, inner.build())
g.barrier("ask " + EVIL, timeout=60)

@g.task
def last(ctx):
    raise ValueError(EVIL + LINK)

g.edge(EVIL, "sub " + EVIL).edge("sub " + EVIL, "ask " + EVIL)
g.edge_if("ask " + EVIL, EVIL, lambda s: EVIL in str(s.get("ask.reject_reason", "")))
g.edge("ask " + EVIL, "last").start(EVIL).end("last")
dbg = Debugger(g.build(), {{"topic": EVIL}}, name=EVIL)
"""


def test_hostile_words_are_only_words_in_every_place(shown):
    """Names, keys, values, outputs, reasons, errors, notes: shown as written, and never run."""
    page, panel = shown()
    page.kernel("None", "dbg.run()")
    card = panel.get_by_role("group", name="Barrier ask")
    expect(card).to_contain_text("<img src=x")
    card.get_by_role("textbox", name="Reason").fill("<b onclick=alert(1)>no</b>")
    expect(card).to_contain_text("<b onclick=alert(1)>no</b>")
    page.kernel("None", "dbg.note(1, EVIL); dbg.watch(EVIL); dbg.fork(at=1, name=EVIL).step()")
    page.kernel("None", "dbg.approve(); dbg.run()")
    expect(panel.get_by_role("alert")).to_contain_text("<img src=x")

    slider = panel.get_by_role("slider", name="Frame")
    for key in ("Home", "ArrowRight", "End"):
        slider.press(key)
        for name in TABS:
            panel.get_by_role("tab", name=name).click()
            expect(panel.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
            page.page.wait_for_function(
                "(panel) => !panel.querySelector('[data-stale]')", arg=panel.element_handle()
            )
    panel.get_by_role("tab", name="Branches").click()
    panel.get_by_role("button", name="Compare with").click()
    expect(panel.get_by_role("table")).to_be_visible()
    panel.locator(".node").first.click()
    expect(panel.get_by_role("group", name="Node")).to_contain_text("<img src=x")
    slider.press("/")
    panel.get_by_role("searchbox").fill("<img")
    panel.get_by_role("searchbox").press("Enter")
    expect(panel.get_by_role("search")).to_contain_text("found")

    assert page.page.evaluate("window.hacked") is None
    assert panel.locator("img, a, iframe, script, object, embed, foreignObject").count() == 0
    assert page.complaints == []


REVIEW = """
from lellm_nb import *
inner = GraphBuilder("inner").node("llm", lambda ctx: {"a": 1}).start("llm").end("llm")
g = GraphBuilder("review").node("draft", lambda ctx: {"draft": "x", "rows": [{"a": 1}, {"a": 2}]})
g.subgraph("agent", inner.build()).barrier("approve", timeout=300)
g.node("publish", lambda ctx: 1 / ctx.state["zero"])
g.edge("draft", "agent").edge("agent", "approve").edge("approve", "publish")
dbg = Debugger(g.start("draft").end("publish").build(), {"zero": 0})
"""


def test_every_control_has_a_name_and_keeps_its_keys(shown):
    """Nothing that can be focused is nameless or loses its keys to the page around it."""
    page, panel = shown(setup=REVIEW)
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")
    for name in TABS:
        panel.get_by_role("tab", name=name).click()
        nameless = panel.locator(
            ":is(button, input, select, textarea, [role=button]):not([hidden])"
        ).evaluate_all(
            """all => all.filter(n => n.checkVisibility?.() && !(n.getAttribute('aria-label')
                 || n.textContent.trim() || n.labels?.length)).map(n => n.outerHTML)"""
        )
        assert nameless == []
        unguarded = panel.locator(
            ":is(button, input, select, textarea, [tabindex]):not([data-lm-suppress-shortcuts])"
        )
        expect(unguarded).to_have_count(0)


def test_a_wrong_value_is_mended_by_keyboard_alone(shown):
    """Find the step, change its value, run on, approve: no mouse."""
    page, panel = shown(setup=REVIEW)
    keys = page.page.keyboard
    panel.focus()

    keys.press("F9")
    page.until("dbg.status == 'waiting'")
    keys.press("a")
    page.until("dbg.status == 'failed'")
    expect(panel.get_by_role("tabpanel")).to_contain_text("ZeroDivisionError")
    keys.press("Home")
    expect(panel.locator(".frame-title")).to_contain_text("frame 0")
    panel.get_by_role("tab", name="State").press("Enter")
    edit = button(panel, "Edit zero")
    edit.focus()
    keys.press("Enter")
    expect(panel.get_by_role("textbox", name="New value of zero")).to_be_focused()
    keys.type("2")
    keys.press("Enter")
    expect(status(panel)).to_contain_text("fork")
    page.until("dbg.branch('fork 1').status == 'waiting'")
    panel.focus()
    keys.press("a")

    page.until("dbg.branch('fork 1').frames[-1].error is not None")
    expect(node(panel, "publish, failed")).to_be_visible()
    assert page.kernel("dbg.branch('fork 1').state['zero']") == 2


def test_help_lists_the_keys_and_gives_the_focus_back(shown):
    """`?` opens it with the focus inside; Escape closes it and the focus returns."""
    page, panel = shown(setup=REVIEW)
    slider = panel.get_by_role("slider", name="Frame")
    slider.press("?")

    sheet = panel.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("F10")
    expect(sheet).to_contain_text("Find a text")
    page.page.keyboard.press("Escape")

    expect(sheet).to_have_count(0)
    expect(slider).to_be_focused()
