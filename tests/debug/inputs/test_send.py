"""Turns: an input is a frame of its own, and the run goes on from its start node (R12)."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, ReducerRegistry, StateKey
from lellm_nb.errors import DebuggerError, StateError, StateTypeError
from lellm_nb.session.session import ExecutionSession
from tests.strategies import fanned, finish_debugger, nested, review, steps


def chat():
    """A graph that answers the last message, and counts its runs."""
    g = GraphBuilder("chat", ReducerRegistry({"messages": Reducer.APPEND, "runs": Reducer.SUM}))

    @g.task
    def answer(ctx):
        last = ctx.state["messages"][-1]["content"]
        return {"messages": {"role": "assistant", "content": last.upper()}, "runs": 1}

    return g.start("answer").end("answer").build()


def said(dbg):
    return [message["content"] for message in dbg.state["messages"]]


# -- what an input writes -----------------------------------------------------------


def test_text_is_a_message_of_the_user():
    """It goes through the reducer of `messages`, and the run stands at its start again."""
    dbg = Debugger(chat())

    stop = dbg.send("hi")

    assert (stop.reason.name, stop.frame.kind, stop.frame.next_node) == ("STEP", "input", "answer")
    assert dbg.state["messages"] == [{"role": "user", "content": "hi"}]
    assert dbg.status == "ready"
    assert dbg.run().reason.name == "COMPLETED"


def test_text_is_appended_where_messages_are_a_list_without_a_reducer():
    """A graph with messages need not have declared how they join."""
    dbg = Debugger(steps("a"), {"messages": [{"role": "user", "content": "one"}]})
    dbg.run()

    dbg.send("two")

    assert said(dbg) == ["one", "two"]


def test_a_mapping_goes_through_the_reducers_else_it_is_put():
    """As if a node had returned it."""
    dbg = Debugger(chat(), {"topic": "otters"})

    dbg.send({"runs": 5, "topic": "seals", StateKey("n", int): 2})
    dbg.send({"runs": 1})

    assert (dbg.state["runs"], dbg.state["topic"], dbg.state["n"]) == (6, "seals", 2)
    assert [frame.visit for frame in dbg.frames[1:]] == [1, 2]
    assert [type(m).__name__ for m in dbg.frames[1].mutations] == ["Reduce", "Put", "Put"]


def test_an_empty_mapping_goes_once_more_over_the_same_state():
    """Nothing need be new for another turn."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()

    dbg.send({}, then_run=True)

    assert dbg.state["log"] == ["a", "b", "a", "b"]


# -- visits, counters and steps go on ------------------------------------------------


def test_visits_and_steps_go_on():
    """A second turn's frames have names of their own."""
    dbg = Debugger(steps("a", "b"))
    dbg.run()
    dbg.send({"log": []}, then_run=True)

    assert [(f.path, f.visit, f.step) for f in dbg.frames[4:]] == [("a", 2, 3), ("b", 2, 4)]
    assert dbg.at("b", 2) is dbg.frames[5]
    assert dbg.frames[3].step == 2


def test_barrier_ids_do_not_repeat():
    """Their counters stand in the position, which the input keeps."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.run()
    dbg.approve(then_run=True)

    dbg.send({"topic": "seals"})
    assert dbg.run().pending[0].id == "approve#1"
    dbg.approve(then_run=True)
    assert dbg.status == "completed"


def test_max_steps_counts_for_each_run():
    """Steps of the turns before are not counted against it."""
    dbg = Debugger(steps("a", "b", "c"), max_steps=3)
    for _ in range(4):
        assert dbg.run().reason.name == "COMPLETED"
        dbg.send({})
    session = ExecutionSession({}, steps("a", "b"))
    asyncio.run(session.run(max_steps=2))
    asyncio.run(session.send({}))
    asyncio.run(session.run(max_steps=2))

    assert session.position.ended
    assert session.position.step == 4


# -- where a run may be sent an input -------------------------------------------------


def test_a_run_in_the_middle_of_a_turn_says_what_to_do():
    """Nothing is written, and the words name the way on."""
    dbg = Debugger(review(), {"topic": "otters"})
    dbg.step()
    with pytest.raises(DebuggerError, match=r"stands before approve.*run\(\).*rewind\(0\)"):
        dbg.send({"topic": "seals"})
    dbg.run()
    with pytest.raises(DebuggerError, match=r"waits at approve.*approve\(\)"):
        dbg.send({"topic": "seals"})
    dbg.approve(then_run=True)
    dbg.send({"topic": "seals"})
    dbg.step()
    with pytest.raises(DebuggerError, match=r"rewind\(4\).*was completed"):
        dbg.send({})

    assert [frame.kind for frame in dbg.frames].count("input") == 1


def test_a_failed_run_is_mended_first():
    """`retry` is named."""
    g = GraphBuilder("g").node("a", lambda ctx: 1 / 0).start("a").end("a").build()
    dbg = Debugger(g)
    dbg.run()

    with pytest.raises(DebuggerError, match=r"failed at a.*retry\(\)"):
        dbg.send({})
    assert dbg.rewind(0).frame.kind == "start"
    dbg.send({"n": 1})


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (None, StateTypeError, "input is a mapping"),
        (5, StateTypeError, "input is a mapping"),
        (["a"], StateTypeError, "input is a mapping"),
        ("  ", StateTypeError, "input is a mapping"),
        ({5: 1}, StateTypeError, "keys are text"),
        ({("a", "b"): 1}, StateTypeError, "keys are text"),
        ({StateKey("n", int): "x"}, StateTypeError, "n"),
        ("hello", StateError, r"send\(\{'topic': 'hello'\}\)"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(given, error, words):
    """What is meant is said, with an example."""
    dbg = Debugger(steps("a"), {"topic": "otters"})
    dbg.run()

    with pytest.raises(error, match=words):
        dbg.send(given)
    with pytest.raises(DebuggerError, match="then_run"):
        dbg.send({}, then_run="yes")

    assert [frame.kind for frame in dbg.frames] == ["start", "commit"]


def test_a_typed_state_takes_its_fields_only():
    """Another name is refused with the nearest one."""
    from dataclasses import dataclass, field

    from lellm_nb import typed_state

    @typed_state
    @dataclass
    class Talk:
        topic: str = ""
        messages: list = field(default_factory=list)

    g = GraphBuilder("g").node("a", lambda ctx: {"topic": ctx.state.topic + "!"})
    dbg = Debugger(g.start("a").end("a").build(), Talk("x"))
    dbg.run()

    with pytest.raises(StateError, match=r"no field 'topc'.*'topic'"):
        dbg.send({"topc": "y"})
    dbg.send({"topic": "y"})
    dbg.run()
    dbg.send("hello")

    assert dbg.state.topic == "y!"
    assert dbg.state.messages == [{"role": "user", "content": "hello"}]


# -- a frame like any other -----------------------------------------------------------


@pytest.mark.parametrize("graph", [nested, fanned])
@pytest.mark.parametrize("by", ["run", "step"])
def test_turns_of_nested_and_parallel_graphs_can_be_rewound_to(graph, by):
    """Every frame of both turns leads to the same end when it is gone on from."""

    def to_end(dbg):
        while dbg.status != "completed":
            if dbg.pending:
                dbg.approve(dbg.pending[0].id)
            else:
                getattr(dbg, by)()

    dbg = Debugger(graph(), {})
    to_end(dbg)
    dbg.send({"turn": 2})
    to_end(dbg)
    log = sorted(dbg.state["log"])
    frames = list(dbg.frames)

    for index, frame in enumerate(frames):
        dbg.rewind(frame)
        to_end(dbg)
        if "turn" not in dbg.state:
            dbg.send({"turn": 2})
            to_end(dbg)
        assert sorted(dbg.state["log"]) == log, index


def test_a_turn_can_be_forked_from_and_the_parent_stays():
    """Another question to the same state is another line."""
    dbg = Debugger(chat())
    dbg.send("one", then_run=True)
    before = len(dbg.frames)

    fork = dbg.fork()
    fork.send("two", then_run=True)
    dbg.send("three", then_run=True)
    again = dbg.fork(at=before - 1)
    again.send("four", then_run=True)

    assert said(fork) == ["one", "ONE", "two", "TWO"]
    assert said(dbg) == ["one", "ONE", "three", "THREE"]
    assert said(again)[2:] == ["four", "FOUR"]
    assert "two" in repr(fork.compare(dbg).to_pandas()) or fork.compare(dbg).first_difference


def test_a_second_turn_is_looked_up_by_its_own_visits():
    """Recorded outcomes of the first turn are not taken for it (R10)."""
    dbg = Debugger(chat())
    dbg.send("one", then_run=True)
    dbg.send("two", then_run=True)
    dbg.rewind(3)
    dbg.mode("answer", "recorded")

    stop = dbg.run()

    assert stop.frame.recorded
    assert said(dbg) == ["one", "ONE", "two", "TWO"]


def test_without_an_input_the_run_is_folded_again():
    """A write of an input is taken away like any other, and the later turns are sent again."""
    dbg = Debugger(chat(), {"topic": "otters"})
    dbg.send({"messages": [{"role": "user", "content": "one"}], "topic": "seals"}, then_run=True)
    dbg.send("two", then_run=True)

    child = dbg.without(1, 1)

    assert child.state["topic"] == "otters"
    assert said(child) == said(dbg)
    assert [f.kind for f in child.frames] == [f.kind for f in dbg.frames]


def test_questions_say_that_it_was_sent():
    """who, why, history and the table know that no node wrote it."""
    dbg = Debugger(chat(), {"topic": "otters"})
    dbg.send({"topic": "seals", "messages": [{"role": "user", "content": "x"}]}, then_run=True)

    assert repr(dbg.who("topic")) == "frame 1, sent as input 1: Put('topic', 'seals')"
    assert dbg.why(1).said == "input 1 was sent: the run begins again at answer"
    assert list(dbg.history("topic").index) or len(dbg.history("topic")) == 1
    table = dbg.frames.to_pandas()
    assert list(table["kind"]) == ["start", "input", "commit"]
    assert list(table["turn"]) == [1, 2, 2]
    assert dbg.frames[2].to_pandas().set_index("key")["written_by"]["topic"] == "input"
    assert dbg.diff(0, 1)
    assert repr(dbg.find("seals")) == "frame 1 input topic: seals"
    assert dbg.frames[1:].to_pandas()["turn"].tolist() == [2, 2]


def test_a_watch_stops_at_what_was_sent():
    """An input is a step of the line."""
    dbg = Debugger(chat(), {"topic": "otters"})
    dbg.watch("topic")

    stop = dbg.send({"topic": "seals"}, then_run=True)

    assert (stop.reason.name, stop.old, stop.new) == ("WATCH", "otters", "seals")
    assert stop.frame.kind == "input"


def test_asend_waits_without_blocking():
    """The twin for await."""

    async def go():
        dbg = Debugger(chat())
        stop = await dbg.asend("hi", then_run=True)
        return stop.reason.name, said(dbg)

    assert asyncio.run(go()) == ("COMPLETED", ["hi", "HI"])


# -- kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run.db", "runs/"])
def test_turns_are_kept_and_the_run_goes_on(tmp_path, name):
    """After a kill everything is there: visits, inputs, and where it stands."""
    where = tmp_path / name if name.endswith("db") else f"{tmp_path / name}/"
    code = (
        "import os, sys\n"
        "from lellm_nb import Debugger\n"
        "from tests.debug.inputs.test_send import chat\n"
        "dbg = Debugger(chat(), {}, store=sys.argv[1])\n"
        "dbg.send('one', then_run=True)\n"
        "dbg.send('two')\n"
        "os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(where)], check=False, timeout=60)
    assert done.returncode == 9

    again = Debugger.open(where, graph=chat())

    assert again.status == "ready"
    assert [f.kind for f in again.frames] == ["start", "input", "commit", "input"]
    assert again.run().reason.name == "COMPLETED"
    assert (again.at("answer", 2).visit, again.frames[3].visit) == (2, 2)
    assert said(again) == ["one", "ONE", "two", "TWO"]
    runs = Debugger.runs(where)
    assert list(runs["turns"]) == [3]


@pytest.mark.parametrize("graph", [nested, fanned])
def test_a_saved_run_of_several_turns_reads_as_it_was(tmp_path, graph):
    """decode(encode(x)) == x, also of the frames after an input."""
    dbg = Debugger(graph(), {})
    finish_debugger(dbg)
    dbg.send({"turn": 2})
    finish_debugger(dbg)
    dbg.save(tmp_path / "run.lellm")

    again = Debugger.load(tmp_path / "run.lellm", graph=graph())

    assert [(f.kind, f.path, f.visit, f.step) for f in again.frames] == [
        (f.kind, f.path, f.visit, f.step) for f in dbg.frames
    ]
    for mine, theirs in zip(dbg.frames, again.frames, strict=True):
        assert mine.position == theirs.position


def test_a_session_is_restored_in_its_second_turn():
    """A checkpoint has the turns before it, without a gap."""
    graph = chat()
    session = ExecutionSession({}, graph)
    asyncio.run(session.send("one"))
    asyncio.run(session.run())
    asyncio.run(session.send("two"))

    again = ExecutionSession.restore(session.checkpoint(), graph)
    asyncio.run(again.run())

    assert [m["content"] for m in again.state["messages"]] == ["one", "ONE", "two", "TWO"]
    assert not any(frame.gap for frame in again.line)
