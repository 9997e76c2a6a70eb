"""The values that a written step read and wrote, and texts that never become code."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import pathlib
import threading
import uuid

import pytest

from lellm_nb import Debugger, Expression, GraphBuilder, Reducer, ReducerRegistry, typed_state
from tests.debug.codegen.written_steps import both, passes, ran, skipped
from tests.strategies import chain

# -- what was read and written -----------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, -0.0, 1e300, float("inf"), "text", b"bytes", "\ud800", "'''\"\"\"\\"),
        *([], [1, [2]], (), (1,), (1, 2), {}, {"a": {"b": []}}, {1: "int key"}, set(), {1, 2}),
        *(frozenset({1}), dt.date(2020, 1, 1), dt.timedelta(days=1), dt.time(1, 2)),
        dt.datetime(2020, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        *(decimal.Decimal("1.50"), uuid.UUID(int=7), pathlib.PurePosixPath("a/b")),
    ],
    ids=repr,
)
def test_values_are_written_as_they_are(value):
    """Read and written, alone and inside others."""

    def copies(ctx):
        ctx.put("out", ctx.state["in"])
        ctx.put("deep", [{"x": ctx.state["in"]}])

    both(ran(copies, {"in": value}))


def test_a_condition_that_a_node_uses_is_written_as_its_text():
    """G10: a literal, that needs nothing from where it stood."""
    rule = Expression("n > 2 and name != 'x'")

    def node(ctx):
        return {"big": rule(ctx.state)}

    both(ran(node, {"n": 3, "name": "y"}))


class Opaque:
    """Something without a source text."""


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Opaque(), "Opaque"),
        ([1, {"x": Opaque()}], "Opaque"),
        (threading.Lock(), "lock"),
        (dataclasses.make_dataclass("Point", ["x"])(1), "Point"),
        (type("Text", (str,), {})("subclass"), "Text"),
    ],
)
def test_a_value_that_can_not_be_written_is_named(value, says):
    """By its key; the test is skipped, what else there is stays."""

    def node(ctx):
        ctx.put("n", 1 if "odd" in ctx.state else 0)

    dbg = ran(node, {"odd": value, "fine": 1})
    why = skipped(dbg)

    assert "STATE['odd']" in why
    assert says in why
    assert "'fine': 1" in dbg.to_test(-1)


def test_a_written_value_that_can_not_be_written_out_is_named():
    """What the step wrote: by its key, too."""
    opaque = ran(lambda ctx: {"made": Opaque(), "n": 1}).to_test(1)
    nothing = ran(lambda ctx: {"n": float("nan")}).to_test(1)

    assert "to 'made'" in passes(opaque)
    assert "not even itself" in passes(nothing)


def test_every_kind_of_write_is_expected():
    """Put, Delete and Reduce, on keys and paths; the graph's reducers are the level's own."""

    def writes(ctx):
        ctx.put(("plan", "x"), 1)
        ctx.delete("old")
        ctx.reduce("n", 2, Reducer.SUM)
        ctx.append("log", [1])
        return {"total": 5}

    rules = ReducerRegistry({"total": Reducer.MAX})
    both(ran(writes, {"plan": {}, "old": 1, "total": 2}, reducers=rules))
    inner = GraphBuilder("inner", reducers=rules).node("w", lambda ctx: {"total": 3})
    g = GraphBuilder("g").subgraph("sub", inner.start("w").end("w").build())
    dbg = Debugger(g.start("sub").end("sub").build(), {"total": 1})
    dbg.run()
    both(dbg, 1)
    assert "Reduce('total', 3" in dbg.to_test(1)


def test_a_reducer_of_the_users_own_is_named():
    """It has no name under which the test would find it."""
    shout = Reducer.custom(lambda old, new: f"{old}{new}!", name="shout")
    rules = ReducerRegistry({"words": shout})

    assert "shout" in skipped(ran(lambda ctx: {"words": "a"}, {"words": "b"}, reducers=rules))
    fake = Reducer.custom(lambda old, new: 0, name="sum")
    assert "sum" in skipped(ran(lambda ctx: ctx.reduce("n", 1, fake), {"n": 1}))


def test_a_typed_state_is_named():
    """A dataclass is no mapping: the node would not find its fields."""

    @dataclasses.dataclass
    class Bill:
        total: int = 0

    def pay(ctx):
        ctx.put("total", ctx.state.total + 1)

    dbg = Debugger(chain(pay), typed_state(Bill)())
    dbg.run()

    assert "the state" in skipped(dbg)


def test_a_goto_is_replayed_too():
    """Where the node wanted to go is part of what it did."""

    def jumps(ctx):
        ctx.goto("there")

    g = GraphBuilder("g").node("jumps", jumps).node("there", lambda ctx: {"path": ctx.path})
    g.node("end", lambda ctx: None).edge("jumps", "end").edge("there", "end")
    dbg = Debugger(g.start("jumps").end("end").build())
    dbg.run()

    both(dbg, 1)
    assert "done.target == 'there'" in dbg.to_test(1)
    both(dbg, 2)


def test_what_a_node_sees_of_itself():
    """Its path, node and visit are as they were."""

    def looks(ctx):
        ctx.append("seen", [ctx.node, ctx.path, ctx.visit])

    inner = GraphBuilder("inner").node("looks", looks).node("end", looks)
    inner.edge_if("looks", "looks", lambda s: len(s["seen"]) < 2).edge("looks", "end")
    g = GraphBuilder("g").subgraph("sub", inner.start("looks").end("end").build())
    g.parallel("par", {"looks": looks, "other": lambda ctx: None})
    dbg = Debugger(g.edge("sub", "par").start("sub").end("par").build())
    dbg.run()

    for frame in (1, 2, 3, ("par/looks", 1)):
        index = frame if isinstance(frame, int) else dbg.at(*frame).index
        both(dbg, index)
    assert dbg.state["seen"][1] == ["looks", "sub/looks", 2]


# -- nothing becomes code ----------------------------------------------------------------


NASTY = [
    'x"; raise SystemExit',
    "x\nraise SystemExit",
    "x'''\nraise SystemExit",
    'x"""\nraise SystemExit\n"""',
    "x\rraise SystemExit",
    "x\u2028raise SystemExit",
    "x\x0craise SystemExit",
    "x\\",
    "²",
    "{x}",
    "%s",
    "\ud800",
    " ",
    "é",
]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_no_text_of_a_state_or_a_name_becomes_code(text):
    """Names of nodes and graphs, keys and values are written as text."""

    def node(ctx):
        ctx.put(text, ctx.state[text])
        ctx.put("node", ctx.node)

    g = GraphBuilder(text or "g").node(text, node).start(text).end(text)
    dbg = Debugger(g.build(), {text: text, "more": [text]}, name=f"{text} # {text}")
    dbg.run()

    both(dbg)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_what_is_missing_is_text_as_well(text):
    """Keys of what is left out stand in a comment, and in the skip."""
    kind = type("Odd", (), {"__repr__": lambda self: text})

    def node(ctx):
        ctx.put("n", 1)
        ctx.put(("m", text), kind())

    dbg = ran(node, {text: kind(), "m": {}})
    why = skipped(dbg)

    assert "Odd" in why
