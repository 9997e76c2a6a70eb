"""A node runs as if the cell had called it (R11): the kernel of a real JupyterLab has a loop."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.harness.panels import button, status

pytestmark = pytest.mark.timeout(120)

SETUP = """
import asyncio, sqlite3, sys
from lellm_nb import *
sys.breakpointhook = sys.__breakpointhook__  # the kernel's own waits for JupyterLab's debugger
connection = sqlite3.connect(":memory:")
connection.execute("create table t (name text)")
async def fetched():
    await asyncio.sleep(0)
    return 5
def ask(ctx):
    ctx.put("name", input("Who is it? "))
def keep(ctx):
    connection.execute("insert into t values (?)", (ctx.state["name"],))
    ctx.put("kept", connection.execute("select count(*) from t").fetchone()[0])
def fetch(ctx):
    ctx.put("fetched", asyncio.run(fetched()))
def look(ctx):
    here = "found by the debugger"
    breakpoint()
    ctx.put("here", here)
async def more(ctx):
    await asyncio.sleep(0)
    ctx.put("more", True)
g = GraphBuilder("g")
nodes = [ask, keep, fetch, look, more]
for node in nodes:
    g.node(node.__name__, node)
for one, two in zip(nodes, nodes[1:]):
    g.edge(one.__name__, two.__name__)
dbg = Debugger(g.start("ask").end("more").build())
"""


def type_in(page, text):
    """Answer what the cell asks."""
    box = page.page.locator(".jp-Stdin-input").last
    expect(box).to_be_visible()
    box.fill(text)
    box.press("Enter")


def test_input_breakpoint_asyncio_run_and_a_connection_of_the_cell_work_in_a_node(notebook):
    page = notebook([SETUP, "stop = dbg.run()\nprint(stop)"])
    page.run_cell(0)
    page.start(1)
    cell = page.output(1)
    expect(page.page.locator(".jp-Stdin-prompt").last).to_have_text("Who is it? ")
    type_in(page, "Otter")
    expect(cell.get_by_text("breakpoint()").last).to_be_visible()
    type_in(page, "p here")
    expect(cell.get_by_text("'found by the debugger'").last).to_be_visible()
    type_in(page, "c")
    expect(cell.get_by_text("COMPLETED")).to_be_visible()

    page.until("dbg.status == 'completed'")
    assert page.kernel("dict(dbg.state)") == {
        "name": "Otter",
        "kept": 1,
        "fetched": 5,
        "here": "found by the debugger",
        "more": True,
    }
    assert page.complaints == []


def test_by_button_the_panel_says_that_input_needs_a_cell(notebook):
    page = notebook([SETUP, "dbg"])
    page.run_cell(0)
    panel = page.run_cell(1).locator(".lellm-nb")
    button(panel, "Step").click()

    expect(panel.get_by_role("alert")).to_contain_text("input() needs a cell")
    expect(status(panel)).to_contain_text("failed")
    assert page.complaints == []
