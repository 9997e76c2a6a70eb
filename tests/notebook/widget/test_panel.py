"""The panel without a browser: messages in, messages out, one writer."""

from __future__ import annotations

import base64
import re
import threading
import time

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.graph.drawing.layered import layered, visible
from lellm_nb.notebook.export.still import static_html
from lellm_nb.notebook.messages.commands import toggle_breakpoint
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.widget import writer
from lellm_nb.notebook.widget.panel import Panel, panel_for
from lellm_nb.notebook.widget.writer import PACE, WidgetUpdater, WidgetWriter
from tests.waiting import until


def make(name="review"):
    g = GraphBuilder(name)
    g.node("draft", lambda ctx: {"draft": "x"}).barrier("approve")
    g.node("publish", lambda ctx: {"published": True})
    g.edge("draft", "approve").edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
    return Debugger(g.edge("approve", "publish").start("draft").end("publish").build())


class Page:
    """Stands for the browser: presses, and keeps what it is sent."""

    def __init__(self, panel, monkeypatch):
        self.panel = panel
        self.heard = []
        self.asked = 0
        monkeypatch.setattr(panel, "send", lambda content, buffers=None: self.heard.append(content))

    def press(self, **order):
        self.panel._heard(self.panel, order, [])

    def ask(self, **question):
        self.asked += 1
        mine = f"q{self.asked}"
        self.press(**question, re=mine)
        return self.until(lambda m: m["kind"] == "reply" and m["re"] == mine)["answer"]

    def until(self, wanted):
        found = until(lambda: list(filter(wanted, list(self.heard))), "a message", pace=0.005)
        return found[0]


@pytest.fixture
def page(monkeypatch):
    return Page(Panel(make()), monkeypatch)


def test_a_press_runs_and_the_change_comes_back(page):
    """The handler posts and returns; what changed arrives by itself."""
    page.press(do="run")

    page.until(lambda m: m.get("head", {}).get("status") == "waiting")
    assert page.panel.debugger.pending


def test_a_decision_by_button_runs_on_and_with_shift_it_stays(page):
    """A button decides and runs on; Shift leaves the run at its decision."""
    dbg = page.panel.debugger
    dbg.run()

    page.press(do="reject", id="approve#0", reason="too short", stay=True)
    until(
        lambda: dbg.frames[dbg.head].kind == "decision" and not dbg.busy, "the decision", pace=0.005
    )
    assert dbg.state["approve.reject_reason"] == "too short"

    page.press(do="run")
    until(lambda: dbg.pending, "the barrier", pace=0.005)
    page.press(do="approve", id="approve#1", stay=False)
    until(lambda: dbg.status == "completed", "the end", pace=0.005)


def test_a_step_that_is_soon_over_is_told_once_and_a_long_one_is_said_to_run(monkeypatch):
    """No flicker of the buttons, and half of the messages, for nodes that return at once."""
    gate = threading.Event()
    g = GraphBuilder("two").node("quick", lambda ctx: None)
    g.node("slow", lambda ctx: gate.wait(10) and None).edge("quick", "slow")
    page = Page(Panel(Debugger(g.start("quick").end("slow").build())), monkeypatch)

    monkeypatch.setattr("lellm_nb.notebook.widget.panel.BRIEF", 60.0)
    page.press(do="step")
    page.until(lambda m: m.get("head", {}).get("head") == 1)
    assert not any(m.get("head", {}).get("busy") for m in page.heard)

    monkeypatch.setattr("lellm_nb.notebook.widget.panel.BRIEF", 0.05)
    page.press(do="step")
    page.until(lambda m: m.get("head", {}).get("busy"))
    gate.set()
    page.until(lambda m: m.get("head", {}).get("status") == "completed")


def test_an_error_behind_a_button_is_shown(page):
    """Nothing that goes wrong after a press is lost."""
    page.press(do="approve", id="nobody#0", stay=False)

    alert = page.until(lambda m: m.get("head", {}).get("alert"))["head"]["alert"]
    assert "No barrier waits" in alert["text"]

    page.press(do="modify", id="approve#0", key="", value="1", stay=False)
    page.until(lambda m: "Key first" in ((m.get("head", {}).get("alert") or {}).get("text", "")))


def test_the_panel_follows_a_fork_and_the_debugger_stays(page):
    """Fork here leads the view away; the debugger in the notebook stays where it was."""
    dbg = page.panel.debugger
    dbg.run()

    page.press(do="fork", frame=1)
    page.until(lambda m: m["kind"] == "snapshot" and m["head"]["line"] == "fork 1")

    assert page.panel.debugger is not dbg
    assert page.panel.debugger.head == 1
    assert (dbg.line, dbg.head) == ("main", 2)

    page.press(do="line", line="main")
    page.until(lambda m: m["kind"] == "snapshot" and m["head"]["line"] == "main")


def test_a_view_that_starts_late_gets_everything(page):
    """A reloaded page says what it knows and is sent the rest."""
    page.panel.debugger.run()
    page.until(lambda m: m.get("head", {}).get("status") == "waiting")

    page.press(do="hello", seq=-1)

    snapshot = page.until(lambda m: m["kind"] == "snapshot")
    assert snapshot["head"]["status"] == "waiting"
    assert snapshot["standing"]["index"] == 2


def test_looking_is_shared_and_moves_nothing(page):
    """Every view of the panel shows the same frame; the run stays."""
    dbg = page.panel.debugger
    dbg.run()

    page.press(do="look", frame=1, by="me")

    told = page.until(lambda m: (m.get("head", {}).get("look") or {}).get("frame") == 1)
    assert told["head"]["look"]["by"] == "me"
    assert dbg.head == 2


def test_a_breakpoint_is_toggled(page):
    """The same click sets it and takes it away."""
    page.press(do="breakpoint", node=2)
    page.until(lambda m: m.get("head", {}).get("breakpoints") == [[2, True, False]])
    page.press(do="breakpoint", node=2)
    page.until(lambda m: m.get("head", {}).get("breakpoints") == [])

    dbg = make()
    dbg.break_at("draft")
    toggle_breakpoint(dbg, "draft")
    assert len(dbg.breakpoints) == 0


def test_a_question_is_answered_to_who_asked(page):
    """Big things are fetched when they are looked at."""
    page.panel.debugger.run()

    reply = page.ask(ask="detail", frame=1, tab="mutations")
    route = page.ask(ask="detail", frame=1, tab="route")

    assert reply["rows"][0]["path"] == "draft"
    assert route["kind"] == "normal"


def test_a_debugger_has_one_panel():
    """Shown twice it is two views of one panel, which stay in step."""
    dbg = make()

    assert panel_for(dbg) is panel_for(dbg)
    assert panel_for(make()) is not panel_for(dbg)


def test_a_burst_of_changes_is_a_few_updates_and_the_last_one_counts():
    """Thousands of changes a second reach the browser about thirty times."""
    seen = []
    latest = [0]
    client = WidgetUpdater(lambda: seen.append(latest[0]), WidgetWriter())
    begun = time.monotonic()

    while time.monotonic() - begun < 0.5:
        latest[0] += 1
        client.touch()
        time.sleep(0.0002)
    until(lambda: seen and seen[-1] == latest[0], "the newest update", pace=0.005)

    assert len(seen) <= 0.6 / PACE + 4
    assert len(seen) >= 5


def test_the_first_change_goes_at_once(monkeypatch):
    """A step is seen when it is made, not at the next tick of a clock: the next is an hour away."""
    monkeypatch.setattr(writer, "PACE", 3600.0)
    done = threading.Event()
    client = WidgetUpdater(done.set, WidgetWriter())

    client.touch()

    assert done.wait(5)


def test_a_writer_outlives_an_update_that_fails(caplog):
    """One panel's failure does not silence the others."""
    writer = WidgetWriter()
    seen = threading.Event()
    broken = WidgetUpdater(lambda: 1 / 0, writer)
    sound = WidgetUpdater(seen.set, writer)

    broken.touch()
    sound.touch()

    assert seen.wait(5)


def test_the_still_form_survives_a_sanitiser_and_runs_nothing():
    """A saved notebook shows picture and table without a kernel, whatever is in the state."""
    evil = "<script>alert(1)"
    g = GraphBuilder(evil).node(evil, lambda ctx: {evil: evil}).start(evil).end(evil)
    dbg = Debugger(g.build())
    dbg.run()
    updates = Updates(dbg)
    updates.snapshot()

    picture = layered(visible(updates.outline, set()))
    html = static_html(dbg, updates.outline, picture, updates.statuses())

    assert "<script" not in html
    image = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]).decode()
    assert "<script" not in image
    assert "completed" in html
    assert html.count("<tr>") == 3


def test_docking_without_its_package_says_what_to_do(monkeypatch):
    """`dbg.dock()` is found whatever was imported before, and says what it needs."""
    import sys

    from lellm_nb.errors import DebuggerError

    monkeypatch.setitem(sys.modules, "sidecar", None)

    for _ in range(2):
        with pytest.raises(DebuggerError, match="pip install sidecar"):
            make().dock()


def test_docking_without_a_notebook_says_so():
    """A script has no place beside it, and hears of it at once."""
    from lellm_nb.errors import DebuggerError

    with pytest.raises(DebuggerError, match="needs a notebook in JupyterLab"):
        make().dock()
