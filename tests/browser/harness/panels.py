"""Finding things in the panel as a person does: by role and by name."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

TABS = ("State", "Diff", "Mutations", "Route", "Output", "Calls", "Error", "Who", "Watches")
TABS += ("Branches",)


def node(panel: Locator, name: str) -> Locator:
    """A node of the graph by its whole name."""
    return panel.get_by_role("region", name="Graph").get_by_role("button", name=name, exact=True)


def button(panel: Locator, name: str) -> Locator:
    """A button by its whole name."""
    return panel.get_by_role("button", name=name, exact=True)


def status(panel: Locator) -> Locator:
    """The line that says where the run stands."""
    return panel.get_by_role("status")


def look_at(panel: Locator, frame: int) -> None:
    """Move the slider from the first frame on, in a panel that has heard what the run did.

    The kernel's answer to a cell may be there before the panel has its frames:
    keys pressed before that move nothing.
    """
    slider = panel.get_by_role("slider", name="Frame")
    expect(slider).not_to_have_attribute("max", "0")
    expect(panel.locator(".status-line")).not_to_contain_text("running")
    slider.press("Home")
    for _ in range(frame):
        slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(rf"^frame {frame} of "))
