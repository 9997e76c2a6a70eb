"""What Python and the page both work out, they work out alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.export.offline_history import outline_json
from lellm_nb.notebook.model.node_status import packed, row_of
from lellm_nb.notebook.model.updates import Updates
from tests.notebook.model.runs import failing_items
from tests.notebook.page_scripts import asking

ASK = """
import { addRow, standingOf, statusesOf } from "./core/node_status.js";
import { readFileSync } from "node:fs";
const { outline, rows } = JSON.parse(readFileSync(0, "utf8"));
const nodes = outline.nodes.map(([path, name, kind, parent, role]) => ({ path, parent, role }));
const inside = new Map();
nodes.forEach((node, number) => {
  for (let up = node.parent; up >= 0; up = nodes[up].parent) {
    if (!inside.has(up)) inside.set(up, new Set());
    inside.get(up).add(number);
  }
});
const whole = { nodes, inside };
const standing = standingOf(null);
const answer = [];
for (const row of rows) {
  addRow(standing, row, whole);
  const status = statusesOf(standing, whole);
  answer.push({
    current: [...standing.current].sort((a, b) => a - b),
    marks: [...standing.marks].map(([n, mark]) => [n, [...mark]]).sort((a, b) => a[0] - b[0]),
    taken: [...standing.taken].sort(),
    words: nodes.map((_, number) => status(number)),
  });
}
process.stdout.write(JSON.stringify(answer));
"""


def everything() -> Debugger:
    """A run with a loop, a subgraph, branches, a barrier, an edit and a failure."""
    inner = GraphBuilder("inner").node("llm", lambda ctx: {"a": 1}).node("tool", lambda ctx: None)
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("all").node("draft", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
    g.subgraph("agent", inner.build())
    g.parallel("both", {"left": lambda ctx: {"l": 1}, "right": inner.build()})
    g.barrier("ok")

    def last(ctx):
        if ctx.state["n"] < 3:
            raise ValueError("too few")
        return None

    g.node("last", last)
    g.edge("draft", "agent").edge("agent", "both").edge("both", "ok")
    g.edge_if("ok", "draft", lambda s: s["n"] < 2).edge("ok", "last")
    dbg = Debugger(g.start("draft").end("last").build())
    dbg.run()
    dbg.approve()
    dbg.run()
    dbg.approve()
    dbg.run()
    fork = dbg.fork(put={"n": 5})
    fork.run()
    return fork


def items() -> Debugger:
    """A map of which two items failed, were tried again and got through; then a mock."""
    broken = {"b", "c"}
    dbg = failing_items(broken)
    dbg.run()
    broken.clear()
    dbg.resolve_join("retry")
    dbg.mock("end", {"n": 1})
    dbg.run()
    return dbg


@pytest.mark.parametrize("make", [everything, items])
def test_rows_add_up_to_the_same_standing_on_both_sides(tmp_path: Path, make):
    """`NodeStatuses.add` and `addRow` agree at every frame of a run with everything in it."""
    dbg = make()
    updates = Updates(dbg)
    frames = list(dbg.frames)
    before = [None, *frames]
    rows = [row_of(a, b, updates.outline) for a, b in zip(before, frames, strict=False)]
    question = {"outline": outline_json(updates.outline), "rows": [packed(row) for row in rows]}

    told = asking(tmp_path, ASK)(question)

    assert len(told) == len(frames)
    for index, page in enumerate(told):
        here = updates._history.statuses_at(dbg.frames, index)
        assert page["current"] == sorted(here.current)
        assert page["marks"] == [[n, mark] for n, mark in sorted(here.marks.items())]
        assert dict(page["taken"]) == {f"{a} {b}": n for (a, b), n in here.taken.items()}
    updates.snapshot()
    leaves = {n for n in range(len(updates.outline.nodes)) if n not in updates.outline.composites()}
    words = {n: word for n, word in enumerate(told[-1]["words"]) if word != "pending"}
    mine = updates.statuses()
    assert {n: w for n, w in words.items() if n in leaves} == {
        n: w for n, w in mine.items() if n in leaves
    }
