"""A panel whose kernel does not answer: restarted, or held by a cell."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.harness.panels import button, look_at, status

pytestmark = pytest.mark.timeout(120)

SETUP = """
from lellm_nb import *
g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("ok").edge("a", "ok")
graph = g.node("b", lambda ctx: {"n": 2}).edge("ok", "b").start("a").end("b").build()
"""


def test_after_a_restart_the_panel_says_so_and_a_kept_run_goes_on_where_it_waited(
    notebook, tmp_path
):
    """Nothing is pressed in vain; the card is back in the panel of the reopened run."""
    store = str(tmp_path / "runs.db")
    page = notebook(
        [
            SETUP,
            f"dbg = Debugger(graph, {{}}, store={store!r})\ndbg",
            f"dbg = Debugger.open({store!r}, graph=graph)\ndbg",
        ]
    )
    page.run_cell(0)
    panel = page.run_cell(1).locator(".lellm-nb")
    button(panel, "Run").click()
    page.until("dbg.status == 'waiting'")
    expect(panel.get_by_role("group", name="Barrier ok")).to_be_visible()

    page.restart()

    expect(panel.get_by_text("No kernel answers")).to_be_visible()
    expect(button(panel, "Run")).to_have_count(0)
    expect(panel.get_by_role("group", name="Barrier ok")).to_have_count(0)

    page.run_cell(0)
    again = page.run_cell(2).locator(".lellm-nb")
    card = again.get_by_role("group", name="Barrier ok")
    button(card, "Approve").click()
    page.until("dbg.status == 'completed' and dbg.state['n'] == 2")
    expect(status(again)).to_contain_text("completed")
    assert page.complaints == []


def test_a_view_that_nobody_answered_wakes_up_when_somebody_does(notebook):
    """A short history takes over in a new view of a kernel that hangs, until its first word."""
    page = notebook([SETUP, "dbg = Debugger(graph, {})\ndbg.run()\ndbg"])
    page.run_cell(0)
    panels = page.page.locator(".lellm-nb")
    expect(page.run_cell(1).locator(".lellm-nb")).to_be_visible()
    pid = page.kernel("os.getpid()", "import os")

    os.kill(pid, signal.SIGSTOP)
    try:
        page.new_view(1)
        expect(panels).to_have_count(2)
        view = panels.last
        expect(view.get_by_role("note").filter(has_text="No kernel answers")).to_be_visible()
        expect(button(view, "Run")).to_have_count(0)
        look_at(view, 1)
        expect(view.get_by_role("tabpanel")).to_contain_text("n1")
    finally:
        os.kill(pid, signal.SIGCONT)

    button(view.get_by_role("group", name="Barrier ok"), "Approve").click()
    page.until("dbg.status == 'completed'")
    expect(view.get_by_text("No kernel answers")).to_have_count(0)
    assert page.complaints == []


def test_a_reopened_run_asks_for_its_secrets_in_a_card(notebook, tmp_path):
    """What was taken out is typed in a field that hides it, and the run goes on."""
    store, key = str(tmp_path / "runs.db"), "sk-" + "a1" * 20
    state = {"config": {"key": key}}
    page = notebook(
        [
            SETUP,
            f"kept = Debugger(graph, {state}, store={store!r})\nkept.run(); kept.close()",
            f"dbg = Debugger.open({store!r}, graph=graph)\ndbg",
        ]
    )
    page.run_cell(0)
    page.run_cell(1)
    panel = page.run_cell(2).locator(".lellm-nb")
    card = panel.get_by_role("group", name="Secrets")
    expect(card).to_contain_text("config.key")
    expect(button(card, "Give")).to_be_disabled()

    field = card.get_by_label("Secret config.key")
    expect(field).to_have_attribute("type", "password")
    field.fill(key)
    button(card, "Give").click()

    expect(card).to_have_count(0)
    assert page.kernel("dbg.state['config']['key']") == key
    button(panel.get_by_role("group", name="Barrier ok"), "Approve").click()
    page.until("dbg.status == 'completed'")
    assert page.complaints == []
