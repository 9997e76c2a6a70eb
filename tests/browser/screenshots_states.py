"""Pictures of the panel in fourteen states, light and dark, for a person to look at.

    python -m tests.browser.screenshots_states /tmp/shots [name …] [light | dark]

Each state is made by doing what a person would do; see `STATES`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import DARK, LIGHT, Lab
from tests.browser.harness.notebook_page import Notebook

SETUP = """\
import asyncio, logging, time
from lellm_nb import *

def review(fail=False, slow=0.0):
    inner = GraphBuilder("inner")
    @inner.task
    async def llm(ctx):
        \"\"\"Ask the model, one token after the other.\"\"\"
        for word in "Otters hold hands while they sleep, so that they do not drift apart.".split():
            ctx.emit(word + " ")
            await asyncio.sleep(slow)
        return {"answer": "Otters hold hands", "sources": [
            {"title": "Otters", "year": 2021, "score": 0.93},
            {"title": "Rivers", "year": 2019, "score": 0.71}]}
    inner.node("tool", lambda ctx: print("looked it up in 2 sources"))
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("review")
    @g.task
    def draft(ctx):
        logging.getLogger("draft").warning("short on words")
        return {"draft": f"An essay about {ctx.state['topic']}", "words": 120}
    g.subgraph("agent", inner.build())
    g.parallel("check", {"facts": lambda ctx: {"facts": True},
                         "style": lambda ctx: {"style": "dry"},
                         "legal": lambda ctx: {"legal": "fine"}})
    g.barrier("approve", timeout=300)
    @g.task
    def publish(ctx):
        price = {"otters": 3}
        if fail:
            return {"total": ctx.state["words"] * price[ctx.state["draft"]]}
        return {"published": True, "total": ctx.state["words"] * price[ctx.state["topic"]]}
    g.edge("draft", "agent").edge("agent", "check").edge("check", "approve")
    g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
    g.edge("approve", "publish").start("draft").end("publish")
    return Debugger(g.build(), {"topic": "otters", "tone": "dry", "tags": ["river", "fur"]})

def three():
    inner = {}
    for name in ("legal", "price", "tone"):
        b = GraphBuilder(name).node("write", lambda ctx, n=name: {n: f"draft of {n}"})
        b.barrier("sign", timeout=120).edge("write", "sign").start("write").end("sign")
        inner[name] = b.build()
    g = GraphBuilder("contract").parallel("parts", inner).node("send", lambda ctx: {"sent": True})
    return Debugger(g.edge("parts", "send").start("parts").end("send").build(), {"client": "ACME"})

def flight():
    async def wait(ctx):
        await asyncio.sleep(60)
    async def quick(ctx):
        return {ctx.node: "done"}
    branches = {f"search {i}": quick if i < 3 else wait for i in range(6)}
    g = GraphBuilder("fan").node("plan", lambda ctx: {"queries": 6}).parallel("search", branches)
    return Debugger(g.node("merge", lambda ctx: None).edge("plan", "search").edge("search", "merge")
                    .start("plan").end("merge").build())

def thousand():
    g = GraphBuilder("pipeline")
    for i in range(1000):
        g.node(f"step {i}", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
        if i:
            g.edge(f"step {i - 1}", f"step {i}")
        if i and i % 7 == 0:
            g.edge_if(f"step {i - 1}", f"step {max(0, i - 4)}", lambda s: False)
    return Debugger(g.start("step 0").end("step 999").build())
"""


def before(page: Notebook, panel: Locator) -> None:
    """Before the first run."""


def streaming(page: Notebook, panel: Locator) -> None:
    """Running with a token stream."""
    page.kernel("None", "dbg.start(); None")
    expect(panel.get_by_role("group", name="Stream agent/llm")).to_contain_text("hands while")
    expect(panel.locator(".frame-title")).to_contain_text("frame 1")


def card(page: Notebook, panel: Locator) -> None:
    """One barrier card."""
    page.kernel("None", "dbg.run()")
    group = panel.get_by_role("group", name="Barrier approve")
    group.locator(".about-value", has_text="words").click()
    group.get_by_role("textbox", name="Value").fill("240")
    expect(group).to_contain_text("240")


def cards(page: Notebook, panel: Locator) -> None:
    """Three cards."""
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier")).to_have_count(3)


def failed(page: Notebook, panel: Locator) -> None:
    """A failure, at the user's line, with what the names held."""
    page.kernel("None", "dbg.run(); dbg.approve(); dbg.run()")
    expect(panel.get_by_role("tabpanel")).to_contain_text("KeyError")


def completed(page: Notebook, panel: Locator) -> None:
    """The end, with why the last way was taken."""
    page.kernel("None", "dbg.run(); dbg.approve(); dbg.run()")
    expect(panel.get_by_role("status")).to_contain_text("completed")


def past(page: Notebook, panel: Locator) -> None:
    """Looking at the past."""
    completed(page, panel)
    slider = panel.get_by_role("slider", name="Frame")
    slider.press("Home")
    for _ in range(2):
        slider.press("ArrowRight")
    panel.get_by_role("tab", name="Output").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Stream")


def forked(page: Notebook, panel: Locator) -> None:
    """After a fork by editing a value in place: two lanes."""
    completed(page, panel)
    slider = panel.get_by_role("slider", name="Frame")
    slider.press("Home")
    slider.press("ArrowRight")
    expect(panel.locator(".frame-title")).to_contain_text("frame 1")
    panel.get_by_role("button", name="Edit words").click()
    field = panel.get_by_role("textbox", name="New value of words")
    field.fill("200")
    field.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("fork 1")
    expect(panel.get_by_role("group", name="Barrier approve")).to_be_visible()


def compare(page: Notebook, panel: Locator) -> None:
    """Two lines side by side."""
    forked(page, panel)
    group = panel.get_by_role("group", name="Barrier approve")
    group.get_by_role("button", name="Approve").click()
    expect(panel.get_by_role("status")).to_contain_text("completed")
    panel.get_by_role("tab", name="Branches").click()
    panel.get_by_role("button", name="Compare with main").click()
    expect(panel.get_by_role("table")).to_contain_text("first difference")


def subgraph(page: Notebook, panel: Locator) -> None:
    """A subgraph open, the run inside it, its node's card beside it."""
    page.kernel("None", "dbg.step(2)")
    panel.get_by_role("button", name="agent/llm, done", exact=True).click()
    expect(panel.get_by_role("group", name="Node agent/llm")).to_contain_text("frame 2")


def in_flight(page: Notebook, panel: Locator) -> None:
    """Parallel branches in flight."""
    page.kernel("None", "handle = dbg.start(); None")
    expect(panel.get_by_role("button", name="search/search 1, done", exact=True)).to_be_visible()
    expect(panel.locator(".frame-title")).to_contain_text("frame 4")


def thousand(page: Notebook, panel: Locator) -> None:
    """A thousand nodes."""
    page.kernel("None", "dbg.step(400)")
    expect(panel.get_by_role("status")).to_contain_text("frame 400")


def lonely(page: Notebook, panel: Locator) -> None:
    """One node, an empty state."""


def narrow(page: Notebook, panel: Locator) -> None:
    """390 pixels wide."""
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")


ONE = (
    'Debugger(GraphBuilder("one").node("only", lambda ctx: None).start("only").end("only").build())'
)
State = tuple[str, Callable[[Notebook, Locator], None], str]
STATES: list[State] = [
    ("01-before", before, "review()"),
    ("02-streaming", streaming, "review(slow=0.25)"),
    ("03-card", card, "review()"),
    ("04-three-cards", cards, "three()"),
    ("05-failed", failed, "review(fail=True)"),
    ("06-completed", completed, "review()"),
    ("07-past", past, "review()"),
    ("08-fork", forked, "review()"),
    ("09-compare", compare, "review()"),
    ("10-subgraph", subgraph, "review()"),
    ("11-in-flight", in_flight, "flight()"),
    ("12-thousand", thousand, "thousand()"),
    ("13-one-node", lonely, ONE),
    ("14-narrow", narrow, "review()"),
]


def take(
    lab: Lab,
    folder: Path,
    states: list[State],
    theme: str,
    *,
    window: tuple[int, int],
    alone: bool = False,
    scale: float = 1,
    setup: str = SETUP,
    suffix: str = "",
    whole: bool = False,
) -> list[Path]:
    """Take the pictures of one theme; what goes wrong in one does not spoil the others.

    `alone` puts the file browser away, so that the panel is nearly as wide as the window. `setup`
    is the first cell, which defines what makes the debuggers; `suffix` ends the names of the files.
    With `whole` a state has its whole cell, which shows the panel, and all that it shows is taken.
    """
    taken: list[Path] = []
    if not states:
        return taken
    shows = "" if whole else "\ndbg"
    cells = [setup, *(f"dbg = {made}{shows}" for _, _, made in states)]
    suffix += "-dark" if theme == DARK else ""
    with lab.open(cells, theme=theme, width=window[0], height=window[1], scale=scale) as notebook:
        if alone:
            hide = "window.jupyterapp.commands.execute('application:toggle-left-area')"
            notebook.page.evaluate(hide)
        notebook.run_cell(0)
        for cell, (name, act, _) in enumerate(states, 1):
            notebook.run_cell(cell)
            panel = notebook.output(cell).locator(".lellm-nb")
            nodes = panel.get_by_role("region", name="Graph").locator(".node")
            expect(nodes.first).to_be_attached()
            notebook.page.set_default_timeout(8_000)
            try:
                act(notebook, panel)
            except Exception as error:  # the picture shows what was there instead
                print(f"{name}: {str(error)[:600]}")
            panel.scroll_into_view_if_needed()
            notebook.page.mouse.move(0, 0)
            file = folder / f"{name}{suffix}.png"
            shot = notebook.output(cell) if whole else panel
            shot.screenshot(path=file, animations="disabled")
            taken.append(file)
            notebook.kernel("None", "dbg.stop()")
        if notebook.complaints:
            print("The page complained:", *notebook.complaints[:5], sep="\n  ")
    return taken


WIDTHS = {1400: (1400, 1000), 900: (900, 1000), 390: (390, 1300)}
"""The windows in which states are looked at, by their widths."""
WHOLE = 1600
"""So high is the window in which all that a cell shows is in sight."""


def take_at_widths(every: list[State], setup: str, name: str, *, whole: bool = False) -> int:
    """Take the pictures that the command line asks for, of whole windows at three widths.

    Its words are a folder, then names of states, ``light`` or ``dark``, and widths; all by default.
    `setup` is the first cell, and `whole`, as for `take`; `name` is that of the folder by default.
    """
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else f"test-results/{name}")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    widths = [width for width in WIDTHS if str(width) in wanted] or list(WIDTHS)
    themes = [theme for theme in (LIGHT, DARK) if theme.split()[-1].lower() in wanted]
    words = [w for w in wanted if w not in ("light", "dark") and not w.isdigit()]
    states = [s for s in every if not words or s[0] in words]
    with Lab() as lab:
        for theme in themes or (LIGHT, DARK):
            for width in widths:
                window = (width, WHOLE) if whole else WIDTHS[width]
                size = {"window": window, "alone": True, "suffix": f"-{width}"}
                for file in take(lab, folder, states, theme, setup=setup, whole=whole, **size):
                    print(file)
    return 0


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "test-results/states")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    themes = [theme for theme in (LIGHT, DARK) if theme.split()[-1].lower() in wanted]
    words = [word for word in wanted if word not in ("light", "dark")]
    states = [s for s in STATES if not words or any(word in s[0] for word in words)]
    with Lab() as lab:
        for theme in themes or (LIGHT, DARK):
            wide = [s for s in states if s[1] is not narrow]
            small = [s for s in states if s[1] is narrow]
            for file in (
                *take(lab, folder, wide, theme, window=(1280, 1000)),
                *take(lab, folder, small, theme, window=(390, 1300), alone=True),
            ):
                print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
