"""The frames of a Debugger's line, one by one and as a table."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import NoSuchFrameError
from tests.debug.graphs import reviewed
from tests.strategies import chain, priced, steps


def test_frames_are_a_sequence():
    """DESIGN: from the root to the head, then on along the line last left."""
    dbg = reviewed()
    frames = dbg.frames

    assert len(frames) == 8
    assert [f.index for f in frames] == list(range(8))
    assert frames[-1] is frames[7]
    assert frames[1:3] == [frames[1], frames[2]]
    assert frames[2] in frames
    dbg.rewind(3)
    assert list(dbg.frames) == list(frames)
    with pytest.raises(NoSuchFrameError):
        frames[8]
    with pytest.raises(IndexError):
        frames[-9]


def test_frames_are_asked_as_everywhere():
    """DESIGN: an index, a `Frame`, or (node, visit)."""
    frames = priced().frames

    assert frames["discount", 2] is frames[7]
    assert frames[("agent/discount", 1)] is frames[4]
    assert frames[3:6]["discount", 1] is frames[4]
    assert frames[frames[4]] is frames[4]


@pytest.mark.parametrize(
    ("which", "says"),
    [
        (14, "there are frames 0 to 13"),
        (("discount", 3), r"visited 2 times: \('agent/discount', 1\), \('agent/discount', 2\)\."),
        (("discuont", 1), "Did you mean 'agent/discount'"),
        ("discount", r"Did you mean \('discount', 1\)\?"),
        (1.5, "ask with an index, a Frame, or"),
        (("discount", 1, 2), "ask with an index, a Frame, or"),
        (priced().frames[3], "it is not one of these; there are frames 0 to 13"),
    ],
)
def test_frames_that_are_not_there(which, says):
    """Bad input: says what exists; an `IndexError`, as of any sequence."""
    frames = priced().frames

    with pytest.raises(NoSuchFrameError, match=says) as caught:
        frames[which]
    assert isinstance(caught.value, IndexError)


def test_frames_as_a_table():
    """DESIGN: one row per frame; columns are identifiers."""
    dbg = reviewed()
    table = dbg.frames.to_pandas()

    assert list(table["kind"]) == [f.kind for f in dbg.frames]
    assert list(table["node"])[1:] == [*["draft", "approve", "approve"] * 2, "publish"]
    assert list(table["next_node"])[1] == "approve"
    assert list(table["changed_keys"])[1] == "draft, drafts"
    assert list(table["decision"])[3] == "reject: too short"
    assert set(table["line"]) == {"main"}
    assert all(name.isidentifier() for name in table.columns)


def test_the_table_of_a_fork_says_which_line_a_frame_is_of():
    """DESIGN: a fork has a line of its own over shared frames."""
    dbg = reviewed()
    fork = dbg.fork(1, put={"x": 1})

    assert list(fork.frames.to_pandas()["line"]) == ["main", "main", "fork 1"]


def test_the_table_shows_errors():
    """R3: what failed stands in its row."""

    def a(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(a))
    dbg.run()

    assert "ValueError: no" in dbg.frames.to_pandas()["error"][1]


def test_an_empty_history_has_one_row():
    """The start frame."""
    table = Debugger(steps("a")).frames.to_pandas()

    assert list(table["kind"]) == ["start"]


def test_frames_taken_before_a_step_do_not_grow():
    """DESIGN: a sequence shows the line as it stood."""
    dbg = Debugger(steps("a", "b"))
    frames = dbg.frames
    dbg.run()

    assert len(frames) == 1
    assert len(dbg.frames) == 3


def test_a_frame_shows_itself_in_a_line():
    """A traceback may show one: short, and it never raises."""
    dbg = reviewed()

    assert repr(dbg.frames[1]) == "<Frame 1 commit draft: draft, drafts>"
    assert len(repr(dbg.frames)) < 2_000
