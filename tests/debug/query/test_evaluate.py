"""Expressions over frames, bisecting, loops and times."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer
from lellm_nb.errors import DebuggerError, NoSuchFrameError, NoSuchNodeError
from tests.strategies import chain, finish_debugger, nested, review, steps


def counted(n=5):
    """A debugger that has counted to `n` in a loop of its own."""

    def count(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        ctx.set_token_cost(2.0)
        if ctx.visit < n:
            ctx.goto("count")

    dbg = Debugger(chain(count), {})
    dbg.run()
    return dbg


# -- evaluate ----------------------------------------------------------------------------


def test_an_expression_is_asked_of_every_frame():
    """Issue 4: after the fact, one column by frame, errors per row."""
    dbg = counted(3)
    table = dbg.evaluate("n * 10")

    assert list(table.index) == [0, 1, 2, 3]
    assert list(table["value"])[1:] == [10, 20, 30]
    assert table["value"].dtype == "Int64"
    assert table["error"][0].startswith("TypeError: unsupported operand")
    assert table["error"].isna().sum() == 3
    assert list(dbg.evaluate("n > 1")["value"]) == [False, False, True, True]


def test_names_work_inside_comprehensions_and_lambdas():
    """Python proper after py: means what it says, at any depth."""
    dbg = Debugger(steps("a", "b"), {"limit": 1})
    dbg.run()
    table = dbg.evaluate("py: [x for x in state.get('log', []) if len(x) >= limit and frame.index]")

    assert list(table["value"]) == [[], ["a"], ["a", "b"]]
    assert dbg.evaluate("py: max(log, key=lambda x: (limit, x))")["value"][2] == "b"


def test_a_function_of_a_frame_will_do():
    """DESIGN."""
    table = counted(2).evaluate(lambda frame: frame.kind)

    assert list(table["value"]) == ["start", "commit", "commit"]
    assert table["value"].dtype == "string"


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("len(n", r"never closed.\n  len\(n\n     \^"),
        ("n = 3", "write =="),
        ("", "empty"),
        (5, "not 5"),
        ("a\0b", "null"),
    ],
)
def test_a_syntax_error_is_shown_where_it_is(expression, says):
    """Issue 4, bad input."""
    dbg = counted(1)
    for verb in (dbg.evaluate, dbg.bisect):
        with pytest.raises(DebuggerError, match=says):
            verb(expression)


def test_an_expression_can_not_change_the_past():
    """S1: what it reads is read-only, and the row says so."""
    dbg = Debugger(steps("a"))
    dbg.run()
    table = dbg.evaluate("py: log.append('x')")

    assert "ReadOnlyStateError" in table["error"][1]
    assert dbg.state == {"log": ["a"]}


# -- bisect ------------------------------------------------------------------------------


def test_bisect_finds_the_step_and_asks_few_frames():
    """Issue 4: by binary search over committed frames."""
    dbg = counted(200)
    asked = []

    def over(frame):
        asked.append(frame.index)
        return frame.state["n"] > 77

    assert dbg.bisect(over).index == 78
    assert len(asked) < 12
    assert dbg.bisect("n > 77") is dbg.frames[78]


def test_bisect_says_when_it_never_or_always_holds():
    """Never is an error that says so; always is the start frame."""
    dbg = counted(5)

    assert dbg.bisect(lambda frame: True) is dbg.frames[0]
    with pytest.raises(NoSuchFrameError, match="does not hold at frame 5, the head"):
        dbg.bisect("n > 100")
    with pytest.raises(NoSuchFrameError, match="raised NameError"):
        dbg.bisect("py: nn > 1")
    with pytest.raises(NoSuchFrameError, match=r"Nothing has a key 'nn'\. Did you mean 'n'"):
        dbg.bisect("nn > 1")
    dbg.rewind(2)
    with pytest.raises(NoSuchFrameError, match="frame 2"):
        dbg.bisect("n > 3")


def test_bisect_skips_frames_of_failures():
    """R3: they committed nothing."""

    def a(ctx):
        ctx.put("n", 1)

    def b(ctx):
        raise ValueError

    dbg = Debugger(chain(a, b))
    dbg.run()
    dbg.retry()

    assert [f.kind for f in dbg.frames][-1] == "error"
    assert dbg.bisect("n == 1").index == 1


# -- loops and timing --------------------------------------------------------------------


def test_loops_tell_every_turn():
    """Issue 4: what changed, tokens, time."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.reject("short")
    dbg.run()
    dbg.approve()
    dbg.run()
    table = dbg.loops()

    assert list(table["cycle"]) == ["draft -> approve"] * 2
    assert list(table["turn"]) == [1, 2]
    assert list(table["first"]) == [1, 4]
    assert list(table["last"]) == [3, 6]
    assert "approve.reject_reason" in table["changed_keys"][0]
    assert "approve.approved" in table["changed_keys"][1]
    assert list(dbg.loops(["draft", "approve"])["turn"]) == [1, 2]
    assert list(dbg.loops("approve")["turn"]) == [1, 2]


def test_loops_inside_graphs_are_turned_per_entry():
    """N2: a level's turns are counted within its entry; inner work counts for outer turns."""
    inner = GraphBuilder("inner")
    inner.node("llm", lambda ctx: (ctx.set_token_cost(5), ctx.reduce("t", 1, Reducer.SUM))[1])
    inner.node("end", lambda ctx: None).edge_if("llm", "llm", lambda s: s["t"] % 2 == 1)
    g = GraphBuilder("g").subgraph(
        "agent", inner.edge("llm", "end").start("llm").end("end").build()
    )
    g.node("done", lambda ctx: None).edge_if("agent", "agent", lambda s: s["t"] < 4)
    dbg = Debugger(g.edge("agent", "done").start("agent").end("done").build(), {"t": 0})
    dbg.run()
    table = dbg.loops()
    outer = table[table["level"] == ""]
    within = table[table["level"] != ""]

    assert list(outer["turn"]) == [1, 2]
    assert list(outer["cost"]) == [10, 10]
    assert list(within["level"]) == ["agent", "agent", "agent#2", "agent#2"]
    assert list(within["turn"]) == [1, 2, 1, 2]
    assert list(within["changes"]) == [
        *("~ t: 0 -> 1", "~ t: 1 -> 2", "~ t: 2 -> 3", "~ t: 3 -> 4")
    ]


@pytest.mark.parametrize(
    ("cycle", "error", "says"),
    [
        (["nope"], NoSuchNodeError, "nope"),
        ("done", DebuggerError, "in no cycle"),
        (["plan", "llm"], DebuggerError, "one level"),
        (5, DebuggerError, "list of node names"),
    ],
)
def test_a_cycle_that_is_none(cycle, error, says):
    """Bad input."""
    with pytest.raises(error, match=says):
        Debugger(nested()).loops(cycle)


def test_timing_tells_visits_and_shares():
    """Issue 4."""
    dbg = counted(4)
    table = dbg.timing()

    assert list(table["path"]) == ["count"]
    assert (table["visits"][0], table["cost"][0], table["share"][0]) == (4, 8.0, 1.0)
    assert table["max"][0] <= table["total"][0]


def test_timing_of_composites_and_barriers():
    """What ran inside, and how long a decision was waited for."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    table = dbg.timing().set_index("path")

    assert table.loc["agent", "visits"] == 2
    assert table.loc["agent", "total"] == 0
    assert table.loc["agent", "inside"] > 0
    assert table.loc["agent/approve", "waited"] > 0


def test_an_empty_history_answers_every_question():
    """Looking works at any moment."""
    dbg = Debugger(review(), {"topic": "x"})

    assert len(dbg.loops()) == len(dbg.timing()) == len(dbg.history("topic")) == 0
    assert len(dbg.evaluate("topic")) == 1
    assert dbg.bisect("topic == 'x'").index == 0
    assert list(dbg.who("topic")) == []
    assert dbg.why(0).said == "the run begins at draft"
    assert len(dbg.find("x")) == 1
