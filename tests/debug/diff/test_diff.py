"""Differences of two states, and what a typed state answers."""

from __future__ import annotations

import dataclasses

import pytest

from lellm_nb import Debugger, GraphBuilder, typed_state
from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.debug.diff.text_diff import TextDiff
from lellm_nb.errors import MissingKeyError


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
