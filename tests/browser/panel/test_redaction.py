"""A key in a run is nowhere in the page, on the wire, in the saved notebook or in the export."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness.lab import Lab, Notebook
from tests.browser.harness.panels import button, look_at, node, status

pytestmark = pytest.mark.timeout(180)

PART = "aB3dE5fG"
"""A piece of the key; the cells put it together, so that their source has none."""

SETUP = """
import asyncio
from lellm_nb import *
KEY = "sk-proj-" + "".join(["aB3d", "E5fG", "7h"] * 4)
g = GraphBuilder("secret")

@g.task
async def use(ctx):
    print("printing", KEY)
    for letter in f"streaming {KEY} on and on ":
        ctx.emit(letter)
        await asyncio.sleep(0)
    while "hold" in globals():
        await asyncio.sleep(0.02)
    ctx.put("said", f"I use {KEY} as my key")

g.barrier("approve")

@g.task
def fail(ctx):
    held = ctx.state["key"]
    if len(held) > 20:
        raise ValueError(f"refused {held}")
    return {"ok": held}

g.edge("use", "approve").edge("approve", "fail").start("use").end("fail")
dbg = Debugger(g.build(), {"key": KEY, "n": 1})
hold = True
"""

CHIP = "redacted: OpenAI key"


class Wire:
    """Everything that came to the page through its websockets, as bytes."""

    def __init__(self, page: Page) -> None:
        self.heard: list[bytes] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.webSocketFrameReceived", self._hear)

    def _hear(self, event: dict) -> None:
        frame = event["response"]
        data = frame["payloadData"]
        binary = frame["opcode"] == 2
        self.heard.append(base64.b64decode(data) if binary else data.encode())

    def has(self, text: str) -> bool:
        return any(text.encode() in one for one in self.heard)


def chips(panel: Locator, name: str) -> Locator:
    """Open a tab and return the chips on it."""
    panel.get_by_role("tab", name=name).click()
    return panel.get_by_role("tabpanel").get_by_text(CHIP, exact=True)


def test_a_key_is_nowhere_in_the_page_on_the_wire_or_in_the_files(
    notebook, lab: Lab, tmp_path: Path
):
    """Streamed, printed, raised, waited with, looked for and saved: a chip stands for it."""
    page: Notebook = notebook([SETUP, "dbg"])
    wire = Wire(page.page)
    page.run_cell(0)
    page.run_cell(1)
    panel = page.output(1).locator(".lellm-nb")
    page.kernel("dbg.post('run') and None")
    expect(panel.get_by_text("on and on").first).to_be_visible()
    page.kernel("globals().pop('hold')")
    card = panel.get_by_role("group", name="Barrier approve")
    expect(card.get_by_text(CHIP).first).to_be_visible()

    look_at(panel, 1)
    for name in ("State", "Diff", "Mutations", "Output"):
        expect(chips(panel, name).first).to_be_visible()
    panel.get_by_role("tab", name="Watches").click()
    field = panel.get_by_role("textbox", name="Watch expression")
    field.fill("py: key[:30]")
    field.press("Enter")
    expect(panel.get_by_role("tabpanel").get_by_text(CHIP)).to_have_count(1)
    panel.get_by_role("tab", name="Who").click()
    writers = panel.get_by_role("tabpanel").get_by_role("textbox", name="Value")
    writers.fill("said")
    writers.press("Enter")
    expect(panel.get_by_role("tabpanel").get_by_text(CHIP).first).to_be_visible()
    panel.press("/")
    panel.get_by_role("searchbox", name="Find text").fill("my key")
    panel.get_by_role("searchbox", name="Find text").press("Enter")
    expect(panel.get_by_role("search").get_by_text(CHIP).first).to_be_visible()
    button(panel, "Close find").click()

    button(card, "Approve").click()
    expect(status(panel)).to_contain_text("failed")
    expect(chips(panel, "Error").first).to_be_visible()
    assert page.kernel("KEY in dbg.state['said'] and dbg.state['key'] == KEY") is True

    assert wire.heard
    assert wire.has(CHIP)
    assert not wire.has(PART)
    assert PART not in page.page.content()
    page.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    saved = lab.root / page.path
    page.page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert "lellm-nb-static" in saved.read_text()
    assert PART not in saved.read_text()
    exported = tmp_path / "run.html"
    page.kernel("str(dbg.export_html(target))", setup=f"target = {str(exported)!r}")
    assert CHIP in exported.read_text()
    assert PART not in exported.read_text()
    assert page.complaints == []


def test_what_is_redacted_is_edited_anew(notebook):
    """The field is empty; a new value is written, and what stood for the key never is."""
    page: Notebook = notebook([SETUP.replace("hold = True", ""), "dbg"])
    page.run_cell(0)
    page.run_cell(1)
    panel = page.output(1).locator(".lellm-nb")
    page.kernel("dbg.run() and dbg.approve() and dbg.run() and None")
    expect(node(panel, "fail, failed")).to_be_visible()
    look_at(panel, 2)
    panel.get_by_role("tab", name="State").click()
    row = panel.locator(".tree-line", has_text="OpenAI key").first
    row.hover()
    button(panel, "Edit key").click()
    field = panel.get_by_role("textbox", name="New value of key")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("placeholder", "not shown; type a new value")

    field.fill("[redacted: OpenAI key]")
    button(panel, "Go").click()
    expect(panel.get_by_role("alert")).to_contain_text("a secret that is not shown")
    assert page.kernel("list(dbg.lines)") == ["main"]

    button(panel, "Edit key").click()
    field.fill("short")
    button(panel, "Go").click()
    page.until("len(dbg.lines) == 2")
    page.until("dbg.branch('fork 1').status == 'completed'")
    assert page.kernel("dbg.branch('fork 1').state['ok']") == "short"
    assert page.kernel("dbg.state['key'] == KEY") is True
