"""The pictures of the page."""

from __future__ import annotations

from pathlib import Path

from tests.notebook.page_scripts import asking

ASK = """
import { iconPath } from "./core/icons.js";
import { readFileSync } from "node:fs";
const names = JSON.parse(readFileSync(0, "utf8"));
const rest = (path) => path.trim().split(/(?=[a-z])/).slice(1).join("");
const moved = names.filter((name) => rest(iconPath(name, 0, 0)) !== rest(iconPath(name, 90, 50)));
process.stdout.write(JSON.stringify(moved));
"""


def test_pictures_in_the_graph_move_as_a_whole(tmp_path: Path):
    """After its first point a picture goes on by relative steps: else a part of it stays behind."""
    kinds = ["task", "condition", "barrier", "parallel", "map", "subgraph"]
    marks = ["check", "cross", "run", "pause", "open", "closed"]

    assert asking(tmp_path, ASK)([*kinds, *marks]) == []
