"""Numbers of the view in a real JupyterLab: `python -m benchmarks.view [--short]`.

Commit to painted is measured on one machine by one clock: a commit's wall time against the
second animation frame after the page heard of it. Everything that travels is counted in the
page, as JSON with its envelope.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.harness.lab import Lab, Notebook  # noqa: E402  # the root must be found first
from tests.browser.harness.servers import until  # noqa: E402

SETUP = """
import time, asyncio, threading
from lellm_nb import *
from lellm_nb.notebook.widget.panel import panel_for

def chain(size, pause=0.0):
    g = GraphBuilder("chain")
    async def work(ctx):
        if pause:
            await asyncio.sleep(pause)
        return {"n": ctx.state.get("n", 0) + 1}
    for i in range(size):
        g.node(f"n{i}", work)
        if i:
            g.edge(f"n{i - 1}", f"n{i}")
    g.edge_if(f"n{size - 1}", "n0", lambda s: s["n"] < s["limit"])
    g.node("end", lambda ctx: None).edge(f"n{size - 1}", "end")
    return Debugger(g.start("n0").end("end").build(), {"limit": 10**9}, max_steps=10**9)

COMMITS = []
def timed(dbg):
    COMMITS.clear()
    def heard():
        head = dbg.head
        if not COMMITS or COMMITS[-1][0] != head:
            COMMITS.append((head, time.time_ns() / 1e6))
    return dbg.subscribe(heard)

def isolated(dbg, count, pause):
    # from a thread: a request of the page would put messages of its own before each step
    def go():
        for _ in range(count):
            dbg.post("step").result()
            time.sleep(pause)
    stepping = threading.Thread(target=go)
    stepping.start()
    return stepping
"""

# The slider's `max` and the status line change with the head: both are in the panel's DOM.
WATCH = """(panel) => {
  const probe = (window.__probe = { painted: [], frames: [] });
  const line = panel.querySelector('[role=status]');
  const seen = () => {
    const found = line.textContent.match(/frame ([\\d,]+) of/);
    const head = found ? Number(found[1].replaceAll(',', '')) : -1;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      probe.painted.push([head, performance.timeOrigin + performance.now()]);
    }));
  };
  window.__observer?.disconnect();
  window.__observer = new MutationObserver(seen);
  window.__observer.observe(line, { childList: true, characterData: true, subtree: true });
}"""

SCRUB = """async (panel) => {
  const slider = panel.querySelector('input[type=range]');
  const last = Number(slider.max);
  const gaps = [];
  let before = 0;
  for (let step = 0; step <= 300; step += 1) {
    slider.value = Math.round((step / 300) * last);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    const now = await new Promise(requestAnimationFrame);
    if (before) gaps.push(now - before);
    before = now;
  }
  return gaps;
}"""


def rest(notebook: Notebook, seconds: float) -> None:
    """Wait while what the page hears is still counted: plain sleep would hold that up."""
    notebook.page.wait_for_timeout(seconds * 1e3)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def said(name: str, values: list[float], unit: str = "ms", target: str = "") -> None:
    """Print the middle and the tail of one figure."""
    print(
        f"{name:<58} p50 {percentile(values, 0.5):7.1f}  p95 {percentile(values, 0.95):7.1f}"
        f"  max {max(values, default=float('nan')):7.1f} {unit}  n={len(values)}  {target}",
        flush=True,
    )


class Wire:
    """What travels over the page's socket to the kernel, counted."""

    def __init__(self, page: Any) -> None:
        self.received = self.sent = self.messages = 0
        page.on("websocket", self._opened)

    def _opened(self, socket: Any) -> None:
        socket.on("framereceived", self._in)
        socket.on("framesent", self._out)

    def _in(self, payload: Any) -> None:
        self.received += len(payload)
        self.messages += 1

    def _out(self, payload: Any) -> None:
        self.sent += len(payload)

    def mark(self) -> tuple[int, int, int]:
        return self.received, self.sent, self.messages


def latencies(notebook: Notebook) -> list[float]:
    """From each commit to the first paint that shows it or a later one."""
    painted = notebook.page.evaluate("window.__probe.painted")
    commits = notebook.kernel("COMMITS")
    found, at = [], 0
    for head, when in commits:
        while at < len(painted) and painted[at][0] < head:
            at += 1
        if at == len(painted):
            break
        found.append(painted[at][1] - when)
    return found


def panel_of(notebook: Notebook, cell: int) -> Any:
    panel = notebook.output(cell).locator(".lellm-nb")
    panel.get_by_role("region", name="Graph").locator(".node").first.wait_for(state="attached")
    return panel


def steps(notebook: Notebook, cell: int, count: int, size: int) -> None:
    panel = panel_of(notebook, cell)
    panel.evaluate(WATCH)
    notebook.kernel("None", "leave = timed(dbg)")
    notebook.kernel("None", "dbg.post('step').result()")
    notebook.kernel("None", f"stepping = isolated(dbg, {count}, 0.15)")
    rest(notebook, count * 0.16)
    notebook.kernel("None", "stepping.join()")
    rest(notebook, 0.5)
    said(f"commit -> painted, isolated steps, {size:,} nodes", latencies(notebook), target="<= 50")
    notebook.kernel("None", "leave()")


def loop(notebook: Notebook, wire: Wire, cell: int, size: int, seconds: float) -> None:
    panel = panel_of(notebook, cell)
    panel.evaluate(WATCH)
    notebook.kernel("None", "leave = timed(dbg); handle = dbg.start(); None")
    before, head = wire.mark(), notebook.kernel("dbg.head")
    rest(notebook, seconds)
    after, now = wire.mark(), notebook.kernel("dbg.head")
    notebook.kernel("None", "dbg.pause(); handle.result(30); leave()")
    rest(notebook, 0.5)
    made = max(1, now - head)
    said(f"commit -> painted, running loop, {size:,} nodes", latencies(notebook), target="<= 50")
    print(
        f"{'  on the wire inside the run':<58} {(after[0] - before[0]) / made:7.0f} B a step"
        f"  ({made / seconds:,.0f} steps/s, {(after[2] - before[2]) / seconds:.0f} messages/s)"
        "  <= 1,000",
        flush=True,
    )


def click(notebook: Notebook, wire: Wire, count: int) -> None:
    panel = notebook.page.locator(".lellm-nb").last
    costs, times = [], []
    for _ in range(count):
        head = notebook.kernel("dbg.head")
        rest(notebook, 2.2)  # the still form of the click before is through
        before = wire.mark()
        begun = time.perf_counter()
        panel.get_by_role("button", name="Step", exact=True).click()
        line = panel.get_by_role("status")
        until(lambda line=line, n=head + 1: f"frame {n} " in line.inner_text(), "the step")
        times.append((time.perf_counter() - begun) * 1e3)
        rest(notebook, 2.2)
        after = wire.mark()
        costs.append((after[0] - before[0] + after[1] - before[1]) / 1e3)
    said("wire of a click on Step, with all that follows", costs, "kB", "<= 8")


def opening(notebook: Notebook, cell: int, name: str, target: str) -> None:
    begun = time.perf_counter()
    notebook.start(cell)
    panel = notebook.output(cell).locator(".lellm-nb")
    panel.locator(".node").first.wait_for(state="attached")
    notebook.page.evaluate(
        "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
    )
    said(name, [(time.perf_counter() - begun) * 1e3], target=target)
    notebook.finish(cell)


def big_value(notebook: Notebook, wire: Wire, cell: int) -> None:
    notebook.run_cell(cell)
    panel = panel_of(notebook, cell)
    rest(notebook, 2.5)
    before = wire.mark()
    panel.get_by_role("tabpanel").locator("button.tree-row").first.click()
    panel.get_by_role("tabpanel").locator(".full").first.wait_for()
    rest(notebook, 0.3)
    after = wire.mark()
    said("opening a value of 10 MB, on the wire", [(after[0] - before[0]) / 1e3], "kB", "<= 100")


def heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def main() -> int:
    print(f"load of the machine at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.view", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer of everything")
    short = parser.parse_args().short
    size, count = 1000, 40 if short else 200
    cells = [
        SETUP,
        f"dbg = chain({size}, 0.004)\ndbg",
        f"dbg = chain({size})\ndbg",
        "dbg = chain(100)\ndbg.step(9_999)\nNone",
        "dbg",
        "dbg = Debugger(GraphBuilder('g').node('a', lambda c: None).start('a').end('a').build(),"
        " {'text': 'x' * 10_000_000})\ndbg",
    ]
    with Lab() as lab, lab.open(cells, width=1400, height=1000) as notebook:
        wire = Wire(notebook.page)
        notebook.page.reload()  # the socket is heard from its beginning
        notebook.wait_for_kernel()
        notebook.run_cell(0)
        opening(notebook, 1, f"open {size:,} nodes: cell -> graph painted", "<= 1,000")
        steps(notebook, 1, count, size)
        loop(notebook, wire, 1, size, 4 if short else 15)
        click(notebook, wire, 3 if short else 8)
        notebook.run_cell(3)
        opening(notebook, 4, "open a finished run of 10,000 frames", "<= 1,000")
        panel = panel_of(notebook, 4)
        panel.evaluate(SCRUB)
        said("scrub 10,000 frames, from frame to frame", panel.evaluate(SCRUB), target="<= 20")
        big_value(notebook, wire, 5)
        notebook.run_cell(2)
        panel_of(notebook, 2)
        before = heap(notebook.page)
        loop(notebook, wire, 2, size, 4 if short else 20)
        print(
            f"{'  page memory before and after that loop':<58}"
            f" {before:.1f} -> {heap(notebook.page):.1f} MB"
            f" over {notebook.kernel('dbg.head'):,} steps",
            flush=True,
        )
        print(json.dumps(notebook.complaints[:3]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
