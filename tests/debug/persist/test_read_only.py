"""What a run that was opened for reading, or closed, says of itself."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.cli import main
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from tests.strategies import note


@pytest.fixture
def file(tmp_path):
    g = GraphBuilder("kept").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: None)
    g.edge_if("a", "b", lambda state: state["n"] == 1).node("c", lambda ctx: None).edge("a", "c")
    dbg = Debugger(g.edge("b", "c").start("a").end("c").build(), {}, store=tmp_path / "runs.db")
    dbg.run()
    dbg.note(1, "the first")
    dbg.pin(1)
    dbg.pin(2)
    dbg.save(tmp_path / "run.lellm")
    dbg.close()
    return tmp_path / "runs.db"


def test_a_reader_takes_no_note_that_would_be_lost_and_a_loaded_file_takes_it(file, tmp_path):
    """Notes and pins of a reader go nowhere; those of a file are saved with it again."""
    reader = Debugger.open(file)
    for write in (
        lambda: reader.note(2, "mine"),
        lambda: reader.pin(2),
        lambda: reader.fork(at=1),
    ):
        with pytest.raises(DebuggerError, match="opened for reading"):
            write()
    assert reader.lines == ["main"]

    loaded = Debugger.load(tmp_path / "run.lellm")
    loaded.note(2, "mine")
    loaded.save(tmp_path / "again.lellm")
    again = Debugger.load(tmp_path / "again.lellm").tree["main"]
    assert again.notes == ((1, "the first"), (2, "mine"))
    assert again.pins == (1, 2)


@pytest.mark.parametrize(
    "verb",
    [
        lambda dbg: dbg.pause(),
        lambda dbg: dbg.stop(),
        lambda dbg: dbg.mode("a", "ask"),
        lambda dbg: dbg.patch({"a": lambda ctx: None}),
        lambda dbg: dbg.supply({"n": 1}),
    ],
    ids=["pause", "stop", "mode", "patch", "supply"],
)
def test_what_would_do_nothing_to_a_run_that_is_only_read_says_so(file, verb):
    """A reader, and a debugger that was closed, move nothing: silence would look like success."""
    reader = Debugger.open(file)
    with pytest.raises(DebuggerError, match="opened for reading"):
        verb(reader)
    closed = Debugger(GraphBuilder("g").node("a", note).start("a").end("a").build(), store=file)
    closed.close()
    with pytest.raises(DebuggerError, match="was closed"):
        verb(closed)


def test_why_without_the_graph_tells_what_was_recorded(file):
    """The condition itself is not known; what it said is."""
    way = Debugger.open(file).why(1)

    assert repr(way[0]) == (
        "> a -> b (conditional): True  (its condition is not known without the graph)"
    )


def test_the_tree_and_the_command_line_show_notes_and_pins(file, capsys):
    """A pin that cannot be seen is as good as lost."""
    shown = repr(Debugger.open(file).tree)
    assert "1: the first (pinned)" in shown
    assert "2: (pinned)" in shown

    assert main([str(file), "show"]) == 0
    said = capsys.readouterr().out
    assert "1: the first (pinned)" in said
    assert "c -> (end)" in said


def test_a_store_and_a_saved_file_say_which_way_each_is_opened(file, tmp_path):
    """Neither is damaged: it is only the other kind."""
    with pytest.raises(CheckpointStoreError, match=r"Debugger\.load opens it"):
        Debugger.open(tmp_path / "run.lellm")
    with pytest.raises(CheckpointStoreError, match=r"is a store: Debugger\.open opens it"):
        Debugger.load(file)


def test_a_store_without_its_log_says_where_the_newest_commits_are(tmp_path):
    """What was copied while nobody had closed it is in two files."""
    (tmp_path / "copy.db").write_bytes(b"")

    with pytest.raises(CheckpointStoreError, match=r"copy copy\.db-wal with it"):
        Debugger.open(tmp_path / "copy.db")
