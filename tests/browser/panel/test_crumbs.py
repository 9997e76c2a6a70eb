"""The trail of levels over a nested graph: where the frame on show is, and a way to each level."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.panels import button, look_at, node

pytestmark = pytest.mark.timeout(180)

SETUP = """
from lellm_nb import *
tools = GraphBuilder("t").node("search", lambda ctx: {"s": 1}).node("read", lambda ctx: {"r": 1})
tools = tools.edge("search", "read").start("search").end("read").build()
agent = GraphBuilder("a").node("think", lambda ctx: {"t": 1}).subgraph("tools", tools)
agent = agent.edge("think", "tools").start("think").end("tools").build()
g = GraphBuilder("review").node("draft", lambda ctx: {"d": 1}).subgraph("agent", agent)
g.node("publish", lambda ctx: None).edge("draft", "agent").edge("agent", "publish")
graph = g.start("draft").end("publish").build()
dbg = Debugger(graph)
"""

MANY = """
for number in range(70):
    g.node(f"more {number}", lambda ctx: None).edge(f"more {number}", "publish")
    g.edge("draft", f"more {number}") if number else None
"""


@pytest.fixture
def shown(shown):
    """A notebook with the panel, and its trail."""

    def show(setup: str = SETUP, **options: object):
        page, panel = shown(setup=setup, **options)
        return page, panel, panel.get_by_role("navigation", name="Breadcrumb")

    return show


def names(trail: Locator) -> list[str]:
    return trail.get_by_role("button").all_text_contents()


def fills(panel: Locator, place: Locator) -> float:
    """How much of the graph's height something takes."""
    whole = panel.get_by_role("region", name="Graph").bounding_box()
    part = place.bounding_box()
    assert whole is not None
    assert part is not None
    return part["height"] / whole["height"]


def test_the_trail_follows_the_frame_on_show(shown):
    """At the head the level that runs next; in the past the level of the frame."""
    page, panel, trail = shown()
    expect(trail.get_by_role("button")).to_have_text(["review"])
    page.kernel("dbg.step(2) and None")
    expect(trail.get_by_role("button")).to_have_text(["review", "agent", "tools"])
    expect(trail.get_by_role("button", name="tools")).to_have_attribute("aria-current", "location")
    page.kernel("dbg.run() and None")
    expect(trail.get_by_role("button")).to_have_text(["review"])

    look_at(panel, 3)
    expect(trail.get_by_role("button")).to_have_text(["review", "agent", "tools"])
    look_at(panel, 2)
    expect(trail.get_by_role("button")).to_have_text(["review", "agent"])
    assert page.kernel("dbg.head") == 7
    assert page.complaints == []


def test_a_level_is_one_press_away(shown):
    """A press fits the view to that level; the first one shows the whole graph again."""
    page, panel, trail = shown()
    page.kernel("dbg.step(2) and None")
    search = node(panel, "agent/tools/search, current")
    before = fills(panel, search)

    trail.get_by_role("button", name="tools").click()
    expect(trail.get_by_role("button", name="tools")).to_have_attribute("aria-current", "location")
    assert fills(panel, search) > before
    trail.get_by_role("button", name="review").press("Enter")
    expect(trail.get_by_role("button", name="review")).to_be_focused()
    expect(trail.get_by_role("button", name="review")).to_have_attribute("aria-current", "location")
    assert fills(panel, search) <= before + 0.01
    assert names(trail) == ["review", "agent", "tools"]


def test_what_is_opened_is_in_the_trail_and_what_is_closed_is_opened_by_it(shown):
    """In a big graph composites begin closed; the trail leads into them."""
    page, panel, trail = shown(SETUP.replace("graph = ", MANY + "graph = "))
    expect(button(panel, "Open agent")).to_have_count(1)
    button(panel, "Open agent").focus()
    button(panel, "Open agent").press("Enter")
    expect(trail.get_by_role("button")).to_have_text(["review", "agent"])
    button(panel, "Close agent").focus()
    button(panel, "Close agent").press("Enter")
    expect(trail.get_by_role("button")).to_have_text(["review"])

    page.kernel("dbg.step(2) and None")
    trail.get_by_role("button", name="tools").click()
    expect(node(panel, "agent/tools/search, current")).to_be_in_viewport()
    assert fills(panel, node(panel, "agent/tools/search, current")) > 0.05


def test_a_flat_graph_has_no_trail(shown):
    """There is nowhere to go."""
    flat = 'from lellm_nb import *\ng = GraphBuilder("g").node("a", lambda ctx: None)\n'
    page, _panel, trail = shown(flat + 'dbg = Debugger(g.start("a").end("a").build())')
    expect(trail).to_have_count(0)
    assert page.complaints == []
