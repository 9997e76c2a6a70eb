"""Sweeps: many variants from one frame, one row per run, each row a line that can be opened."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, StateKey, StopReason, grid
from lellm_nb.errors import StateTypeError
from tests.debug.graphs_sweep import numbers, skip, square, swept
from tests.strategies import review

R = StopReason


def is_squared(frame):
    return frame.node == "square"


def refuses(frame):
    raise RuntimeError(f"asked of {frame.node}")


EVERYWHERE = pytest.mark.parametrize("place", ["here", "threads", "processes"])


@EVERYWHERE
def test_one_row_per_run_and_each_opens_its_line(place):
    """The same table wherever the variants run; the run itself stays where it is."""
    dbg = numbers()
    before = (dbg.head, dbg.line, dbg.state)
    table = swept(dbg, 0, [{"n": 5}, {"n": 8}, {"n": 1}], place=place)

    assert list(table["put_n"]) == [5, 8, 1]
    assert list(table["variant"]) == ["0", "1", "2"]
    assert list(table["line"]) == ["fork 1", "fork 2", "fork 3"]
    assert list(table["reason"]) == ["COMPLETED", "COMPLETED", "FAILED"]
    assert list(table["square"]) == [25, 64, 1]
    assert table["root"][0] == 4.0
    assert list(table["frames"]) == [4, 3, 3]
    assert table["error"].isna().tolist() == [True, True, False]
    assert "ValueError" in table["error"][2]
    assert (dbg.head, dbg.line, dbg.state) == before
    for row in table.itertuples():
        child = dbg.branch(row.line)
        assert child.state["square"] == row.square
        assert child.frames[1].kind == "edit"
        assert child.frames[2].output == f"squaring {row.put_n}\n"
    assert dbg.branch("fork 1").who("root")[0].frame.node == "root"


@EVERYWHERE
def test_variants_by_name(place):
    """A mapping names its variants; `n` runs each as often."""
    table = swept(numbers(), 0, {"small": {"n": 4}, "big": {"n": 9}}, n=2, place=place)

    assert list(table["variant"]) == ["small", "small", "big", "big"]
    assert list(table["repeat"]) == [0, 1, 0, 1]
    assert list(table["square"]) == [16, 16, 81, 81]
    assert table["line"].is_unique


def test_a_grid_is_every_combination():
    """`grid` makes the product of several keys."""
    table = swept(numbers(), 0, grid(n=[4, 5], name=["a", "b"]))

    assert list(zip(table["put_n"], table["put_name"], strict=True)) == [
        *((4, "a"), (4, "b"), (5, "a"), (5, "b"))
    ]


@pytest.mark.parametrize("until", [is_squared, "frame.node == 'square'", "square is not None"])
@EVERYWHERE
def test_until_stops_each_run(place, until):
    """A predicate or an expression (G10) stops after the frame; here a node before it runs, too."""
    table = swept(numbers(), 0, [{"n": 5}, {"n": 6}], until=until, place=place)

    assert list(table["reason"]) == ["STEP", "STEP"]
    assert list(table["square"]) == [25, 36]
    assert "root" not in table
    if place == "here":
        dbg = numbers()
        table = swept(dbg, 0, [{"n": 5}, {"n": 8}], until="root")
        assert list(table["reason"]) == ["STEP", "COMPLETED"]
        assert dbg.branch("fork 1").position.node == "root"


@EVERYWHERE
def test_a_predicate_that_raises_stops_its_run_and_is_shown(place):
    """As for `run`: it stops there, and the row says so; the other runs go on."""
    table = swept(numbers(), 0, [{"n": 5}, {"n": 6}], until=refuses, place=place)

    assert list(table["reason"]) == ["STEP", "STEP"]
    assert all("RuntimeError: asked of square" in error for error in table["error"])
    assert list(table["frames"]) == [2, 2]


@EVERYWHERE
def test_a_sweep_from_the_middle(place):
    """From any frame, named in any way; what ran before is shared."""
    dbg = numbers()
    table = swept(dbg, ("square", 1), [{"square": 10}, {"square": 34}], place=place)

    assert list(table["root"]) == [1.0, 5.0]
    assert dbg.branch("fork 2").frames[1] is dbg.frames[1]
    assert list(table["frames"]) == [3, 3]


def test_a_variant_may_put_nothing():
    """An empty variant is the run as it was."""
    table = swept(numbers(), 0, [{}])

    assert list(table["reason"]) == ["COMPLETED"]
    assert list(table["square"]) == [16]


def test_a_variant_may_name_its_keys_as_a_node_would():
    """Paths and `StateKey`s; a value of the wrong type is refused before anything runs."""
    dbg = numbers()
    count = StateKey("n", int)
    assert list(swept(dbg, 0, [{count: 6}])["square"]) == [36]
    lines = dbg.lines
    with pytest.raises(StateTypeError, match="holds str"):
        swept(dbg, 0, [{count: 6}, {count: "six"}])
    assert dbg.lines == lines


@EVERYWHERE
def test_a_barrier_in_the_way_holds_its_run(place):
    """Nobody is asked: the row says BARRIER, and its line can be decided later."""
    g = GraphBuilder("asks").node("square", square).barrier("ok").node("end", skip)
    g.edge("square", "ok").edge("ok", "end")
    dbg = Debugger(g.start("square").end("end").build(), {"n": 2})
    table = swept(dbg, 0, [{"n": 3}, {"n": 4}], place=place)

    assert list(table["reason"]) == ["BARRIER", "BARRIER"]
    child = dbg.branch(table["line"][1])
    assert [p.id for p in child.pending] == ["ok#0"]
    assert child.approve(then_run=True).reason is R.COMPLETED


@EVERYWHERE
def test_a_limit_holds_its_run(place):
    """`max_steps` counts for each variant."""
    g = GraphBuilder("long").node("square", square).node("end", skip)
    g.edge_if("square", "square", forever).edge("square", "end")
    dbg = Debugger(g.start("square").end("end").build(), {"n": 2}, max_steps=7)
    table = swept(dbg, 0, [{"n": 3}], place=place)

    assert list(table["reason"]) == ["LIMIT"]
    assert list(table["frames"]) == [8]


def forever(state):
    return True


@EVERYWHERE
def test_what_acts_on_the_world_is_not_done_again(place):
    """Nodes that declared side effects use what is recorded, in every variant."""
    dbg = numbers(side_effects=True)
    table = swept(dbg, 0, [{"n": 5}, {"n": 6}], place=place)

    assert list(table["square"]) == [16, 16]
    for line in table["line"]:
        frame = dbg.branch(line).at("square")
        assert (frame.recorded, frame.mutations) == (True, dbg.at("square").mutations)


@EVERYWHERE
def test_modes_hold_in_a_sweep_too(place):
    """A variant is a fork: it has its parent's modes, and waits where a node asks."""
    dbg = numbers(side_effects=True)
    dbg.mode("square", "live")
    assert list(swept(dbg, 0, [{"n": 5}], place=place)["square"]) == [25]
    dbg.mode("square", "recorded")
    assert list(swept(dbg, 0, [{"n": 5}], place=place)["square"]) == [16]
    dbg.mode("root", "ask")
    table = swept(dbg, 0, [{"n": 5}], place=place)
    assert list(table["reason"]) == ["BARRIER"]
    assert [p.id for p in dbg.branch(table["line"][0]).pending] == ["root#0"]


@EVERYWHERE
def test_a_recorded_node_of_which_nothing_is_recorded_pauses_its_run(place):
    """R10: it does not go live by itself, in a sweep either."""
    dbg = numbers()
    dbg = Debugger(dbg.graph, {"n": 3})
    dbg.mode("root", "recorded")
    table = swept(dbg, 0, [{"n": 5}], place=place)

    assert list(table["reason"]) == ["PAUSED"]
    assert dbg.branch(table["line"][0]).position.node == "root"


def test_breakpoints_stop_variants_that_run_here():
    """A variant has its parent's breakpoints."""
    dbg = numbers()
    dbg.break_at("root")
    assert list(swept(dbg, 0, [{"n": 5}])["reason"]) == ["BREAKPOINT"]


def test_a_sweep_of_a_fork_and_of_its_lines():
    """A row's line is swept on like any other."""
    dbg = numbers()
    first = swept(dbg, 0, [{"n": 5}])
    child = dbg.branch(first["line"][0])
    second = swept(child, ("square", 1), [{"square": 13}, {"square": 18}])

    assert list(second["root"]) == [2.0, 3.0]
    assert dbg.tree[second["line"][0]].base == "fork 1"


def test_a_column_that_is_named_like_another():
    """A state key called ``line`` or ``error`` does not push the sweep's own column out."""

    def node(ctx):
        return {"line": "mine", "error": "none", "n": 1}

    dbg = Debugger(GraphBuilder("g").node("a", node).start("a").end("a").build(), {})
    table = swept(dbg, 0, [{"x": 1}])

    assert list(table["line"]) == ["fork 1"]
    assert list(table["state_line"]) == ["mine"]
    assert list(table["state_error"]) == ["none"]


def test_reviews_are_swept_up_to_their_barrier():
    """The issue's task: several prompts from the middle of a run, tabulated."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    table = swept(dbg, 1, {"short": {"draft": "a"}, "long": {"draft": "aaa"}})

    assert table[["variant", "reason", "draft"]].values.tolist() == [
        ["short", "BARRIER", "a"],
        ["long", "BARRIER", "aaa"],
    ]
