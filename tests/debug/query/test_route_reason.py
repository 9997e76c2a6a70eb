"""Why a step went the way it went, and where a text occurs."""

from __future__ import annotations

import functools

import pytest

from lellm_nb import Debugger, GraphBuilder, Reroute
from lellm_nb.debug.names.condition_source import source_of
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.strategies import chain, finish_debugger, nested, note, review


def big(state):
    return state["n"] > 5


def forked():
    """A node with three conditions, a normal edge and a fallback."""
    g = GraphBuilder("g").node("a", note)
    for name in "bcdef":
        g.node(name, note)
    g.edge_if("a", "b", lambda s: s["n"] < 0).edge_if("a", "c", big)
    g.edge_if("a", "d", lambda s: "m" in s and s.get("k", 0) > len(s["log"]))
    g.edge("a", "e").edge_fallback("a", "f").edge("b", "f").edge("c", "f").edge("d", "f")
    return g.edge("e", "f").start("a").end("f").build()


def test_every_way_out_with_its_condition():
    """Issue 4: in order, source text, result, the keys it read, which one won."""
    dbg = Debugger(forked(), {"n": 7})
    dbg.run()
    why = dbg.why(1)

    assert [row.target for row in why] == list("bcdef")
    assert [row.result for row in why] == [False, True, False, None, None]
    assert why.winner.target == "c"
    assert why[0].condition == 'lambda s: s["n"] < 0'
    assert why[1].condition.startswith("def big(state):")
    assert [row.reads for row in why][:3] == [("n",), ("n",), ("m",)]
    assert "earlier edge" in why[2].note
    assert list(why.to_pandas()["won"]) == [False, True, False, False, False]
    assert "a went to c" in why.said


def test_the_normal_edge_wins_where_no_condition_holds():
    """G2."""
    dbg = Debugger(forked(), {"n": 0})
    dbg.run()

    assert dbg.why(("a", 1)).winner.kind == "normal"
    assert "no condition held" in dbg.why(("a", 1)).said


def test_a_condition_that_raises_now_says_so_in_its_row():
    """Issue 4: `why` raises nothing for it."""
    g = GraphBuilder("g").node("a", note).node("b", note)
    g.edge_if("a", "b", lambda s: s["missing"]).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    dbg.run()
    why = dbg.why(-1)

    assert why[0].result is None
    assert "KeyError" in why[0].note
    assert why[0].reads == ("missing",)
    assert "found no way out" in why.said


def test_a_condition_that_was_patched_says_what_it_said_then():
    """The record is what happened; what the new code says is a note."""
    dbg = Debugger(forked(), {"n": 7})
    dbg.run()
    dbg.patch(edges={("a", "c"): lambda s: False})
    why = dbg.why(1)

    assert why[1].result is True
    assert why[1].won
    assert "said True then, says False now" in why[1].note


def test_routes_without_an_edge_are_said_in_words():
    """R2, R9, B3: goto, end, decisions, failures."""

    def jump(ctx):
        ctx.goto("last")

    def broken(ctx):
        raise ValueError("no")

    g = GraphBuilder("g").node("jump", jump).node("other", note).node("last", broken)
    g.node("mend", lambda ctx: ctx.end()).edge("jump", "other").edge("other", "last")
    g.on_error("last", "mend").edge("mend", "other").start("jump").end("other")
    dbg = Debugger(g.build())
    dbg.run()
    said = [dbg.why(frame).said for frame in dbg.frames]

    assert said[0] == "the run begins at jump"
    assert "ctx.goto('last')" in said[1]
    assert "failed with ValueError; its error route leads to mend" in said[2]
    assert "ctx.end()" in said[3]

    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    assert "waits for a decision on approve#0" in dbg.why(-1).said
    dbg.reroute("publish")
    assert "the decision sent approve to publish" in dbg.why(-1).said
    assert str(dbg.frames[-1].decision.decision) in str(Reroute("publish"))
    dbg.run()
    assert "end node" in dbg.why(-1).said


def test_a_failure_went_nowhere():
    """R3."""

    def a(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(a))
    dbg.run()

    assert "committed nothing" in dbg.why(-1).said
    assert len(dbg.why(-1)) == 0


def test_why_works_inside_levels():
    """N2."""
    dbg = Debugger(nested())
    finish_debugger(dbg)

    assert [row.edge for row in dbg.why(("agent#2/llm", 1))] == ["llm -> approve"]
    assert all(dbg.why(frame).said for frame in dbg.frames)


def test_a_frame_of_another_session_is_refused():
    """Issue 4, bad input."""
    dbg, other = Debugger(review(), {"topic": "x"}), Debugger(review(), {"topic": "x"})
    other.run()

    with pytest.raises(NoSuchFrameError, match="another run"):
        dbg.why(other.frames[1])


def test_the_source_of_what_can_be_found():
    """inspect where possible, else the name."""
    pair = (lambda s: s["a"], lambda s: s["b"])

    class Ask:
        def __call__(self, state):
            return state["called"]

    assert source_of(pair[1]) == 'lambda s: s["b"]'
    assert source_of(len) == "len"
    assert "state['called']" in source_of(Ask()).replace('"', "'")
    assert source_of(functools.partial(big, {"n": 1})).startswith("partial of def big")
    assert source_of(eval("lambda s: 1")) == "<lambda>" or "lambda" in source_of(
        eval("lambda s: 1")
    )


# -- find --------------------------------------------------------------------------------


def test_find_looks_everywhere():
    """Issue 4: keys, values, output, stream, errors, decisions."""

    def say(ctx):
        print("an otter was here")
        ctx.emit("streamed otter")
        ctx.put("animals", [{"otter_name": "Olga"}, {"kind": "Otter"}])

    def fail(ctx):
        raise ValueError("no otter")

    dbg = Debugger(chain(say, fail), {"topic": "otters"})
    dbg.run()
    hits = dbg.find("otter")

    assert (hits[0].frame.index, hits[0].where) == (0, "value")
    assert {h.where for h in hits} >= {"key", "value", "output", "stream", "error"}
    assert ("animals", 1, "kind") in [h.key for h in hits]
    assert [h.where for h in dbg.find("Otter", case=True)] == ["value"]
    assert list(dbg.find("nothing of the kind")) == []
    assert list(hits.to_pandas().columns)[:2] == ["frame", "path"]


def test_find_looks_into_decisions():
    """B7."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    dbg.reject("too short")

    assert "decision" in [h.where for h in dbg.find("too short")]


@pytest.mark.parametrize("text", ["", None, 5])
def test_find_needs_a_text(text):
    """Bad input."""
    with pytest.raises(DebuggerError, match="not empty"):
        Debugger(review(), {"topic": "x"}).find(text)
