"""Calls in stores and files: with their frames, and before these as each ends (K1, K10, K13)."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, FolderStore, InMemoryStore, StopReason
from lellm_nb.errors import CorruptedCheckpointError, LellmError
from lellm_nb.store.sqlite.store import SqliteStore
from lellm_nb.store.store_at import store_at
from tests.debug.calls.agents import (
    LIMIT,
    ask,
    beside,
    heard,
    one,
    row,
    talk,
    told,
    user,
    weather_agent,
)

R = StopReason
ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["sqlite", "folder", "memory"])
def store(request, tmp_path) -> Any:
    """A store of each kind."""
    if request.param == "memory":
        return InMemoryStore()
    made = SqliteStore if request.param == "sqlite" else FolderStore
    return made(tmp_path / ("runs.db" if request.param == "sqlite" else "runs"))


def again(dbg: Debugger, store: Any, graph: Any) -> Debugger:
    """Let a run go, and open it again."""
    dbg.close()
    return Debugger.open(store, graph=graph)


def test_a_run_that_is_opened_again_has_its_calls(server, ai, store):
    """K10: all of what they say, with the calls before them."""
    graph = one(weather_agent(ai))
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    facts = [(call.messages, call.tool_calls, call.text, call.tokens_in) for call in dbg.calls]
    words, read = str(dbg.calls[1].diff()), again(dbg, store, graph)

    assert [(c.messages, c.tool_calls, c.text, c.tokens_in) for c in read.calls] == facts
    assert str(read.calls[1].diff()) == words
    assert list(read.calls.to_pandas()["frame"]) == [1, 1]
    fork = read.rerun(1, calls=1)
    assert [call.served for call in fork.calls] == [True, False]
    assert server.count == 3


def test_a_run_that_is_looked_at_without_its_graph_has_its_calls(server, ai, store):
    """K10: it runs nothing."""
    dbg = Debugger(one(talk(ai, "a")), {}, store=store)
    dbg.run()
    dbg.close()
    read = Debugger.open(store)

    assert told(read.calls) == [("a", False)]
    with pytest.raises(LellmError, match="reading"):
        read.rerun(1)


def test_a_file_that_is_saved_has_its_calls(server, ai, tmp_path):
    """K10: those of finished steps, and of one that is stopped inside."""
    graph = row(first=talk(ai, "a"), agent=talk(ai, "b", "c"))
    dbg = Debugger(graph, {})
    dbg.break_on_call(node="agent", nth=1)
    dbg.run()
    dbg.save(tmp_path / "one.lellm")
    read = Debugger.load(tmp_path / "one.lellm", graph)

    assert told(read.calls)[:1] == [("a", False)]
    assert read.run().reason in (R.COMPLETED, R.BREAKPOINT)


def test_a_stop_inside_of_a_node_outlives_its_kernel(server, ai, store):
    """K1, K2: what was paid is served, stops are as they were."""
    graph = one(talk(ai, "a", "b", "c"))
    dbg = Debugger(graph, {}, store=store)
    dbg.break_on_call(nth=1)
    dbg.break_on_call(nth=2)
    dbg.run()
    read = again(dbg, store, graph)
    assert told(read.calls) == [("a", False)]
    reasons = []
    while not reasons or reasons[-1] is R.BREAKPOINT:
        reasons.append(read.run().reason)

    assert reasons[-1] is R.COMPLETED
    assert heard(server) == ["a", "b", "c"]
    assert [call.served for call in read.calls] == [True, True, False]
    assert list(again(read, store, graph).calls.frames) == [1, 1, 1]


def test_a_stop_in_the_past_outlives_its_kernel(server, ai, store):
    """K1: where the head was moved back, and more was recorded from there."""
    graph = row(a=talk(ai, "a"), b=talk(ai, "b1", "b2"), c=talk(ai, "c"))
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    dbg.rewind(1)
    dbg.break_on_call(node="b", nth=1)
    dbg.run()
    read = again(dbg, store, graph)
    head = read.head
    read.breakpoints.clear()

    assert head == 1
    assert read.run().reason is R.COMPLETED
    assert heard(server)[4:] == ["b1", "b2", "c"]


def test_a_head_that_is_moved_drops_what_was_unfinished(server, ai, store):
    """K13: a plain rewind and run is live, in the next kernel, too."""
    graph = one(talk(ai, "a", "b"))
    dbg = Debugger(graph, {}, store=store)
    dbg.break_on_call(nth=1)
    dbg.run()
    dbg.rewind(0)
    read = again(dbg, store, graph)
    read.breakpoints.clear()

    assert list(read.calls) == []
    assert read.run().reason is R.COMPLETED
    assert heard(server) == ["a", "a", "b"]


def test_a_node_that_is_to_run_live_does_in_the_next_kernel(server, ai, store):
    """K13: its mode said so."""
    graph = one(talk(ai, "a", "b"))
    dbg = Debugger(graph, {}, store=store)
    dbg.break_on_call(nth=1)
    dbg.run()
    dbg.mode("agent", "live")
    read = again(dbg, store, graph)
    read.breakpoints.clear()

    assert read.run().reason is R.COMPLETED
    assert heard(server) == ["a", "a", "b"]


def test_a_fork_that_stopped_inside_goes_on_in_the_next_kernel(server, ai, store):
    """K1, K12: with what was served and what was edited."""
    graph = one(talk(ai, "a", "b", "c"))
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    dbg.break_on_call(nth=2)
    fork = dbg.rerun(1, calls=1, edit={1: user("B!")})
    name = fork.line
    assert fork.last_stop.reason is R.BREAKPOINT
    read = again(dbg, store, graph).branch(name)
    read.breakpoints.clear()

    assert read.run().reason is R.COMPLETED
    assert heard(server)[3:] == ["B!", "c"]
    assert [call.served for call in read.calls] == [True, True, False]


def test_a_fork_at_a_stop_takes_what_is_paid_along_into_the_next_kernel(server, ai, store):
    """K1, K13: on both lines."""
    graph = one(talk(ai, "a", "b"))
    dbg = Debugger(graph, {}, store=store)
    dbg.break_on_call(nth=1)
    dbg.run()
    name = dbg.fork().line
    read = again(dbg, store, graph).branch(name)
    read.breakpoints.clear()

    assert read.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b"]


def test_a_branch_that_stopped_inside_is_kept_once(server, ai, store):
    """K1: siblings commit meanwhile, and what it asked is asked for again."""
    graph = beside(x=talk(ai, "a", "b", key="x"), y=talk(ai, "c", key="y"))
    dbg = Debugger(graph, {}, store=store)
    dbg.break_on_call(node="par/x", nth=1)
    dbg.run()
    dbg.break_on_call(node="par/x", nth=1)
    dbg.run()
    read = again(dbg, store, graph)
    read.breakpoints.clear()

    assert sorted(call.messages[0]["content"] for call in read.calls) == ["a", "c"]
    assert read.run().reason is R.COMPLETED
    assert sorted(heard(server)) == ["a", "b", "c"]


def test_modes_are_kept_with_what_becomes_of_a_miss(server, ai, store):
    """K3: `miss` goes along with the mode."""
    words = ["a"]
    graph = one(lambda ctx: {"said": ask(ai, words[0])})
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    dbg.mode("agent", "calls", miss="live")
    read = again(dbg, store, graph)
    words[0] = "b"
    read.rewind(0)

    assert read.modes == {"agent": "calls"}
    assert read.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b"]


def test_what_calls_said_is_kept_once(server, ai, tmp_path):
    """K10: a growing chat is no square of itself."""
    long = ["word " * 400] * 40

    def chat(ctx):
        messages: list[Any] = []
        for n, text in enumerate(long):
            messages.append({"role": "user", "content": f"{n} {text}"})
            ai.chat.completions.create(model="gpt-4o", messages=messages)

    dbg = Debugger(one(chat), {}, store=FolderStore(tmp_path / "runs"))
    dbg.run()
    sent = sum(len(asked.body) for asked in server.asked)
    dbg.close()
    kept = sum(file.stat().st_size for file in (tmp_path / "runs").rglob("*") if file.is_file())

    assert kept < sent / 8


CHILD = """
import sys
from lellm_nb import Debugger
from lellm_nb.store.store_at import store_at
from tests.debug.calls.agents import ask, client, one

class At:
    url = sys.argv[2]

ai = client(At)
texts = ["a", "b", "c"]
node = lambda ctx: {"said": [ask(ai, text, "held" if text == "c" else "gpt-4o") for text in texts]}
Debugger(one(node), {}, store=store_at(sys.argv[1])).run()
"""


def test_a_kernel_that_is_killed_between_two_calls_pays_for_the_missing_ones(server, ai, file):
    """K1: a call is written as it ends: two of three were paid, and are served."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(file), server.url], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        server.wait_for(3)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=LIMIT)
    server.release.set()
    graph = one(
        lambda ctx: {"said": [ask(ai, text, "held" if text == "c" else "gpt-4o") for text in "abc"]}
    )
    read = Debugger.open(store_at(str(file)), graph=graph)
    assert told(read.calls) == [("a", False), ("b", False)]

    assert read.run().reason is R.COMPLETED
    assert heard(server) == ["a", "b", "c", "c"]
    assert [call.served for call in read.calls] == [True, True, False]


def damage(path: Path, text: str) -> None:
    """Damage what a store keeps once of what calls said."""
    with sqlite3.connect(path) as rows:
        found = rows.execute("SELECT number, body FROM large").fetchall()
        hit = [(body[:-1], number) for number, body in found if text.encode() in body]
        assert hit
        rows.executemany("UPDATE large SET body = ? WHERE number = ?", hit)


def test_a_damaged_call_is_said_at_a_look_and_asked_anew(server, ai, tmp_path):
    """K1, K10: of a frame it is told of when one looks; of an unfinished step it is left out."""
    done, left, path = "d" * 60, "l" * 60, tmp_path / "runs.db"
    graph = row(first=talk(ai, done), agent=talk(ai, left, "b"))
    dbg = Debugger(graph, {}, store=SqliteStore(path))
    dbg.break_on_call(node="agent", nth=1)
    dbg.run()
    dbg.close()
    for text in (done, left):
        damage(path, text)
    read = Debugger.open(SqliteStore(path), graph=graph)
    read.breakpoints.clear()

    with pytest.raises(CorruptedCheckpointError):
        read.frames[1].calls[0].messages  # noqa: B018  # to look is what raises
    assert read.state["said"] == dbg.state["said"]
    assert read.run().reason is R.COMPLETED
    assert heard(server) == [done, left, left, "b"]


def test_a_debugger_of_a_kept_run_asks_again_within_its_budget(server, ai, store):
    """K5, K7: in this process there are credentials still."""
    graph = one(talk(ai, "a"))
    dbg = Debugger(graph, {}, store=store)
    dbg.run()
    read = again(dbg, store, graph)
    made = read.budget(calls=1)
    (answer,) = read.calls[0].ask()

    assert (answer.text, made.spent["calls"]) == ("answer 2", 1)
    with pytest.raises(LellmError, match="1 of 1 call"):
        read.calls[0].ask()
