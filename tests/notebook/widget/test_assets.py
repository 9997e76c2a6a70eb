"""One module out of many: how the panel's files are put together."""

from __future__ import annotations

import re
import subprocess

import pytest

from lellm_nb.notebook.widget.assets import (
    STATIC,
    AssetError,
    module_text,
    put_together,
    style_text,
)
from tests.notebook.page_scripts import engine


def test_names_private_to_a_file_never_meet():
    """Two files may use one name for different things."""
    made = put_together(
        "main",
        {
            "main": 'import { a as first } from "./a.js";\nimport { b } from "./b.js";\n'
            "export default [first, b];",
            "a": "const hidden = 1;\nexport const a = hidden;",
            "b": "const hidden = 2;\nexport function b() { return hidden; }",
        },
    )

    assert "const { a: first } = $a;" in made
    assert made.index("const $a") < made.index("const $main")
    assert not re.search(r"^\s*import\s", made, re.M)


def test_a_missing_file_and_a_ring_are_named():
    """A slip in the files is found when they are put together, not in a browser."""
    with pytest.raises(AssetError, match=r"no gone\.js"):
        put_together("m", {"m": 'import { x } from "./gone.js";\nexport default x;'})
    with pytest.raises(AssetError, match="a -> b -> a"):
        put_together("a", {"a": 'import { y } from "./b.js";', "b": 'import { x } from "./a.js";'})


def test_every_file_is_used_and_none_makes_markup_of_text():
    """Values of a state are only ever text in the page."""
    whole = module_text()

    for path in STATIC.rglob("*.js"):
        name = path.relative_to(STATIC).with_suffix("").as_posix().replace("/", "_")
        assert f"const ${name} = " in whole
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert danger not in path.read_text(), path.name


def test_the_still_form_is_hidden_while_the_panel_lives():
    """The rule travels with the panel, so without it the still form is seen."""
    assert ":has(.lellm-nb)" in style_text()


def test_the_module_parses(tmp_path):
    """What the browser gets is one valid ES module with a default export."""
    path = tmp_path / "panel.mjs"
    path.write_text(module_text())

    subprocess.run([engine(), "--check", path], check=True)


def test_base_comes_first_and_what_narrow_pages_change_last():
    """The order of the sheets decides where two rules meet."""
    starts = "The panel.|Barrier cards|The trail|Graph|Inspector|Timeline|Not wide".split("|")
    places = [style_text().index(f"/* {words}") for words in starts]

    assert places == sorted(places)


RANKS = {"core": 0, "values": 1, "calls": 2, "tabs": 3}
RANKS |= {"offline": 4, "cards": 4, "graph": 4, "regions": 4, "": 5}
"""Folders of the panel; those of one rank know nothing of each other."""


def test_imports_of_the_panel_go_one_way():
    """core <- values <- calls <- tabs <- cards | graph | regions | offline <- main."""
    against = []
    for path in STATIC.rglob("*.js"):
        here = path.relative_to(STATIC).parent.as_posix().strip(".")
        for there in re.findall(r'from "\.\./(\w+)/', path.read_text(encoding="utf-8")):
            if RANKS[there] >= RANKS[here]:
                against.append(f"{path.name} imports from {there}")

    assert against == []


def test_every_file_is_checked_for_its_types():
    """`tsc` reads what says so; what it needs is no part of what the browser gets."""
    for path in STATIC.rglob("*.js"):
        assert path.read_text(encoding="utf-8").startswith("// @ts-check\n"), path.name
    assert "interface Head" not in module_text()
