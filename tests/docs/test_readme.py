"""README.md is run, and what it says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lellm_nb
from tests.docs.snippets import blocks, run_page

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_snippets_of_the_readme_run():
    """What the README shows is what happens."""
    assert run_page(README) >= 2


def test_the_example_is_the_one_of_the_design():
    """The first example stays the one that people know."""
    first = next(source for _, language, source in blocks(README) if language == "python")

    assert first.startswith("from lellm_nb import Debugger, GraphBuilder\n")
    assert 'fork = dbg.fork(at=1, put={"draft": "shorter"})' in first


def test_what_the_readme_says_is_missing_is_missing():
    """The list of what is not there yet loses a name on the day it arrives."""
    missing = README.read_text(encoding="utf-8").split("\nNot yet:\n")[1].split("\n\n")[0]
    places = [lellm_nb, lellm_nb.Debugger, lellm_nb.Graph, lellm_nb.GraphBuilder]

    names = re.findall(r"`(\w+)`", missing)
    assert [name for name in names if any(hasattr(place, name) for place in places)] == []


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\]\((?!https?:|#)([^)#\s]+)", README.read_text("utf-8"))))
)
def test_every_link_of_the_readme_leads_somewhere(target):
    """Pictures and files that the README names are in the repository."""
    assert (README.parent / target).exists()
