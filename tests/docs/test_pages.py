"""The pages in docs/: the rules that are cited are there, files that are named, examples run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.docs.snippets import blocks, run_page
from tests.house.source import PACKAGE, ROOT
from tests.house.test_rooms import DEBUG, NOTEBOOK, listed

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
WITH_LINKS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BASES = (ROOT, PACKAGE)
CODE = (".py", ".pyi", ".js", ".ts")

RULE = re.compile(r"[SGRBNPCLK][1-9]\d?")
LISTED = rf"{RULE.pattern}(?:(?:,| and| to) {RULE.pattern})*"
CITED = re.compile(rf'SEMANTICS ({LISTED})|\(({LISTED})\)|(?:""" ?|Laws? \(|# -- )({LISTED})\b')
"""How a rule is cited: ``SEMANTICS R3``, ``(R3, N2)``, and ``R3:`` where a docstring begins."""

FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:pyi?|js|ts|svg|md|css)\b")

names = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def cited() -> Iterator[tuple[str, str]]:
    """Every rule that code or a test cites, and where."""
    for folder in (PACKAGE, ROOT / "tests"):
        for file in sorted(path for path in folder.rglob("*") if path.suffix in CODE):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                for match in CITED.finditer(line):
                    for rule in RULE.findall(match[0]):
                        yield rule, f"{file.relative_to(ROOT)}:{number}: {rule}"


def rules() -> list[str]:
    """The ids of the rules on the page, in order."""
    page = (DOCS / "semantics.md").read_text(encoding="utf-8")
    return re.findall(rf"^- ({RULE.pattern}) ", page, re.MULTILINE)


def test_every_rule_that_is_cited_is_on_the_page():
    """Who reads *SEMANTICS R3* in a comment finds R3."""
    known = set(rules())
    found = list(cited())
    missing = [place for rule, place in found if rule not in known]

    assert len(found) > 300
    assert not missing, listed(missing)


def test_rules_stand_once_and_in_order():
    """An id names one rule."""
    there = rules()
    in_order = sorted(there, key=lambda rule: ("SGRBNPCLK".index(rule[0]), int(rule[1:])))

    assert there == list(dict.fromkeys(in_order))


@names
def test_every_file_that_a_page_names_is_there(page):
    """Who follows a page comes to a file: a path below the root, or below the package."""
    text = page.read_text(encoding="utf-8")
    missing = [
        f"{page.relative_to(ROOT)}:{number}: {name}"
        for number, line in enumerate(text.splitlines(), 1)
        for name in FILE.findall(line)
        if not any((base / name).exists() for base in (*BASES, page.parent))
    ]

    assert not missing, listed(missing)


WITH_EXAMPLES = [page for page in PAGES if blocks(page)]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page):
    """What a page shows is what happens."""
    assert run_page(page) >= 1


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    """From where the page is."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    missing = [link for link in links if not (page.parent / link).exists()]

    assert not missing, listed(missing)


def test_every_room_is_in_the_picture():
    """A new room is drawn where it is used."""
    picture = (DOCS / "architecture.svg").read_text(encoding="utf-8")
    layers = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    rooms = [room for ranks in (DEBUG, NOTEBOOK) for rank in ranks for room in rank]
    static = [path.name for path in (PACKAGE / "notebook/static").iterdir() if path.is_dir()]
    missing = [
        name
        for name in (*layers, *rooms, *static)
        if name not in ("breakpoint_protocol", "frame_protocol", "pending_protocol")
        and not re.search(rf"\b{name}\b", picture)
    ]

    assert not missing, listed(missing)


def test_the_picture_is_one_of_ours_and_readable_in_the_dark():
    """No script, nothing fetched, and colours for both."""
    picture = (DOCS / "architecture.svg").read_text(encoding="utf-8")

    assert "prefers-color-scheme: dark" in picture
    assert not re.search(r"<script|href=|url\(|<image", picture)
    assert len(picture) < 20_000
