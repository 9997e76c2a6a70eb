"""Conditions as text are stored, and come back armed (SEMANTICS G10)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from lellm_nb import Debugger, Expression, GraphBuilder, SqliteStore
from lellm_nb.debug.breakpoints.registry import Breakpoint, Breakpoints, Watch
from lellm_nb.debug.persist.breakpoint_form import read_stops, stops_form
from lellm_nb.errors import ConditionNotStoredError
from tests.debug.persist.graphs import abc
from tests.strategies import note


def test_a_text_comes_back_armed(again):
    """By every way to keep a run: closed and opened, in a file, in a folder, in memory."""
    dbg = again(abc())
    dbg.break_at("c", when="len(log) >= 2")
    dbg.watch("'b' in log")
    dbg.breakpoints.disable(dbg.break_at("a", when="log is None"))

    opened = again.reopen(dbg, abc())

    at, watch, off = opened.breakpoints
    assert (at.when, at.enabled, at.missing) == (Expression("len(log) >= 2"), True, None)
    assert (watch.what, watch.enabled) == (Expression("'b' in log"), True)
    assert (off.when, off.enabled) == (Expression("log is None"), False)
    hit = opened.run()
    assert (hit.breakpoint, hit.old, hit.new) == (watch, False, True)
    assert opened.run().breakpoint is at


def test_python_proper_comes_back_switched_off_as_a_function_does(again):
    """It is somebody's code, and a store is data; set again, it is the same stop."""
    dbg = again(abc())
    dbg.break_at("c", when="py: log == ['a', 'b']")

    opened = again.reopen(dbg, abc())
    (stop,) = opened.breakpoints

    assert not stop.enabled
    assert stop.missing.source == "py: log == ['a', 'b']"
    assert opened.break_at("c", when="py: log == ['a', 'b']") is stop
    assert opened.run().breakpoint is stop


def test_a_stop_that_misses_its_function_can_be_given_a_text(again):
    """`rearm` takes what `when` takes."""
    dbg = again(abc())
    dbg.break_at("c", when=lambda state: True)
    opened = again.reopen(dbg, abc())
    opened.breakpoints.rearm(1, "log[-1] == 'b'")

    assert opened.run().breakpoint.label == "before c if log[-1] == 'b'"


KILLED = """
import os, signal
from lellm_nb import Debugger, SqliteStore
from tests.debug.persist.graphs import abc
dbg = Debugger(abc(), {}, store=SqliteStore("runs.db"))
dbg.break_at("b", when="log == ['a']")
dbg.run()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_was_killed_left_its_stops_armed(tmp_path):
    """What is on disk is enough."""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    ended = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=here, check=False)
    assert ended.returncode == -signal.SIGKILL

    opened = Debugger.open(SqliteStore(tmp_path / "runs.db"), graph=abc())

    assert opened.breakpoints[0].when == Expression("log == ['a']")
    opened.rewind(0)
    assert opened.run().breakpoint is opened.breakpoints[0]


HOSTILE = [
    "__import__('os').system('touch /tmp/hacked')",
    "().__class__.__bases__[0].__subclasses__()",
    "(lambda: 1)()",
    "n = 3",
    "",
    "-" * 5_000,
    "\0",
    3,
    None,
    {"$": "redacted", "v": "token == '[redacted]'"},
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
def test_a_stored_text_that_is_none_is_kept_switched_off_with_the_reason(text):
    """G10: opening refuses it as text, raises nothing, and runs nothing."""
    stored = [
        {"node": "c", "visit": None, "ignore": 0, "after": False, "if": {"text": text, "on": True}},
        {"if": {"text": text, "on": True}},
    ]
    stops = read_stops(
        [{**form, "id": i, "on": True, "hits": 0} for i, form in enumerate(stored)], None
    )

    assert [(type(stop), stop.enabled) for stop in stops] == [(Breakpoint, False), (Watch, False)]
    for stop in stops:
        assert stop.missing.refused
        assert "condition refused: " in repr(stop)
        with pytest.raises(ConditionNotStoredError, match="condition refused"):
            (stop.when if isinstance(stop, Breakpoint) else stop.what)({})


def test_what_is_refused_is_kept_as_often_as_it_is_opened():
    """It may be of a later version, which can read it."""
    form = {"if": {"text": "x := 3", "on": True}, "id": 1, "on": True, "hits": 2}
    held = Breakpoints()
    held.load(read_stops([form], None))

    assert stops_form(held) == [{**form, "on": False}]


def test_a_text_with_a_secret_is_not_stored_and_does_not_come_back_as_another(tmp_path):
    """Secrets stay out of stores; what is left of the text means something else."""
    key = "sk-" + "a1" * 16
    store = SqliteStore(tmp_path / "runs.db")
    g = GraphBuilder("g").node("a", note).node("b", note).edge("a", "b")
    graph = g.edge_if("a", "b", f"token == '{key}'").start("a").end("b").build()
    dbg = Debugger(graph, {}, store=store)
    dbg.break_at("b", when=f"token == '{key}'")
    dbg.run()
    dbg.close()

    assert key.encode() not in (tmp_path / "runs.db").read_bytes()
    assert Debugger.open(store).why(1)[0].condition == ""
    (stop,) = Debugger.open(store, graph=graph).breakpoints
    assert not stop.enabled
    assert stop.missing.refused == "a secret was taken out of it"
    assert key not in repr(stop)


def test_a_run_that_is_opened_without_its_graph_says_and_asks_its_texts(again):
    """G10: `why` tells the condition, its answer and what it read."""
    g = (
        GraphBuilder("g")
        .node("a", note)
        .node("b", note)
        .edge_if("a", "b", "n > 2 and done is None")
    )
    dbg = again(g.start("a").end("b").build())
    dbg.fork(put={"n": 3})
    dbg.run(until="n is None and frame.kind == 'commit'")

    (row,) = again.reopen(dbg, None).why(1)

    assert (row.condition, row.result) == ("n > 2 and done is None", False)
    assert row.reads == ("n",)


def test_the_stored_form_is_plain_json():
    """An older reader leaves such a stop out, and reads all the rest."""
    dbg = Debugger(abc(), {})
    dbg.break_at("c", when="len(log) >= 2")
    (form,) = stops_form(dbg.breakpoints)

    assert json.loads(json.dumps(form))["if"] == {"text": "len(log) >= 2", "on": True}
