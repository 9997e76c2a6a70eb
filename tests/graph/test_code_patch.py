"""The advice of a failure, where no name leads to the code that failed (G9)."""

from __future__ import annotations

import functools

import pytest

from lellm_nb import Debugger, StopReason
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
