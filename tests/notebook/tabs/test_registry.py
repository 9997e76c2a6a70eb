"""A tab is one entry: the registry finds it, questions and the exported page go through it."""

from __future__ import annotations

from importlib import import_module

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.export import offline_history
from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.messages import queries
from lellm_nb.notebook.messages.queries import answer, takes_long
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.tabs.registry import TABS, tab_of
from lellm_nb.notebook.tabs.tab import Tab


def made():
    g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
    dbg = Debugger(g.build(), {})
    dbg.run()
    return dbg


def test_every_tab_has_a_place_of_its_own_and_a_module_of_its_own():
    """The order of the tabs is their places, and a tab's module is named as its id."""
    assert [tab.place for tab in TABS] == list(range(1, len(TABS) + 1))
    assert " ".join(tab.name for tab in TABS).startswith(
        "State Diff Mutations Route Output Calls Error Who Watches Branches"
    )
    for tab in TABS:
        assert import_module(f"lellm_nb.notebook.tabs.{tab.id}").TAB is tab


def test_what_takes_long_is_said_by_the_tab():
    """Code of the user's and looks through a history never hold up the page."""
    slow = {tab.id for tab in TABS if takes_long({"ask": "detail", "tab": tab.id})}

    assert slow == {"route", "watches"}
    assert [
        q for q in ("who", "changes", "compare", "pair", "picture") if not takes_long({"ask": q})
    ] == []
    assert not takes_long({"ask": "inside"})
    assert not takes_long({"ask": "detail", "tab": "nowhere"})


def test_an_unknown_tab_is_said():
    """A page of another version asks for what is not there."""
    assert answer(Updates(made()), {"ask": "detail", "frame": 0, "tab": "nowhere"}) == {
        "error": "There is no tab 'nowhere'."
    }
    with pytest.raises(LookupError, match="nowhere"):
        tab_of("nowhere")


def test_a_new_tab_is_answered_and_exported(monkeypatch):
    """One entry is all: live it answers with its rows, and the page gets what it stores."""
    steps = Tab(
        "steps",
        "Steps",
        11,
        lambda debugger, frame, question: {"step": frame.step, "by": question.get("by")},
        offline=lambda debugger, frame: {"step": frame.step} if frame.step else None,
    )
    monkeypatch.setattr(offline_history, "TABS", (*TABS, steps))
    monkeypatch.setattr(queries, "tab_of", lambda id: steps)
    dbg = made()

    told = answer(Updates(dbg), {"ask": "detail", "frame": 1, "tab": "steps", "by": 2})
    book = book_of(dbg, None)

    assert (told["step"], told["by"], told["tab"]) == (1, 2, "steps")
    assert {place: more["tabs"] for place, more in book["more"].items()} == {
        1: {"steps": {"step": 1}}
    }
