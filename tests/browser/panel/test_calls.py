"""What a model saw, what it answered, and what if: in the panel, as a person does it."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import DARK, LIGHT
from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button, look_at, node
from tests.browser.harness.servers import ROOT

pytestmark = pytest.mark.timeout(180)

SETUP = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.browser.calls import graphs
dbg = graphs.tools()
"""


def another(made: str) -> str:
    """The first cell of another run."""
    return SETUP.replace("graphs.tools()", made)


def calls_of(page: Notebook, panel: Locator, frame: int = 2) -> Locator:
    """Look at the calls of a frame of a run that has ended."""
    page.kernel("dbg.run() and None")
    expect(panel.locator(".status-line")).to_contain_text("completed")
    look_at(panel, frame)
    return calls_tab(panel)


def calls_tab(panel: Locator) -> Locator:
    """The list of calls."""
    panel.get_by_role("tab", name="Calls").click()
    return panel.get_by_role("list", name="Calls", exact=True)


def call(calls: Locator, number: int) -> Locator:
    """The article of one call."""
    return calls.get_by_role("article", name=f"call {number}, gpt-4o-mini", exact=True)


def opened(calls: Locator, number: int) -> Locator:
    """The same, open."""
    found = call(calls, number)
    toggle = found.get_by_role("button", name=f"{number} gpt-4o-mini")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    expect(found.get_by_role("list", name="Conversation")).to_be_visible()
    return found


def test_the_calls_of_a_step_are_a_conversation(shown):
    """Sums on top, the last call open, what was there before in one button, results with calls."""
    page, panel = shown()

    calls = calls_of(page, panel)

    expect(panel.get_by_role("status", name="Sums")).to_contain_text("3 calls")
    expect(calls.get_by_role("article", name="call")).to_have_count(3)
    middle = opened(calls, 1)
    expect(middle.get_by_role("article", name="assistant")).to_contain_text(
        'lookup_order(order_id="A-1042")'
    )
    expect(middle.get_by_role("article", name="assistant")).to_contain_text("one otter")
    expect(middle.get_by_role("article", name="system")).to_have_count(0)
    button(middle, "2 messages as in the call before").click()
    system = middle.get_by_role("article", name="system")
    expect(system).to_contain_text("You are the support agent of a shop.")
    button(system, "more").click()
    expect(system.get_by_role("button", name="less")).to_be_visible()
    answer = middle.get_by_role("article", name="answer")
    expect(answer.get_by_role("group", name="tool call send_mail")).to_contain_text("one otter")


def test_tokens_and_cost_stand_at_the_status_the_frame_and_the_node(shown):
    """And nothing where there were no calls."""
    page, panel = shown()
    expect(panel.locator(".status-calls")).to_be_empty()

    calls_of(page, panel)

    expect(panel.locator(".status-calls")).to_contain_text("3 calls · 644 tokens · $0.00017")
    expect(panel.locator(".frame-title")).to_contain_text("3 calls · 644 tokens · $0.00017")
    node(panel, "agent, done").click()
    expect(panel.get_by_role("group", name="Node agent")).to_contain_text("3 calls · 644 tokens")


def test_what_somebody_sent_is_text_and_a_picture_only_where_it_is_whole(shown):
    """No address of a message is loaded, and no markup of it is drawn."""
    page, panel = shown(setup=another("graphs.picture()"))
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))

    calls = calls_of(page, panel)

    user = calls.get_by_role("article", name="user")
    expect(user.locator("img")).to_have_count(1)
    expect(user).to_contain_text("image https://example.com/otter.png")
    expect(user).to_contain_text("data:image/svg+xml")
    assert not [url for url in asked if "example.com" in url]


def test_a_call_is_edited_and_asked_again_and_nothing_moves(shown):
    """Answers side by side; *Use this answer* leads to a fork that goes on with one of them."""
    page, panel = shown()
    calls = calls_of(page, panel)
    last = opened(calls, 2)

    button(last, "Edit and ask again").click()
    editor = last.get_by_role("group", name="Edit call 2")
    editor.get_by_role("textbox", name="Message 1", exact=True).fill("A new otter, please.")
    button(editor, "Add message").click()
    editor.get_by_role("textbox", name="Message 7", exact=True).fill("Quickly.")
    button(editor, "Remove message 0").click()
    editor.get_by_role("spinbutton", name="Answers").fill("3")
    button(editor, "Ask").click()

    expect(last.get_by_role("article", name="answer 3")).to_contain_text("Done: the refund")
    assert page.kernel("(len(dbg.frames), dbg.lines)") == [4, ["main"]]
    sent = page.kernel("graphs.held[0].asked[-1]['messages']")
    assert sent[0] == {"role": "user", "content": "A new otter, please."}
    assert sent[-1] == {"role": "user", "content": "Quickly."}
    button(last.get_by_role("article", name="answer 2"), "Use this answer").click()
    expect(panel.locator(".status-line")).to_contain_text("completed · frame 3 of 3 · fork 1")
    made = "[c.served for c in dbg.branch('fork 1').frames[2].calls]"
    assert page.kernel(made) == [True, True, True]


def test_a_run_goes_on_from_a_call_in_a_fork(shown):
    """The calls before it are served, and the panel goes along."""
    page, panel = shown()
    calls = calls_of(page, panel)

    button(opened(calls, 1), "Run on from here").click()

    expect(panel.locator(".status-line")).to_contain_text("fork 1")
    look_at(panel, 2)
    expect(call(calls, 0)).to_contain_text("served from frame 2")
    assert page.kernel("len(graphs.held[0].asked)") == 5


def test_another_answer_is_written_in_place_of_the_one_that_came(shown):
    """A fork goes on as if the model had said that."""
    page, panel = shown()
    calls = calls_of(page, panel)
    last = opened(calls, 2)

    button(last, "Edit answer").click()
    last.get_by_role("textbox", name="Answer", exact=True).fill("No.")
    button(last, "Use this answer").click()

    expect(panel.locator(".status-line")).to_contain_text("fork 1")
    assert page.kernel("dbg.branch('fork 1').state['answer']") == "No."


def test_without_keys_a_card_asks_for_one(shown):
    """They are never stored: in a new process nobody has them (K5)."""
    page, panel = shown()
    calls = calls_of(page, panel)
    page.kernel("__import__('lellm_nb.calls.credentials').calls.credentials.forget_credentials()")
    last = opened(calls, 2)

    button(last, "Edit and ask again").click()
    button(last, "Ask").click()

    card = last.get_by_role("group", name="Credentials")
    expect(card).to_contain_text("in this process")
    card.get_by_label("Key").fill("a key that nobody keeps")
    button(card, "Use this key").click()
    expect(last.get_by_role("button", name="Use this answer")).to_have_count(1)
    expect(panel).not_to_contain_text("nobody keeps")


def test_an_answer_grows_while_its_node_runs(shown):
    """What came so far is there, and buttons that would run nodes say why they wait."""
    page, panel = shown(setup=another("graphs.streaming()"))
    calls = calls_tab(panel)
    page.kernel("None", "handle = dbg.start(); go = graphs.held[0].go")
    answer = calls.get_by_role("article", name="answer")

    page.kernel("None", "[go.release() for _ in range(3)]")
    expect(answer).to_contain_text("Otters hold hands while")
    page.kernel("None", "[go.release() for _ in range(4)]")
    expect(answer).to_contain_text("so that")
    run = button(calls, "Run on from here")
    expect(run).to_have_attribute("aria-disabled", "true")
    expect(run).to_have_attribute("title", "Running: pause first")
    expect(panel.locator(".status-calls")).to_contain_text("1 call")
    page.kernel("None", "[go.release() for _ in range(30)]")

    expect(panel.locator(".status-line")).to_contain_text("completed")
    expect(panel.locator(".status-calls")).to_contain_text("tokens")


def test_a_stop_inside_of_a_node_is_seen(shown):
    """In the status line, at the node, and at the call that it stopped at."""
    page, panel = shown()
    page.kernel("dbg.break_on_call(tool='refund') and None")

    button(panel, "Run").click()

    expect(panel.locator(".status-line")).to_contain_text("paused in agent, after call 1")
    expect(node(panel, "agent, current")).to_be_visible()
    calls = calls_tab(panel)
    expect(call(calls, 1)).to_contain_text("stopped here: after call 1 of agent")
    expect(call(calls, 1)).to_contain_text("broken on arrival")
    expect(call(calls, 0)).not_to_contain_text("stopped here")


def test_a_budget_that_holds_is_said_and_run_goes_on(shown):
    """With as much more."""
    page, panel = shown()
    page.kernel("dbg.budget(calls=2) and None")

    button(panel, "Run").click()

    expect(panel.locator(".status-why")).to_contain_text("the budget holds before call 2 of agent")
    expect(call(calls_tab(panel), 2)).to_contain_text("stopped here")
    button(panel, "Run").click()
    expect(panel.locator(".status-line")).to_contain_text("completed")


def test_a_page_without_a_kernel_shows_calls_and_has_no_buttons(shown, tmp_path):
    """What was said is there, what was folded too; nothing can be asked or run."""
    page, _ = shown()
    page.kernel("None", f"dbg.run(); dbg.export_html({str(tmp_path / 'run.html')!r})")

    alone = page.page.context.new_page()
    alone.goto((tmp_path / "run.html").as_uri())
    saved = alone.locator(".lellm-nb")
    look_at(saved, 2)
    calls = calls_tab(saved)
    middle = opened(calls, 1)
    button(middle, "2 messages as in the call before").click()

    expect(middle.get_by_role("article", name="system")).to_contain_text("support agent")
    expect(middle).to_contain_text('lookup_order(order_id="A-1042")')
    expect(saved.locator(".status-calls")).to_contain_text("3 calls")
    for name in ("Edit and ask again", "Run on from here", "Edit answer"):
        expect(button(saved, name).locator("visible=true")).to_have_count(0)
    alone.close()


def test_messages_in_the_state_are_a_conversation(shown):
    """Chat, table or JSON, as somebody chose; it stays so at the next frame."""
    page, panel = shown(setup=another("graphs.messages()"))
    page.kernel("dbg.run() and None")
    expect(panel.locator(".status-line")).to_contain_text("completed")
    state = panel.get_by_role("tabpanel")

    state.locator("button.tree-row", has_text="messages").click()
    chat = state.get_by_role("list", name="messages as chat")
    expect(chat.get_by_role("article")).to_have_count(4)
    expect(chat.get_by_role("article", name="assistant").first).to_contain_text("one otter")
    switch = state.get_by_role("radiogroup", name="Show messages as")
    switch.get_by_role("radio", name="JSON").check()
    expect(state.locator("pre")).to_contain_text('"tool_call_id": "t1"')
    switch.get_by_role("radio", name="Table").check()

    expect(state.get_by_role("table")).to_contain_text("Let me look.")
    look_at(panel, 2)
    expect(panel.locator(".frame-title")).to_contain_text("frame 2")
    state.locator("button.tree-row", has_text="messages").click()
    expect(state.get_by_role("radio", name="Table")).to_be_checked()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_no_serious_problem_for_anybody_in_calls(shown, theme):
    """axe finds none in open calls, in both editors and in answers."""
    page, panel = shown(theme=theme)
    page.page.add_style_tag(content="body { height: 100vh !important; overflow: visible }")
    page.page.evaluate(AXE_FILE_PATH.read_text())
    calls = calls_of(page, panel)
    middle = opened(calls, 1)
    button(middle, "2 messages as in the call before").click()
    last = opened(calls, 2)
    button(last, "Edit answer").click()
    button(last, "Edit and ask again").click()
    button(last, "Ask").click()
    expect(last.get_by_role("article", name="answer 1")).to_be_visible()

    found = page.page.evaluate("(panel) => axe.run(panel)", panel.element_handle())

    assert [
        f"{one['id']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ] == []


PAINTED = """(panel) => new Promise((resolve) => {
  const call = panel.querySelector('article.call');
  const talk = call.querySelector('.talk');
  const make = document.createElement.bind(document);
  let drawn = 0;
  document.createElement = (tag) => {
    if (tag === 'article') drawn ||= performance.now();
    return make(tag);
  };
  new MutationObserver((_, watch) => {
    if (talk.querySelectorAll('.message').length < 100) return;
    watch.disconnect();
    document.createElement = make;
    const done = () => resolve([performance.now() - since, performance.now() - drawn]);
    requestAnimationFrame(() => requestAnimationFrame(done));
  }).observe(talk, { childList: true });
  const since = performance.now();
  call.querySelector('.call-toggle').click();
})"""


def test_a_call_of_a_hundred_messages_is_painted_soon(shown):
    """Drawn and painted, two frames of the screen counted; and with the way to the kernel."""
    page, panel = shown(setup=another("graphs.chat(50)"))
    calls = calls_of(page, panel)
    expect(call(calls, 0)).to_be_visible()

    whole, painted = panel.evaluate(PAINTED)

    print(f"a call of 102 messages: drawn and painted in {painted:.0f} ms, {whole:.0f} in all")
    assert painted < 250, "50 ms on a quiet machine"
    assert whole < 1_000
