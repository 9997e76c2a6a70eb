"""Writing around a graph that has begun: what is inside sees it, and nothing of it is lost."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import StateError


class Window:
    """A lens of a user's own: the mapping at `view`, under another name."""

    def get(self, outer):
        return {"seen": outer["view"]["n"]}

    def set(self, outer, inner):
        return {**outer, "view": {**outer["view"], "n": inner["seen"]}}


def around(lens, key):
    """A graph of two steps in another one; both note what they see at a key."""
    inner = GraphBuilder("inner")
    for name in ("one", "two"):
        inner.node(name, lambda ctx: {"log": [*ctx.state.get("log", ()), ctx.state.get(key)]})
    inner.edge("one", "two").start("one").end("two")
    g = GraphBuilder("outer").node("first", lambda ctx: {"first": True})
    g.subgraph("sub", inner.build(), lens=lens).node("last", lambda ctx: None)
    return g.edge("first", "sub").edge("sub", "last").start("first").end("last").build()


LENSES = {
    "the same state": (None, "n", {"n": 1}, "n", lambda s: s["log"]),
    "a key": ("part", "n", {"part": {"n": 1}}, ("part", "n"), lambda s: s["part"]["log"]),
}


@pytest.mark.parametrize("lens", LENSES)
def test_what_is_inside_sees_what_is_written_around_it(lens, tmp_path):
    """N1: the next node there reads it, it is there at the end, and all is kept (C3)."""
    lens, key, state, path, log = LENSES[lens]
    dbg = Debugger(around(lens, key), state, store=tmp_path / "runs.db")
    dbg.step(2)

    dbg.steer(put={path: 7})

    assert [(f.path, f.kind) for f in dbg.frames[-2:]] == [("sub", "edit"), ("sub/one", "edit")]
    dbg.run()
    assert log(dbg.state) == [1, 7]
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=around(lens, key))
    assert [repr(f.root_state) for f in again.frames] == [repr(f.root_state) for f in dbg.frames]


def test_a_part_that_is_written_whole_changes_inside_what_differs():
    """What was there before it began goes, what is given comes, what it wrote since stays."""
    dbg = Debugger(around("part", "n"), {"part": {"n": 1, "m": 1}})
    dbg.step(2)

    dbg.steer(put={"part": {"n": 7}})
    dbg.run()

    assert dbg.state["part"] == {"n": 7, "log": [1, 7]}


def test_beside_what_a_graph_inside_works_on_one_frame_is_enough():
    """What is inside cannot see it; leaving it loses nothing of it."""
    dbg = Debugger(around("part", "n"), {"part": {"n": 1}})
    dbg.step(2)

    dbg.steer(put={"other": 7})

    assert dbg.frames[-2].kind == "commit"
    dbg.run()
    assert dbg.state == {"part": {"n": 1, "log": [1, 1]}, "first": True, "other": 7}


def test_a_lens_of_ones_own_leads_in_what_is_written_around_it():
    """As the keys that differ through it."""
    inner = GraphBuilder("inner")
    for name in ("one", "two"):
        inner.node(name, lambda ctx: {"seen": ctx.state["seen"] + 1})
    inner.edge("one", "two").start("one").end("two")
    g = GraphBuilder("outer").subgraph("sub", inner.build(), lens=Window())
    dbg = Debugger(g.start("sub").end("sub").build(), {"view": {"n": 1}})
    dbg.step()

    dbg.steer(put={("view", "n"): 10})

    assert [f.changed_keys for f in dbg.frames[-2:]] == [["view"], ["seen"]]
    head = dbg.head
    with pytest.raises(StateError, match="does not fit what runs inside 'sub'"):
        dbg.steer(put={"view": {}})
    assert dbg.head == head
    dbg.run()
    assert dbg.state == {"view": {"n": 11}}
