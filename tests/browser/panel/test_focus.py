"""What has the focus may go away under the finger; the keys of the panel work on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, node, status

pytestmark = pytest.mark.timeout(180)

SETUP = """
from lellm_nb import *
g = GraphBuilder("order")

@g.task
def read(ctx):
    return {"items": 3}

@g.task
def price(ctx):
    return {"total": ctx.state["items"] * 2}

@g.task
def send(ctx):
    raise ValueError("no address")

g.barrier("allow")
g.edge("read", "price").edge("price", "allow").edge("allow", "send").start("read").end("send")
dbg = Debugger(g.build())
"""


def pressed(control: Locator) -> None:
    """Press a control as the keyboard does, which leaves the focus on it."""
    control.focus()
    control.press("Enter")


def answers(page: Notebook, panel: Locator) -> None:
    """A key that is pressed now reaches the panel: ? shows its help, and Escape hides it."""
    sheet = panel.get_by_role("dialog", name="Keys")
    page.page.keyboard.press("?")
    expect(sheet).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_keys_go_on_wherever_the_control_with_the_focus_went(shown):
    """Removed with its card, drawn anew, or hidden with what is around it."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    ribbon = panel.get_by_role("note").filter(has_text="looking at")
    card = panel.get_by_role("group", name="Node price")

    # A list of visits is drawn anew at every frame.
    node(panel, "price, done").click()
    pressed(card.get_by_role("button", name="frame 2 commit"))
    expect(panel).to_contain_text("looking at frame 2")
    answers(page, panel)
    button(card, "Close").click()

    # A writer of a value, in a tab that fetches its rows after it was drawn.
    panel.get_by_role("tab", name="Who").click()
    writers = panel.get_by_role("tabpanel")
    writers.get_by_role("textbox", name="Value").fill("items")
    writers.get_by_role("textbox", name="Value").press("Enter")
    pressed(button(writers, "frame 1"))
    expect(panel).to_contain_text("looking at frame 1")
    answers(page, panel)

    # The ribbon hides with the button that was pressed.
    pressed(button(ribbon, "Back to now"))
    expect(ribbon).to_be_hidden()
    answers(page, panel)

    # The card of a barrier goes away when it is answered, and so does an alert that is dismissed.
    pressed(button(panel, "Approve"))
    page.until("dbg.status == 'failed'")
    expect(button(panel, "Approve")).to_have_count(0)
    answers(page, panel)
    pressed(button(panel, "Dismiss"))
    expect(button(panel, "Dismiss")).to_be_hidden()
    answers(page, panel)
    assert page.complaints == []


def test_the_focus_is_never_handed_to_another_answer(shown):
    """Two barriers wait; a second press of Enter does not answer the one that nobody has read."""
    page, panel = shown(
        setup=SETUP.replace('g.barrier("allow")', 'g.barrier("allow").barrier("sign")')
        .replace('"allow").edge("allow", "send")', '"allow").edge("allow", "sign")')
        .replace('g.edge("read"', 'g.edge("sign", "send").edge("read"')
    )
    page.kernel("dbg.run() and None")
    pressed(panel.get_by_role("group", name="Barrier allow").get_by_role("button", name="Approve"))
    expect(panel.get_by_role("group", name="Barrier sign")).to_be_visible()

    page.page.keyboard.press("Enter")
    answers(page, panel)

    assert page.kernel("[p.id for p in dbg.pending]") == ["sign#0"]
    assert page.complaints == []


def test_a_person_who_takes_his_time_forks_where_the_card_says(shown):
    """The advice of a node's card stays where it leads to, and F forks there at any time."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    card = panel.get_by_role("group", name="Node price")
    node(panel, "price, done").click()
    card.get_by_text("Code", exact=True).click()

    pressed(card.get_by_role("button", name="frame 1", exact=True))
    expect(card).to_contain_text("Not reached so far.")
    expect(card).to_contain_text("Look at frame 1, before it ran, then Rewind here or Fork here")
    page.page.keyboard.press("f")

    expect(status(panel)).to_contain_text("fork 1")
    assert page.kernel("dbg.branch('fork 1').head") == 1
    assert page.complaints == []
