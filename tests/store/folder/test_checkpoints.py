"""C5: the checkpoints of a folder are one file, to which several processes may add."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lellm_nb import Checkpoint, FolderStore
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.ids import TraceId

RUN = TraceId("a run")


def checkpoint(n: int, size: int = 10) -> Checkpoint:
    return Checkpoint(f"node {n}", "", {"n": n, "text": "x" * size}, 0)


def test_two_who_write_in_turn_see_what_the_other_wrote(tmp_path: Path) -> None:
    one, two = FolderStore(tmp_path), FolderStore(tmp_path)
    saved = [checkpoint(n) for n in range(10)]
    for n, each in enumerate(saved):
        (one, two)[n % 2].save(RUN, each)
    assert one.list(RUN) == two.list(RUN) == [each.checkpoint_id for each in saved[::-1]]
    assert two.delete(saved[4].checkpoint_id)
    assert one.prune(RUN, 3) == 6
    assert two.list(RUN) == [each.checkpoint_id for each in saved[:-4:-1]]
    assert two.load(saved[9].checkpoint_id) == saved[9]


def test_what_was_dropped_gives_its_room_back(tmp_path: Path) -> None:
    """C5: a store that keeps the newest few does not grow for ever."""
    store, other = FolderStore(tmp_path), FolderStore(tmp_path)
    for n in range(60):
        store.save(RUN, checkpoint(n, 100_000))
        store.prune(RUN, 2)
    size = (tmp_path / "checkpoints.jsonl").stat().st_size
    assert size < 2_500_000
    assert [other.load(id).state["n"] for id in other.list(RUN)] == [59, 58]
    store.compact()
    assert (tmp_path / "checkpoints.jsonl").stat().st_size < 210_000
    other.save(RUN, checkpoint(60))
    assert [store.load(id).state["n"] for id in store.list(RUN)] == [60, 59, 58]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "checkpoints.jsonl"]


def test_half_a_checkpoint_is_not_there_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.save(RUN, checkpoint(1))
    whole = (tmp_path / "checkpoints.jsonl").stat().st_size
    store.save(RUN, checkpoint(2))
    for cut in (whole + 1, whole + 30):
        os.truncate(tmp_path / "checkpoints.jsonl", cut)
        again = FolderStore(tmp_path)
        assert len(again.list(RUN)) == 1
    again.save(RUN, checkpoint(3))
    assert [again.load(id).state["n"] for id in again.list(RUN)] == [3, 1]


def test_damage_is_told_with_file_and_line(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for n in range(3):
        store.save(RUN, checkpoint(n))
    file = tmp_path / "checkpoints.jsonl"
    file.write_bytes(file.read_bytes().replace(b"node 1", b"node 7"))
    with pytest.raises(CorruptedCheckpointError, match=r"checkpoints\.jsonl', line 3"):
        FolderStore(tmp_path).list(RUN)


def test_a_file_that_was_deleted_or_exchanged_is_told(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.save(RUN, checkpoint(1))
    (tmp_path / "checkpoints.jsonl").unlink()
    for act in (lambda: store.save(RUN, checkpoint(2)), lambda: store.list(RUN)):
        with pytest.raises(CheckpointStoreError, match="deleted, renamed or exchanged"):
            act()
    FolderStore(tmp_path).save(RUN, checkpoint(3))
    with pytest.raises(CheckpointStoreError, match="deleted, renamed or exchanged"):
        store.save(RUN, checkpoint(4))


def test_who_reads_only_writes_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, readonly=True)
    assert store.list(RUN) == []
    with pytest.raises(CheckpointStoreError, match="opened for reading"):
        store.save(RUN, checkpoint(1))
    assert list(tmp_path.iterdir()) == []
