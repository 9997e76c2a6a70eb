"""A step as a pytest, and as a cell: they run alone, and what is missing is named."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import decimal
import functools
import importlib.util
import linecache
import math
import os
import pathlib
import subprocess
import sys
import threading
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from lellm_nb import Debugger, GraphBuilder, Put, Reducer, ReducerRegistry, typed_state
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.strategies import chain, fanned, finish_debugger, nested, review

ROOT = Path(__file__).resolve().parents[2]
RATE = 1.19
STATE = {"not": "the state"}
EXPECTED = ["not expected"]
EPOCH = dt.date(2020, 1, 1)


def run_written(tmp_path, *texts):
    """Run written tests with pytest, in a folder of their own; returns what it said."""
    for i, text in enumerate(texts):
        (tmp_path / f"test_written_{i}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def passes(text):
    """Run one written test here; returns why it was skipped, or ``passed``."""
    space = {"__name__": "__main__"}
    exec(compile(text, "<written>", "exec"), space)
    tests = [value for name, value in space.items() if name.startswith("test_")]
    assert len(tests) == 1, sorted(space)
    try:
        tests[0]()
    except pytest.skip.Exception as skipped:
        return str(skipped)
    return "passed"


def cell_of(text):
    """Run a written cell; returns the mutations that its last line gives."""
    body, _, last = text.rstrip().rpartition("\n")
    space = {"__name__": "__main__"}
    exec(compile(body, "<cell>", "exec"), space)
    return list(eval(compile(last, "<cell>", "eval"), space).mutations)


def ran(function, state=None, **options):
    """A debugger of one node, after it ran."""
    g = GraphBuilder("g", **options).node("node", function)
    dbg = Debugger(g.start("node").end("node").build(), state or {})
    assert dbg.run().error is None
    return dbg


def both(dbg, frame=-1):
    """Both forms of a frame work, and say the same."""
    assert passes(dbg.to_test(frame)) == "passed"
    assert cell_of(dbg.to_cell(frame)) == list(dbg.frames[frame].mutations)


def skipped(dbg, frame=-1):
    """Why the written test is skipped; the cell names the same things."""
    why = passes(dbg.to_test(frame))
    assert why.startswith("missing: ")
    assert "# missing:" in dbg.to_cell(frame)
    return why


# -- a real file -------------------------------------------------------------------------


def taxed(ctx):
    return {"gross": ctx.state["net"] * RATE}


def test_a_written_test_passes_when_run(tmp_path):
    """The file runs by itself: functions at the top, closures, async nodes, nests and loops.

    Issue 4: what is missing is named, not guessed; then the test is skipped.
    """
    bonus = [1, 2]
    lock = threading.Lock()

    def locked(ctx):
        with lock:
            return {"n": 1}

    async def adds(ctx):
        await asyncio.sleep(0)
        ctx.append("log", sum(bonus))
        ctx.delete("gone")

    top = ran(taxed, {"net": 10})
    inside = ran(adds, {"gone": 1})
    nest = Debugger(nested())
    finish_debugger(nest)
    fan = Debugger(fanned())
    finish_debugger(fan)
    loop = Debugger(review(), {"topic": "x"})
    loop.run()
    loop.reject("no", then_run=True)
    texts = [
        *(top.to_test(1), inside.to_test(1), nest.to_test(("agent/llm", 1))),
        *(nest.to_test(-1), fan.to_test(("par/deep/one", 1)), loop.to_test(("draft", 2))),
        ran(locked).to_test(1),
    ]
    said = run_written(tmp_path, *texts)

    assert "6 passed, 1 skipped" in said
    assert "missing: lock (lock is lock)" in said


def test_a_written_test_fails_when_the_function_changes(tmp_path):
    """That is what it is for."""
    home = tmp_path / "shop_prices.py"
    home.write_text("def price(ctx):\n    return {'price': ctx.state['n'] * 2}\n")
    spec = importlib.util.spec_from_file_location("shop_prices", home)
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_prices"] = module
    spec.loader.exec_module(module)
    try:
        text = ran(module.price, {"n": 2}).to_test(1)
    finally:
        del sys.modules["shop_prices"]

    assert "from shop_prices import price" in text
    home.write_text("def price(ctx):\n    return {'price': ctx.state['n'] * 3}\n")
    assert "1 failed" in run_written(tmp_path, text)


# -- what a node takes from outside --------------------------------------------------------


def outer_helper(x):
    return inner_helper(x) + 1


def inner_helper(x):
    return x * 2


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


@dataclasses.dataclass
class Price:
    net: int


class Sale(Price):
    def half(self):
        return self.net // 2


def local_things():
    """Closures, helpers, constants, modules, classes, recursion, defaults: all local ones."""
    factor, table = 3, {"a": [1, (2, 3)], "b": {4}}

    def helper(x):
        return x * factor

    def again(n):
        return 1 if n < 2 else n * again(n - 1)

    def closes(ctx):
        return {"v": helper(ctx.state["n"]) + table["a"][0]}

    def recurses(ctx):
        return {"v": again(5)}

    def uses_modules(ctx):
        return {"v": math.floor(ctx.state["n"] / 2), "p": str(pathlib.PurePosixPath("a") / "b")}

    def uses_classes(ctx):
        return {"v": Sale(8).half(), "d": decimal.Decimal("1.5") + 1}

    def has_defaults(ctx, by=factor, *, more=2):
        return {"v": by + more}

    def comprehends(ctx):
        return {"v": [helper(i) for i in range(3) if (lambda y: y > 0)(i)]}

    def annotated(ctx: NoSuchThing) -> dict[str, Unknown]:  # noqa: F821
        n: Unheard = 3  # noqa: F821
        return {"v": n}

    def text(ctx):
        """Says
        what it does."""
        return {
            "v": """one
  two
three"""
        }

    async def awaits(ctx):
        await asyncio.sleep(0)
        return {"v": 1}

    def wraps(function):
        @functools.wraps(function)
        def wrapper(ctx):
            return {**function(ctx), "wrapped": True}

        return wrapper

    @wraps
    def decorated(ctx):
        return {"v": factor}

    return [
        *(closes, recurses, uses_modules, uses_classes, has_defaults, comprehends, annotated),
        *(text, awaits, decorated, lambda ctx: {"v": factor}, taxed_here, mutual, dated, stated),
    ]


def taxed_here(ctx):
    return {"v": ctx.state["n"] * RATE + outer_helper(1)}


def mutual(ctx):
    return {"v": even(4)}


def dated(ctx):
    return {"v": datetime(2020, 1, 2).year - EPOCH.year}


def stated(ctx):
    return {"v": [STATE, EXPECTED], "put": repr(Put("a", 1))}


@pytest.mark.parametrize("function", local_things(), ids=lambda f: f.__name__)
def test_what_a_node_takes_from_outside_goes_with_it(function):
    """Closures, globals and helpers are written out, or imported where they can be."""
    when = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    both(ran(function, {"n": 5, "when": when}))


@pytest.mark.parametrize("function", local_things(), ids=lambda f: f.__name__)
def test_what_a_notebook_defined_goes_with_it(function, monkeypatch):
    """Where no module can be imported, all of it is embedded."""
    from lellm_nb.debug import embed

    real = embed._importable
    own = {__name__, "tests.strategies"}
    monkeypatch.setattr(embed, "_importable", lambda v: v.__module__ not in own and real(v))
    both(ran(function, {"n": 5}))


def test_outside_values_are_those_of_the_function():
    """What a closure holds, and not what the name means elsewhere; two meanings are named."""

    def make(factor):
        def scaled(x):
            return x * factor

        return scaled

    double, triple = make(2), make(3)

    def one(ctx):
        return {"v": double(2)}

    def two(ctx):
        return {"v": double(2) + triple(2)}

    both(ran(one))
    assert "means two things" in skipped(ran(two))


def test_functions_without_source_are_named():
    """From exec, a partial, a built-in, an object: nothing is guessed."""
    space = {"__name__": "nowhere"}
    exec("def made(ctx): return {'v': 1}", space)
    assert "source is not at hand" in skipped(ran(space["made"]))

    def partly(ctx, n):
        return {"v": n}

    assert "partial" in skipped(ran(functools.partial(partly, n=1)))

    class Caller:
        def __call__(self, ctx):
            return {"v": 1}

    assert "Caller" in skipped(ran(Caller()))


def test_a_source_that_changed_since_is_not_taken(tmp_path):
    """The lines may hold something else by now: named, not guessed."""
    home = tmp_path / "cell.py"
    home.write_text("def made():\n    def node(ctx):\n        return {'v': 1}\n    return node\n")
    space = {"__name__": "nowhere"}
    exec(compile(home.read_text(), str(home), "exec"), space)
    dbg = ran(space["made"]())
    both(dbg)
    home.write_text("def made():\n    def node(ctx):\n        return {'w': 22}\n    return node\n")
    os.utime(home, (1, 1))

    assert "has changed since" in skipped(dbg)


def test_a_step_of_old_code_says_so():
    """Patched since: the code that made the frame is gone."""
    dbg = ran(taxed, {"net": 1})
    dbg.patch({"node": lambda ctx: {"gross": 0}})

    assert "replaced after the step" in skipped(dbg, 1)


def test_several_lambdas_on_a_line_are_told_apart():
    """By where their code stands."""
    first, second = (lambda ctx: {"v": 1}), (lambda ctx: {"v": 2})
    both(ran(first))
    both(ran(second))


@pytest.mark.parametrize("name", ["run_step", "Put", "STATE", "EXPECTED", "pytest", "Reducer"])
def test_names_of_the_user_are_not_those_of_the_test(name):
    """A helper may be called anything."""
    space = {}
    source = f"def make(value):\n    {name} = value\n    def node(ctx):\n"
    source += f"        ctx.put('v', {name})\n        ctx.put('w', 1)\n    return node\n"
    linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(True), f"<{name}>")
    exec(compile(source, f"<{name}>", "exec"), space)
    both(ran(space["make"]([1, 2])))


# -- what was read and written -------------------------------------------------------------


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


# -- nothing becomes code --------------------------------------------------------------------

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


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["to_test", "to_cell"])
def test_only_a_tasks_run_can_be_written_out(verb):
    """The start, a barrier, a decision, a failure, an exit: it says what to choose."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    write = getattr(dbg, verb)
    for frame in dbg.frames:
        if frame.kind != "commit":
            with pytest.raises(DebuggerError, match="kind commit"):
                write(frame)
    with pytest.raises(NoSuchFrameError):
        write(99)
    with pytest.raises(NoSuchFrameError):
        write(("agent/lm", 1))


def test_a_cell_works_inside_a_running_event_loop():
    """A notebook cell always has one."""

    async def adds(ctx):
        await asyncio.sleep(0)
        return {"n": ctx.state["n"] + 1}

    text = ran(adds, {"n": 1}).to_cell(1)

    async def cell():
        return cell_of(text)

    assert asyncio.run(cell()) == [Put("n", 2)]


def test_writing_out_runs_nothing_and_moves_nothing():
    """It is looking."""
    runs = []

    def counts(ctx):
        runs.append(1)
        return {"n": len(runs)}

    dbg = ran(counts)
    before = (dbg.head, len(dbg.frames), dbg.lines)
    dbg.to_test(1)
    dbg.to_cell(1)

    assert runs == [1]
    assert (dbg.head, len(dbg.frames), dbg.lines) == before
