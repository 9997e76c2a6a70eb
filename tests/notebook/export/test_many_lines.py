"""A history of many lines as one page: it costs what each line has of its own."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from benchmarks.workloads.lines import forked
from lellm_nb import Debugger
from lellm_nb.notebook.export import book_lines
from lellm_nb.notebook.export.book_lines import stretches
from lellm_nb.notebook.export.offline_history import SHORT, book_of, short_book
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from tests.notebook.export.test_offline_history import a_history
from tests.work import operations


def stairs(lines):
    """Forks of forks, each from the frame before the last: none goes on where one ended."""
    last = first = forked(1, store=None, frames=3)
    for i in range(1, lines):
        last = last.fork(at=len(last.frames) - 2, put={"mark": i})
        last.step()
    return first


@pytest.fixture
def work(monkeypatch, tmp_path):
    """How much work the book of a history is, as it ran or loaded from a file."""
    monkeypatch.setattr(book_lines, "_COMPARES", 2)  # as many, however many lines there are

    def work(dbg, loaded):
        if loaded:
            dbg.save(tmp_path / "run.lellm")
            dbg = Debugger.load(tmp_path / "run.lellm")
        return operations(lambda: book_of(dbg, None, ask=False))

    work(forked(4, store=None), loaded=True)  # what is imported late is imported now
    return work


KEPT = pytest.mark.parametrize("loaded", [False, True], ids=["as it ran", "loaded"])


@KEPT
@pytest.mark.parametrize("deep", [False, True], ids=["of one line", "each of the last"])
def test_a_line_is_as_much_work_among_many_as_among_few(work, loaded, deep):
    """No line is looked at for the sake of another one."""
    few, some, many, more = (
        work(forked(lines, store=None, frames=3, deep=deep), loaded) for lines in (10, 40, 200, 230)
    )

    assert more - many < 1.2 * (some - few)


@KEPT
def test_a_fork_of_a_long_line_is_as_much_work_as_one_of_a_short_line(work, loaded):
    """What lines share is looked at once."""
    few, many, few_long, many_long = (
        work(forked(lines, store=None, frames=frames, at=frames - 2), loaded)
        for frames in (10, 200)
        for lines in (10, 60)
    )

    assert many_long - few_long < 1.2 * (many - few)


def test_twice_the_lines_take_twice_the_memory():
    """Nothing is kept for every two lines."""
    peaks = []
    for lines in (4, 300, 600):
        dbg = forked(lines, store=None, frames=5)
        gc.collect()
        tracemalloc.start()
        book_of(dbg, None, ask=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[2] < 2.3 * peaks[1]


def test_forks_of_forks_are_told_in_a_few_numbers(ask_book):
    """Where a line's own tale gets long it refers to its base, and each frame is found again."""
    dbg = stairs(40)
    book = book_of(dbg, None)

    assert all(len(line["frames"]) <= 8 for line in book["lines"])
    assert any(line["frames"][0][0] < 0 for line in book["lines"])
    for name in ("main", "fork 5", "fork 9", "fork 20", "fork 39"):
        line = dbg.branch(name)
        last = len(line.frames) - 1
        questions = [{"ask": "chunk", "chunk": 0}]
        questions += [
            {"ask": "inside", "frame": at, "steps": [], "start": 0} for at in range(last + 1)
        ]
        replies = ask_book(book, name, questions)
        live = [answer(Updates(line), question) for question in questions]
        assert replies[0]["rows"] == live[0]["rows"]
        assert [one["rows"] for one in replies[1:]] == [one["rows"] for one in live[1:]]


def test_a_stretch_without_frames_is_none():
    """A fork that did not go on has what it shares."""
    assert stretches([[0, 4]], 0, 2, [4, 0]) == [[0, 2]]
    assert stretches([[i * 10, 2] for i in range(9)], 3, 17, [99, 0]) == [[-4, 17]]


def test_two_lines_that_were_not_compared_before_are_compared_in_the_page(ask_book):
    """The page says what `compare` says, of every two lines: levels, branches and all."""
    dbg = a_history()
    dbg.fork(at=2, put={"extra": [1, 2]}, name="third").run()
    book = {**book_of(dbg, None), "compares": []}
    for name in dbg.lines:
        others = [other for other in dbg.lines if other != name]
        replies = ask_book(book, name, [{"ask": "compare", "line": other} for other in others])
        for other, reply in zip(others, replies, strict=True):
            told = answer(Updates(dbg.branch(name)), {"ask": "compare", "line": other})
            for row in (*reply["rows"], *told["rows"]):
                row["keys"] = sorted(row.get("keys", ()))
            assert reply == told, (name, other)


def test_a_line_that_is_not_in_the_file_is_not_compared(ask_book):
    """Bad input: it says so."""
    [reply] = ask_book(
        book_of(forked(2, store=None), None), "main", [{"ask": "compare", "line": "x"}]
    )

    assert "no line" in reply["error"]


def test_of_many_lines_the_one_on_show_is_compared_when_the_page_is_written():
    """Also where it began late: it stands on the left first, then on the right."""
    dbg = forked(100, store=None).branch("fork 90")
    names = [tuple(one["names"]) for one in book_of(dbg, None)["compares"]]

    assert len(names) == 60
    assert {left for left, _ in names} == {"fork 90"}
    few = forked(4, store=None)
    assert len(book_of(few, None)["compares"]) == 12


def test_a_cell_that_ends_opens_no_line(tmp_path):
    """The short form of many lines is none, and finds that out without a debugger for each."""
    forked(SHORT + 1, store=None, frames=1).save(tmp_path / "run.lellm")
    dbg = Debugger.load(tmp_path / "run.lellm")

    assert short_book(dbg) == {}
    assert len(dbg._context.family.contexts()) == 1
