"""The first notebook as a person meets it: run it, decide, look back, rewind and fork."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import LIGHT, Notebook
from tests.browser.harness.panels import look_at

FIRST_RUN = "notebooks/01_first_run.ipynb"

pytestmark = pytest.mark.timeout(240)


def panel_of(notebook: Notebook, source: str) -> Locator:
    """The panel that the cell with this source shows."""
    panel = notebook.output(notebook.index(source)).locator(".lellm-nb")
    expect(panel).to_be_visible()
    panel.scroll_into_view_if_needed()
    return panel


def status(panel: Locator) -> Locator:
    """The line that says where the run stands."""
    return panel.get_by_role("status").first


def test_the_first_notebook_from_run_to_fork(notebook):
    """The whole way once: Reject with a reason, Approve, look, Rewind here, Fork here."""
    page = notebook(FIRST_RUN, theme=LIGHT)
    page.run_all()
    panel = panel_of(page, "yours = audit.fork")
    card = panel.get_by_role("group", name="Barrier accept")

    # The run waits for the second time; nothing is decided.
    expect(status(panel)).to_contain_text("waiting at accept")
    assert page.kernel("[p.id for p in yours.pending]") == ["accept#1"]
    named = page.kernel("next(iter(yours.state['exceptions']), 'pip')")
    before = page.kernel("len(yours.frames)")

    # Reject, with a reason that names a package: it is refused, and the run waits again.
    card.get_by_role("textbox", name="Reason").fill(f"not without a lawyer: {named}")
    card.get_by_role("button", name="Reject").click()
    page.until("[p.id for p in yours.pending] == ['accept#2']")
    assert named in page.kernel("list(yours.state['refused'])")
    assert page.kernel("yours.state['accept.reject_reason']") == f"not without a lawyer: {named}"
    assert page.kernel("len(yours.frames)") > before

    # Approve: the report is written.
    expect(card).to_be_visible()
    card.get_by_role("button", name="Approve").click()
    page.until("yours.status == 'completed'")
    expect(status(panel)).to_contain_text("completed")
    expect(card).to_have_count(0)
    assert page.kernel("len(yours.state['report']) == len(yours.state['versions'])")
    assert page.kernel("yours.state['accept.approved']") is True

    # Looking is not moving.
    end = page.kernel("yours.head")
    look_at(panel, 2)
    expect(panel).to_contain_text("looking at frame 2")
    assert page.kernel("yours.head") == end

    # Rewind here: the run stands at that frame, and the later ones are still there.
    frames = page.kernel("len(yours.frames)")
    panel.get_by_role("button", name="Rewind here").first.click()
    page.until("yours.head == 2")
    assert page.kernel("yours.status") != "completed"
    assert page.kernel("len(yours.frames)") == frames
    assert page.kernel("'report' in yours.state") is False

    # Fork here: a branch of its own, which the panel follows; `yours` stays where it is.
    lines = page.kernel("list(yours.lines)")
    look_at(panel, 1)
    expect(panel).to_contain_text("looking at frame 1")
    panel.get_by_role("button", name="Fork here").first.click()
    page.until(f"len(yours.lines) == {len(lines) + 1}")
    new = page.kernel(f"[name for name in yours.lines if name not in {lines!r}][0]")
    expect(status(panel)).to_contain_text(new)
    assert page.kernel(f"yours.branch({new!r}).head") == 1
    assert page.kernel("yours.head") == 2

    # The panel now acts on the branch.
    panel.get_by_role("button", name="Step", exact=True).click()
    page.until(f"yours.branch({new!r}).head == 2")
    assert page.kernel("yours.head") == 2
    assert page.complaints == []


def test_the_panel_follows_what_cells_do(notebook):
    """The panel and the verbs act on the same run."""
    page = notebook(FIRST_RUN)
    page.run_all()
    panel = panel_of(page, 'Debugger(graph, {"allowed": ["MIT", "BSD", "Apache"]}, name="with')

    expect(status(panel)).to_contain_text("waiting at accept")
    page.kernel("audit.approve() and audit.run() and None")
    expect(status(panel)).to_contain_text("completed")

    page.kernel("audit.rewind(0) and None")
    expect(status(panel)).to_contain_text("frame 0 of")
