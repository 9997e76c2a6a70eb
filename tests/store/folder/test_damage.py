"""C5, C9: a commit is whole or not there; what was damaged is told with file and line."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, FolderStore
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.frames import FrameRow
from lellm_nb.store.rows import Batch, LineRow
from tests.faults.victim import graph, onward

ROW = FrameRow(0, 1, 2, 3.5, 0.25, b'[["n","\\n"]]')
RUN = TraceId("t")


def batch(index: int) -> Batch:
    """Four things that belong together."""
    return Batch(
        frames=[(0, index, ROW)],
        values=[(index + 1, b'"x"')],
        marks=[("note", str(index), b'"hi"')],
        items=[(1000, index, b"[1]")],
    )


def written(folder: Path) -> tuple[Path, list[int]]:
    """A run of ten batches: its file, and where each of them ends."""
    rows = FolderStore(folder).begin_run(RUN, "t", {})
    rows.write(Batch(lines=[LineRow(0, "main", -1, 0)]))
    ends = [rows.path.stat().st_size]
    for index in range(10):
        rows.write(batch(index))
        ends.append(rows.path.stat().st_size)
    rows.release()
    return rows.path, ends


def test_wherever_a_file_is_cut_each_batch_is_whole_or_not_there(tmp_path: Path) -> None:
    file, ends = written(tmp_path)
    data = file.read_bytes()
    for cut in range(len(data), ends[0] - 1, -1):
        file.write_bytes(data[:cut])
        rows = FolderStore(tmp_path).run_rows(RUN)
        there = sum(end <= cut for end in ends) - 1

        assert rows.length(0) == len(rows.marks()) == len(rows.items(1000, 99)) == there
        assert rows.last_number() == (1000 if there else 0)
        assert rows.frames(0, 0, there) == [ROW] * there


@pytest.mark.parametrize("rest", [1, 7, 40])
def test_who_goes_on_takes_away_what_a_killed_process_left(tmp_path: Path, rest: int) -> None:
    file, ends = written(tmp_path)
    file.write_bytes(file.read_bytes()[: ends[5] + rest])
    reader = FolderStore(tmp_path).run_rows(RUN)
    assert reader.length(0) == 5

    rows = FolderStore(tmp_path).run_rows(RUN)
    rows.claim()
    assert file.stat().st_size == ends[5]
    rows.write(batch(5))
    assert reader.length(0) == rows.length(0) == 6


def test_what_a_power_cut_leaves_of_the_last_commit_is_not_there(tmp_path: Path) -> None:
    file, ends = written(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[: ends[8] + 20] + b"\0" * 4000)
    rows = FolderStore(tmp_path).run_rows(RUN)
    assert rows.length(0) == 8


def test_a_changed_byte_is_found_and_file_and_line_are_named(tmp_path: Path) -> None:
    file, ends = written(tmp_path)
    data = file.read_bytes()
    chance = random.Random(1)
    for _ in range(300):
        at = chance.randrange(ends[0], len(data) - 1)
        bad = bytearray(data)
        bad[at] = (bad[at] + chance.randrange(1, 256)) % 256
        file.write_bytes(bad)
        rows = FolderStore(tmp_path).run_rows(RUN)
        line = data.count(b"\n", 0, at) + 1
        with pytest.raises(CorruptedCheckpointError, match=r"run-000001\.jsonl', line \d+") as said:
            rows.length(0)
        # a commit has up to four lines, and its checksum stands in the last
        assert -1 <= int(str(said.value).split("line ")[1].split(":")[0]) - line <= 4
        with pytest.raises(CorruptedCheckpointError):
            rows.marks()  # and again


@pytest.mark.parametrize("change", ["gone", "twice", "exchanged", "another's"])
def test_lines_that_are_gone_doubled_or_moved_are_found(tmp_path: Path, change: str) -> None:
    file, _ = written(tmp_path)
    head, *lines = file.read_bytes().splitlines(keepends=True)
    bad = {
        "gone": lines[:9] + lines[10:],
        "twice": [*lines[:9], lines[8], *lines[9:]],
        "exchanged": [*lines[:1], *lines[5:9], *lines[1:5], *lines[9:]],
        "another's": [*lines[:9], b'["evil",1,"00000000"]\n', *lines[9:]],
    }[change]
    file.write_bytes(head + b"".join(bad))
    rows = FolderStore(tmp_path).run_rows(RUN)
    with pytest.raises(CorruptedCheckpointError):
        rows.length(0)


def test_who_would_write_into_what_somebody_else_wrote_is_refused(tmp_path: Path) -> None:
    rows = FolderStore(tmp_path).begin_run(RUN, "t", {})
    rows.write(batch(0))
    with rows.path.open("ab") as file:
        file.write(b"more\n")
    before = rows.path.read_bytes()
    with pytest.raises(CheckpointStoreError, match="by somebody else"):
        rows.write(batch(1))
    assert rows.path.read_bytes() == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Any]]:
    """A nested run of some hundred frames: its file, and its states."""
    folder = tmp_path_factory.mktemp("whole")
    dbg = Debugger(graph("fan"), {"log": [], "count": 0}, store=folder)
    onward(dbg, 300)
    dbg.note(3, "a note")
    dbg.back(2)
    dbg.close()
    right = [(frame.path, frame.root_state) for frame in dbg.frames]
    return (folder / "run-000001.jsonl").read_bytes(), right


def look(folder: Path) -> list[Any] | None:
    """Everything in a run; nothing where it is said to be damaged."""
    try:
        read = Debugger.open(folder, "run-000001" if not FolderStore(folder).runs() else None)
        return [(frame.path, frame.root_state) for frame in read.frames]
    except CheckpointStoreError:
        return None


def test_random_damage_is_found_or_does_not_matter(
    whole: tuple[bytes, list[Any]], tmp_path: Path, long_form: bool
) -> None:
    data, right = whole
    chance = random.Random(7)
    found = 0
    for i in range(600 if long_form else 60):
        bad = bytearray(data)
        for _ in range(chance.choice([1, 1, 20])):
            bad[chance.randrange(len(bad) - 1)] = chance.randrange(256)
        if i % 10 == 0:
            at = chance.randrange(len(bad) - 5000)
            bad[at : at + 4096] = chance.randbytes(4096)
        (tmp_path / "run-000001.jsonl").write_bytes(bad)
        seen = look(tmp_path)
        assert seen is None or seen == right
        found += seen is None
    assert found


def test_random_tears_leave_a_beginning_of_the_run(
    whole: tuple[bytes, list[Any]], tmp_path: Path, long_form: bool
) -> None:
    data, right = whole
    chance = random.Random(8)
    for _ in range(300 if long_form else 30):
        (tmp_path / "run-000001.jsonl").write_bytes(data[: chance.randrange(len(data))])
        seen = look(tmp_path)
        assert seen is None or seen == right[: len(seen)]
