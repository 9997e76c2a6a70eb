"""Who wrote a value, its changes and its turns, where tasks of one level run side by side."""

from __future__ import annotations

import pytest

from lellm_nb import Put
from lellm_nb.errors import MissingKeyError
from lellm_nb.state import ChannelUpdate
from tests.session.superstep_plans import count, finished, said, started
from tests.session.superstep_toy import GATHER, Plan


def told(writes):
    """The frame of each write, and those that carried it out."""
    return [(w.frame.index, [f.index for f in w.through]) for w in writes]


def test_a_join_leads_on_to_the_tasks_that_wrote():
    """The join changed the level; the tasks follow it, and what is inside of them."""
    dbg = finished(Plan("p", {k: said(k) for k in "abcd"}, "a", "b c", "d", log=GATHER))
    writes = dbg.who("log")

    assert [f.path for f in dbg.frames] == ["", "a", "b", "c", "b + c", "d"]
    assert told(writes) == [(5, []), (4, []), (3, [4]), (2, [4]), (1, [])]
    assert writes[1].mutation == ChannelUpdate("log", [["b"], ["c"]], GATHER)
    assert repr(writes).splitlines()[1:3] == [
        "frame 4 b + c (visit 1): ChannelUpdate('log', [['b'], ['c']])",
        "  frame 3 c (visit 1): ChannelUpdate('log', [['c']])",
    ]


def test_exits_inside_are_followed_by_name():
    """A graph without a lens takes in and brings out what is called the same inside."""
    dbg = finished()

    assert told(dbg.who("n"))[-7:] == [
        *[(16, []), (13, [16]), (12, [16, 13]), (10, [16]), (9, [16, 10])],
        *[(6, [16]), (5, [16, 6])],
    ]
    assert [w.frame.path for w in dbg.who("side")] == ["sub + side + w + ok", "side"]
    inner = [t for t in told(dbg.who("log")) if t[0] in (2, 3, 4)]
    assert inner == [(4, [16, 6]), (3, [16, 6, 4]), (2, [16, 6, 4])]


def test_every_run_of_a_node_is_followed_by_its_own_visit():
    """In the second super-step the first task of a node is its fourth run."""
    dbg = finished()
    wrote = [w.frame.path for w in dbg.who("n")]

    assert wrote[:7] == ["w", "w#2", "w#5/q", "w", "w#4/q", "w", "w#3/q"]


def test_a_task_counts_before_it_is_joined():
    """From a head in the middle of a super-step it stands for itself."""
    dbg = finished()
    dbg.rewind(10)

    assert told(dbg.who("n")) == [(10, []), (9, [10]), (6, []), (5, [6])]
    assert dbg.state["n"] == 0
    dbg.rewind(15)
    assert [w.frame.path for w in dbg.who("side")] == ["side"]


def test_what_runs_beside_a_graph_has_not_come_into_it():
    """Only what was joined before it was entered has; and so it was of its own level."""
    dbg = finished(
        Plan(
            "p",
            {"a": count, "b": lambda s: {"n": 9}, "s": Plan("s", {"x": count}, "x")},
            *("a", "b s", "b s"),
        )
    )
    dbg.rewind(3)

    assert [f.path for f in dbg.frames][:6] == ["", "a", "b", "s/x", "s", "b + s"]
    assert [w.frame.path for w in dbg.who("s:n")] == ["s/x", "a"]
    dbg.rewind(7)
    assert [w.frame.path for w in dbg.who("s:n")] == ["s#2/x", "b + s", "s", "s/x", "b", "a"]


def test_a_key_that_nobody_wrote():
    """What the graph inside calls otherwise is not followed there."""
    dbg = finished()

    with pytest.raises(MissingKeyError):
        dbg.who("nobody")
    assert [w.mutation for w in dbg.who("ok.approved")] == [Put("ok.approved", True)] * 2


def test_an_edit_in_the_middle_of_a_super_step_counts_at_once():
    """It changes the level; the tasks do not before they are joined."""
    fork = finished().fork(at=7, put={"side": 7})

    assert told(fork.who("side")) == [(8, []), (7, [])]
    assert list(fork.history("side")["kind"]) == ["edit"]


def test_the_history_names_the_join():
    """It is what changed the value; the tasks' own writes changed nothing yet."""
    dbg = finished()

    assert list(dbg.history("log")["path"]) == ["a", "sub + side + w + ok", "w", "w", "end"]
    assert list(dbg.history("log")["kind"]) == ["commit", "join", "exit", "join", "commit"]
    assert list(dbg.history("sub:log")["path"]) == ["sub/x + y"]
    assert list(dbg.history("w:n")["path"]) == ["w/q", "w#2/q", *(f"w#{i}/q" for i in (3, 4, 5))]


def test_a_loop_over_super_steps_has_a_turn_each():
    """What runs beside the cycle does not end it, and the join is in the turn."""
    jobs = {"plan": count, "act": said("act"), "note": lambda s: {"notes": s["n"]}}
    dbg = finished(Plan("p", jobs, *("plan", "act note") * 3, log=GATHER))
    turns = dbg.loops(["plan", "act"])

    assert list(turns["nodes"]) == ["plan -> act"] * 3
    assert list(turns["changed_keys"]) == ["log, n, notes"] * 3
    assert list(turns["steps"]) == [3, 3, 3]
    assert [(t["first"], t["last"]) for _, t in turns.iterrows()] == [(1, 4), (5, 8), (9, 12)]


def test_several_tasks_of_one_node_are_one_turn():
    """They arrive together; the next super-step is the next turn."""
    turns = finished().loops("w")

    assert [(t["first"], t["last"]) for _, t in turns.iterrows()] == [(8, 16), (17, 19), (20, 26)]
    assert list(turns["nodes"]) == ["w -> w", "w", "w -> w"]


def test_text_is_found_where_it_was_written():
    """In every value of a write."""
    dbg = started(Plan("p", {k: said(f"word {k}") for k in "ab"}, "a b", log=GATHER))
    dbg.run()

    assert [(hit.frame.path, hit.key) for hit in dbg.find("word b")] == [
        ("b", ("log", 0, 0)),
        ("a + b", ("log", 1, 0)),
    ]
