"""A LangGraph run in the panel, by mouse: step, wait, answer, rewind, fork, compare."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.panels import button, look_at, node, status
from tests.browser.langgraph.states import SETUP

pytest.importorskip("langgraph")
pytest.importorskip("langchain")
pytestmark = pytest.mark.timeout(180)

RIM = {"x": 2.0, "y": 20.0}
HITL = "HumanInTheLoopMiddleware.after_model"


@pytest.fixture
def run(shown):
    """Show the panel of one of the runs of `SETUP`."""
    return lambda made: shown(setup=f"{SETUP}\ndbg = {made}")


def card(panel: Locator, path: str) -> Locator:
    return panel.get_by_role("group", name=f"Barrier {path}", exact=True)


def action(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("group", name=name, exact=True)


def box(where: Locator, name: str) -> Locator:
    return where.get_by_role("textbox", name=name, exact=True)


def test_an_agent_is_stepped_asked_answered_and_rewound(run):
    """What is decided of each action is what its tools are given."""
    page, panel = run("agent()")
    expect(status(panel)).to_contain_text("ready")
    button(panel, "Step").click()
    expect(node(panel, "model, done")).to_be_visible()
    panel.get_by_role("tab", name="Output").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Let me look at that order.")

    button(panel, "Run").click()
    expect(node(panel, f"{HITL}, waiting")).to_be_visible()
    asked = card(panel, HITL)
    refund, mail = action(asked, "Action 1, refund"), action(asked, "Action 2, send_mail")
    expect(refund.get_by_role("radio")).to_have_count(4)
    expect(mail.get_by_role("radio")).to_have_count(2)
    expect(box(mail, "Arguments")).not_to_be_editable()
    expect(box(refund, "Message")).to_be_hidden()

    box(refund, "Arguments").fill('{"order_id": "A-17", "amount": 12345678901234567890}')
    expect(refund.get_by_role("radio", name="edit")).to_be_checked()
    mail.get_by_role("radio", name="reject").check()
    box(mail, "Message").fill("no mail, please")
    button(asked, "Answer").click()

    page.until("dbg.status == 'completed'")
    assert page.kernel("ran") == [["lookup_order", "A-17"], ["refund", 12345678901234567890]]
    assert page.kernel("any('no mail, please' in str(m.content) for m in dbg.state['messages'])")
    expect(card(panel, HITL)).to_have_count(0)

    look_at(panel, page.kernel("dbg.at('tools', 1).index"))
    button(panel.get_by_role("note"), "Rewind here").click()
    expect(status(panel)).to_contain_text("before model")
    button(panel, "Run").click()
    expect(card(panel, HITL)).to_be_visible()
    box(card(panel, HITL), "Reason").fill("never")
    button(card(panel, HITL), "Reject").click()
    page.until("dbg.status == 'completed'")
    assert page.kernel("len(ran)") == 2
    assert page.complaints == []


def test_an_answer_that_is_refused_says_why_and_what_was_typed_stays(run):
    """The form is made from the schema; nothing is decided before it fits."""
    page, panel = run("form()")
    button(panel, "Run").click()
    asked = card(panel, "review")
    expect(asked.get_by_role("group", name="Question")).to_contain_text("What becomes of this")
    expect(button(asked, "Approve")).to_be_hidden()

    asked.get_by_role("combobox", name="verdict").select_option("revise")
    box(asked, "stars").fill("many")
    button(asked, "Answer").click()
    expect(asked.get_by_role("alert")).to_contain_text("'many' is not of type 'integer'")
    expect(box(asked, "stars")).to_have_value("many")
    assert page.kernel("(len(dbg.pending), dbg.head)") == [1, 2]

    box(asked, "stars").fill("4")
    expect(asked.get_by_role("alert")).to_be_hidden()
    box(asked, "note").fill('shorter, "please"')
    box(asked, "tags").fill('["fur"]')
    button(asked, "Answer").click()
    page.until("dbg.status == 'completed'")
    review = {"verdict": "revise", "stars": 4, "note": 'shorter, "please"', "urgent": False}
    assert page.kernel("dbg.state['review']") == {**review, "tags": ["fur"]}
    assert page.complaints == []


def test_what_is_asked_is_text_and_an_answer_is_json_else_text(run):
    """No markup of a question is ever markup."""
    page, panel = run("plain('<img src=x onerror=alert(1)> ship?')")
    button(panel, "Run").click()
    asked = card(panel, "ask")
    expect(asked.get_by_role("group", name="Question")).to_have_text(
        "<img src=x onerror=alert(1)> ship?"
    )
    expect(button(asked, "Answer")).to_be_disabled()
    expect(button(asked, "Modify")).to_be_hidden()
    button(asked, "More").click()
    expect(button(asked, "Reroute")).to_be_visible()

    box(asked, "Answer").fill("tomorrow")
    box(asked, "Answer").press("Control+Enter")
    page.until("dbg.status == 'completed'")
    assert page.kernel("dbg.state['draft']") == "tomorrow"
    assert page.complaints == []


def test_each_of_two_that_ask_at_once_has_a_card_of_its_own_name(run):
    """The second is answered first; both by the branch they are in."""
    page, panel = run("two()")
    button(panel, "Run").click()
    second = card(panel, "ask#2")
    expect(second).to_contain_text("keep river?")
    box(second, "Answer").fill("no")
    button(second, "Answer").click()
    expect(second).to_have_count(0)
    button(card(panel, "ask"), "Approve").click()

    page.until("dbg.status == 'completed'")
    assert page.kernel("dbg.state['notes']") == ["fur: True", "river: no"]


def test_a_static_interrupt_has_no_question(run):
    """It is let go on; before its node it can lead elsewhere."""
    page, panel = run("paused()")
    button(panel, "Run").click()
    held = card(panel, "b")
    expect(button(held, "Reroute")).to_be_visible()
    expect(button(held, "Reject")).to_have_count(0)
    button(held, "Approve").click()
    page.until("[one.id for one in dbg.pending] == ['b#1']")
    expect(button(held, "Reroute")).to_be_hidden()
    button(held, "Approve").click()
    page.until("dbg.status == 'completed'")
    assert page.complaints == []


def test_a_super_step_is_stopped_inside_forked_and_compared(run):
    """Several nodes are current at once; a stop by the rim holds inside a subgraph."""
    page, panel = run("research()")
    read = node(panel, "look/read, pending")
    read.locator(".body").click(position=RIM)
    page.until("len(dbg.breakpoints) == 1")
    button(panel, "Run").click()
    expect(node(panel, "look/read, current, breakpoint")).to_be_visible()
    expect(status(panel)).to_contain_text("look")
    node(panel, "look/read, current, breakpoint").locator(".body").click(position=RIM)
    page.until("len(dbg.breakpoints) == 0")

    button(panel, "Run").click()
    page.until("dbg.status == 'completed'")
    inside = page.kernel("next(f.index for f in dbg.frames if f.path == 'look#2/search')")
    look_at(panel, inside)
    panel.get_by_role("tab", name="State").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("rivers")
    expect(panel.locator('.node[data-status="current"]').nth(1)).to_be_visible()

    look_at(panel, page.kernel("next(f.index for f in dbg.frames if f.kind == 'join')"))
    expect(panel.locator(".frame-title")).to_contain_text("look + check")
    button(panel, "Edit notes").click()
    box(panel, "New value of notes").fill('["all of it"]')
    button(panel, "Go").click()
    expect(status(panel)).to_contain_text("completed")
    expect(status(panel)).to_contain_text("fork 1")
    assert page.kernel("dbg.branch('fork 1').state['report']") == "1 notes"
    panel.get_by_role("tab", name="Branches").click()
    button(panel, "Compare with main").click()
    expect(panel.get_by_role("table")).to_contain_text("first difference")
    assert page.complaints == []


def test_an_edge_that_only_a_run_tells_of_is_drawn_when_it_was_taken(run):
    """`Command(goto)` without a type: the drawing learns, and stays as it is otherwise."""
    page, panel = run("handoff()")
    edges = panel.get_by_role("region", name="Graph").locator(".edge")
    expect(node(panel, "billing, pending")).to_be_visible()
    before = edges.count()
    button(panel, "Run").click()
    expect(node(panel, "billing, done")).to_be_visible()
    expect(edges).to_have_count(before + 1)
    page.until("dbg.status == 'completed'")
