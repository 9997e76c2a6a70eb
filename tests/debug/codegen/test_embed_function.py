"""What a written step takes from outside goes with it, and what can not is named."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import decimal
import functools
import linecache
import math
import os
import pathlib
from datetime import datetime

import pytest

from lellm_nb import Put
from tests.debug.codegen.written_steps import both, ran, skipped

RATE = 1.19
STATE = {"not": "the state"}
EXPECTED = ["not expected"]
EPOCH = dt.date(2020, 1, 1)


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
    from lellm_nb.debug.codegen import embed_function as embed

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
