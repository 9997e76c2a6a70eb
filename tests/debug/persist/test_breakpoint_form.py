"""Stops with conditions, kept and opened again; the conditions are never stored."""

from __future__ import annotations

import logging

import pytest

from lellm_nb import Debugger, InMemoryStore
from lellm_nb.errors import ConditionNotStoredError, DebuggerError
from tests.debug.persist.graphs import abc


def is_long(state):
    """A condition with a name."""
    return len(state["log"]) >= 2


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
    with pytest.raises(DebuggerError, match="condition is text, or a function"):
        dbg.breakpoints.rearm(1, 3)


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
