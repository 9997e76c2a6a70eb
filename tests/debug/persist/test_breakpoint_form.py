"""Stops and heads of every line, kept and opened again; conditions, which are never stored."""

from __future__ import annotations

import gc
import logging

import pytest

from lellm_nb import Debugger, InMemoryStore
from lellm_nb.errors import ConditionNotStoredError, DebuggerError
from lellm_nb.store.sqlite.store import SqliteStore
from tests.strategies import review, steps


@pytest.fixture(params=["sqlite", "memory", "saved"])
def again(request, tmp_path):
    """Open a run again: out of a file, of a store in memory, or saved to one file and loaded."""
    store = InMemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "runs.db")

    def begin(graph):
        return Debugger(graph, {}, store=None if request.param == "saved" else store)

    def reopen(dbg, graph):
        if request.param == "saved":
            dbg.save(tmp_path / "one.lellm")
            return Debugger.load(tmp_path / "one.lellm", graph)
        dbg.close()
        return Debugger.open(store, graph=graph)

    begin.reopen = reopen
    return begin


def is_long(state):
    """A condition with a name."""
    return len(state["log"]) >= 2


def abc():
    """A line of three nodes, each of which writes its name into a log."""
    return steps("a", "b", "c")


# -- conditions -------------------------------------------------------------------------


def test_a_condition_comes_back_as_a_stop_that_asks_for_it(again):
    """It is there, it says what it was, and it does not stop."""
    dbg = again(abc())
    dbg.break_at("c", when=is_long)
    dbg.watch(is_long)

    opened = again.reopen(dbg, abc())

    at, watch = opened.breakpoints
    assert (at.label, watch.label) == ("before c if is_long", "when is_long changes")
    assert not at.enabled
    assert not watch.enabled
    assert repr(at) == (
        "<Breakpoint 1 before c if is_long (condition not stored: is_long; give it again), hits 0>"
    )
    assert "len(state" in at.missing.source
    assert at.missing.where.startswith("tests.debug.persist.test_breakpoint_form, line ")
    assert opened.run().reason.name == "COMPLETED"


def test_setting_the_same_stop_again_gives_the_condition(again):
    """As by running the same cell once more: one stop, with its number and count."""
    dbg = again(abc())
    dbg.break_on_error()
    dbg.break_at("c", when=is_long, ignore=1)
    opened = again.reopen(dbg, abc())

    stop = opened.break_at("c", when=is_long, ignore=1)

    assert [s.id for s in opened.breakpoints] == [1, 2]
    assert stop is opened.breakpoints[1]
    assert stop.missing is None
    assert stop.enabled


def test_another_condition_at_the_same_place_is_another_stop(again):
    """Functions without a name are told apart by their text."""
    dbg = again(abc())
    dbg.break_at("c", when=lambda state: state["log"] == ["a", "b"])
    opened = again.reopen(dbg, abc())

    opened.break_at("c", when=lambda state: False)
    assert len(opened.breakpoints) == 2
    opened.break_at("c", when=lambda state: state["log"] == ["a", "b"])

    assert len(opened.breakpoints) == 2
    assert opened.run().breakpoint.id == 1


@pytest.mark.parametrize("which", [1, "before c if is_long"])
def test_a_condition_is_given_by_number_or_label(again, which):
    """It may be another function than it was; then it stops again."""
    dbg = again(abc())
    dbg.break_at("c", when=is_long)
    opened = again.reopen(dbg, abc())

    opened.breakpoints.rearm(which, lambda state: state["log"] == ["a", "b"])

    stop = opened.run()
    assert stop.reason.name == "BREAKPOINT"
    assert opened.state["log"] == ["a", "b"]


def test_a_stop_that_was_off_stays_off_when_it_gets_its_condition(again):
    """The condition is what was missing, and nothing else changes."""
    dbg = again(abc())
    stop = dbg.break_at("c", when=is_long)
    dbg.breakpoints.disable(stop)
    opened = again.reopen(dbg, abc())

    opened.breakpoints.rearm(1, is_long)

    assert not opened.breakpoints[0].enabled
    assert opened.run().reason.name == "COMPLETED"


def test_a_stop_without_its_condition_says_so_when_it_is_enabled(again):
    """It never becomes a stop without a condition."""
    dbg = again(abc())
    dbg.break_at("b", when=is_long)
    opened = again.reopen(dbg, abc())
    opened.breakpoints.enable(1)

    stop = opened.run()

    assert isinstance(stop.error, ConditionNotStoredError)
    assert "condition not stored: is_long" in str(stop.error)
    assert "give it again" in str(stop.error)
    assert opened.run().reason.name == "COMPLETED"


def test_what_misses_no_condition_is_given_none():
    """A wrong number, a stop that has what it needs, or no function."""
    dbg = Debugger(abc(), {})
    dbg.break_at("b")
    with pytest.raises(DebuggerError, match="misses no condition"):
        dbg.breakpoints.rearm(1, is_long)
    with pytest.raises(DebuggerError, match="no breakpoint 7"):
        dbg.breakpoints.rearm(7, is_long)
    with pytest.raises(DebuggerError, match=r"condition is a function of \(state\)"):
        dbg.breakpoints.rearm(1, "state")


def test_a_condition_survives_being_opened_twice_without_it(again, tmp_path):
    """What is known of it is kept, as often as the run is opened."""
    dbg = again(abc())
    dbg.break_at("c", when=is_long)
    once = again.reopen(dbg, abc())
    once.break_on_error()
    once.save(tmp_path / "twice.lellm")

    twice = Debugger.load(tmp_path / "twice.lellm", abc())

    assert twice.breakpoints[0].missing.source == once.breakpoints[0].missing.source
    assert twice.breakpoints[0].missing.was_on


def test_a_secret_in_a_condition_is_not_stored(tmp_path):
    """Its text is redacted like any other."""
    dbg = Debugger(abc(), {}, store=tmp_path / "runs.db")
    dbg.break_at(
        "b", when=lambda state: state["log"] == ["sk-ant-a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"]
    )
    dbg.close()

    opened = Debugger.open(tmp_path / "runs.db", graph=abc())

    assert "redacted: Anthropic key" in opened.breakpoints[0].missing.source
    assert b"sk-ant-a1" not in (tmp_path / "runs.db").read_bytes()


def test_a_damaged_condition_is_left_out_and_reported(tmp_path, caplog):
    """Like any other stop that does not fit."""
    store = InMemoryStore()
    dbg = Debugger(abc(), {}, store=store)
    writer = dbg.session.history.writer
    writer.mark("stops", "", [{"if": 7, "id": 1, "on": True, "hits": 0}, {"if": {}}, 3])

    with caplog.at_level(logging.WARNING):
        opened = Debugger.open(store)

    assert len(opened.breakpoints) == 0
    assert "left out" in caplog.text


# -- lines --------------------------------------------------------------------------------


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
