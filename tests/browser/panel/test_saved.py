"""A notebook saved with its widgets, opened again where nobody answers: its history is scrubbed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import look_at, node, status

pytestmark = pytest.mark.timeout(180)

SETUP = """
from lellm_nb import *
KEY = "sk-proj-" + "".join(["aB3d", "E5fG", "7h"] * 4)
HOSTILE = "<img src=x onerror='window.hacked=1'>"
g = GraphBuilder("saved")

@g.task
def first(ctx):
    print("first", HOSTILE)
    return {"said": HOSTILE, "key": KEY, "items": [{"a": 1}, {"a": 2}]}

g.task(lambda ctx: {"total": 3}, name="last")
g.edge("first", "last").start("first").end("last")
dbg = Debugger(g.build(), {"n": 1})
stop = dbg.run()
fork = dbg.fork(at=1, put={"n": 2}, name="other")
stop = fork.run()
"""


def test_a_saved_notebook_is_scrubbed_without_the_kernel_that_made_it(notebook, lab):
    """Frames, tabs, writers and lines are there; nothing offers to run; no secret is in it."""
    page: Notebook = notebook([SETUP, "dbg", ""])
    run = page.page.evaluate
    run("window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')")
    page.run_cell(0)
    page.run_cell(1)
    panel = page.output(1).locator(".lellm-nb")
    expect(status(panel)).to_contain_text("completed")
    page.run_cell(2)
    run("window.jupyterapp.commands.execute('docmanager:save')")
    page.page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = (lab.root / page.path).read_text()
    assert "redacted: OpenAI key" in saved
    assert "aB3dE5fG" not in saved
    page.shut_down()
    run("window.jupyterapp.commands.execute('application:close')")
    expect(page.page.locator(".lellm-nb")).to_have_count(0)
    # JupyterLab's widgets need some kernel; this one knows nothing of the run.
    run("(path) => window.jupyterapp.commands.execute('docmanager:open', {path})", page.path)
    page.wait_for_kernel()
    panel = page.page.locator(".lellm-nb")
    expect(panel.get_by_role("note")).to_be_visible(timeout=30_000)
    for name in ("Run", "Step", "Rewind here", "Fork here"):
        expect(panel.get_by_role("button", name=name, exact=True)).to_have_count(0)
    look_at(panel, 1)
    expect(node(panel, "last, current")).to_be_visible()
    panel.get_by_role("tab", name="Output").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("<img src=x onerror")
    panel.get_by_role("tab", name="State").click()
    expect(panel.get_by_role("tabpanel").get_by_text("redacted: OpenAI key")).to_be_visible()
    panel.get_by_role("tab", name="Who").click()
    panel.get_by_role("textbox", name="Value").fill("total")
    panel.get_by_role("textbox", name="Value").press("Enter")
    expect(panel.get_by_role("tabpanel")).to_contain_text("There is no key")
    look_at(panel, 2)
    expect(panel.get_by_role("tabpanel").get_by_role("button", name="frame 2")).to_be_visible()
    panel.get_by_role("combobox", name="Line").select_option("other")
    expect(status(panel)).to_contain_text("other")
    assert run("window.hacked") is None
