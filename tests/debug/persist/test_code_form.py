"""Functions that were put into a run by hand are not stored, and that is said."""

from __future__ import annotations

import warnings

import pytest

from lellm_nb import Debugger, GraphBuilder


def wrong(ctx):
    return {"n": 1}


def right(ctx):
    return {"n": 2}


def graph_of(function):
    g = GraphBuilder("g").node("a", lambda ctx: None).node("b", function).barrier("c")
    return g.edge("a", "b").edge("b", "c").start("a").end("c").build()


def mended(tmp_path, how):
    """A run of which a fork, or the first line, was mended; its file, and how to open it."""
    store = tmp_path / "runs.db" if how == "store" else None
    dbg = Debugger(graph_of(wrong), {}, store=store)
    dbg.run()
    dbg.fork(at=1, nodes={"b": right}, name="mended").run()
    if how == "file":
        dbg.save(tmp_path / "run.lellm")
        return lambda graph=None: Debugger.load(tmp_path / "run.lellm", graph)
    dbg.close()
    return lambda graph=None: Debugger.open(tmp_path / "runs.db", graph=graph)


@pytest.mark.parametrize("how", ["store", "file"])
def test_a_mended_line_says_when_its_function_is_not_there(tmp_path, how):
    """It would go on with the function that was the mistake."""
    reopen = mended(tmp_path, how)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the first line was never mended
        dbg = reopen(graph_of(wrong))
    with pytest.warns(UserWarning, match=r"Line 'mended' .* b \(right, of .*dbg\.patch\({'b'"):
        line = dbg.branch("mended")
    assert line.state["n"] == 2

    line.patch({"b": right})
    assert not line._context.code.lost
    if how == "store":
        dbg.close()
        with pytest.warns(UserWarning, match="Line 'mended'"):
            reopen(graph_of(wrong)).branch("mended")


def test_the_function_that_was_put_in_is_known_again(tmp_path):
    """A graph that has the mended function in it is what the line was made with."""
    reopen = mended(tmp_path, "store")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        line = reopen(graph_of(right)).branch("mended")
        line.close()
        reopen().branch("mended")  # to look at it nothing is missing


def test_a_patch_of_the_first_line_is_remembered_too(tmp_path):
    """`open` says it at once; what is saved from there on says it as well."""
    dbg = Debugger(graph_of(wrong), {}, store=tmp_path / "runs.db")
    dbg.patch({"b": right})
    dbg.run()
    dbg.close()

    with pytest.warns(UserWarning, match="Line 'main'"):
        again = Debugger.open(tmp_path / "runs.db", graph=graph_of(wrong))
    again.save(tmp_path / "run.lellm")
    with pytest.warns(UserWarning, match="Line 'main'"):
        Debugger.load(tmp_path / "run.lellm", graph_of(wrong))
