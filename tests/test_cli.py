"""The command line, as somebody uses it who was sent a file."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.cli import main
from tests.strategies import review, steps


@pytest.fixture
def file(tmp_path):
    """A store with three runs: the newest waits at a barrier, and one has a pin."""
    file = tmp_path / "runs.db"
    first = Debugger(steps("a", "b"), {}, store=file, name="first")
    first.run()
    first.pin(1)
    first.close()
    second = Debugger(steps("a", "b"), {}, store=file, name="second")
    second.run()
    second.close()
    third = Debugger(review(), {"topic": "otters"}, store=file, name="third")
    third.run()
    third.fork(at=1, put={"draft": "x"}, name="short")
    third.close()
    return file


def said(capsys, *arguments, status=0):
    """What a command prints."""
    assert main([str(argument) for argument in arguments]) == status
    out = capsys.readouterr()
    return out.err if status else out.out


def test_runs_are_listed_newest_first(file, capsys):
    """With their graph and size."""
    lines = said(capsys, "runs", file).splitlines()

    assert [line.split()[1] for line in lines] == ["NAME", "third", "second", "first"]
    assert lines[1].split()[4:6] == ["4", "review"]


def test_a_run_is_shown_with_its_lines_and_frames(file, capsys):
    """By default the newest."""
    text = said(capsys, "runs", file, "show")

    assert "waiting at approve" in text
    assert "line short: 3 frames, from frame 1 of main" in text
    assert "commit    draft -> approve" in text
    assert "second" in said(capsys, "runs", file, "show", "second", "--frames", "1")


def test_a_frame_is_shown_in_full(file, capsys):
    """What was written, and the state after."""
    text = said(capsys, "runs", file, "show", "third", "--frame", "1")

    assert "Put('draft', 'An essay about otters')" in text
    assert "topic = 'otters'" in text


def test_a_run_is_exported_and_shown_from_its_file(file, tmp_path, capsys):
    """The same commands read what `save` wrote."""
    said(capsys, "runs", file, "export", "third", tmp_path / "one.lellm")

    assert "third" in said(capsys, "runs", tmp_path / "one.lellm")
    assert "waiting at approve" in said(capsys, "runs", tmp_path / "one.lellm", "show")
    assert Debugger.load(tmp_path / "one.lellm").lines == ["main", "short"]


def test_pruning_asks_and_spares_what_is_pinned(file, capsys, monkeypatch):
    """No is the default answer; pins and runs that are being written stay."""
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert "Nothing was dropped" in said(capsys, "runs", file, "prune", "--keep", "1")
    text = said(capsys, "runs", file, "prune", "--keep", "1", "--yes")

    assert "Dropped 1 runs" in text
    left = said(capsys, "runs", file)
    assert "first" in left
    assert "second" not in left


def test_errors_are_one_line(file, tmp_path, capsys):
    """And the status says that there was one."""
    assert "no file" in said(capsys, "runs", tmp_path / "absent", status=1)
    nobody = said(capsys, "runs", file, "show", "nobody", status=1)
    assert "There is no run 'nobody'. Runs: " in nobody
    assert "--keep" in said(capsys, "runs", file, "prune", status=1)
    (tmp_path / "text").write_text("hello")
    assert "text" in said(capsys, "runs", tmp_path / "text", status=1)


def test_help_teaches(capsys):
    """With examples to copy."""
    with pytest.raises(SystemExit):
        main(["runs", "--help"])

    text = capsys.readouterr().out
    assert "lellm-nb runs runs.db show" in text
    assert "Debugger.open" in text
