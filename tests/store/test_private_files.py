"""C13: files are for their owner alone, and are never written through a planted link."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, DiskSink
from lellm_nb.errors import CheckpointStoreError
from tests.strategies import steps


@pytest.fixture(params=[0o022, 0o000], ids=oct)
def umask(request: Any) -> Any:
    """As most people have it, and as one has it who hides nothing."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_stores_saved_runs_exports_and_snapshots_are_their_owner_s(tmp_path: Path) -> None:
    dbg = Debugger(steps("a"), store=tmp_path / "runs.db")
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    dbg.export_html(tmp_path / "run.html")
    steps("a").run({}, checkpoint=DiskSink(tmp_path / "snapshots"))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".lellm", ".html", ".json"}
    assert {path.name for path in files} >= {"runs.db-wal", "runs.db-shm"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "snapshots").stat().st_mode) == 0o700
    dbg.close()


@pytest.mark.usefixtures("umask")
def test_a_file_that_is_there_stays_as_its_owner_made_it(tmp_path: Path) -> None:
    """C13: a store and a folder keep their mode; what is written anew is the owner's alone."""
    Debugger(steps("a"), store=tmp_path / "runs.db").close()
    (tmp_path / "runs.db").chmod(0o640)
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    (tmp_path / "run.html").write_text("old")
    dbg = Debugger(steps("a"), store=tmp_path / "runs.db")
    dbg.run()
    dbg.export_html(tmp_path / "run.html")
    steps("a").run({}, checkpoint=DiskSink(tmp_path / "shared"))
    dbg.close()

    assert stat.S_IMODE((tmp_path / "runs.db").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "run.html").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", [True, False], ids=["a store", "nothing"])
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_a_store_keeps_beside_its_file_follows_no_link(
    suffix: str, there: bool, tmp_path: Path
) -> None:
    """C13: a link in the place of the log harms nothing that it leads to."""
    victim, file = tmp_path / "victim", tmp_path / "runs.db"
    victim.write_text("precious " * 1000)
    if there:
        Debugger(steps("a"), store=file).close()
    Path(f"{file}{suffix}").symlink_to(victim)
    with contextlib.suppress(CheckpointStoreError):  # it is refused, or the link is taken away
        dbg = Debugger(steps("a"), store=file)
        dbg.run()
        dbg.close()

    assert victim.read_text() == "precious " * 1000


def test_what_is_saved_and_exported_replaces_a_link(tmp_path: Path) -> None:
    """C13: the link goes, and not what it leads to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    dbg = Debugger(steps("a"))
    dbg.run()
    for name, write in (("run.lellm", dbg.save), ("run.html", dbg.export_html)):
        (tmp_path / name).symlink_to(victim)
        write(tmp_path / name)
        assert not (tmp_path / name).is_symlink()

    assert victim.read_text() == "precious"


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
