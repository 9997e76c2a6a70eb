"""A verb is one row of one table, a tab one entry per side: nothing of either is forgotten."""

from __future__ import annotations

import inspect

import pytest

from lellm_nb import Debugger
from lellm_nb.debug.core.verb_table import BUTTONS, VERBS
from tests.house.source import PACKAGE, ROOT
from tests.house.test_rooms import listed

KEYS = {
    "run_back": "Shift+F9",
    "back": "Shift+F10",
    "step": "F11",
    "run": "F9",
    "over": "F10",
    "into": "F11",
    "out": "Shift+F11",
    "pause": "Escape",
    "fork": "F",
    "rewind": "Enter",
    "approve": "A",
    "reject": "X",
}
"""The keys that people know. Written by hand: none is taken away or given another verb; more may
join."""

STAY = {"pause", "stop", "fork"}
"""Buttons that move no run: they are done where they are pressed, and need no twin."""

PRESSED = [verb for verb in VERBS.values() if verb.label]
"""Every verb with a button, in the toolbar or on a card."""


def test_every_button_is_a_method():
    """What can be pressed can be called, with a docstring that says what it means."""
    missing = [
        verb.name for verb in PRESSED if not inspect.getdoc(getattr(Debugger, verb.name, None))
    ]

    assert not missing, listed(missing)


def test_every_button_that_moves_has_a_twin_for_await():
    """`run` has `arun`; and a row that claims no twin has none."""
    wrong = [
        f"{verb.name}: the row says {verb.twin}"
        for verb in PRESSED
        if verb.twin != (verb.name not in STAY)
        or verb.twin != inspect.iscoroutinefunction(getattr(Debugger, f"a{verb.name}", None))
    ]

    assert not wrong, listed(wrong)


def test_every_button_of_the_toolbar_has_a_picture_and_says_what_it_will_do():
    """An icon and a tooltip; the accessible name is the row's own."""
    bare = [verb.name for verb in BUTTONS if not verb.icon or verb.tip is None]

    assert not bare, listed(bare)


def test_every_button_stands_in_the_readme():
    """In the row of its topic, as a call."""
    rows = {
        line.split("|")[1].strip(): line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    }
    missing = [verb.name for verb in PRESSED if f"`{verb.name}(" not in rows.get(verb.topic, "")]

    assert not missing, listed(missing)


def test_every_button_keeps_its_key():
    """And no key does two things, but F11, which is `into` where there is an inside."""
    keys = {verb.name: verb.key for verb in PRESSED if verb.key}

    assert keys.items() >= KEYS.items()
    assert len(set(keys.values())) == len(keys) - 1


def test_every_tab_has_both_sides_and_an_answer_offline():
    """A module, a script of the same name, and rows for a page without a kernel."""
    from lellm_nb.notebook.tabs.registry import TABS

    static = PACKAGE / "notebook" / "static"
    offline = "".join(file.read_text("utf-8") for file in sorted((static / "offline").glob("*.js")))
    missing = []
    for tab in TABS:
        script = static / "tabs" / f"{tab.id}.js"
        if not script.exists():
            missing.append(f"{tab.id}: no {script.relative_to(ROOT)}")
        elif tab.offline == "page":
            if f'"{tab.id}"' not in offline and "offline" not in script.read_text("utf-8"):
                missing.append(f"{tab.id}: no answer in {(static / 'offline').relative_to(ROOT)}")
        elif not callable(tab.offline):
            missing.append(f"{tab.id}: offline is {tab.offline!r}")

    assert len(TABS) >= 9
    assert not missing, listed(missing)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_a_method(name):
    """A row without a method would be a button that does nothing."""
    assert callable(getattr(Debugger, name))
