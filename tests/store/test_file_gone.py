"""C13: a file that is deleted, renamed or exchanged while it is open holds the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.store.folder import rows as folder_rows
from lellm_nb.store.sqlite import rows
from tests.strategies import steps


def delete(file: Path) -> None:
    if file.is_dir():
        shutil.rmtree(file)
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def rename(file: Path) -> None:
    os.rename(file, file.with_name("renamed"))


def exchange(file: Path) -> None:
    other = file.with_name("other")
    if file.is_dir():
        shutil.copytree(file, other)
        os.rename(file, file.with_name("renamed"))
        os.rename(other, file)
        return
    shutil.copy(file, other)
    os.replace(other, file)


def in_the_folder(how: Callable[[Path], None]) -> Callable[[Path], None]:
    """Do it to the file of the run."""
    return lambda file: how(file / "run-000001.jsonl" if file.is_dir() else file)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("how", [delete, rename, exchange])
def test_the_next_step_says_so_and_the_run_is_not_lost(
    how: Callable[[Path], None],
    inside: bool,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dbg = Debugger(steps("a", "b", "c"), store=file)
    dbg.step()
    (in_the_folder(how) if inside else how)(file)
    for module in (rows, folder_rows):
        monkeypatch.setattr(module, "SOON", -1.0)
    stop = dbg.step()

    assert stop.reason is StopReason.FAILED
    assert "deleted, renamed or exchanged" in str(stop.error)
    dbg.save(tmp_path / "saved.lellm")
    saved = Debugger.load(tmp_path / "saved.lellm")
    assert [f.path for f in saved.frames] == [f.path for f in dbg.frames]
    with pytest.raises(CheckpointStoreError, match="exchanged"):
        dbg.close()


def test_a_fast_run_is_told_at_the_latest_when_it_is_closed(file: Path) -> None:
    dbg = Debugger(steps("a", "b", "c"), store=file)
    dbg.step()
    delete(file)
    stop = dbg.run()
    try:
        dbg.close()
    except CheckpointStoreError:
        return
    assert stop.error is not None
