"""A node once more over its recorded calls, in a fork (K4, K12, K13)."""

from __future__ import annotations

from typing import Any

import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.debug.calls.agents import (
    ask,
    beside,
    debug,
    heard,
    one,
    row,
    talk,
    told,
    user,
    weather_agent,
)

R = StopReason


def last(server: Any) -> str:
    return heard(server)[-1]


def test_a_rerun_without_more_is_served_and_moves_nothing(server, ai):
    """K12: in a fork, on to the end; the line it is of stays where it is."""
    dbg = Debugger(row(first=talk(ai, "a"), agent=weather_agent(ai), last=talk(ai, "z")), {})
    dbg.run()
    fork = dbg.rerun(("agent", 1))

    assert (fork.last_stop.reason, fork.line, dbg.line) == (R.COMPLETED, fork.line, "main")
    assert fork.line != "main"
    assert fork.state["answer"] == dbg.state["answer"]
    assert [call.served for call in fork.frames[2].calls] == [True, True]
    assert [call.source for call in fork.frames[2].calls] == [2, 2]
    assert heard(server)[4:] == ["z"]  # what comes after the node is live
    assert dbg.head == 3


def test_the_first_calls_are_served_and_the_others_sent(server, ai):
    """K12: `calls=k`."""
    dbg = debug(talk(ai, "a", "b", "c"))
    dbg.run()
    for k in range(4):
        before = server.count
        fork = dbg.rerun(1, calls=k)
        assert [call.served for call in fork.calls] == [n < k for n in range(3)]
        assert server.count - before == 3 - k


@pytest.mark.parametrize("kind", ["messages", "function"])
def test_an_edited_call_is_sent_as_it_was_edited(server, ai, kind):
    """K12: calls before it are served, those after it are sent."""
    dbg = debug(weather_agent(ai))
    dbg.run()

    def shout(request):
        request["messages"][0]["content"] = "Shout."
        return request

    messages = dbg.calls[1].messages
    messages[0]["content"] = "Shout."
    fork = dbg.rerun(1, calls=1, edit={1: shout if kind == "function" else messages})
    asked = server.asked[-1].json

    assert fork.last_stop.reason is R.COMPLETED
    assert server.count == 3
    assert asked["messages"][0]["content"] == "Shout."
    assert [call.edited for call in fork.calls] == [False, True]
    assert fork.calls[1].messages[0]["content"] == "Shout."
    assert fork.state["answer"] == "answer 3"
    assert "Shout." in str(fork.calls[1].diff(dbg.calls[1]))


def test_an_edit_of_the_first_call_leaves_the_others_to_be_asked(server, ai):
    """K12: calls=0 asks all, the first as it was edited."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.run()
    dbg.rerun(1, calls=0, edit={0: user("A!")})

    assert heard(server)[2:] == ["A!", "b"]


def test_an_edit_alone_makes_a_miss_of_what_follows_from_it(server, ai):
    """K12: without `calls` all are served: what differs is told, and nothing more is paid."""
    dbg = debug(weather_agent(ai))
    dbg.run()
    fork = dbg.rerun(1, edit={0: user("Rome?")})

    assert (fork.last_stop.reason, last(server)) == (R.PAUSED, "Rome?")
    assert "call 1 differs" in fork.last_stop.inside
    sent = server.count
    assert (fork.run().reason, server.count) == (R.PAUSED, sent)
    fork.mode("agent", "calls", miss="live")
    assert (fork.run().reason, server.count) == (R.COMPLETED, sent + 1)
    assert [call.served for call in fork.calls] == [True, False]


def test_an_edit_beyond_the_recorded_calls_waits_for_its_call(server, ai):
    """K12: a node may ask more than it did; an edit of what never comes is told of."""
    texts = ["a"]
    dbg = debug(lambda ctx: {"said": [ask(ai, text) for text in texts]})
    dbg.run()
    with pytest.warns(UserWarning, match="Nothing was changed at 5: .* made 1 call"):
        none = dbg.rerun(1, edit={5: user("never")})
    texts.append("b")
    more = dbg.rerun(1, calls=1, edit={1: user("B!")})

    assert (none.last_stop.reason, more.last_stop.reason) == (R.COMPLETED, R.COMPLETED)
    assert heard(server) == ["a", "B!"]
    assert told(more.calls) == [("a", True), ("B!", False)]


def test_an_answer_is_given_in_place_of_a_call(server, ai):
    """K12: a text, or what another call was answered; nothing is sent for it."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.run()
    said = dbg.rerun(1, answer={0: "as you wish"})
    other = dbg.rerun(1, answer={0: dbg.calls[1]})

    assert said.state["said"] == ["as you wish", "answer 2"]
    assert other.state["said"] == ["answer 2", "answer 2"]
    assert server.count == 2


def test_an_answer_may_take_the_place_of_tool_calls(server, ai):
    """K12: an agent whose model asked for a tool is told a text instead, and is done."""
    ran: list[str] = []
    dbg = debug(weather_agent(ai, ran))
    dbg.run()
    fork = dbg.rerun(1, answer={0: "it rains"})
    back = fork.rerun(1, answer={0: dbg.calls[0]}, calls=1)

    assert (fork.state["answer"], len(fork.calls)) == ("it rains", 1)
    assert (ran, server.count) == (["weather", "weather"], 3)
    assert back.state["answer"] == "answer 3"


def test_answers_of_asking_are_used(server, ai):
    """K12: *use this answer*."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.run()
    one_of = dbg.calls[0].ask(n=2)
    fork = dbg.rerun(1, answer={0: one_of[1]})

    assert fork.state["said"] == ["answer 4", "answer 2"]
    assert server.count == 4


def test_a_stop_inside_of_a_rerun_keeps_edits_and_answers(server, ai):
    """K2, K12: what was edited is paid once, and answered as it was, at each restart."""
    dbg = debug(talk(ai, "a", "b", "c", "d"))
    dbg.run()
    dbg.break_on_call(nth=2)
    dbg.break_on_call(nth=3)
    fork = dbg.rerun(1, calls=1, edit={1: user("B!"), 3: user("D!")}, answer={2: "given"})
    reasons = [fork.last_stop.reason, fork.run().reason]

    assert reasons == [R.BREAKPOINT, R.COMPLETED]
    assert fork.last_stop.breakpoint is None
    assert heard(server)[4:] == ["B!", "D!"]
    assert fork.state["said"] == ["answer 1", "answer 5", "given", "answer 6"]


def test_a_fork_of_a_rerun_that_stopped_goes_on_as_it_would(server, ai):
    """K12, K13: the plan of a rerun goes along with what is unfinished of it."""
    dbg = debug(talk(ai, "a", "b", "c"))
    dbg.run()
    dbg.break_on_call(nth=1)
    first = dbg.rerun(1, calls=1, edit={2: user("C!")})
    second = first.fork()
    reasons = first.run().reason, second.run().reason
    second.run()

    assert first.last_stop.reason is R.COMPLETED
    assert R.COMPLETED in (reasons[1], second.last_stop.reason)
    assert heard(server)[3:] == ["b", "C!", "b", "C!"]


def test_a_rerun_of_a_rerun_serves_what_was_edited(server, ai):
    """K3: it is found by what the node asks, and by what was sent."""
    words = ["a"]
    dbg = debug(lambda ctx: {"said": ask(ai, words[0])})
    dbg.run()
    fork = dbg.rerun(1, calls=0, edit={0: user("shorter")})
    second = fork.rerun(1)
    words[0] = "shorter"
    third = fork.rerun(1)

    assert [one.last_stop.reason for one in (fork, second, third)] == [R.COMPLETED] * 3
    assert second.state["said"] == third.state["said"] == fork.state["said"] == "answer 2"
    assert server.count == 2


def test_a_failure_is_run_again_over_its_calls(server, ai):
    """K12: the frame of an error has its calls, failed ones too."""
    bad = [True]

    def node(ctx):
        said = [ask(ai, "a"), ask(ai, "b")]
        if bad:
            raise ValueError("no")
        return {"said": said}

    dbg = debug(node)
    dbg.run()
    same = dbg.rerun(1)
    bad.clear()
    mended = dbg.rerun(1)

    assert (same.last_stop.reason, mended.last_stop.reason) == (R.FAILED, R.COMPLETED)
    assert server.count == 2
    assert dbg.status == "failed"


def test_each_of_several_failures_is_run_again_as_it_was_asked(server, ai):
    """K12, K13: what a try before it has recorded is no part of what is asked for."""
    dbg = debug(lambda ctx: [ask(ai, "a"), ask(ai.with_options(max_retries=0), "b", "broken")])
    reasons = [dbg.run().reason, dbg.retry().reason]
    fork = dbg.rerun(2, calls=0, edit={0: user("A!")})

    assert reasons == [R.FAILED, R.FAILED]
    assert fork.last_stop.reason is R.FAILED
    assert heard(server) == ["a", "b", "b", "A!", "b"]


def test_a_frame_inside_of_a_subgraph_is_run_again_there(server, ai):
    """K12: with its visit; what follows it is live."""
    inner = (
        GraphBuilder("inner").node("llm", talk(ai, "a", "b")).node("out", talk(ai, "z", key="z"))
    )
    g = GraphBuilder("g").subgraph("sub", inner.edge("llm", "out").start("llm").end("out").build())
    dbg = Debugger(g.start("sub").end("sub").build(), {})
    dbg.run()
    fork = dbg.rerun(("sub/llm", 1), calls=1, edit={1: user("B!")})

    assert fork.last_stop.reason is R.COMPLETED
    assert heard(server)[3:] == ["B!", "z"]
    assert [call.served for call in fork.calls] == [True, False, False]


def test_the_second_visit_of_a_loop_is_run_again_alone(server, ai):
    """K12: by path and visit."""
    g = GraphBuilder("g").node("llm", lambda ctx: {"said": [*ctx.state["said"], ask(ai, "hi")]})
    g = g.edge_if("llm", "llm", lambda state: len(state["said"]) < 2).edge_fallback("llm", "end")
    dbg = Debugger(g.node("end", lambda ctx: None).start("llm").end("end").build(), {"said": []})
    dbg.run()
    fork = dbg.rerun(2)

    assert (fork.state["said"], server.count) == (dbg.state["said"], 2)
    assert [call.served for call in fork.calls] == [False, True]


def test_a_frame_of_another_line_is_run_again(server, ai):
    """K12: of a fork, from whichever debugger."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    fork = dbg.fork(0)
    fork.run()
    third = dbg.rerun(fork.frames[1])

    assert third.state == fork.state != dbg.state
    assert server.count == 2


def test_a_branch_is_run_again(server, ai):
    """K12: served from its frame; what is beside it and has no frame before it is live."""
    dbg = Debugger(beside(x=talk(ai, "x", key="x"), y=talk(ai, "y", key="y")), {})
    for _ in range(2):
        dbg.step()
    dbg.run()
    fork = dbg.rerun(("par/y", 1))

    assert fork.last_stop.reason is R.COMPLETED
    assert dict(fork.state) == dict(dbg.state)
    assert server.count == 2


def test_a_node_with_side_effects_warns_and_asks(server, ai):
    """K4: its own Python runs again; that is for a person to say."""
    done: list[int] = []

    def node(ctx):
        done.append(1)
        return {"said": ask(ai, "a")}

    dbg = Debugger(one(node, side_effects=True), {})
    dbg.run()
    with pytest.warns(UserWarning, match="side effects"):
        fork = dbg.rerun(1)
    held = fork.last_stop.reason, len(done)
    fork.approve()
    stop = fork.run()

    assert held == (R.BARRIER, 1)
    assert (stop.reason, len(done), server.count) == (R.COMPLETED, 2, 1)
    assert [call.served for call in fork.calls] == [True]


def test_a_barrier_after_the_node_waits_in_the_fork(server, ai):
    """K12: to the next stop."""
    g = GraphBuilder("g").node("agent", talk(ai, "a")).barrier("ok").edge("agent", "ok")
    dbg = Debugger(g.start("agent").end("ok").build(), {})
    dbg.run()
    fork = dbg.rerun(1)

    assert (fork.last_stop.reason, fork.status, dbg.status) == (R.BARRIER, "waiting", "waiting")
    fork.approve()
    assert (fork.run().reason, server.count) == (R.COMPLETED, 1)


def test_a_recorded_node_runs_in_its_rerun(server, ai):
    """K12: a node that is looked up whole runs where it is asked for."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    dbg.mode("agent", "recorded")
    fork = dbg.rerun(1)

    assert [call.served for call in fork.calls] == [True]
    assert not fork.frames[1].recorded


def test_what_does_not_fit_is_refused_before_anything_moves(server, ai):
    """K12: named; no line is made and nothing is sent."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    lines = str(dbg.tree)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"calls": -1}, "calls"),
        ({"miss": "maybe"}, "miss"),
        ({"edit": {0: 3}}, "edit"),
        ({"edit": [user("x")]}, "edit"),
        ({"answer": {0: 3}}, "answer"),
        ({"edit": {0: user("x")}, "answer": {0: "y"}}, "Call 0"),
    ]
    for given, named in refused:
        with pytest.raises(DebuggerError, match=named):
            dbg.rerun(1, **given)
    with pytest.raises(DebuggerError, match="ran no node"):
        dbg.rerun(0)
    with pytest.raises(NoSuchFrameError):
        dbg.rerun(9)

    assert (str(dbg.tree), server.count) == (lines, 1)
