"""What a node asks, what waits, and every way to answer it (LANGGRAPH.md L1, L4)."""

from __future__ import annotations

import pytest

from lellm_nb import Reject, StopReason
from lellm_nb.errors import LellmError, NodeNotFoundError, NotWaitingError
from tests.adapters.langgraph.asking.waiting import asks, ids
from tests.adapters.langgraph.graphs import functional, nested
from tests.adapters.langgraph.graphs_interrupts import (
    HAS_SCHEMA,
    interrupt_loop,
    parallel_interrupts,
    send_subgraph_interrupt,
    tools_ask_each_sent,
    two_interrupts,
)
from tests.adapters.langgraph.law import debugger, finish

R = StopReason


# -- what waits ----------------------------------------------------------------------------


def test_an_interrupt_is_a_frame_that_waits_and_says_what_is_asked():
    """L1: `pending` has the value of the interrupt; the frame changes no state."""
    dbg, _ = asks({"ask": "sure?", "options": ["yes", "no"]})
    waits = dbg.pending[0]

    assert (waits.id, waits.path, waits.node) == ("ask#0", "ask", "ask")
    assert waits.value == {"ask": "sure?", "options": ["yes", "no"]}
    assert (dbg.frames[-1].kind, waits.frame, dbg.frames[-1].mutations) == ("waiting", 2, ())
    assert dbg.frames[-1].state == {"log": ["a"], "n": 0}
    assert dbg.status_line == "waiting at ask · frame 2 of 2 · main"
    assert list(dbg.pending.to_pandas()["id"]) == ["ask#0"]


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (send_subgraph_interrupt, ["w/w1#0", "w#2/w1#0"]),
        (parallel_interrupts, ["a#0", "b#0"]),
        (nested, ["sub/deep/i2#0"]),
        (tools_ask_each_sent, ["tools#0", "tools#2#0"]),
        (functional, ["flow#0"]),
    ],
)
def test_each_interrupt_has_an_id_of_its_own_and_is_told_once(make, wanted):
    """L4, #6626: `path#occurrence`; what a composite repeats of it is left out."""
    dbg = debugger(make())
    dbg.run()

    assert ids(dbg) == wanted


def test_the_second_question_of_a_node_has_the_next_occurrence():
    """B2: ids never repeat; a rewound run waits under the same ones again."""
    case = two_interrupts()
    dbg = debugger(case)
    dbg.run()
    first = ids(dbg)
    dbg.answer(1)
    dbg.run()
    second = ids(dbg)
    dbg.rewind(("ask", 1))
    again = ids(dbg)

    assert (first, second, again) == (["ask#0"], ["ask#1"], ["ask#0"])


def test_a_question_in_a_loop_has_an_occurrence_for_each_round():
    """B2: the counters live in the position, so that they go back with it."""
    case, seen = interrupt_loop(), []
    dbg = debugger(case)
    for answer in ("go", "on", "stop"):
        dbg.run()
        seen += ids(dbg)
        dbg.answer(answer)
    dbg.run()

    assert seen == ["ask#0", "ask#1", "ask#2"]
    assert dbg.state == {"log": ["go", "on", "stop"], "n": 3}


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("give", "heard"),
    [
        (lambda dbg: dbg.answer("yes"), "yes"),
        (lambda dbg: dbg.answer({"x": [1]}, "ask#0"), {"x": [1]}),
        (lambda dbg: dbg.answer(None), None),
        (lambda dbg: dbg.answer(False), False),
        (lambda dbg: dbg.approve(), True),
        (lambda dbg: dbg.reject("too short"), {"rejected": "too short"}),
        (lambda dbg: dbg.modify("n", 5), True),
    ],
    ids=["answer", "by id", "None", "False", "approve", "reject", "modify"],
)
def test_what_interrupt_returns_after_each_decision(give, heard):
    """L1: the answer is the resume value; approve gives True, reject says so and why."""
    dbg, ran = asks()
    stop = give(dbg)

    assert (stop.reason, stop.frame.kind) == (R.STEP, "decision")
    assert stop.frame.decision.barrier_id == "ask#0"
    assert ran.counts == {"a": 1, "ask": 1}
    assert ids(dbg) == []
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", heard, "b"]
    assert ran.counts == {"a": 1, "ask": 2, "b": 1}


def test_modify_writes_a_channel_before_the_node_goes_on():
    """Decisions edit the position and run nothing: Modify writes a channel."""
    dbg, _ = asks()
    dbg.modify("n", 5)

    assert dbg.state["n"] == 5
    dbg.run()
    assert dbg.state["n"] == 5


def test_reroute_finishes_the_task_with_a_branch_to_another_node():
    """The node that asked is not run again, and writes nothing."""
    dbg, ran = asks()

    assert "other" in dbg.reroute_targets()
    assert dbg.reroute("other").frame.kind == "decision"
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["log"] == ["a", "other"]
    assert ran.counts == {"a": 1, "ask": 1, "other": 1}
    dbg.rewind(2)
    with pytest.raises(NodeNotFoundError, match="nowhere"):
        dbg.reroute("nowhere")
    assert ids(dbg) == ["ask#0"]


def test_answers_reach_the_task_that_they_name_in_any_order():
    """#6533, #6626: whichever is decided first, each hears its own."""
    for order in (["a#0", "b#0"], ["b#0", "a#0"]):
        case = parallel_interrupts()
        dbg = debugger(case)
        dbg.run()
        for id in order:
            dbg.answer(f"for {id[0]}", id)
        dbg.run()
        assert dbg.state["log"] == ["a:for a", "b:for b", "c", "join"]
        assert (case.ran.counts["c"], case.ran.counts["join"]) == (1, 1)


def test_one_of_several_is_answered_and_runs_on_while_the_other_waits():
    """B5: a decision reaches exactly the id it names."""
    dbg = debugger(send_subgraph_interrupt())
    dbg.run()
    dbg.answer("second", "w#2/w1#0")

    assert dbg.run().reason is R.BARRIER
    assert ids(dbg) == ["w/w1#0"]
    assert [f.path for f in dbg.frames if f.kind == "commit"][-2:] == ["w#2/w1", "w#2/w2"]
    dbg.answer("first")
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["out"] == ["first", "w2 of 10", "second", "w2 of 20"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda dbg, **more: dbg.answer("x", **more),
        lambda dbg, **more: dbg.approve(**more),
        lambda dbg, **more: dbg.reject("no", **more),
        lambda dbg, **more: dbg.modify("n", 1, **more),
        lambda dbg, **more: dbg.preview(Reject("no"), **more),
    ],
    ids=["answer", "approve", "reject", "modify", "preview"],
)
def test_a_decision_that_is_not_clear_is_refused_and_lists_what_waits(verb):
    """B5: without an id exactly one has to wait; a wrong one is refused, and nothing is lost."""
    dbg = debugger(parallel_interrupts())
    with pytest.raises(NotWaitingError, match="No barrier waits"):
        verb(dbg)
    dbg.run()
    frames = len(dbg.frames)
    with pytest.raises(NotWaitingError, match="a#0, b#0"):
        verb(dbg)
    with pytest.raises(NotWaitingError, match="a#0, b#0"):
        verb(dbg, id="c#0")

    assert (len(dbg.frames), ids(dbg)) == (frames, ["a#0", "b#0"])


def test_a_rewound_run_is_asked_again_and_may_be_answered_otherwise():
    """#7256: a value that was given is neither lost nor used again."""
    case = nested()
    dbg = debugger(case)
    finish(case, dbg, "run")
    first = dbg.state["log"]
    waits = next(f for f in dbg.frames if f.kind == "waiting")
    dbg.rewind(waits)
    dbg.answer("no")
    dbg.run()
    dbg.answer("never")
    dbg.run()

    assert "i2:yes:really:p" in first
    assert "i2:no:never:p" in dbg.state["log"]
    assert "i2:yes:really:p" in dbg.branch("main").frames[-1].state["log"]


def test_rewound_to_a_decision_it_goes_on_with_that_answer():
    """The decision is part of the position, and its node had not run yet."""
    case = two_interrupts()
    dbg = debugger(case)
    finish(case, dbg, "run")
    decided = [f for f in dbg.frames if f.kind == "decision"]
    dbg.rewind(decided[0])
    stop = dbg.run()

    assert (stop.reason, ids(dbg)) == (R.BARRIER, ["ask#1"])
    dbg.answer("another")
    dbg.run()
    assert dbg.state["log"] == ["a", "ask:1:another", "b"]


# -- forms ---------------------------------------------------------------------------------


@pytest.mark.skipif(not HAS_SCHEMA, reason="interrupt() of this version takes no schema")
def test_an_answer_that_does_not_fit_its_schema_is_refused_and_it_goes_on_waiting():
    """L1: refused at the decision, before anything runs."""
    from tests.adapters.langgraph.graphs_interrupts import asks_by_schema

    case = asks_by_schema()
    dbg = debugger(case)
    dbg.run()
    frames, ran = len(dbg.frames), case.ran.counts
    for wrong in ({"age": "old"}, {}, "42", None):
        with pytest.raises(LellmError, match="ask#0"):
            dbg.answer(wrong)

    assert (ids(dbg), len(dbg.frames), case.ran.counts) == (["ask#0"], frames, ran)
    dbg.answer({"age": 42})
    assert dbg.run().reason is R.COMPLETED
    assert dbg.state["n"] == 42
