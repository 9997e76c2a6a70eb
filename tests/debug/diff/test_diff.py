"""Frames as tables, differences and comparisons."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, typed_state
from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.debug.diff.text_diff import TextDiff
from lellm_nb.errors import MissingKeyError
from tests.strategies import chain, fanned, finish_debugger, nested, note, priced, review, steps

# -- frames ------------------------------------------------------------------------------


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
        **dict.fromkeys(["duration", "cost"], "Float64"),
        **dict.fromkeys(["decision", "error"], "string"),
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


# -- diff --------------------------------------------------------------------------------


def test_an_insert_into_a_list_is_one_added_item():
    """Issue 4: lists are aligned."""
    old = {"messages": [{"role": "user", "text": str(i)} for i in range(300)]}
    new = {"messages": [*old["messages"][:100], {"role": "x"}, *old["messages"][100:]]}

    assert [str(c) for c in diff_states(old, new)] == ["+ messages[100]: {'role': 'x'}"]
    assert [c.kind for c in diff_states(new, old)] == ["removed"]


def test_a_change_inside_a_long_text_is_shown():
    """Issue 4: by words, and by lines."""
    old = "The quick brown fox jumps over the lazy dog and sleeps for a very long while."
    change = diff_states({"s": old}, {"s": old.replace("brown", "red")})[0]

    assert "[-brown-]{+red+}" in str(change)
    text = "one\ntwo\nthree\n"
    assert str(TextDiff(text, text.replace("two", "2"))) == "one\n[-two-]{+2+}\nthree\n"
    assert diff_states("a", "b")[0].text.pieces == [("a", "b")]


def test_what_is_shared_costs_nothing():
    """S2: frames share what did not change."""

    class Loud(list):
        def __eq__(self, other):
            raise AssertionError("compared")

        __hash__ = None

    loud = Loud([1])

    assert not diff_states({"a": loud, "b": [loud]}, {"a": loud, "b": [loud]})


def test_values_without_an_order_of_their_own():
    """NaN, tuples, sets, and objects whose == raises."""

    class Odd:
        def __eq__(self, other):
            raise ValueError

        __hash__ = None

    nan = float("nan")

    assert not diff_states({"n": nan}, {"n": float("nan")})
    assert [c.path for c in diff_states({"t": (1, 2)}, {"t": (1, 3)})] == [("t", 1)]
    assert len(diff_states({"s": {1}}, {"s": {2}})) == 1
    assert len(diff_states([Odd()], [Odd()])) == 1
    assert len(diff_states({"x": [1]}, {"x": (1,)})) == 1


# -- compare -----------------------------------------------------------------------------


def test_equal_runs_have_no_difference():
    """What is equal is folded away."""
    one, two = Debugger(nested()), Debugger(nested())
    finish_debugger(one)
    finish_debugger(two)
    told = one.compare(two)

    assert told.first_difference is told.first_key is told.first_route is None
    assert len(told.to_pandas()) == len(one.frames)
    assert len(told.to_pandas(equal=False)) == 0
    assert "no difference" in repr(told)


def test_the_table_of_a_comparison_has_every_step():
    """Which are the same, and which are the very same frame, are columns to choose by."""
    dbg = priced()
    fork = dbg.fork(6, put={"total": 0})
    fork.run()
    told = dbg.compare(fork)
    table = told.to_pandas()

    assert len(table) == len(told.pairs) == 15
    assert table["shared"].sum() == 7
    assert table[~table["same"]]["path"].tolist() == told.to_pandas(equal=False)["path"].tolist()
    assert table[table["same"] & ~table["shared"]]["path"].tolist() == []
    assert [str(table[name].dtype) for name in ("same", "shared")] == ["boolean"] * 2


def test_a_difference_inside_a_level_names_the_level():
    """The line above it says ``agent:total``, and so does the difference."""
    dbg = priced()
    fork = dbg.fork(6, put={"total": 0})
    fork.run()
    told = repr(dbg.compare(fork)).splitlines()

    at = next(i for i, line in enumerate(told) if line.startswith("first different key"))
    assert told[at].startswith("first different key: agent:total, after agent/discount")
    assert told[at + 1] == "  ~ agent:total: 50 -> -30"
    assert str(told[-2]) == "  ~ job.total: 50 -> -30"


def test_comparing_a_line_with_itself_says_so():
    """Also where the other side is a debugger that stands somewhere else."""
    dbg = priced()
    fork = dbg.fork(2, name="other")

    assert repr(dbg.compare("main")).endswith("no difference; both are the line 'main'")
    assert "both are" not in repr(dbg.compare(fork))
    assert "both are" not in repr(dbg.compare(priced()))


def test_the_first_different_key_is_found_inside_a_level():
    """Issue 4: aligned by path, node and visit."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    fork = dbg.fork(("agent#2/llm", 1), put={"extra": "<b>"})
    finish_debugger(fork)
    pair, key = dbg.compare(fork).first_key

    assert (pair.path, key) == ("agent#2/approve", "agent#2:extra")
    assert "<b>" not in dbg.compare(fork)._repr_html_()


def test_branches_that_finished_in_another_order_are_still_paired():
    """P: the order of branches changes nothing."""
    one, two = Debugger(fanned()), Debugger(fanned())
    finish_debugger(one)
    while two.run().pending or not two.position.ended:
        two.step() if not two.pending else two.approve()
    told = one.compare(two)

    assert all(p.left is not None and p.right is not None for p in told.pairs)
    assert not told.diff


def test_lists_that_grow_are_compared_as_they_grow():
    """A difference comes, and goes where a later write takes it back."""

    def build(extra):
        def node(ctx):
            ctx.append("log", "odd" if ctx.visit == extra else ctx.visit)
            if ctx.visit == 6:
                ctx.put("log", [])
            if ctx.visit < 8:
                ctx.goto("node")

        dbg = Debugger(chain(node))
        dbg.run()
        return dbg

    told = build(3).compare(build(99))

    assert [bool(p.keys) for p in told.pairs] == [
        *([False] * 3),
        *([True] * 3),
        *([False] * 3),
    ]
    assert told.first_key[1] == "log"
    assert str(told.first_key[0].diff) == "~ log[2]: 'odd' -> 3"


def test_comparing_says_which_way_each_side_went():
    """The first different route, in words."""
    g = GraphBuilder("g").node("add", lambda ctx: ctx.reduce("n", 1, Reducer.SUM))
    g.node("small", note).node("big", note).node("end", note)
    g.edge_if("add", "big", lambda s: s["n"] > 5).edge("add", "small")
    g.edge("small", "end").edge("big", "end").start("add").end("end")
    graph = g.build()
    one, two = Debugger(graph, {"n": 0}), Debugger(graph, {"n": 9})
    one.run()
    two.run()
    told = one.compare(two)

    assert "small or big" in repr(told)
    assert told.first_route.path == "add"
    assert all(name.isidentifier() for name in told.to_pandas().columns)


# -- typed states ------------------------------------------------------------------------


@typed_state
@dataclasses.dataclass
class Essay:
    """A state of a class of its own."""

    topic: str
    n: int = 0


class Bump:
    """A mutation that does not say what it writes."""

    def apply(self, state):
        state.n += 1


def test_typed_states_answer_every_question():
    """S6: fields are keys, and a mutation of the user's own is looked at by what it changed."""
    g = GraphBuilder("g").node("a", lambda ctx: ctx.put("topic", "x"))
    g.node("b", lambda ctx: ctx.record(Bump())).node("e", lambda ctx: None)
    g.edge_if("a", "b", lambda s: s.n == 0).edge("a", "e").edge("b", "e")
    dbg = Debugger(g.start("a").end("e").build(), Essay("otters"))
    dbg.run()

    assert [w.frame.path for w in dbg.who("n")] == ["b"]
    assert [w.frame.path for w in dbg.who("topic")] == ["a"]
    assert list(dbg.history("n")["new"]) == [1]
    assert dbg.why(1)[0].reads == ("n",)
    assert list(dbg.evaluate("n + state.n")["value"]) == [0, 0, 2, 2]
    assert list(dbg.frames.to_pandas(keys=True)["changed_keys"]) == ["", "topic", "n", ""]
    assert list(dbg.frames[2].to_pandas()["written_by"]) == ["a", "b"]
    assert dbg.diff(0, -1).keys == ["topic", "n"]
    with pytest.raises(MissingKeyError, match="Did you mean 'topic'"):
        dbg.who("topik")
