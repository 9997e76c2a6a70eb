"""A disk that is full or read-only: the run holds, says why, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import tempfile
from pathlib import Path

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.store import SqliteStore
from tests.faults.victim import graph, work
from tests.strategies import steps


def endless():
    """One node that runs again and again, and writes each time."""
    g = GraphBuilder("endless").node("a", work).edge_if("a", "a", lambda state: True)
    return g.node("z", lambda ctx: None).edge("a", "z").start("a").end("z").build()


def check_that_it_holds(dbg, says, mend, file):
    """Run until the disk takes no more; mend it; then every frame is there, in order."""
    dbg.max_steps = 100_000

    stop = dbg.run()

    assert stop.reason.name == "FAILED"
    assert isinstance(stop.error, CheckpointStoreError)
    assert says in str(stop.error)
    held = dbg.head
    assert dbg.step().reason.name == "FAILED"
    assert dbg.head == held
    before = Debugger.open(file)  # the file is whole all the while
    assert len(before.frames) >= held
    assert before.state["count"] == before.head

    mend()
    assert dbg.step().error is None
    dbg.close()
    read = Debugger.open(file)
    assert len(read.frames) == len(dbg.frames)
    assert read.state == dbg.state
    assert read.frames[held].root_state == dbg.frames[held].root_state


# -- without any rights ---------------------------------------------------------------------


def test_a_file_that_may_hold_no_more_pages_holds_the_run(tmp_path):
    """What SQLite says of a full disk, by its own limit."""
    store = SqliteStore(tmp_path / "runs.db")
    dbg = Debugger(endless(), {"log": [], "count": 0}, store=store)
    store.db.execute("pragma max_page_count = 60")

    def mend():
        store.db.execute("pragma max_page_count = 1000000")

    check_that_it_holds(dbg, "Make room on the disk", mend, tmp_path / "runs.db")


@contextlib.contextmanager
def files_of_at_most(size):
    """Let this process write no file beyond a size; the system refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [150_000, 151_999, 400_001])
def test_a_write_that_the_system_refuses_holds_the_run(file, size):
    """A quota, say; also where half a row was written."""
    dbg = Debugger(endless(), {"log": [], "count": 0}, store=file)
    with files_of_at_most(size) as mend:
        check_that_it_holds(dbg, "did not take it", mend, file)


def test_a_file_to_save_to_that_does_not_fit_leaves_the_old_one(tmp_path):
    """And nothing half written beside it."""
    dbg = Debugger(steps("a", "b"), {"noise": os.urandom(200_000).hex()})
    dbg.step()
    dbg.save(tmp_path / "one.lellm")
    dbg.step()

    with files_of_at_most(100_000), pytest.raises(CheckpointStoreError, match="Could not write"):
        dbg.save(tmp_path / "one.lellm")

    assert [path.name for path in tmp_path.iterdir()] == ["one.lellm"]
    assert Debugger.load(tmp_path / "one.lellm").state["log"] == ["a"]


@contextlib.contextmanager
def as_nobody():
    """Give up what root may do: who is nobody is bound by the modes of files."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(params=["runs.db", ""])
def read_only(request):
    """A folder with a run in it, in which nobody may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dbg = Debugger(steps("a", "b"), {}, store=folder / request.param)
        dbg.run()
        dbg.close()
        Debugger.open(folder / request.param)  # so that whatever it imports is there
        for file in folder.iterdir():  # with what SQLite keeps beside it
            file.chmod(0o444)
        folder.chmod(0o555)
        yield folder / request.param
        folder.chmod(0o755)


def test_a_file_that_may_not_be_written_is_said_at_once(read_only):
    """At the beginning; and a stored run can still be read."""
    other = (read_only if read_only.is_dir() else read_only.parent) / "other.db"
    with as_nobody():
        with pytest.raises(CheckpointStoreError, match="is read-only"):
            Debugger(steps("a"), {}, store=read_only)
        with pytest.raises(CheckpointStoreError, match="Does the folder exist, and may it be"):
            Debugger(steps("a"), {}, store=other)
        with pytest.raises(CheckpointStoreError):
            Debugger.open(read_only, graph=steps("a", "b"))
        assert Debugger.open(read_only).state == {"log": ["a", "b"]}
    assert not other.exists()


# -- on a small file system, which only root can mount ------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("name", ["runs.db", "runs/"])
def test_a_full_disk_holds_the_run_and_nothing_is_lost(small_disk, name):
    """Make room, go on: every frame is there, in order."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 600_000)
    file = f"{small_disk}/{name}"
    dbg = Debugger(endless(), {"log": [], "count": 0}, store=file)
    check_that_it_holds(dbg, "Make room on the disk", ballast.unlink, file)


def approve_until_full(dbg):
    """Fill the disk up to a decision that does not fit."""
    number = 0
    while dbg.session.history.writer.error is None:
        number += 1
        dbg.session.history.writer.mark("filler", str(number), "x" * 3_000)
    dbg.approve()


def test_a_full_disk_during_a_decision_raises(small_disk):
    """The verb says so; the decision is kept in memory, and written later."""
    (small_disk / "ballast").write_bytes(b"x" * 700_000)
    dbg = Debugger(graph("chain"), {"log": [], "count": 0}, store=small_disk / "runs.db")
    while not dbg.pending:
        dbg.step()
    dbg.session.history.writer.mark("filler", "", "x" * 200_000)
    with pytest.raises(CheckpointStoreError, match="Make room"):
        approve_until_full(dbg)
    (small_disk / "ballast").unlink()
    dbg.run()
    dbg.close()
    assert Debugger.open(small_disk / "runs.db").state == dbg.state


def test_a_read_only_disk_is_said_at_once(small_disk):
    """At the beginning; and a stored run can still be read."""
    dbg = Debugger(steps("a", "b"), {}, store=small_disk / "runs.db")
    dbg.run()
    dbg.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(CheckpointStoreError):
        Debugger(steps("a"), {}, store=small_disk / "other.db")
    assert Debugger.open(small_disk / "runs.db").state == {"log": ["a", "b"]}
