"""Take the README's pictures from the real panel in a real JupyterLab: `make screenshots`.

Each picture is the panel's own rectangle at twice its size, in both themes. Look at them
before committing: a picture that nobody looked at proves nothing.
"""

from __future__ import annotations

import sys

from playwright.sync_api import Locator, expect

from tests.browser.harness.lab import DARK, LIGHT, Lab
from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.panels import button
from tests.browser.harness.servers import ROOT
from tests.browser.screenshots_states import State, card, compare, failed, take

IMAGES = ROOT / "notebooks" / "images"
WINDOW = (1180, 1000)


def stream(page: Notebook, panel: Locator) -> None:
    """A token stream, as far as a few words."""
    button(panel, "Run").click()
    expect(panel.get_by_role("group", name="Stream agent/llm")).to_contain_text("while they sleep")
    expect(panel.locator(".frame-title")).to_contain_text("frame 1")


STATES: list[State] = [
    ("panel-waiting", card, "review()"),
    ("panel-stream", stream, "review(slow=0.25)"),
    ("panel-fork", compare, "review()"),
    ("panel-error", failed, "review(fail=True)"),
]


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with Lab() as lab:
        for theme in (LIGHT, DARK):
            for file in take(lab, IMAGES, STATES, theme, window=WINDOW, alone=True, scale=2):
                print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
