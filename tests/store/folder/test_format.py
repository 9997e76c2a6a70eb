"""C5: a folder keeps a run as JSON lines that people read, and other programs too."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, DiskSink, FolderStore, SqliteStore
from lellm_nb.cli import main
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.store.store_at import PathKind, kind_of_path, store_at
from tests.strategies import steps


def kept(where: Any) -> Debugger:
    """A run of three steps with a note, closed."""
    dbg = Debugger(steps("a", "b", "c"), {"name": "Zoë"}, store=where)
    dbg.run()
    dbg.note(1, "the first")
    dbg.close()
    return dbg


def test_every_line_is_json_and_the_last_of_each_commit_has_its_checksum(tmp_path: Path) -> None:
    kept(f"{tmp_path}/runs/")
    data = (tmp_path / "runs" / "run-000001.jsonl").read_bytes()
    head, *lines = data.splitlines(keepends=True)

    assert json.loads(head)["lellm_nb"] == "run"
    at, begun = len(head), len(head)
    for line in lines:
        *_, end = json.loads(line)
        at += len(line)
        if end != "+":
            sealed = data[begun : at - len(b',"01234567"]\n')]
            assert int(end, 16) == zlib.crc32(sealed, begun)
            begun = at
    assert begun == len(data)
    assert b"Zo\xc3\xab" in data
    kinds = [json.loads(line)[0] for line in lines]
    assert kinds.count("frame") == 4
    assert "the first" in data.decode()


def test_a_path_that_ends_with_a_separator_or_is_a_folder_means_a_folder(tmp_path: Path) -> None:
    assert type(store_at(tmp_path / "runs")) is SqliteStore
    assert type(store_at(f"{tmp_path}/other/")) is FolderStore
    assert type(store_at(tmp_path / "other")) is FolderStore
    with pytest.raises(CheckpointStoreError, match="a file, and no folder"):
        store_at(f"{tmp_path}/runs/")
    with pytest.raises(CheckpointStoreError, match="is not there"):
        store_at(f"{tmp_path}/nothing/", readonly=True)
    assert not (tmp_path / "nothing").exists()


def test_whatever_takes_the_path_of_a_store_takes_a_folder(tmp_path: Path, capsys: Any) -> None:
    where = f"{tmp_path}/runs/"
    dbg = kept(where)
    assert Debugger.open(where).state == dbg.state
    assert main([where]) == 0
    assert main([where, "show"]) == 0
    assert main([where, "export", dbg.trace_id[:8], str(tmp_path / "one.lellm")]) == 0
    assert Debugger.load(tmp_path / "one.lellm").state == dbg.state
    assert main([where, "prune", "--keep", "0", "--yes"]) == 0
    assert "Dropped 1 runs" in capsys.readouterr().out
    assert not list((tmp_path / "runs").glob("*.jsonl"))


def test_a_folder_of_snapshots_is_told_apart_and_left_as_it_is(tmp_path: Path) -> None:
    assert kind_of_path(tmp_path) is PathKind.FOLDER
    steps("a", "b").run({}, checkpoint=DiskSink(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert kind_of_path(tmp_path) is PathKind.SNAPSHOTS
    assert FolderStore(tmp_path, readonly=True).runs() == []
    assert [frame.node for frame in Debugger.open(tmp_path).frames][1:] == ["a", "b"]
    kept(tmp_path)
    assert kind_of_path(tmp_path) is PathKind.FOLDER
    assert [len(DiskSink(tmp_path).snapshots()), len(FolderStore(tmp_path).runs())] == [2, 1]
    for name, data in before.items():
        assert (tmp_path / name).read_bytes() == data


def test_the_folder_and_its_files_are_their_owner_s(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        kept(f"{tmp_path}/runs/")
    finally:
        os.umask(before)
    folder = tmp_path / "runs"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_another_process_that_reads_sees_what_came_since(tmp_path: Path) -> None:
    dbg = Debugger(steps("a", "b", "c"), store=f"{tmp_path}/runs/")
    dbg.step()
    code = (
        "from lellm_nb import Debugger; import sys; dbg = Debugger.open(sys.argv[1]);"
        "print(dbg.head, flush=True); sys.stdin.readline(); print(dbg.refresh(), dbg.state)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, f"{tmp_path}/runs/"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "1\n"
    dbg.run()
    said, _ = child.communicate("\n", timeout=60)
    assert said == "2 State({'log': ['a', 'b', 'c']})\n"


def test_full_waits_for_the_disk_at_every_commit_and_normal_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    counts = []
    for how in ("NORMAL", "FULL"):
        dbg = Debugger(steps("a", "b"), store=FolderStore(tmp_path / how, synchronous=how))
        synced.clear()
        dbg.step(2)
        counts.append(len(synced))
    assert counts[0] == 0
    assert counts[1] >= 2


def test_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    kept(f"{tmp_path}/runs/")
    file = tmp_path / "runs" / "run-000001.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2', 1))
    with pytest.raises(CheckpointStoreError, match="install a newer one"):
        Debugger.open(tmp_path / "runs", "run-000001")
    assert [info.name for info in FolderStore(tmp_path / "runs").runs()] == ["run-000001"]


def test_a_run_whose_file_is_damaged_is_listed_by_its_file_and_does_not_hide_others(
    tmp_path: Path,
) -> None:
    dbg = kept(tmp_path)
    (tmp_path / "run-000002.jsonl").write_bytes(b'{"lellm_nb":"run"\n')
    (tmp_path / "run-000003.jsonl").touch()  # of a process that was killed at once

    assert [info.name for info in FolderStore(tmp_path).runs()] == ["run-000002", dbg.name]
    assert Debugger.open(tmp_path).state == dbg.state
    with pytest.raises(CorruptedCheckpointError, match=r"run-000002\.jsonl"):
        Debugger.open(tmp_path, "run-000002")
    kept(tmp_path)
    assert (tmp_path / "run-000004.jsonl").exists()


@pytest.mark.parametrize("time", ["1e308", "NaN", "-1e15", '"x"', "10" * 200])
def test_a_forged_time_does_not_end_the_listing(time: str, tmp_path: Path, capsys: Any) -> None:
    """C12: looking at what a stranger made never raises."""
    kept(tmp_path)
    file = tmp_path / "run-000001.jsonl"
    head, rest = file.read_bytes().split(b"\n", 1)
    body = head.rpartition(b',"sum"')[0]
    body = re.sub(rb'"created":[^,]+', f'"created":{time}'.encode(), body)
    file.write_bytes(b'%b,"sum":"%08x"}\n' % (body, zlib.crc32(body)) + rest)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out
