"""Take the README's pictures from the real panel in a real JupyterLab: `make screenshots`.

Each picture is the panel's own rectangle, in a window wide enough for it. Look at them
before committing: a picture that nobody looked at proves nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.lab import DARK, LIGHT, ROOT, Lab, Notebook

IMAGES = ROOT / "notebooks" / "images"

EXAMPLE = """\
from lellm_nb import Debugger, GraphBuilder

g = GraphBuilder("review")


@g.task
def draft(ctx):
    ctx.put("draft", f"An essay about {ctx.state['topic']}")


g.barrier("approve", timeout=300)


@g.task
async def publish(ctx):
    return {"published": True}


g.edge("draft", "approve")
g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
g.edge("approve", "publish")
g.start("draft").end("publish")

dbg = Debugger(g.build(), {"topic": "otters"})"""

BROKEN = """\
def publish(ctx):
    return {"published": ctx.state["draft"].index("whale")}


b = GraphBuilder("review")
b.task(draft)
b.barrier("approve", timeout=300)
b.task(publish)
b.edge("draft", "approve").edge("approve", "publish").start("draft").end("publish")
dbg = Debugger(b.build(), {"topic": "otters"})"""


def panel_below(notebook: Notebook, cell: int, says: str) -> Locator:
    """The panel under a cell, once its status line says this and its graph is drawn."""
    panel = notebook.output(cell).locator(".lellm-nb")
    expect(panel.get_by_role("status").first).to_contain_text(says)
    graph = panel.get_by_role("region", name="Graph")
    expect(graph.get_by_role("button").first).to_be_visible()
    return panel


def take(panel: Locator, name: str) -> Path:
    """Keep a picture of the panel alone."""
    panel.scroll_into_view_if_needed()
    panel.page.mouse.move(0, 0)
    file = IMAGES / f"{name}.png"
    panel.screenshot(path=file, animations="disabled")
    return file


def pictures(lab: Lab) -> list[Path]:
    """All pictures, in the order in which things happen."""
    taken = []
    IMAGES.mkdir(parents=True, exist_ok=True)
    for theme, suffix in ((LIGHT, ""), (DARK, "-dark")):
        cells = [
            EXAMPLE,
            "dbg.run()\ndbg",
            "dbg",
            BROKEN,
            "dbg.run()\ndbg.approve()\ndbg.run()\ndbg",
        ]
        with lab.open(cells, theme=theme, width=1280, height=1100) as notebook:
            notebook.run_cell(0)
            notebook.run_cell(1)
            panel = panel_below(notebook, 1, "waiting at approve")
            taken.append(take(panel, f"panel-waiting{suffix}"))

            card = panel.get_by_role("group", name="Barrier approve")
            card.get_by_role("textbox", name="Reason").fill("too short")
            card.get_by_role("button", name="Reject").click()
            notebook.until("[p.id for p in dbg.pending] == ['approve#1']")
            notebook.kernel("None", "fork = dbg.fork(at=1, put={'draft': 'shorter'})")
            notebook.kernel("None", "fork.run(); fork.approve(); fork.run()")
            notebook.kernel("None", "dbg, main = fork, dbg")
            notebook.run_cell(2)
            panel = panel_below(notebook, 2, "completed")
            taken.append(take(panel, f"panel-fork{suffix}"))

            notebook.run_cell(3)
            notebook.run_cell(4)
            panel = panel_below(notebook, 4, "failed")
            panel.get_by_role("tab", name="Error").click()
            taken.append(take(panel, f"panel-error{suffix}"))
    return taken


def main() -> int:
    with Lab() as lab:
        for file in pictures(lab):
            print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
