"""The advice of a failure, where no name leads to the code that failed (G9)."""

from __future__ import annotations

import functools

import pytest

from lellm_nb import Debugger, GraphBuilder, KeyLens, StopReason
from tests.debug.cells import Cells, only, row

R = StopReason


def made(n):
    """A closure, twice."""

    def work(ctx):
        return {"n": n}

    return work


@pytest.mark.parametrize("code", [made(1), lambda ctx: {"n": 1}, functools.partial(made(1))])
def test_what_no_name_leads_to_says_patch(code):
    """G9: closures and lambdas are not followed; the advice of their failure is `patch()`."""
    dbg = Debugger(only(functools.partial(lambda ctx, run: run(ctx) and 1 / 0, run=code)))
    error = dbg.run().error

    assert "patch({'work': function})" in str(error)
    assert error.patch == "patch({'work': function})"
    dbg.patch({"work": code})
    assert dbg.retry().reason is R.COMPLETED


def test_advice_where_a_name_leads_to_it():
    """G9: there the advice stays to mend the function; once its name means another, `patch()`."""
    cells = Cells("def work(ctx): return 1 / 0")
    dbg = Debugger(row(inner=only(cells.work)))
    error = dbg.run().error
    assert "mend the function and retry" in str(error)
    assert not error.patch
    cells("def work(text): return text")

    assert dbg.retry().error.patch == "patch({'inner/work': function})"


class Broken:
    """A lens that raises one way, and the other."""

    def __init__(self, gets, sets):
        self.gets, self.sets = gets, sets

    def get(self, outer):
        return {"n": 1} if self.gets else 1 / 0

    def set(self, outer, inner):
        return outer if self.sets else 1 / 0


def test_what_no_name_leads_to_in_a_composite():
    """G9: a merge and a lens of which no name says where they are, inside of another graph too."""
    work = Cells("def work(ctx): return {'n': 1}").work

    def merged(results):
        raise LookupError("cannot merge")

    fan = GraphBuilder("fan").parallel("all", {"a": work, "b": work}, merge=merged)
    dbg = Debugger(row(inner=fan.start("all").end("all").build()))
    error = dbg.run().error
    assert error.patch == "patch({'inner/all': merge})"
    assert error.patch in str(error)
    dbg.patch({"inner/all": lambda results: {"n": 2}})
    assert dbg.retry().error is None
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize("way", [(False, True), (True, False)], ids=["entering", "leaving"])
def test_a_lens_that_no_name_leads_to(way):
    """G9: whichever of its two functions raised."""
    work = Cells("def work(ctx): return {'n': 1}").work
    g = GraphBuilder("g").subgraph("inner", only(work), lens=type("L", (Broken,), {})(*way))
    dbg = Debugger(g.start("inner").end("inner").build(), {"n": 0})
    error = dbg.run().error

    assert error.patch == "patch({'inner': lens})"
    dbg.patch({"inner": KeyLens("inside")})
    assert dbg.retry().error is None
    assert dbg.run().reason is R.COMPLETED
