"""Stops at one item of a map: `check/3` is that one, `check/*` each of them (SEMANTICS P6)."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NoSuchNodeError
from lellm_nb.graph.drawing.outline import outline
from lellm_nb.graph.graph import Graph
from lellm_nb.notebook.messages.commands import toggle_breakpoint
from lellm_nb.notebook.model.run_summary import stop_rows

R = StopReason
WORDS = {"words": ["a", "bb", "ccc", "dddd"]}


def checking() -> Graph:
    """A map of functions, then a map of graphs of two nodes."""
    inner = GraphBuilder("inner").node("draft", lambda ctx: {"n": len(ctx.state["word"])})
    inner = inner.node("done", lambda ctx: None).edge("draft", "done").start("draft").end("done")
    g = GraphBuilder("g").map("shout", lambda ctx: ctx.item.upper(), over="words", into="loud")
    g.map("check", inner.build(), over="loud", into="checked", as_="word")
    return g.edge("shout", "check").start("shout").end("check").build()


def nested() -> Graph:
    """A map of maps, entered twice."""
    row = GraphBuilder("row").map("cell", lambda ctx: ctx.item, over="row", into="cells")
    inner = row.start("cell").end("cell").build()
    g = GraphBuilder("g").map("rows", inner, over="table", into="out", as_="row")
    g.node("count", lambda ctx: {"n": ctx.state["n"] + 1}).edge("rows", "count")
    g.edge_if("count", "rows", "n < 2").node("end", lambda ctx: None).edge_fallback("count", "end")
    return g.start("rows").end("end").build()


TABLE = {"table": [[1, 2], [3, 4, 5]], "n": 0}


def places(dbg: Debugger) -> list[str]:
    """Run to the end; return what each stop stands before, or after which frame."""
    found = []
    while (stop := dbg.run()).reason is R.BREAKPOINT:
        found.append(stop.before or f"after {stop.frame.path}")
    assert stop.reason is R.COMPLETED
    return found


@pytest.mark.parametrize("node", ["shout/2", "check/2", "check/2/draft", "check/0/done"])
def test_a_stop_at_an_item_is_hit_by_that_item_alone(node):
    """Before it, and after its commit; also at a node inside the graph of an item."""
    before, after = Debugger(checking(), WORDS), Debugger(checking(), WORDS)
    mark = before.break_at(node)
    after.break_at(node, after=True)

    assert places(before) == [node]
    assert places(after) == [f"after {node}"]
    assert mark.hits == 1


@pytest.mark.parametrize("node", ["check/*/draft", "draft"])
def test_the_star_and_a_bare_name_mean_every_item(node):
    """As does the name of a node that is inside of each."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at(node)

    assert places(dbg) == [f"check/{i}/draft" for i in range(4)]


def test_the_map_itself_is_no_item():
    """`check` stops once, before the list is looked at."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at("check")

    assert places(dbg) == ["check"]


def test_an_item_that_does_not_come_is_never_hit():
    """How many there are is known when the map is entered."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at("shout/4")

    assert places(dbg) == []


@pytest.mark.parametrize(
    ("node", "near"),
    [("check/x", "check/*"), ("check/03", "check/*"), ("check/3/draf", "check/*/draft")],
)
def test_what_is_no_item_is_refused_with_the_nearest_name(node, near):
    """An item is a number as it stands in a path."""
    dbg = Debugger(checking(), WORDS)
    with pytest.raises(NoSuchNodeError, match="Did you mean") as refused:
        dbg.break_at(node)

    assert f"Did you mean {near!r}?" in str(refused.value)
    with pytest.raises(NoSuchNodeError):
        dbg.run(until=node)


@pytest.mark.parametrize(
    ("node", "met"),
    [
        ("rows/1/cell/1", ["rows/1/cell/1", "rows#2/1/cell/1"]),
        ("rows#2/1/cell/1", ["rows/1/cell/1", "rows#2/1/cell/1"]),
        ("rows/*/cell/2", ["rows/1/cell/2", "rows#2/1/cell/2"]),
        ("rows/0/cell/*", [f"rows{again}/0/cell/{i}" for again in ("", "#2") for i in (0, 1)]),
    ],
)
def test_maps_in_maps_take_a_number_or_a_star_at_each(node, met):
    """Visits of composites are left out of account, as in every name of a node."""
    dbg = Debugger(nested(), TABLE)
    dbg.break_at(node)

    assert places(dbg) == met


def test_condition_visit_and_ignore_count_that_item_alone():
    """They are asked where the stop is, as ever."""
    dbg = Debugger(nested(), TABLE)
    asked = []
    dbg.break_at("rows/1/cell/0", when=lambda state: asked.append(state["row"]) or True)
    dbg.break_at("rows/1/cell/1", ignore=1)
    dbg.break_at("rows/1/cell/2", visit=2)

    assert places(dbg) == ["rows/1/cell/0", "rows#2/1/cell/0", "rows#2/1/cell/1"]
    assert asked == [[3, 4, 5]] * 2


def test_a_stop_at_one_item_and_one_at_all_are_two():
    """Each is listed, found and removed by the name that it was given."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at("shout/1")
    dbg.break_at("shout/*")
    dbg.break_at("shout/1", after=True)

    labels = [stop.label for stop in dbg.breakpoints]
    assert labels == ["before shout/1", "before shout/*", "after shout/1"]
    dbg.breakpoints.remove("shout/*")
    assert places(dbg) == ["shout/1", "after shout/1"]
    dbg.breakpoints.remove("shout/1")
    assert len(dbg.breakpoints) == 0
    with pytest.raises(DebuggerError, match="no breakpoint 'shout/1'"):
        dbg.breakpoints.remove("shout/1")


def test_going_back_stops_at_that_item_alone():
    """Forward and backward it is the same place."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at("check/1/draft")
    dbg.break_at("shout/2", after=True)
    assert places(dbg) == ["after shout/2", "check/1/draft"]

    back = dbg.run_back()
    dbg.step()
    assert (back.reason, dbg.frames[-1].path) == (R.BREAKPOINT, "check/1/draft")
    assert [dbg.run_back().reason for _ in range(3)] == [R.BREAKPOINT, R.BREAKPOINT, R.START]


def test_run_and_run_back_go_to_one_item():
    """`until` takes what `break_at` takes, with a visit or without."""
    dbg = Debugger(checking(), WORDS)
    for until, last in (("shout/1", "shout/0"), (("check/2/draft", 1), "check/1/draft")):
        assert dbg.run(until=until).reason is R.STEP
        assert dbg.frames[-1].path == last
    dbg.run()
    paths = [frame.path for frame in dbg.frames]

    for until, node in ((("check/2/draft", 1), "check/2/draft"), ("shout/1", "shout/1")):
        stop = dbg.run_back(until)
        assert (stop.reason, paths[stop.frame.index + 1]) == (R.STEP, node)
    assert dbg.run_back("shout/1").reason is R.START


def test_a_fork_has_it_and_a_reopened_run_has_it_armed(tmp_path):
    """With its number, its label and its condition."""
    file = tmp_path / "runs.db"
    dbg = Debugger(checking(), WORDS, store=file)
    dbg.break_at("shout/1")
    dbg.break_at("check/3/draft", when="len(word) == 4")
    labels = [stop.label for stop in dbg.breakpoints]
    assert places(dbg.fork(0)) == ["shout/1", "check/3/draft"]
    dbg.close()
    again = Debugger.open(file, graph=checking())

    assert [(stop.label, stop.enabled) for stop in again.breakpoints] == [
        (label, True) for label in labels
    ]
    assert places(again) == ["shout/1", "check/3/draft"]


def test_a_cell_that_is_run_again_finds_it_and_it_is_off_where_the_map_is_gone():
    """It is about what runs for the items: no map of that name, no item."""
    Debugger(checking(), WORDS, stops="keep").break_at("shout/1")
    again = Debugger(checking(), WORDS, stops="keep")
    plain = GraphBuilder("g").node("shout", lambda ctx: None).start("shout").end("shout").build()
    gone = Debugger(plain, WORDS, stops="keep")

    assert places(again) == ["shout/1"]
    assert [(stop.label, stop.gone) for stop in gone.breakpoints] == [("before shout/1", True)]


def test_a_click_on_the_node_of_the_items_is_about_all_of_them():
    """The picture has one node for all: its dot is no sign of, and no hand on, a stop at one."""
    dbg = Debugger(checking(), WORDS)
    dbg.break_at("shout/1")
    picture = outline(dbg.graph)

    def dots():
        stops = [(stop, stop.enabled) for stop in dbg.breakpoints]
        return stop_rows(stops, picture)["breakpoints"]

    assert dots() == []
    toggle_breakpoint(dbg, "shout/*")
    assert dots() == [[picture.by_path["shout/*"], True, False]]
    toggle_breakpoint(dbg, "shout/*")
    assert [stop.label for stop in dbg.breakpoints] == ["before shout/1"]
