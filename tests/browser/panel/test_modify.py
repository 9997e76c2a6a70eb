"""The form of Modify: it knows the state's fields, and says what is wrong while it is typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import Notebook
from tests.browser.harness.panels import button

pytestmark = pytest.mark.timeout(180)

TYPED = """
import dataclasses
from typing import Literal
from lellm_nb import *

@typed_state
@dataclasses.dataclass
class Review:
    topic: str
    stars: int = 3
    ready: bool = False
    tone: Literal["dry", "warm"] = "dry"
    drafts: list[str] = dataclasses.field(default_factory=list)
    ok: bool = False
    why: str = ""

g = GraphBuilder("review").barrier("approve", approve_key="ok", reject_key="why")
g.node("last", lambda ctx: None).edge("approve", "last").start("approve").end("last")
dbg = Debugger(g.build(), Review("otters"))
"""

PLAIN = """
from lellm_nb import *
keys = [StateKey("count", int, Reducer.SUM)]
g = GraphBuilder("plain", reducers=keys).barrier("approve").node("last", lambda ctx: None)
g.edge("approve", "last").start("approve").end("last")
dbg = Debugger(g.build(), {"limit": 3, "said": "hello", "printer": {"dpi": 300}, "count": 1})
"""


@pytest.fixture
def card(notebook):
    """A notebook with a run that waits, and its card."""

    def show(setup: str, **options: object) -> tuple[Notebook, Locator]:
        page = notebook([setup, "dbg", ""], **options)
        page.run_cell(0)
        page.run_cell(1)
        page.kernel("dbg.run() and None")
        panel = page.output(1).locator(".lellm-nb")
        found = panel.get_by_role("group", name="Barrier approve")
        expect(found.get_by_text("fill in a key")).to_be_visible()
        return page, found

    return show


def key(card: Locator) -> Locator:
    return card.get_by_role("textbox", name="Key")


def value(card: Locator) -> Locator:
    return card.get_by_label("Value", exact=True)


def test_each_field_has_the_input_that_fits_it(card):
    """Text, number, true or false, a choice and JSON, each with what it holds now."""
    page, found = card(TYPED)
    expect(button(found, "Modify")).to_be_disabled()

    key(found).fill("topic")
    expect(value(found)).to_have_value("otters")
    key(found).fill("ready")
    expect(value(found)).to_have_value("false")
    assert value(found).locator("option").all_text_contents()[1:] == ["true", "false"]
    key(found).fill("drafts")
    expect(value(found)).to_have_value("[]")
    assert value(found).evaluate("(one) => one.tagName") == "TEXTAREA"
    key(found).fill("tone")
    expect(value(found)).to_have_value('"dry"')
    value(found).select_option("warm")
    expect(found.get_by_role("button", name="Modify")).to_be_enabled()
    expect(found).to_contain_text("warm")

    button(found, "Modify").click(modifiers=["Shift"])
    page.until("not dbg.pending")
    assert page.kernel("(dbg.state.tone, dbg.state.ok)") == ["warm", True]
    assert page.complaints == []


def test_what_does_not_fit_is_said_beside_the_field_and_cannot_be_pressed(card):
    """The box is marked, the words say what is expected, and mending it opens the button."""
    page, found = card(TYPED)
    key(found).fill("stars")
    value(found).fill("many")

    expect(value(found)).to_have_attribute("aria-invalid", "true")
    expect(found.get_by_text("stars takes a whole number; this is text.")).to_be_visible()
    expect(value(found)).to_have_accessible_description("stars takes a whole number; this is text.")
    expect(button(found, "Modify")).to_be_disabled()
    value(found).press("Enter")
    assert page.kernel("len(dbg.pending)") == 1

    key(found).fill("star")
    expect(key(found)).to_have_attribute("aria-invalid", "true")
    expect(found).to_contain_text("Did you mean 'stars'?")

    key(found).fill("stars")
    value(found).fill("5")
    expect(value(found)).not_to_have_attribute("aria-invalid", "true")
    expect(found.locator(".change", has_text="stars")).to_contain_text("5")
    value(found).press("Enter")
    page.until("dbg.status == 'completed'")
    assert page.kernel("dbg.state.stars") == 5


def test_a_mapping_takes_new_keys_and_says_where_a_type_changes(card):
    """Known keys are offered; another type is a remark, and only a declared one is refused."""
    page, found = card(PLAIN)
    offered = found.locator("datalist option").evaluate_all("(all) => all.map((one) => one.value)")
    assert offered == ["limit", "said", "printer", "count"]

    key(found).fill("limit")
    value(found).fill("three")
    expect(found.get_by_text("limit holds a whole number; this is text.")).to_be_visible()
    expect(button(found, "Modify")).to_be_enabled()
    key(found).fill("count")
    value(found).fill("many")
    expect(found.get_by_text("count takes a whole number; this is text.")).to_be_visible()
    expect(button(found, "Modify")).to_be_disabled()

    key(found).fill("brand new")
    value(found).fill('{"a": [1]}')
    expect(found.get_by_text("a new key")).to_be_visible()
    button(found, "Modify").click()
    page.until("dbg.status == 'completed'")
    assert page.kernel("dbg.state['brand new']") == {"a": [1]}


def test_the_form_is_filled_in_by_keyboard_alone(card):
    """From Key to Value with Tab, several lines of JSON, Ctrl+Enter decides."""
    page, found = card(PLAIN)
    key(found).focus()
    page.page.keyboard.type("printer")
    page.page.keyboard.press("Tab")
    expect(value(found)).to_be_focused()
    page.page.keyboard.press("ControlOrMeta+a")
    page.page.keyboard.type('{"dpi":')
    page.page.keyboard.press("Enter")
    page.page.keyboard.type("600}")
    expect(found.locator(".change", has_text="printer.dpi")).to_contain_text("600")
    page.page.keyboard.press("ControlOrMeta+Enter")
    page.until("dbg.status == 'completed'")
    assert page.kernel("dbg.state['printer']") == {"dpi": 600}
