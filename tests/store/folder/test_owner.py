"""C12, C13: one process writes a run of a folder, and no link is followed on its way."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Checkpoint, Debugger, FolderStore
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.ids import TraceId
from lellm_nb.store.owner import Owner
from lellm_nb.store.rows import Batch
from tests.strategies import steps

LEAVES = """
import os, sys
from lellm_nb import Debugger
from tests.strategies import steps
dbg = Debugger(steps("a", "b", "c"), store=sys.argv[1])
dbg.step()
print(os.getpid(), flush=True)
sys.stdin.readline()
os._exit(1)
"""


def test_a_second_writer_is_refused_by_name_until_the_first_is_gone(tmp_path: Path) -> None:
    where = f"{tmp_path}/runs/"
    child = subprocess.Popen(
        [sys.executable, "-c", LEAVES, where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    pid = child.stdout.readline().strip()
    with pytest.raises(CheckpointStoreError, match=rf"being written by .*process {pid}"):
        Debugger.open(where, graph=steps("a", "b", "c"))
    assert pid in FolderStore(where).runs()[0].owner
    assert Debugger.open(where).state == {"log": ["a"]}

    child.communicate("\n", timeout=60)
    assert FolderStore(where).runs()[0].owner == ""
    dbg = Debugger.open(where, graph=steps("a", "b", "c"))
    dbg.run()
    with pytest.raises(CheckpointStoreError, match="being written"):
        Debugger.open(where, graph=steps("a", "b", "c"))
    dbg.close()
    assert not list((tmp_path / "runs").glob("*.owner"))


def test_an_owner_of_another_machine_counts_as_alive(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    rows = store.begin_run(TraceId("t"), "t", {})
    rows.release()
    form = {**json.loads(Owner.me().to_json()), "host": "elsewhere"}
    (tmp_path / "run-000001.owner").write_text(json.dumps(form))
    with pytest.raises(CheckpointStoreError, match="on elsewhere"):
        store.run_rows(TraceId("t")).claim()
    store.run_rows(TraceId("t")).claim(force=True)


def test_whose_claim_was_taken_by_force_writes_no_more(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    first = store.begin_run(TraceId("t"), "t", {})
    second = store.run_rows(TraceId("t"))
    second.claim(force=True)
    second.write(Batch(marks=[("note", "1", b'"second"')]))
    with pytest.raises(CheckpointStoreError):
        first.write(Batch(marks=[("note", "1", b'"first"')]))
    first.release()
    assert second.marks() == [("note", "1", b'"second"')]
    assert (tmp_path / "run-000001.owner").exists()


def _write_in_child(store: FolderStore, told: Any) -> None:
    said = []
    for act in (
        lambda: store.begin_run(TraceId("u"), "u", {}),
        lambda: store.save(TraceId("t"), Checkpoint("b", "a", {}, 0)),
        lambda: store.runs(),
    ):
        try:
            act()
        except CheckpointStoreError as error:
            said.append(str(error))
    told.put(said)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_refused(tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    told = forking.Queue()
    child = forking.Process(target=_write_in_child, args=(FolderStore(tmp_path), told))
    child.start()
    said = told.get(timeout=30)
    child.join(30)
    assert len(said) == 3
    assert all("does not survive a fork" in text for text in said)


@pytest.mark.parametrize("name", ["run-000001.jsonl", ".lock", "run-000001.owner"])
def test_a_planted_link_is_never_written_through(name: str, tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "runs"
    victim.write_text("precious")
    folder.mkdir()
    (folder / name).symlink_to(victim)
    if name == ".lock":
        with pytest.raises(CheckpointStoreError, match="links are not followed"):
            Debugger(steps("a"), store=folder)
    else:
        dbg = Debugger(steps("a"), store=folder)
        dbg.run()
        dbg.close()
    assert victim.read_text() == "precious"


def test_a_planted_link_or_pipe_is_not_read_either(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    dbg = Debugger(steps("a"), store=folder)
    dbg.close()
    (folder / "run-000002.jsonl").symlink_to(folder / "run-000001.jsonl")
    os.mkfifo(folder / "run-000003.jsonl")
    os.mkfifo(folder / "checkpoints.jsonl")
    store = FolderStore(folder)
    assert [info.name for info in store.runs()] == ["run-000003", "run-000002", dbg.name]
    for run, why in (("run-000002", "links are not followed"), ("run-000003", "no plain file")):
        with pytest.raises(CheckpointStoreError, match=why):
            Debugger.open(store, run)
    with pytest.raises(CheckpointStoreError, match="no plain file"):
        store.list(TraceId("t"))
