"""The panel's tables of verbs and tabs are made from Python's, and nothing is told twice."""

from __future__ import annotations

import json
import re

import pytest

from lellm_nb.debug.core.verb_table import BUTTONS, VERBS
from lellm_nb.notebook.tabs.registry import TABS
from lellm_nb.notebook.widget.assets import STATIC
from lellm_nb.notebook.widget.generated import generated


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_what_is_on_disk_is_what_the_table_gives(path):
    """Whoever changes a table runs `make generated`."""
    assert path.read_text(encoding="utf-8") == generated()[path]


def test_every_verb_with_a_label_is_told_with_what_its_button_needs():
    """Those of the toolbar have a picture; what waits for a decision has its buttons on a card."""
    told = (STATIC / "core" / "verb_table.js").read_text(encoding="utf-8")
    names = re.findall(r'\{ name: "(\w+)"', told)

    assert names == [verb.name for verb in VERBS.values() if verb.label]
    assert all(json.dumps(verb.icon) in told and verb.icon for verb in BUTTONS)


def test_every_tab_has_a_module_of_its_own():
    """A new tab is one module in Python, one in JavaScript, and the registry written again."""
    for tab in TABS:
        text = (STATIC / "tabs" / f"{tab.id}.js").read_text(encoding="utf-8")
        assert "\nexport const tab = {" in text, tab.id


def test_no_name_of_a_button_is_written_a_second_time():
    """What a button is called stands in the table; elsewhere a verb is asked for its label."""
    labels = [json.dumps(verb.label) for verb in BUTTONS if " " in verb.label]
    again = [
        f"{path.name}: {label}"
        for path in STATIC.rglob("*.js")
        if path.name != "verb_table.js"
        for label in labels
        if label in path.read_text(encoding="utf-8")
    ]

    assert again == []
