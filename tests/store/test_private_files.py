"""C13: files are for their owner alone, and are never written through a planted link."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, DiskSink
from lellm_nb.errors import CheckpointStoreError
from tests.strategies import steps


@pytest.fixture
def common_umask() -> Any:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("common_umask")
def test_stores_saved_runs_exports_and_snapshots_are_their_owner_s(tmp_path: Path) -> None:
    dbg = Debugger(steps("a"), store=tmp_path / "runs.db")
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    dbg.export_html(tmp_path / "run.html")
    steps("a").run({}, checkpoint=DiskSink(tmp_path / "snapshots"))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".lellm", ".html", ".json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    dbg.close()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "snapshots"
    victim.write_text("precious")
    folder.mkdir()
    sink = DiskSink(folder)
    for name in ("000001 a.tmp", "000001 a.json"):  # the second in the place itself
        (folder / name).symlink_to(victim)
    steps("a").run({}, checkpoint=sink)

    assert victim.read_text() == "precious"
    assert not (folder / "000001 a.json").is_symlink()


def test_no_store_is_made_through_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "runs.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(CheckpointStoreError, match="link that leads nowhere"):
        Debugger(steps("a"), store=tmp_path / "runs.db")
    assert not (tmp_path / "elsewhere.db").exists()


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    dbg = Debugger(steps("a"))
    (tmp_path / "run.lellm").mkdir()
    with pytest.raises(CheckpointStoreError):
        dbg.save(tmp_path / "run.lellm")
    assert [path.name for path in tmp_path.iterdir()] == ["run.lellm"]
