"""A total is wrong; find the step, mend it, and prove it: once by mouse, once by keyboard.

Only what is on the screen is used. The graph is nested, and a step inside takes a
discount off a second time. Nothing but the mended function itself is typed into a cell.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, node, status

pytestmark = pytest.mark.timeout(120)

SHOP = """
from lellm_nb import *

pricing = GraphBuilder("pricing")

@pricing.task
def base(ctx):
    return {"price": sum(item["price"] * item["count"] for item in ctx.state["items"])}

@pricing.task
def discount(ctx):
    return {"price": ctx.state["price"] * (1 - ctx.state["off"])}

@pricing.task
def tax(ctx):
    price = ctx.state["price"] * (1 - ctx.state["off"])
    return {"price": round(price * 1.2, 2)}

pricing.edge("base", "discount").edge("discount", "tax").start("base").end("tax")

shop = GraphBuilder("shop")
shop.node("order", lambda ctx: {"items": [{"name": "tea", "price": 40, "count": 5}], "off": 0.1})
shop.subgraph("pricing", pricing.build())
shop.node("shipping", lambda ctx: {"shipping": 10})

@shop.task
def total(ctx):
    return {"total": ctx.state["price"] + ctx.state["shipping"]}

shop.edge("order", "pricing").edge("pricing", "shipping").edge("shipping", "total")
dbg = Debugger(shop.start("order").end("total").build())
"""
MENDED = 'def tax(ctx): return {"price": round(ctx.state["price"] * 1.2, 2)}'


@pytest.fixture
def opened(notebook: Callable[..., Notebook]) -> Notebook:
    """A notebook with the graph, a cell for the panel and an empty one, as a person has it."""
    page = notebook([SHOP, "dbg", ""], width=1400, height=1000)
    page.run_cell(0)
    return page


def proven(page: Notebook) -> None:
    """The kernel has both: the wrong total on main, the right one on the fork."""
    assert page.kernel("dbg.state['total']") == 204.4
    assert page.kernel("dbg.branch('fork 1').state['total']") == 226.0
    assert page.complaints == []


def test_by_mouse_alone(opened):
    """Every press is a click; keys are used for the text of the function alone."""
    page = opened
    page.cell(1).locator(".cm-content").click()
    page.page.get_by_role("button", name="Run this cell and advance").click()
    panel = page.output(1).locator(".lellm-nb")
    inspector = panel.get_by_role("tabpanel")

    # Run, and see that the total is wrong: 200 less a tenth, a fifth on top, 10 for sending.
    button(panel, "Run").click()
    expect(inspector).to_contain_text("204.4")

    # Who wrote the total? One step, from a price. Who wrote that? Three steps.
    press_beside(panel, "total", "Who wrote total")
    expect(inspector).to_contain_text("Put total: 204.4")
    panel.get_by_role("tab", name="State").click()
    press_beside(panel, "price", "Who wrote price")
    expect(inspector.get_by_role("button", name="frame 5")).to_have_count(1)
    for words in ("pricing/tax", "194.4", "pricing/discount", "180", "pricing/base", "200"):
        expect(inspector).to_contain_text(words)
    inspector.get_by_role("button", name="frame 4").click()
    expect(panel).to_contain_text("looking at frame 4")
    panel.get_by_role("tab", name="Diff").click()
    expect(inspector).to_contain_text("180")
    expect(inspector).to_contain_text("194.4")

    # 180 and a fifth is 216: the step is found. Its code says why, and what to do.
    node(panel, "pricing/tax, done").click()
    card = panel.get_by_role("group", name="Node pricing/tax")
    card.get_by_text("Code", exact=True).click()
    expect(card).to_contain_text('(1 - ctx.state["off"])')
    expect(card).to_contain_text("run a cell that defines tax again")
    page.cell(2).locator(".cm-content").click()
    page.page.keyboard.type(MENDED)
    page.page.get_by_role("button", name="Run this cell and advance").click()

    # Before it ran, a new line; run it, and compare.
    card.get_by_role("button", name="frame 3").click()
    expect(panel).to_contain_text("looking at frame 3")
    card.get_by_role("button", name="Close").click()
    button(panel, "Fork here").click()
    expect(status(panel)).to_contain_text("fork 1")
    button(panel, "Run").click()
    expect(status(panel)).to_contain_text("completed")
    panel.get_by_role("tab", name="Branches").click()
    panel.get_by_role("button", name="Compare with main").click()
    table = panel.get_by_role("table", name="Compare fork 1 with main")
    expect(table.get_by_role("row").filter(has_text="first difference")).to_contain_text(
        "pricing/tax"
    )
    expect(inspector).to_contain_text("204.4→226.0")
    proven(page)


def press_beside(panel: Locator, key: str, name: str) -> None:
    """Press what comes up beside a value when the pointer is on it."""
    panel.get_by_role("tabpanel").get_by_text(key, exact=True).hover()
    button(panel, name).click()


def tab_to(page: Page, name: str, back: bool = False) -> None:
    """Press Tab until what has this name has the focus, as a person does who looks for it."""
    here = """() => {
      const one = document.activeElement;
      return one.getAttribute('aria-label') ?? one.textContent.trim();
    }"""
    passed = []
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        passed.append(page.evaluate(here))
        if passed[-1] == name:
            return
    raise AssertionError(f"Tab never came to {name!r}; it came to {passed}")


def test_by_keyboard_alone(opened):
    """No pointer at all, from the cell to the proof."""
    page, keys = opened, opened.page.keyboard
    page.cell(1).focus()
    keys.press("Control+Enter")
    panel = page.output(1).locator(".lellm-nb")
    inspector = panel.get_by_role("tabpanel")
    expect(node(panel, "order, current")).to_be_visible()

    # Tab leads from the cell into the panel. F9 runs; the total is wrong.
    tab_to(page.page, "Debugger of shop")
    keys.press("F9")
    expect(inspector).to_contain_text("204.4")
    tab_to(page.page, "Who wrote total")
    keys.press("Enter")
    expect(inspector).to_contain_text("Put total: 204.4")
    tab_to(page.page, "Value")
    keys.type("price")
    keys.press("Enter")
    expect(inspector).to_contain_text("pricing/discount")
    tab_to(page.page, "frame 4")
    keys.press("Enter")
    expect(panel).to_contain_text("looking at frame 4")
    keys.press("2")
    expect(panel.get_by_role("tab", name="Diff")).to_be_focused()
    expect(inspector).to_contain_text("194.4")

    # 180 and a fifth is 216: the step is found. Its node is in the graph, with its code.
    tab_to(page.page, "pricing/tax, done", back=True)
    keys.press("Enter")
    card = panel.get_by_role("group", name="Node pricing/tax")
    tab_to(page.page, "Code")
    keys.press("Enter")
    expect(card).to_contain_text('(1 - ctx.state["off"])')
    expect(card).to_contain_text("run a cell that defines tax again")

    # The frame before it ran is one press away, and F starts a new line there.
    tab_to(page.page, "frame 3")
    keys.press("Enter")
    expect(panel).to_contain_text("looking at frame 3")
    keys.press("f")
    expect(status(panel)).to_contain_text("fork 1")

    # Out of the panel to the cell below, and back with the mended function.
    tab_to(page.page, "Code Cell Content with Output", back=True)
    keys.press("ArrowDown")
    keys.press("Enter")
    keys.type(MENDED)
    keys.press("Control+Enter")
    keys.press("ArrowUp")
    tab_to(page.page, "Debugger of shop")
    keys.press("F9")
    expect(status(panel)).to_contain_text("completed")
    keys.press("0")
    expect(panel.get_by_role("tab", name="Branches")).to_be_focused()
    tab_to(page.page, "Compare with main")
    keys.press("Enter")
    table = panel.get_by_role("table", name="Compare fork 1 with main")
    expect(table.get_by_role("row").filter(has_text="first difference")).to_contain_text(
        "pricing/tax"
    )
    expect(inspector).to_contain_text("204.4→226.0")
    proven(page)
