"""Frames as tables, while a run goes on as well."""

from __future__ import annotations

import threading

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import MissingKeyError
from tests.strategies import chain, fanned, finish_debugger, nested, review, steps


def test_columns_have_types():
    """Issue 4: typed columns."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    types = dbg.frames.to_pandas().dtypes.astype(str).to_dict()

    assert types == {
        "index": "int64",
        **dict.fromkeys(["line", "path", "node"], "string"),
        **dict.fromkeys(["visit", "step"], "Int64"),
        **dict.fromkeys(["kind", "changed_keys", "next_node"], "string"),
        **dict.fromkeys(["duration", "cost", "paid"], "Float64"),
        "calls": "int64",
        **dict.fromkeys(["tokens_in", "tokens_out"], "Int64"),
        **dict.fromkeys(["decision", "error"], "string"),
        "turn": "int64",
    }


def test_keys_become_columns_on_request():
    """Issue 4: one per root key, big values shortened with their size."""

    def a(ctx):
        ctx.put("text", "word " * 1000)
        ctx.put("step", 1)

    dbg = Debugger(chain(a), {"n": 1})
    dbg.run()
    table = dbg.frames.to_pandas(keys=True)

    assert list(table["n"]) == [1, 1]
    assert table["text"][1].endswith("(5,000 characters)")
    assert len(table["text"][1]) < 120
    assert list(table["step"]) == [0, 1]
    assert table["state_step"][1] == 1
    assert list(dbg.frames.to_pandas("n").columns)[-1] == "n"
    with pytest.raises(MissingKeyError, match="Did you mean 'text'"):
        dbg.frames.to_pandas(["txet"])


def test_a_slice_of_frames_is_a_view_as_well():
    """DESIGN: `frames[2:5]` offers the same table."""
    dbg = Debugger(steps(*"abcdef"))
    dbg.run()
    some = dbg.frames[2:5]

    assert list(some.to_pandas()["path"]) == ["b", "c", "d"]
    assert [f.index for f in some[::-1]] == [4, 3, 2]
    assert some[0] is dbg.frames[2]
    assert some[1:][0] is dbg.frames[3]
    assert len(dbg.frames[99:]) == 0
    assert repr(dbg.frames[99:]) == "(no frames)"
    assert some == [dbg.frames[2], dbg.frames[3], dbg.frames[4]]


def test_one_frame_as_a_table():
    """Issue 4: key, value, type, size, written by, at."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    dbg.approve()
    table = dbg.frames[-1].to_pandas().set_index("key")

    assert list(table.columns) == ["value", "type", "size", "written_by", "at"]
    assert list(table.loc["topic"]) == ["otters", "str", 6, "start", 0]
    assert list(table.loc["draft", ["written_by", "at"]]) == ["draft", 1]
    assert list(table.loc["approve.approved", ["type", "written_by", "at"]]) == [
        "bool",
        "approve",
        3,
    ]


def test_the_table_of_an_inner_frame_leads_outwards():
    """N1: what the level began with was written outside."""
    inner = GraphBuilder("i").node("w", lambda ctx: {"plan": [1]}).start("w").end("w").build()
    g = GraphBuilder("g").node("s", lambda ctx: {"box": {"q": "deep"}})
    g.subgraph("k", inner, lens="box").edge("s", "k").start("s").end("k")
    dbg = Debugger(g.build(), {"other": 1})
    dbg.run()
    table = dbg.at("k/w").to_pandas().set_index("key")

    assert list(table["written_by"]) == ["s", "k/w"]
    assert list(table["type"]) == ["str", "list"]
    dbg = Debugger(fanned(), {"topic": "x"})
    finish_debugger(dbg)
    table = dbg.at("par/deep/two").to_pandas().set_index("key")
    assert list(table["written_by"]) == ["start", "par/deep/two"]


def test_looking_works_while_a_run_is_going_on():
    """DESIGN: only verbs that move are refused."""
    inside, go = threading.Event(), threading.Event()

    def a(ctx):
        ctx.put("n", 1)

    def b(ctx):
        inside.set()
        go.wait(20)

    dbg = Debugger(chain(a, b), {"n": 0})
    handle = dbg.start()
    try:
        assert inside.wait(20)
        assert list(dbg.history("n")["new"]) == [1]
        assert len(dbg.who("n")) == 1
        assert len(dbg.frames.to_pandas()) == 2
        assert dbg.bisect("n == 1").index == 1
        assert list(dbg.evaluate("n")["value"]) == [0, 1]
        assert dbg.why(1).winner.target == "b"
        assert len(dbg.timing()) == 1
    finally:
        go.set()
        handle.result(20)
