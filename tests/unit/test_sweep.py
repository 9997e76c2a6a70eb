"""Sweeps: many variants from one frame, one row per run, each row a line that can be opened."""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from lellm_nb import Debugger, GraphBuilder, StateKey, StopReason, grid
from lellm_nb.errors import BusyError, DebuggerError, NoSuchFrameError, StateTypeError
from tests.strategies import review

R = StopReason


# at the top of a module, so that another process can find them


def square(ctx):
    print("squaring", ctx.state["n"])
    return {"square": ctx.state["n"] ** 2}


async def root(ctx):
    return {"root": math.sqrt(ctx.state["square"] - 9)}


def is_big(state):
    return state["square"] > 50


def is_squared(frame):
    return frame.node == "square"


def refuses(frame):
    raise RuntimeError(f"asked of {frame.node}")


def numbers(**call):
    """square, then root, which fails below 9; what is big skips it."""
    g = GraphBuilder("numbers")
    g.task(square, **call)
    g.node("root", root).node("end", skip)
    g.edge_if("square", "end", is_big).edge("square", "root").edge("root", "end")
    dbg = Debugger(g.start("square").end("end").build(), {"n": 4, "name": "x"})
    dbg.run()
    return dbg


def skip(ctx):
    return None


def places(kind):
    """Where variants run: here, in threads, in processes."""
    if kind == "here":
        return None
    if kind == "threads":
        return ThreadPoolExecutor(2)
    return ProcessPoolExecutor(2)


def swept(dbg, *arguments, place="here", **options):
    executor = places(place)
    try:
        return dbg.sweep(*arguments, executor=executor, progress=False, **options)
    finally:
        if executor is not None:
            executor.shutdown()


EVERYWHERE = pytest.mark.parametrize("place", ["here", "threads", "processes"])


# -- what comes back ---------------------------------------------------------------------


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


@EVERYWHERE
def test_until_stops_each_run(place):
    """A predicate stops after the frame; here a node stops before it runs, too."""
    table = swept(numbers(), 0, [{"n": 5}, {"n": 6}], until=is_squared, place=place)

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


def test_variants_run_side_by_side_in_threads():
    """An executor is there to wait for many at once."""
    meet = threading.Barrier(2, timeout=20)

    def waits(ctx):
        meet.wait()
        return {"met": True}

    dbg = Debugger(GraphBuilder("g").node("w", waits).start("w").end("w").build(), {})
    table = swept(dbg, 0, [{"n": 1}, {"n": 2}], place="threads")

    assert list(table["met"]) == [True, True]


def test_a_sweep_shows_a_bar(capfd):
    """A progress bar, in a terminal too; not when it is not wanted, nor for one run."""
    dbg = numbers()
    dbg.sweep(0, [{"n": 4}, {"n": 5}])
    assert "sweep" in capfd.readouterr().err
    dbg.sweep(0, [{"n": 4}, {"n": 5}], progress=False)
    dbg.sweep(0, [{"n": 4}])
    assert "sweep" not in capfd.readouterr().err


def test_a_sweep_with_await():
    """`asweep`."""

    async def conversation():
        dbg = numbers()
        table = await dbg.asweep(0, [{"n": 5}, {"n": 6}], progress=False)
        with pytest.raises(DebuggerError, match="at least one"):
            await dbg.asweep(0, [])
        return list(table["square"])

    assert asyncio.run(conversation()) == [25, 36]


def test_a_sweep_can_be_stopped():
    """`stop` ends the variant that is running, and no other begins; the rows so far come back."""
    started = threading.Event()

    async def slow(ctx):
        started.set()
        await asyncio.sleep(30)

    dbg = Debugger(GraphBuilder("g").node("s", slow).start("s").end("s").build(), {})
    found = []
    thread = threading.Thread(
        target=lambda: found.append(dbg.sweep(0, [{"n": i} for i in range(5)], progress=False))
    )
    thread.start()
    assert started.wait(10)
    with pytest.raises(BusyError):
        dbg.step()
    dbg.stop()
    thread.join(10)

    assert list(found[0]["reason"]) == ["CANCELLED"]


# -- other processes ---------------------------------------------------------------------


def stuck(local):
    """A graph of which many parts can't be sent."""
    inner = GraphBuilder("inner").node("deep", lambda ctx: None).node("fine", skip)
    inner.edge_if("deep", "fine", lambda s: True)
    g = GraphBuilder("stuck").node("square", square).node("local", local)
    g.condition("which", [("local", lambda s: True)])
    g.subgraph("sub", inner.start("deep").end("fine").build())
    g.parallel("par", {"x": lambda ctx: None, "y": skip}, merge=lambda states: {})
    g.edge("square", "which").edge("which", "local").edge("sub", "par")
    g.edge_if("local", "sub", lambda s: True)
    return g.start("square").end("par").build()


def test_what_can_not_be_sent_is_named_before_anything_starts():
    """Issue 4: each function is named; nothing ran, and no line was made."""
    ran = []

    def local(ctx):
        ran.append(1)

    dbg = Debugger(stuck(local), {"n": 1})
    with pytest.raises(DebuggerError) as caught:
        swept(dbg, 0, [{"n": 2}], until=lambda frame: False, place="processes")
    text = str(caught.value)

    for part in (
        *("node local", "node sub/deep", "node par/x", "edge local -> sub"),
        *("edge sub/deep -> fine", "case which -> local", "merge of par", "until"),
    ):
        assert part in text
    for part in ("node square", "node sub/fine", "node par/y"):
        assert part not in text
    assert "ThreadPoolExecutor" in text
    assert (ran, dbg.lines) == ([], ["main"])


def test_values_that_can_not_be_sent_are_named_too():
    """A lock in the state, a lambda in a variant: before anything starts."""
    g = GraphBuilder("g").node("square", square).start("square").end("square")
    dbg = Debugger(g.build(), {"n": 1, "client": threading.Lock()})
    with pytest.raises(DebuggerError, match="state\\['client'\\]"):
        swept(dbg, 0, [{"n": 2}], place="processes")
    dbg = Debugger(g.build(), {"n": 1})
    with pytest.raises(DebuggerError, match="state\\['f'\\]"):
        swept(dbg, 0, [{"n": 2}, {"f": lambda: 1}], place="processes")
    assert dbg.lines == ["main"]
    assert list(swept(dbg, 0, [{"n": 2}, {"f": lambda: 1}], place="threads")["square"]) == [4, 1]


def test_what_comes_back_may_refuse_to():
    """A node that makes something that can't be sent back: the row says so, the others stay."""
    g = GraphBuilder("g").node("makes", makes).start("makes").end("makes")
    dbg = Debugger(g.build(), {"n": 0})
    table = swept(dbg, 0, [{"n": 1}, {"n": 0}], place="processes")

    assert list(table["reason"]) == ["FAILED", "COMPLETED"]
    assert "sent" in table["error"][0]


def makes(ctx):
    return {"made": threading.Lock() if ctx.state["n"] else "text"}


def test_a_functions_home_must_be_known_over_there(monkeypatch):
    """What a notebook defines is found by a forked process, and by no other kind."""
    monkeypatch.setattr(square, "__module__", "__main__")
    monkeypatch.setattr("__main__.square", square, raising=False)
    monkeypatch.delattr("__main__.__file__")  # as in a notebook
    monkeypatch.setattr("__main__.__spec__", None)
    dbg = numbers()
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with executor, pytest.raises(DebuggerError, match="node square"):
        dbg.sweep(0, [{"n": 2}], executor=executor, progress=False)
    assert dbg.lines == ["main"]


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "variants", "options", "error", "says"),
    [
        (0, [], {}, DebuggerError, "at least one variant"),
        (0, {}, {}, DebuggerError, "at least one variant"),
        (0, grid(n=[]), {}, DebuggerError, "at least one variant"),
        (0, None, {}, DebuggerError, "mapping"),
        (0, 3, {}, DebuggerError, "mapping"),
        (0, [{"n": 1}, 3], {}, DebuggerError, "Variant 1 is 3"),
        (0, {"a": [1]}, {}, DebuggerError, "Variant a is"),
        (0, [{"n": 1}], {"n": 0}, DebuggerError, "how often"),
        (0, [{"n": 1}], {"n": "2"}, DebuggerError, "how often"),
        (0, [{"n": 1}], {"n": True}, DebuggerError, "how often"),
        (0, [{"n": 1}], {"until": 3}, DebuggerError, "until is"),
        (0, [{"n": 1}], {"until": "rot"}, DebuggerError, "root"),
        (0, [{3: 1}], {}, StateTypeError, "text"),
        (0, [{"n": 1}, {3: 1}], {}, StateTypeError, "text"),
        (99, [{"n": 1}], {}, NoSuchFrameError, "frames 0 to"),
        (("rot", 1), [{"n": 1}], {}, NoSuchFrameError, "did not run"),
    ],
)
def test_a_sweep_that_can_not_be_made(at, variants, options, error, says):
    """Bad input: said before anything starts, and no line is made."""
    dbg = numbers()
    with pytest.raises(error, match=says):
        dbg.sweep(at, variants, progress=False, **options)
    assert dbg.lines == ["main"]


@pytest.mark.parametrize("executor", [3, "threads", object()])
def test_an_executor_that_is_none(executor):
    """Bad input."""
    dbg = numbers()
    with pytest.raises(DebuggerError, match="executor"):
        dbg.sweep(0, [{"n": 1}], executor=executor, progress=False)
    assert dbg.lines == ["main"]


def test_with_an_executor_until_is_a_predicate():
    """A node's name is not looked for in another thread's run."""
    dbg = numbers()
    with ThreadPoolExecutor(1) as threads, pytest.raises(DebuggerError, match="predicate"):
        dbg.sweep(0, [{"n": 1}], until="root", executor=threads, progress=False)
    assert dbg.lines == ["main"]


def test_a_grid_of_what_is_no_list():
    """Bad input: a text is no list of values, nor is a number."""
    for value in (3, "ab", None):
        with pytest.raises(DebuggerError, match="'model'"):
            grid(model=value)


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
