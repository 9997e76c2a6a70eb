"""What the inspector can be asked, one question per test; the browser acts, Python is asserted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.panels import button, look_at, node, status

pytestmark = pytest.mark.timeout(180)

SETUP = """
import asyncio, base64
from lellm_nb import *
from IPython.display import display
import pandas as pd
HOSTILE = '<img src=x onerror="window.hacked=1">'
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42"
                       "mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

class Picture:
    def _repr_png_(self):
        return PNG

g = GraphBuilder("sum")

@g.task
def read(ctx):
    "Reads the items."
    print("read", HOSTILE)
    display(Picture())
    display(pd.DataFrame({"a": [1, 2]}))
    return {"items": [{"name": "pen", "price": 2}, {"name": "ink", "price": 5}]}

@g.task
async def ask(ctx):
    for word in ("two ", "and ", "five"):
        ctx.emit(word)
        while not ctx.state["go"] and "hold" in globals():
            await asyncio.sleep(0.02)
    return {"said": HOSTILE}

@g.task
def add(ctx):
    prices = [item["price"] for item in ctx.state["items"]]
    factor = ctx.state["factor"]
    if factor is None:
        raise ValueError(f"no factor {HOSTILE}")
    return {"total": sum(prices) * factor}

@g.task
def done(ctx):
    return {"ok": ctx.state["total"] < 10}

g.edge("read", "ask").edge("ask", "add")
g.edge_if("add", "read", lambda s: s["total"] > 100).edge("add", "done")
g.start("read").end("done")
dbg = Debugger(g.build(), {"factor": 2, "go": True, "table": pd.DataFrame({"n": range(200)})})
"""


def tab(panel: Locator, name: str) -> Locator:
    """Open a tab and return what it shows."""
    panel.get_by_role("tab", name=name).click()
    expect(panel.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    return panel.get_by_role("tabpanel")


def test_who_wrote_a_value_is_one_press_away_and_leads_there(shown):
    """The person beside a value opens its writers; a writer leads to its frame."""
    page, panel = shown()
    page.kernel("dbg.run() and None")

    button(panel, "Who wrote total").click()

    expect(panel.get_by_role("tab", name="Who")).to_have_attribute("aria-selected", "true")
    writers = panel.get_by_role("tabpanel")
    expect(writers).to_contain_text("Put total: 14")
    button(writers, "frame 3").click()
    expect(panel).to_contain_text("looking at frame 3")
    writers.get_by_role("textbox", name="Value").fill("items")
    writers.get_by_role("textbox", name="Value").press("Enter")
    expect(writers).to_contain_text("frame 1")


def test_a_watch_shows_its_value_at_every_frame_and_can_stop_a_run(shown):
    """An expression is asked of the frame on show; its changes lead there; it becomes a stop."""
    page, panel = shown()
    page.kernel("dbg.step(2) and None")
    watches = tab(panel, "Watches")

    watches.get_by_role("textbox", name="Watch expression").fill("len(items)")
    watches.get_by_role("textbox", name="Watch expression").press("Enter")
    expect(watches.locator(".watch")).to_contain_text("2")
    button(watches, "Changes of len(items)").click()
    expect(button(watches, "frame 0 None")).to_be_visible()
    watches.get_by_role("textbox", name="Watch expression").fill("total")
    watches.get_by_role("textbox", name="Watch expression").press("Enter")
    button(watches, "Stop when it changes: total").click()
    expect(watches).to_contain_text("when total changes")
    button(panel, "Run").click()

    page.until("dbg.head == 3")
    expect(watches).to_contain_text("14")
    button(watches, "Remove stop when total changes").click()
    page.until("len(dbg.breakpoints) == 0")
    button(watches, "Remove watch total").click()
    expect(watches.locator(".watch")).to_have_count(1)


def test_the_route_says_which_condition_read_what(shown):
    """Each way out stands with its condition, its answer and the keys it read."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    look_at(panel, 3)

    route = tab(panel, "Route")

    expect(route).to_contain_text('s["total"] > 100')
    row = route.get_by_role("row").filter(has_text="add -> read")
    expect(row).to_contain_text("False", ignore_case=True)
    expect(row).to_contain_text("total")
    expect(route.get_by_role("row").filter(has_text="add -> done")).to_contain_text("taken")


def test_output_has_what_was_printed_shown_and_streamed(shown):
    """Pictures are pictures, data frames are text, and markup is never markup."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    look_at(panel, 1)

    output = tab(panel, "Output")

    expect(output).to_contain_text('read <img src=x onerror="window.hacked=1">')
    expect(output.get_by_role("img")).to_have_count(1)
    assert output.get_by_role("img").evaluate("i => i.naturalWidth") == 1
    expect(output).to_contain_text("a")
    panel.get_by_role("slider", name="Frame").press("ArrowRight")
    expect(output).to_contain_text("two and five")
    expect(output).to_contain_text("3 chunks")
    assert page.page.evaluate("window.hacked") is None


def test_a_stream_is_seen_while_it_comes(shown):
    """The words stand over the graph and in the node's card, and go with the step."""
    page, panel = shown()
    page.kernel("None", "hold = 1; dbg = dbg.fork(put={'go': False}); None")
    page.run_cell(1)
    panel = page.output(1).locator(".lellm-nb")
    page.kernel("None", "handle = dbg.start(); None")

    stream = panel.get_by_role("group", name="Stream ask")
    expect(stream).to_contain_text("two")
    node(panel, "ask, current").click()
    card = panel.get_by_role("group", name="Node ask")
    expect(card).to_contain_text("two")
    page.kernel("None", "del hold")
    page.until("dbg.status == 'completed'")
    expect(stream).to_have_count(0)


def test_an_error_shows_what_the_names_held(shown):
    """The user's own line stands first, with its locals, as text."""
    page, panel = shown()
    page.kernel("None", "dbg = dbg.fork(put={'factor': None}); dbg.run(); None")
    page.run_cell(1)
    panel = page.output(1).locator(".lellm-nb")

    error = tab(panel, "Error")

    expect(error).to_contain_text("ValueError")
    expect(error).to_contain_text("prices")
    expect(error).to_contain_text("[2, 5]")
    assert page.page.evaluate("window.hacked") is None


def test_a_value_edited_in_place_forks_and_runs(shown):
    """The bar says what Go will do; the old line stays as it was."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    look_at(panel, 1)
    expect(panel.locator(".frame-title")).to_contain_text("frame 1")

    button(panel, "Edit factor").click()
    panel.get_by_role("textbox", name="New value of factor").fill("10")
    edits = panel.get_by_role("group", name="Edits")
    expect(edits).to_contain_text("fork from frame 1 with factor = 10; then run ask")
    button(edits, "Go").click()

    expect(status(panel)).to_contain_text("completed")
    expect(status(panel)).to_contain_text("fork 1")
    assert page.kernel("(dbg.branch('fork 1').state['total'], dbg.state['total'])") == [70, 14]
    expect(button(panel, "Show line main")).to_be_visible()


def test_find_leads_to_where_a_text_stands(shown):
    """`/` opens it, the hits lead there, Escape closes it."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    panel.get_by_role("slider", name="Frame").press("/")

    panel.get_by_role("searchbox", name="Find text").fill("ink")
    panel.get_by_role("searchbox", name="Find text").press("Enter")
    panel.get_by_role("search").get_by_role("button", name="frame 1, read").first.click()

    expect(panel).to_contain_text("looking at frame 1")
    panel.get_by_role("searchbox", name="Find text").press("Escape")
    expect(panel.get_by_role("search")).to_have_count(0)


def test_notes_and_pins_stand_on_the_frame_and_in_the_tree(shown):
    """What a person wrote to a frame is kept by the debugger."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    look_at(panel, 2)
    expect(panel.locator(".frame-title")).to_contain_text("frame 2")

    button(panel, "Note").click()
    panel.get_by_role("textbox", name="Note on frame 2").fill("<b>odd</b>")
    panel.get_by_role("textbox", name="Note on frame 2").press("Enter")
    page.until("dbg.tree['main'].notes == ((2, '<b>odd</b>'),)")
    expect(panel.get_by_text("<b>odd</b>").first).to_be_visible()  # the title is drawn again
    button(panel, "Pin frame").click()
    page.until("dbg.tree['main'].pins == (2,)")
    expect(button(panel, "Pin frame")).to_have_attribute("aria-pressed", "true")

    expect(tab(panel, "Branches")).to_contain_text("<b>odd</b>")


def test_two_lines_stand_side_by_side_and_the_first_difference_is_marked(shown):
    """What both share is folded; a difference opens; a line is shown by its name."""
    page, panel = shown()
    page.kernel("None", "dbg.run(); fork = dbg.fork(at=1, put={'factor': 3}, name='three')")
    page.kernel("None", "fork.run()")
    branches = tab(panel, "Branches")

    button(branches, "Compare with three").click()

    table = branches.get_by_role("table", name="Compare main with three")
    expect(table).to_contain_text("2 steps shared")
    expect(table.locator(".first-difference")).to_have_count(1)
    table.get_by_role("button", name="Difference at add").click()
    expect(table).to_contain_text("21")
    button(branches, "Show three").click()
    expect(status(panel)).to_contain_text("three")


def test_unticking_a_mutation_folds_the_history_without_it(shown):
    """A new line appears, and no node ran for it."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    look_at(panel, 3)
    expect(panel.locator(".frame-title")).to_contain_text("frame 3")

    tab(panel, "Mutations").get_by_role("checkbox", name="Keep Put total").click()

    expect(status(panel)).to_contain_text("fork 1")
    assert page.kernel("'total' in dbg.branch('fork 1').state") is False


def test_records_and_data_frames_are_tables(shown):
    """A list of records opens as a table, and as a tree when asked; a data frame comes in pages."""
    page, panel = shown()
    page.kernel("dbg.run() and None")
    state = panel.get_by_role("tabpanel")

    state.locator("button.tree-row").filter(has_text="items").click()
    expect(state.get_by_role("table")).to_contain_text("pen")
    button(state, "as a tree").click()
    expect(state.get_by_role("table")).to_have_count(0)
    state.locator("button.tree-row").filter(has_text="table").click()
    expect(state.get_by_role("table")).to_contain_text("49")
    state.get_by_role("button", name="show more (150 rows left)").click()
    expect(state.get_by_role("table")).to_contain_text("99")


def test_a_node_that_asks_shows_a_card(shown):
    """The mode is chosen on the node's card; approving runs the node."""
    page, panel = shown()
    node(panel, "ask, pending").click()
    card = panel.get_by_role("group", name="Node ask")
    card.get_by_role("combobox", name="Mode").select_option("ask")
    page.until("dbg.modes == {'ask': 'ask'}")
    button(panel, "Run").click()

    question = panel.get_by_role("group", name="Barrier ask")
    expect(question).to_contain_text("asks before it runs")
    button(question, "Approve").click()

    page.until("dbg.status == 'completed'")
    expect(question).to_have_count(0)


def test_stops_after_a_node_and_on_an_edge_are_set_on_its_card(shown):
    """The card sets what the rim's lower edge and a click on an edge set."""
    page, panel = shown()
    node(panel, "read, current").click()
    card = panel.get_by_role("group", name="Node read")
    expect(card).to_contain_text("Reads the items.")

    button(card, "Stop after").click()
    page.until("[b.stops_after for b in dbg.breakpoints] == [True]")
    card.get_by_role("checkbox", name="Stop on the way to ask").check()
    page.until("len(dbg.breakpoints) == 2")
    button(panel, "Run").click()
    page.until("dbg.head == 1 and not dbg.busy")
