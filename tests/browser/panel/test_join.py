"""What a join asks, answered by button; the browser acts, Python is asserted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.harness.panels import button, status

pytestmark = pytest.mark.timeout(180)

JOIN = """
from lellm_nb import *
def bad(ctx):
    raise RuntimeError("<b>no</b> net")
g = GraphBuilder("fan")
g.parallel("all", {"good": lambda ctx: {"a": 1}, "bad": bad}, on_error="collect_all")
g.node("end", lambda ctx: {"done": True}).edge("all", "end").start("all").end("end")
dbg = Debugger(g.build())
"""


def test_a_failed_join_asks_what_becomes_of_its_branches(shown):
    """Keep joins the good ones and the run can go on."""
    page, panel = shown(setup=JOIN)
    button(panel, "Run").click()
    card = panel.get_by_role("group", name="Join all")
    expect(card).to_contain_text("1 of 2 branches failed: bad")

    button(card, "Keep").click()

    page.until("dbg.state.get('a') == 1")
    expect(card).to_have_count(0)
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("completed")


DISAGREE = """
from lellm_nb import *
g = GraphBuilder("fan")
branches = {"a": lambda ctx: {"n": 1}, "b": lambda ctx: {"n": 2, "m": 1}, "c": lambda ctx: {"m": 2}}
g.parallel("all", branches)
dbg = Debugger(g.node("end", lambda ctx: None).edge("all", "end").start("all").end("end").build())
"""


def test_branches_that_disagree_are_chosen_from_by_button(shown):
    """P8: each side of each key has its button; the last choice joins."""
    page, panel = shown(setup=DISAGREE)
    button(panel, "Run").click()
    card = panel.get_by_role("group", name="Join all")
    expect(card).to_contain_text("branches disagree on n, m")

    one = card.get_by_role("button", name="Keep a for n")
    one.click()
    expect(one).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="Keep c for m").click()

    page.until("dict(dbg.state) == {'n': 1, 'm': 2}")
    expect(card).to_have_count(0)
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("completed")
