"""A run saved to one file and loaded again."""

from __future__ import annotations

import os

import pytest

from lellm_nb import Approve, Debugger
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, SerializationError
from tests.strategies import finish_debugger, nested, review, steps


def test_a_saved_file_is_the_run(tmp_path):
    """Every line, name, note and pin; and it goes on with its graph, in memory."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    dbg.fork(at=1, put={"draft": "shorter"}, name="short")
    dbg.note(1, "the first")
    dbg.pin(2)
    dbg.break_at("publish")
    file = tmp_path / "run.lellm"
    dbg.save(file)

    read = Debugger.load(file)
    assert (read.lines, read.status_line) == (dbg.lines, dbg.status_line)
    assert [stop.label for stop in read.breakpoints] == ["before publish"]
    again = Debugger.load(file, graph=review())
    before = file.read_bytes()
    again.approve()
    assert again.run().reason.name == "BREAKPOINT"
    assert again.run().reason.name == "COMPLETED"
    assert file.read_bytes() == before


def test_a_loaded_run_can_be_saved_again(tmp_path):
    """Also without its graph."""
    dbg = Debugger(nested(), {})
    finish_debugger(dbg)
    dbg.save(tmp_path / "one")

    Debugger.load(tmp_path / "one").save(tmp_path / "two")

    read = Debugger.load(tmp_path / "two", graph=nested())
    assert [f.position == g.position for f, g in zip(read.frames, dbg.frames, strict=True)]


def test_what_is_no_file_of_ours_is_refused(tmp_path):
    """By name, with nothing read into memory."""
    (tmp_path / "x").write_text("hello")

    with pytest.raises(CorruptedCheckpointError):
        Debugger.load(tmp_path / "x")
    with pytest.raises(CheckpointStoreError, match="read"):
        Debugger.load(tmp_path / "absent")
    with pytest.raises(CorruptedCheckpointError):
        Debugger.open(tmp_path / "x")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    """A file is exchanged as a whole, or not at all."""
    dbg = Debugger(steps("a"), {})
    dbg.save(tmp_path / "x")
    before = (tmp_path / "x").read_bytes()
    bad = Debugger(steps("a"), {"o": object()})

    with pytest.raises(SerializationError):
        bad.save(tmp_path / "x")
    with pytest.raises(CheckpointStoreError):
        dbg.save(tmp_path / "no such folder" / "x")

    assert (tmp_path / "x").read_bytes() == before
    assert os.listdir(tmp_path) == ["x"]


def test_decisions_come_back_as_they_were(file):
    """Who, when, and what stood there before."""
    dbg = Debugger(review(), {"topic": "x"}, store=file)
    dbg.run()
    dbg.modify("draft", {"a": (1, 2)})

    record = Debugger.open(file).frames[-1].decision

    assert record == dbg.frames[-1].decision
    assert record.proposed.startswith("An essay")
    assert record.decision != Approve()
