"""The heads and stops of every line, kept and opened again."""

from __future__ import annotations

import gc

import pytest

from lellm_nb import Debugger, InMemoryStore
from lellm_nb.errors import DebuggerError
from tests.debug.persist.graphs import abc
from tests.strategies import review, steps


def test_every_line_has_its_own_head_and_stops(again):
    """Those of a fork are not those of the line it came from."""
    dbg = again(abc())
    dbg.run()
    dbg.break_at("a")
    fork = dbg.fork(at=1, name="what if")
    fork.run()
    fork.break_on_error()
    fork.breakpoints.remove("a")
    fork.mode("b", "ask")
    fork.rewind(2)
    dbg.back()

    opened = again.reopen(dbg, abc())
    other = opened.branch("what if")

    assert (opened.head, other.head) == (2, 2)
    assert [s.label for s in opened.breakpoints] == ["before a"]
    assert [s.label for s in other.breakpoints] == ["on any error"]
    assert (opened.modes, other.modes) == ({}, {"b": "ask"})
    assert opened.branch("what if") is other
    assert other.position == fork.position


def test_a_fork_at_its_tip_comes_back_there(again):
    """Also after it was moved back and on again."""
    dbg = again(abc())
    dbg.run()
    fork = dbg.fork(at=0)
    fork.run()
    fork.back(2)
    fork.rewind(3)

    assert again.reopen(dbg, abc()).branch("fork 1").head == 3


def test_what_a_fork_has_goes_with_it_to_the_line_that_it_begins(again):
    """It went back and on: it stands on a new line now, and the old one is as nobody left it."""
    dbg = again(abc())
    dbg.run()
    fork = dbg.fork(at=0)
    fork.run()
    fork.break_at("c", visit=7)
    fork.back(2)
    fork.step()
    assert fork.line == "fork 2"

    opened = again.reopen(dbg, abc())

    assert [s.label for s in opened.branch("fork 2").breakpoints] == ["before c visit 7"]
    assert opened.branch("fork 2").head == 2
    assert opened.branch("fork 1").head == 3
    assert len(opened.branch("fork 1").breakpoints) == 0


def test_the_stops_of_a_fork_are_kept_as_they_are_set(tmp_path):
    """Nobody closed anything: another process finds them."""
    dbg = Debugger(review(), {"topic": "otters"}, store=tmp_path / "runs.db")
    dbg.run()
    fork = dbg.fork()
    fork.break_on_error()

    read = Debugger.open(tmp_path / "runs.db")

    assert [s.label for s in read.branch("fork 1").breakpoints] == ["on any error"]
    assert [p.id for p in read.branch("fork 1").pending] == ["approve#0"]


def test_how_often_stops_were_hit_is_kept_as_they_are_hit(tmp_path):
    """Forward and backward alike; nobody closed anything: another process finds it."""
    dbg = Debugger(abc(), {}, store=tmp_path / "runs.db")
    dbg.break_at("b")
    dbg.watch("log")
    dbg.break_at("c", ignore=5)
    for move in (dbg.run, dbg.run, dbg.run_back):
        before = [stop.hits for stop in dbg.breakpoints]
        move()
        counted = [stop.hits for stop in dbg.breakpoints]

        assert sum(counted) == sum(before) + 1
        read = Debugger.open(tmp_path / "runs.db")
        assert [stop.hits for stop in read.breakpoints] == counted


def test_a_fork_of_which_nobody_holds_the_first_is_still_kept(tmp_path):
    """``dbg = dbg.fork()`` leaves the first debugger to be collected."""
    dbg = Debugger(abc(), {}, store=tmp_path / "runs.db")
    dbg.step()
    dbg = dbg.fork()
    gc.collect()

    assert dbg.run().reason.name == "COMPLETED"
    dbg.close()

    assert Debugger.open(tmp_path / "runs.db").branch("fork 1").state["log"] == ["a", "b", "c"]
    with pytest.raises(DebuggerError, match="was closed"):
        dbg.step()


def test_closing_a_fork_closes_the_run(tmp_path):
    """No debugger of it writes any more, and another one may."""
    dbg = Debugger(abc(), {}, store=tmp_path / "runs.db")
    fork = dbg.fork()

    fork.close()

    with pytest.raises(DebuggerError, match="was closed"):
        dbg.step()
    assert Debugger.open(tmp_path / "runs.db", graph=abc()).step().error is None


def test_a_reopened_run_goes_when_nobody_holds_it(tmp_path):
    """Another writer is let in."""
    Debugger(abc(), {}, store=tmp_path / "runs.db").close()
    dbg = Debugger.open(tmp_path / "runs.db", graph=abc())
    dbg.step()
    del dbg
    gc.collect()

    assert Debugger.open(tmp_path / "runs.db", graph=abc()).head == 1


def test_who_stays_where_two_stood_at_the_tip_is_found_there():
    """A line that grows under one debugger does not take another one along."""
    for moves_on in ("first", "fork"):
        store = InMemoryStore()
        first = Debugger(steps("a", "b", "c"), {}, store=store)
        own = first.step().frame
        fork = first.fork(at=0, name="fork")
        fork.step()
        first.rewind(fork.frames[1])
        (first if moves_on == "first" else fork).step()
        stays = fork if moves_on == "first" else first
        if moves_on == "first":
            first.rewind(own)  # a line that two stand on has what the last of them left

        opened = Debugger.open(store)
        found = opened if stays is first else opened.branch("fork")
        assert (found.line, found.head) == (stays.line, stays.head)
