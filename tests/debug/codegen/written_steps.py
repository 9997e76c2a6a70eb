"""Running a step that was written out, as a pytest and as a cell."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder


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
