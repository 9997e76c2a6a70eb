"""Seen by everyone: contrast in both themes, high contrast, nothing that moves unasked."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from tests.browser.harness.lab import DARK, LIGHT
from tests.browser.harness.panels import TABS, button

pytestmark = pytest.mark.timeout(180)

SETUP = """
from lellm_nb import *
inner = GraphBuilder("inner").node("llm", lambda ctx: {"a": 1}).start("llm").end("llm")
g = GraphBuilder("review").node("draft", lambda ctx: {"draft": "x", "rows": [{"a": 1}, {"a": 2}]})
g.subgraph("agent", inner.build()).barrier("approve", timeout=300)
g.node("publish", lambda ctx: 1 / ctx.state["zero"])
g.edge("draft", "agent").edge("agent", "approve").edge("approve", "publish")
dbg = Debugger(g.start("draft").end("publish").build(), {"zero": 0})
"""


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_axe_finds_nothing_serious(shown, theme):
    """In every state that differs: waiting, looking at the past, failed, with all tabs."""
    page, panel = shown(theme=theme)
    # The page's body has no height of its own, and axe looks at no colours then.
    page.page.add_style_tag(content="body { height: 100vh !important; overflow: visible }")
    page.page.evaluate(AXE_FILE_PATH.read_text())

    def serious() -> list[str]:
        # What a theme changes is colours; all else was looked at in the first one.
        only = {"runOnly": ["color-contrast"]} if theme == DARK else {}
        found = page.page.evaluate(
            "([panel, only]) => axe.run(panel, only)", [panel.element_handle(), only]
        )
        return [
            f"{one['id']}: {n['html'][:200]} {n['any'][0]['message'] if n['any'] else ''}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for n in one["nodes"]
        ]

    problems = {"before": serious()}
    page.kernel(
        "None", "dbg.run(); dbg.watch('draft'); dbg.note(1, 'odd'); dbg.pin(1); dbg.fork(at=1)"
    )
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")
    problems["waiting"] = serious()
    panel.get_by_role("slider", name="Frame").press("Home")
    panel.get_by_role("slider", name="Frame").press("ArrowRight")
    panel.locator(".node").first.click()
    problems["past"] = serious()
    page.kernel("None", "dbg.approve(); dbg.run()")
    button(panel, "Back to now").click()
    for name in TABS:
        panel.get_by_role("tab", name=name).click()
        page.page.wait_for_function(
            "(panel) => !panel.querySelector('[data-stale]')", arg=panel.element_handle()
        )
        problems[name] = serious()
    panel.get_by_role("button", name="Help").click()
    problems["help"] = serious()

    assert {k: v for k, v in problems.items() if v} == {}, json.dumps(problems, indent=1)


LOOKS = """(panel) => [...panel.querySelectorAll('.node:not(.node-open)')].map((node) => {
  const style = (part) => getComputedStyle(node.querySelector(part));
  const mark = node.querySelector('.mark')?.getAttribute('d') ?? '';
  return {
    status: node.getAttribute('aria-label').split(', ')[1],
    shape: mark.replaceAll(/[-0-9. ]/g, '') + ' ' + style('.body').strokeDasharray,
    seen: !mark || style('.mark').stroke !== style('.body').fill,
    words: style('.node-name').fill !== style('.body').fill,
  };
})"""


def test_in_high_contrast_a_status_is_told_by_its_shape(shown):
    """Five statuses, five shapes, each of them in sight where all colours are the system's."""
    page, panel = shown()
    page.page.emulate_media(forced_colors="active")

    looks = panel.evaluate(LOOKS)
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")
    looks += panel.evaluate(LOOKS)
    page.kernel("None", "dbg.approve(); dbg.run()")
    expect(panel.get_by_role("alert")).to_contain_text("ZeroDivisionError")
    looks += panel.evaluate(LOOKS)

    shapes = {look["status"]: look["shape"] for look in looks}
    assert set(shapes) == {"pending", "current", "done", "waiting", "failed"}
    assert len(set(shapes.values())) == 5, shapes
    assert all(look["seen"] and look["words"] for look in looks)


FOCUS = """(panel) => {
  const here = document.activeElement;
  if (!panel.contains(here) || here === panel) return null;
  const style = getComputedStyle(here);
  const ring = (one) => one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0;
  const body = here.matches('.node') && getComputedStyle(here.querySelector('.body')).strokeWidth;
  return {
    name: here.getAttribute('aria-label') ?? here.textContent.trim(),
    seen: ring(style) || parseFloat(body) > 3,
  };
}"""


@pytest.mark.parametrize("contrast", ["none", "active"])
def test_the_tab_key_goes_everywhere_and_its_place_is_seen(shown, contrast):
    """From the toolbar to the last tab, forwards, with a mark around what has the focus."""
    page, panel = shown()
    page.page.emulate_media(forced_colors=contrast)
    page.kernel("None", "dbg.run()")
    expect(panel.get_by_role("group", name="Barrier approve")).to_contain_text("publish")
    panel.focus()

    stops = []
    for _ in range(60):
        page.page.keyboard.press("Tab")
        stop = panel.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)

    names = [stop["name"] for stop in stops]
    for name in ("Step back", "Run", "Find", "Help", "Approve", "Reason", "Target", "Frame"):
        assert name in names, "\n".join(names)
    for name in ("approve, waiting", "Show all", "State", "Pin frame"):
        assert name in names, "\n".join(names)
    assert {stop["name"] for stop in stops if not stop["seen"]} <= {"Frame"}
    slider = panel.get_by_role("slider", name="Frame")  # its mark is around a part of its own
    slider.focus()
    held = slider.screenshot()
    panel.focus()
    assert slider.screenshot() != held


SLOW = """
import asyncio
from lellm_nb import *

async def wait(ctx):
    await asyncio.sleep(60)

dbg = Debugger(GraphBuilder("slow").node("wait", wait).start("wait").end("wait").build())
"""


def test_nothing_moves_where_less_motion_is_wished(shown):
    """A run in flight beats, unless the reader's system says that nothing shall."""
    page, panel = shown(setup=SLOW)
    page.kernel("None", "handle = dbg.start()")
    expect(panel.get_by_role("status")).to_contain_text("running")
    moving = "panel => panel.getAnimations({subtree: true}).length"
    assert panel.evaluate(moving) == 1

    page.page.emulate_media(reduced_motion="reduce")

    assert panel.evaluate(moving) == 0
    slow = """panel => [...panel.querySelectorAll('*')].filter((one) =>
      /[1-9]/.test(getComputedStyle(one).transitionDuration)).map((one) => one.className)"""
    assert panel.evaluate(slow) == []
    page.kernel("None", "dbg.stop()")
