"""Who wrote a value, and every change of it: through lenses, reducers and merges."""

from __future__ import annotations

import itertools

import pytest

from lellm_nb import Debugger, GraphBuilder, Put, Reduce, Reducer
from lellm_nb.errors import MissingKeyError, NoSuchNodeError, StateTypeError
from tests.strategies import chain, fanned, finish_debugger, nested, priced, steps


def paths(writes):
    """The paths of the frames that wrote."""
    return [w.frame.path for w in writes]


def inner(*named):
    """A graph of ``(name, function)`` in a row."""
    g = GraphBuilder("inner")
    for name, function in named:
        g.node(name, function)
    for (a, _), (b, _) in itertools.pairwise(named):
        g.edge(a, b)
    return g.start(named[0][0]).end(named[-1][0]).build()


class Renaming:
    """A lens that gives ``a`` and ``b`` other names inside."""

    def get(self, outer):
        return {"x": outer["a"], "y": outer["b"]}

    def set(self, outer, inner):
        return {**outer, "a": inner["x"], "b": inner["y"]}


def test_an_exit_leads_on_to_the_steps_inside():
    """N3: the outer frame has the lifted mutation, the inner ones made it; newest first."""
    work = inner(("plan", lambda ctx: {"plan": {"a": 1}}), ("count", lambda ctx: {"n": 2}))
    g = GraphBuilder("g").subgraph("agent", work, lens="box").start("agent").end("agent")
    dbg = Debugger(g.build(), {"box": {"n": 0}})
    dbg.run()
    outer, within = dbg.who(("box", "n"))

    assert (outer.frame.path, outer.mutation) == ("agent", Put(("box", "n"), 2))
    assert (within.frame.path, within.mutation) == ("agent/count", Put("n", 2))
    assert within.through == (outer.frame,)
    assert paths(dbg.who("box")) == ["agent", "agent", "agent/count", "agent/plan"]
    assert paths(dbg.who(("box", "plan", "a"))) == ["agent", "agent/plan"]


def test_several_writes_of_an_exit_are_shown_as_one_line():
    """Each is told by the step inside that made it; the sequence has them all."""
    dbg = priced()
    lines = repr(dbg.who("job")).splitlines()
    cell = dbg.who("job")._repr_html_()

    assert len(dbg.who("job")) == len(dbg.who("job").to_pandas()) == 19
    assert lines[0] == "frame 9 agent (visit 1): 9 writes, made inside"
    assert lines[1] == "  frame 8 agent/done (visit 1): Reduce('log', 'agent/done', Reducer.APPEND)"
    assert lines[-1].startswith("frame 1 start (visit 1): Put('job', ")
    assert len(lines) == 11
    assert cell.count("<tr>") == 11
    assert cell.count("9 writes, made inside") == 1
    assert "older" not in cell + lines[-1]
    assert repr(dbg.who("booked")) == "frame 13 book (visit 1): Put('booked', 50)"


def test_lines_that_are_not_shown_are_counted_in_writes():
    """Fifty lines as text, sixty in a cell."""
    dbg = priced(*range(30))

    writes = dbg.who("job")
    assert repr(writes).splitlines()[-1] == f"… {len(writes) - 121 - 49} older"
    assert f"<p>… {len(writes) - 121 - 59} older</p>" in writes._repr_html_()


def test_a_custom_lens_is_asked_which_key_matters():
    """N3: a lens that renames keys leads on to the writers of the key behind the name."""
    work = inner(
        ("one", lambda ctx: {"x": ctx.state["x"] + 1}),
        ("two", lambda ctx: {"y": 5}),
    )
    g = GraphBuilder("g").subgraph("sub", work, lens=Renaming()).start("sub").end("sub")
    dbg = Debugger(g.build(), {"a": 1, "b": 0})
    dbg.run()

    assert paths(dbg.who("a")) == ["sub", "sub/one"]
    assert paths(dbg.who("b")) == ["sub", "sub/two"]


def test_a_join_leads_on_to_the_branches():
    """P2: every branch that wrote the key, also inside a graph in a branch."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)
    found = dbg.who("log")

    assert paths(found)[0] == "last"
    assert {"par/a", "par/check/look", "par/check/go", "par/deep/one"} <= set(paths(found))
    [deepest] = [w for w in found if w.frame.path == "par/deep/two"]
    assert [f.path for f in deepest.through] == ["par", "par/deep"]
    indexes = [w.frame.index for w in found]
    assert indexes == sorted(indexes, reverse=True)


def test_a_function_that_merges_may_have_used_every_branch():
    """P2: no branch wrote the key, so all that they wrote went into it."""
    g = GraphBuilder("g").parallel(
        "p",
        {"one": lambda ctx: {"r": 1}, "two": lambda ctx: {"r": 2}},
        merge=lambda states: {"best": max(s["r"] for s in states.values())},
    )
    dbg = Debugger(g.start("p").end("p").build())
    dbg.run()

    first, *branches = paths(dbg.who("best"))
    assert (first, sorted(branches)) == ("p", ["p/one", "p/two"])


def test_a_level_may_be_named():
    """DESIGN: `"agent:key"` names the level; what came in through the lens counts too."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    every = paths(dbg.who("agent:log"))

    assert every[:2] == ["agent#2/tool", "agent#2/llm"]
    assert {"plan", "agent/llm"} <= set(every)
    assert "done" not in every
    assert paths(dbg.who("agent#1:log")) == ["agent/tool", "agent/llm", "plan"]
    assert paths(dbg.who(("agent#1:log", 1))) == ["agent/tool", "agent/llm", "plan"]


def test_a_branch_is_a_level():
    """P1: a branch sees what was there before the fork, and its own writes."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)

    assert paths(dbg.who("par/a:log")) == ["par/a", "first"]
    assert paths(dbg.who("par/deep:log")) == ["par/deep/two", "par/deep/one", "first"]


def test_a_key_with_a_colon_is_a_key():
    """Only what is no key is taken apart."""

    def a(ctx):
        ctx.put("http://x", 1)

    dbg = Debugger(chain(a))
    dbg.run()

    assert paths(dbg.who("http://x")) == ["a"]


@pytest.mark.parametrize("verb", ["who", "history"])
@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("lgo", MissingKeyError, "Did you mean 'log'"),
        (("log", 99), MissingKeyError, "log"),
        (("plan", "step"), MissingKeyError, "Did you mean 'steps'"),
        ("agnet:log", NoSuchNodeError, "Did you mean 'agent'"),
        ("agent:lgo", MissingKeyError, "Did you mean 'log'"),
        (7, StateTypeError, "A key is text"),
        ((), StateTypeError, "A key is text"),
    ],
)
def test_a_path_that_does_not_exist_names_the_nearest(verb, path, error, says):
    """Issue 4, bad input."""
    dbg = Debugger(nested(), {"plan": {"steps": []}})
    finish_debugger(dbg)

    with pytest.raises(error, match=says):
        getattr(dbg, verb)(path)


def test_who_is_a_sequence_and_a_table():
    """One row per write; what is asked for is made then."""
    dbg = Debugger(steps("a", "b", "c"))
    dbg.run()
    found = dbg.who("log")

    assert [w.value for w in found[:2]] == ["c", "b"]
    assert found[-1].frame.path == "a"
    assert list(found.to_pandas()["path"]) == ["c", "b", "a"]
    assert found == list(found)
    with pytest.raises(IndexError):
        found[3]


def test_what_is_shown_is_escaped():
    """No value from a state is ever markup."""

    def a(ctx):
        ctx.put("x", "<script>")

    dbg = Debugger(chain(a))
    dbg.run()

    for shown in (dbg.who("x"), dbg.find("script"), dbg.diff(0, 1)):
        assert "<script>" not in shown._repr_html_()
        assert "script" in shown._repr_html_()


# -- history -----------------------------------------------------------------------------


def test_history_tells_old_and_new():
    """DESIGN: every change, along the whole current line."""

    def count(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        if ctx.visit < 3:
            ctx.goto("count")

    dbg = Debugger(chain(count), {"n": 0})
    dbg.run()
    dbg.rewind(1)
    table = dbg.history("n")

    assert list(table["frame"]) == [1, 2, 3]
    assert list(table["old"]) == [0, 1, 2]
    assert list(table["new"]) == [1, 2, 3]
    assert list(table["visit"]) == [1, 2, 3]
    assert table["new"].dtype == "int64"


def test_a_write_that_changes_nothing_has_no_row():
    """Who wrote is asked of `who`; what changed of `history`."""

    def a(ctx):
        ctx.put("n", 1)

    dbg = Debugger(chain(a), {"n": 1})
    dbg.run()

    assert len(dbg.who("n")) == 1
    assert len(dbg.history("n")) == 0


def test_history_tells_deletes_edits_and_types():
    """1 and True are not the same to a reader."""

    def a(ctx):
        ctx.put("n", True)

    def b(ctx):
        ctx.delete("n")

    dbg = Debugger(chain(a, b), {"n": 1})
    dbg.run()
    fork = dbg.fork(put={"n": 5})
    table = fork.history("n")

    assert list(table["kind"]) == ["commit", "commit", "edit"]
    assert [table["old"][0], table["new"][0]] == [1, True]
    assert table["new"][1] is None
    assert table["new"][2] == 5


def test_history_of_a_level_begins_with_what_the_lens_gave():
    """N1: the inner state is a part of the outer one."""
    g = GraphBuilder("g").subgraph("sub", inner(("w", lambda ctx: {"n": 2})), lens="box")
    dbg = Debugger(g.start("sub").end("sub").build(), {"box": {"n": 1}})
    dbg.run()

    assert dbg.history("sub:n")[["path", "old", "new"]].values.tolist() == [["sub/w", 1, 2]]
    assert list(dbg.history(("box", "n"))["path"]) == ["sub"]


def test_lists_that_grew_are_shown_as_they_were():
    """S2: the compact form of a list is never seen."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()

    assert list(dbg.history("log")["new"]) == [["a"], ["a", "b"]]
    assert dbg.who("log")[0].mutation == Reduce("log", "b", Reducer.APPEND)
