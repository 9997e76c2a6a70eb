"""The harness itself: what the other browser tests lean on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.timeout(120)


def test_a_click_in_the_browser_is_seen_in_the_kernel(notebook):
    """The browser acts, Python is asserted."""
    page = notebook(
        [
            "import ipywidgets\n"
            "clicks = []\n"
            "button = ipywidgets.Button(description='Press')\n"
            "button.on_click(lambda _: clicks.append(len(clicks)))\n"
            "button"
        ]
    )

    page.run_cell(0).get_by_role("button", name="Press").click()

    page.until("len(clicks) == 1")
    assert page.kernel("[clicks, 1 + 1]") == [[0], 2]
    assert page.complaints == []


def test_a_cell_that_raises_fails_the_test(notebook):
    """A notebook that breaks never passes by being ignored."""
    page = notebook(["1 / 0"])

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        page.run_all()


def test_the_theme_can_be_changed(notebook):
    """Both themes are there to be looked at."""
    page = notebook(["1"], theme="JupyterLab Dark")

    dark = page.page.evaluate(
        "getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')"
    )
    page.theme("JupyterLab Light")
    light = page.page.evaluate(
        "getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')"
    )

    assert dark != light
