"""Files of every version there was keep opening."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import tests.corpus.make as corpus
from lellm_nb import Debugger
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.store import DiskSink, SqliteMutationLog, SqliteStore

VERSIONS = sorted(p for p in Path(corpus.__file__).parent.iterdir() if (p / "store.db").exists())


@pytest.fixture(params=VERSIONS, ids=lambda folder: folder.name)
def folder(request, tmp_path):
    """A copy of one version's files."""
    return Path(shutil.copytree(request.param, tmp_path / "files"))


def facts(dbg):
    """What a run is, without its times."""
    rows = [(f.kind, f.path, f.visit, f.route, f.mutations, str(f.error)) for f in dbg.frames]
    history = dbg.session.history
    notes = {frame.index: text for frame, text in history.notes.items()}
    pins = [frame.index for frame in history.pins]
    stops = [stop.label for stop in dbg.breakpoints]
    return rows, dbg.state, dbg.position, dbg.lines, dbg.head, notes, pins, stops


@pytest.mark.parametrize("open_", [Debugger.open, Debugger.load], ids=["store", "saved"])
def test_an_old_file_is_the_run_it_was(folder, open_):
    """The same as the run made today, to the last value."""
    file = folder / ("store.db" if open_ == Debugger.open else "saved.lellm")

    old = open_(file)

    new = corpus.run(None)
    assert facts(old) == facts(new)
    assert facts(old.branch("what if"))[0] == facts(new.branch("what if"))[0]
    goes_on = open_(file, graph=corpus.graph())
    assert goes_on.run().reason.name == "FAILED"


def test_old_checkpoints_logs_and_snapshots_are_read(folder):
    """As far as the store has them."""
    store = SqliteStore(folder / "store.db")
    assert store.load_latest("checkpoint").state["tuple"] == (1, (2,))
    assert SqliteMutationLog(store).replay("corpus")[0].node_id == "a"
    sink = DiskSink(folder / "disk")
    assert sink.read(sink.snapshots()[0])["state"]["n"] == (1, 2)


def test_there_is_a_corpus():
    """Else the tests above would say nothing."""
    assert VERSIONS


def test_a_version_is_never_made_again():
    """Its files are what that version wrote."""
    with pytest.raises(CheckpointStoreError, match="never made again"):
        corpus.main(VERSIONS[0].name)
