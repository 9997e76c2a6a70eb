"""Pictures of the tab Calls in its states, for a person to look at.

python -m tests.browser.calls.states /tmp/shots [name …] [light | dark] [1400 | 900 | 390]
"""

from __future__ import annotations

import sys

from playwright.sync_api import Locator, expect

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, look_at
from tests.browser.harness.servers import ROOT
from tests.browser.screenshots_states import State, take_at_widths

SETUP = f"""import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.browser.calls import graphs
"""


def calls(page: Notebook, panel: Locator, frame: int = 2) -> Locator:
    """Look at the calls of a frame; return their list."""
    expect(panel.locator(".status-line")).to_contain_text("frame 3 of 3")
    look_at(panel, frame)
    expect(panel.locator(".frame-title")).to_contain_text(f"frame {frame}")
    panel.get_by_role("tab", name="Calls").click()
    shown = panel.get_by_role("list", name="Calls", exact=True)
    expect(shown.get_by_role("article").first).to_be_visible()
    return shown


def ran(page: Notebook, panel: Locator) -> None:
    """The last call is open."""
    page.kernel("None", "dbg.run()")
    calls(page, panel)
    expect(panel.get_by_role("tabpanel")).to_contain_text("finish: stop")


def opened(page: Notebook, panel: Locator) -> None:
    """A call in the middle is open too, and what was said before."""
    ran(page, panel)
    middle = panel.get_by_role("article", name="call 1, gpt-4o-mini")
    middle.get_by_role("button", name="1 gpt-4o-mini").click()
    middle.get_by_role("button", name="2 messages as in the call before").click()
    expect(middle).to_contain_text("Tools (3)")
    middle.scroll_into_view_if_needed()


def whole(page: Notebook, panel: Locator) -> None:
    """Sixty messages."""
    ran(page, panel)
    first = panel.get_by_role("article", name="call 0, gpt-4o-mini")
    first.get_by_role("button", name="0 gpt-4o-mini").click()
    expect(first).to_contain_text("Question 27")
    first.scroll_into_view_if_needed()


def failing(page: Notebook, panel: Locator) -> None:
    """A call that failed, and the frame that failed with it."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("tab", name="Calls").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("the model said 400")


def stopped(page: Notebook, panel: Locator) -> None:
    """Stopped inside of a node, at a call that asks for a tool."""
    page.kernel("None", "dbg.break_on_call(tool='refund'); dbg.run()")
    panel.get_by_role("tab", name="Calls").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("stopped here")
    expect(panel.get_by_role("tabpanel")).to_contain_text("broken on arrival")


def budget(page: Notebook, panel: Locator) -> None:
    """Held by a budget."""
    page.kernel("None", "dbg.budget(calls=1); dbg.run()")
    panel.get_by_role("tab", name="Calls").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("stopped here")


def growing(page: Notebook, panel: Locator) -> None:
    """An answer is coming."""
    page.kernel("None", "handle = dbg.start(); [graphs.held[-1].go.release() for _ in range(11)]")
    panel.get_by_role("tab", name="Calls").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("do not drift")


def http(page: Notebook, panel: Locator) -> None:
    """A request that is no chat, and a function."""
    page.kernel("None", "dbg.run()")
    shown = calls(page, panel)
    shown.get_by_role("article").first.get_by_role("button").first.click()
    expect(shown).to_contain_text("Response")


def short(page: Notebook, panel: Locator) -> None:
    """Messages that are not there any more, and a model that nobody knows the price of."""
    page.kernel("None", "dbg.run()")
    calls(page, panel)
    expect(panel.get_by_role("tabpanel")).to_contain_text("not in this one")


def three(page: Notebook, panel: Locator) -> None:
    """An edited call with three answers."""
    ran(page, panel)
    last = panel.get_by_role("article", name="call 2, gpt-4o-mini")
    button(last, "Edit and ask again").click()
    editor = last.get_by_role("group", name="Edit call 2")
    editor.get_by_role("textbox", name="Message 1", exact=True).fill("Can I have a new otter?")
    editor.get_by_role("spinbutton", name="Answers").fill("3")
    button(editor, "Ask").click()
    expect(last.get_by_role("article", name="answer 3")).to_be_visible()
    last.get_by_role("article", name="answer 3").scroll_into_view_if_needed()


def served(page: Notebook, panel: Locator) -> None:
    """A fork over served calls, one of them edited."""
    page.kernel("None", "dbg.run()")
    page.kernel(
        "None",
        "fork = dbg.rerun(2, calls=2, edit={2: [{'role': 'user', 'content': 'Say it shorter.'}]})",
    )
    panel.get_by_role("combobox", name="Line").select_option("fork 1")
    calls(page, panel)
    expect(panel.get_by_role("tabpanel")).to_contain_text("served from frame 2")


def card(page: Notebook, panel: Locator) -> None:
    """The card of a node with its sums."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("button", name="agent, done", exact=True).click()
    expect(panel.get_by_role("group", name="Node agent")).to_contain_text("tokens")


def state(page: Notebook, panel: Locator) -> None:
    """Messages in the state as a conversation."""
    page.kernel("None", "dbg.run()")
    panel.get_by_role("tab", name="State").click()
    panel.get_by_role("tabpanel").get_by_role("button", name="messages").first.click()
    expect(panel.get_by_role("list", name="messages as chat")).to_contain_text("one otter")


STATES: list[State] = [
    ("tools", opened, "graphs.tools()"),
    ("long", whole, "graphs.chat()"),
    ("picture", ran, "graphs.picture()"),
    ("retried", ran, "graphs.retried()"),
    ("failed", failing, "graphs.failed()"),
    ("stopped", stopped, "graphs.tools()"),
    ("budget", budget, "graphs.tools()"),
    ("growing", growing, "graphs.streaming()"),
    ("http", http, "graphs.plain_http()"),
    ("short", short, "graphs.shortened()"),
    ("answers", three, "graphs.tools()"),
    ("served", served, "graphs.tools()"),
    ("state", state, "graphs.messages()"),
    ("card", card, "graphs.tools()"),
]


if __name__ == "__main__":
    sys.exit(take_at_widths(STATES, SETUP, "calls"))
