"""A path that is written as one text is understood wherever a value is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.debug.names.written_path import written_path
from lellm_nb.errors import MissingKeyError, path_text

NAMES = st.text("abz_ -", min_size=1).filter(lambda name: name == name.strip())


@given(path=st.tuples(NAMES, *[NAMES | st.integers(0, 99)] * 2))
def test_a_path_is_read_as_it_is_written(path):
    """What errors and tables show can be typed in again."""
    assert written_path(path_text(path)) == path


@pytest.mark.parametrize("text", ["plan", "", "a..b", ".a", "[0]", "a[x]", "a[0", "a.", None, 3])
def test_what_is_no_path_is_none(text):
    """A lone name is a key."""
    assert written_path(text) is None


def planned():
    """Two steps: the first puts a plan and a key with a dot, the second changes both."""

    def make(ctx):
        ctx.put("plan", {"steps": ["a", "b", "c"]})
        ctx.put("x.y", 1)

    def change(ctx):
        ctx.put(("plan", "steps", 2), "d")
        ctx.put("x.y", 2)

    g = GraphBuilder("g").node("start", lambda ctx: None).node("make", make)
    g.node("change", change).edge("start", "make").edge("make", "change")
    return Debugger(g.start("start").end("change").build(), {})


@pytest.mark.parametrize("place", ["plan.steps[2]", ("plan", "steps", 2), "x.y"], ids=str)
@pytest.mark.parametrize("steps", [0, 2])
def test_a_watch_sees_every_change_at_a_written_path(place, steps):
    """Whether the value is there when the watch is set or comes later; a key wins over a path."""
    dbg = planned()
    for _ in range(steps):
        dbg.step()
    watch = dbg.watch(place)
    stops = [dbg.run() for _ in range(1 if steps else 2)]

    assert [stop.frame.path for stop in stops] == ["make", "change"][-len(stops) :]
    assert stops[-1].breakpoint is watch
    assert (stops[-1].old, stops[-1].new) == ((1, 2) if place == "x.y" else ("c", "d"))


def test_questions_understand_what_a_watch_does():
    """`who` and `history` name the same writes, by text and by tuple."""
    dbg = planned()
    dbg.run()

    assert dbg.who("plan.steps[2]") == dbg.who(("plan", "steps", 2))
    assert [write.frame.path for write in dbg.who("x.y")] == ["change", "make"]
    assert list(dbg.history("plan.steps[2]")["new"]) == ["c", "d"]
    with pytest.raises(MissingKeyError, match=r"'plan' holds a mapping\. Did you mean 'steps'\?"):
        dbg.who("plan.stps[2]")
    with pytest.warns(UserWarning, match="Did you mean 'steps'"):
        dbg.watch("plan.stps[2]")
