"""Expressions and bisecting inside a level, where the names mean the level's own state."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import NoSuchFrameError, NoSuchNodeError
from tests.strategies import fanned, finish_debugger, nested, priced


@pytest.mark.parametrize(
    "predicate",
    ["total < 60", "state['total'] < 60", "'total' in state and frame.state['total'] < 60"],
)
def test_bisect_inside_a_level_finds_the_step(predicate):
    """The same law, over the frames of one level."""
    dbg = priced(100, 10)
    held = dbg.evaluate(predicate, level="agent")["value"]

    assert list(held) == [True, False, False, False, False, True, True]
    found = dbg.bisect("total < 60 and len(priced) > 1", level="agent")
    assert (found.index, found.path, found.visit) == (7, "agent/discount", 2)
    with pytest.raises(NoSuchFrameError, match="does not hold at frame 8, the last of level"):
        dbg.bisect("total > 60", level="agent")


@pytest.mark.parametrize(
    ("level", "last"), [("agent", "agent#2/tool"), ("agent#2", "agent#2/tool")]
)
def test_a_level_means_all_its_entries_or_one(level, last):
    """As in ``"agent#2:key"``."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    asked = []

    def never(frame):
        asked.append(frame)
        return frame.path == last

    assert dbg.bisect(never, level=level).path == last
    assert {frame.level is frame.position for frame in asked} == {False}
    table = dbg.evaluate("frame.path", level=level)
    begins = level if "#" in level else "agent"
    assert all(path.startswith(begins) for path in table["value"])
    assert len(table) == (4 if "#" in level else 8)


def test_a_branch_is_a_level():
    """A task beside others has a state of its own."""
    dbg = priced()

    assert dbg.bisect("len(log) > 0", level="checks/stock").index == 11
    assert list(dbg.evaluate("log", level="stock").index) == [11]


@pytest.mark.parametrize("verb", ["bisect", "evaluate"])
@pytest.mark.parametrize(("level", "says"), [("agnet", "'agent'"), (3, "Levels: agent"), ("", "")])
def test_a_level_that_is_not_there(verb, level, says):
    """Bad input: names the nearest, and those that there are."""
    with pytest.raises(NoSuchNodeError, match=f"There is no level .*{says}"):
        getattr(priced(), verb)("True", level=level)


def test_a_level_that_was_not_entered():
    """Nothing is asked, and nothing is found."""
    dbg = priced()
    dbg.rewind(1)

    with pytest.raises(NoSuchFrameError, match="no step of level 'agent' is on the way"):
        dbg.bisect("True", level="agent")


@pytest.mark.parametrize(
    "predicate",
    [
        "frame.state.total > 40",
        "py: frame.state.get('total', 0) > 40",
        "total > 40",
        lambda frame: frame.state.get("total", 0) > 40,
        lambda frame: frame.state["total"] > 40,
    ],
)
def test_where_it_holds_in_another_level_bisect_says_so(predicate):
    """The head of a finished run is of the outermost level; what was meant may be inside."""
    dbg = priced()
    with pytest.raises(NoSuchFrameError) as caught:
        dbg.bisect(predicate)

    assert str(caught.value).endswith(
        " Frame 13 is of the outermost level; frames 2 to 8 are of level agent,"
        " where it holds in the end: bisect(…, level='agent')."
    )
    assert dbg.bisect(predicate, level="agent").index in range(2, 9)


def test_where_it_holds_nowhere_no_level_is_named():
    """A hint that would lead to the same error is none."""
    with pytest.raises(NoSuchFrameError) as caught:
        priced().bisect("frame.state.total > 1000")

    assert "level" not in str(caught.value)


@pytest.mark.parametrize("verb", ["bisect", "evaluate"])
def test_a_function_that_was_written_for_a_state_is_told_of_frames(verb):
    """`when` of a breakpoint gets a state; here it is a frame."""
    dbg = priced()

    def told():
        if verb == "evaluate":
            return dbg.evaluate(lambda s: s["job"])["error"].iloc[-1]
        with pytest.raises(NoSuchFrameError) as caught:
            dbg.bisect(lambda s: s["job"])
        return str(caught.value)

    assert (
        "TypeError: it gets a frame, not a state: 'Frame' object is not subscriptable."
        " Ask frame.state or frame.root_state."
    ) in told()


def test_a_name_of_the_steps_own_level_is_told_where_it_is():
    """Names mean the root state; a warning says what to add, and so does the row of an error."""
    dbg = priced()
    with pytest.warns(UserWarning, match="'total' is of level 'agent': ask with level='agent'"):
        found = dbg.evaluate("total")

    assert found["value"].isna().all()
    errors = dbg.evaluate("py: total")["error"]
    assert errors[3] == (
        "NameError: name 'total' is not defined."
        " 'total' is of level 'agent': ask with level='agent'."
    )
    assert errors[13] == "NameError: name 'total' is not defined."


def test_the_level_that_is_named_is_one_where_it_is_found():
    """Of a branch that is a graph, the step that leaves it is of another level."""
    dbg = Debugger(fanned())
    finish_debugger(dbg)
    assert dbg.frames[-2].kind == "join"

    with pytest.raises(NoSuchFrameError, match=r"of level par/deep, .*level='par/deep'"):
        dbg.bisect("frame.path == 'par/deep/two'")
    assert dbg.bisect("frame.path == 'par/deep/two'", level="par/deep").path == "par/deep/two"
