"""Standing rules: who decides beforehand, which barrier, and for how long."""

from __future__ import annotations

import asyncio
import threading

import pytest

from lellm_nb import (
    Answer,
    Approve,
    Debugger,
    GraphBuilder,
    Modify,
    Question,
    Reject,
    Reroute,
    SqliteStore,
    StopReason,
)
from lellm_nb.errors import (
    DebuggerError,
    NodeNotFoundError,
    NoSuchNodeError,
    QuestionError,
    StandingRuleError,
)

R = StopReason


def small(state):
    """Hold for the first three."""
    return state["n"] < 4


def loop():
    """Return a graph that counts, asks, and goes round as long as it is approved."""
    g = GraphBuilder("loop").node("count", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
    g.barrier("ok").node("done", lambda ctx: None).edge("count", "ok")
    g.edge_on("ok", "count", "approve").edge("ok", "done")
    return g.start("count").end("done").build()


def made_by(dbg):
    """Return who made the decisions of a line, in order."""
    return [frame.decision.by for frame in dbg.frames if frame.decision]


# -- deciding --------------------------------------------------------------------------------


def test_a_rule_decides_what_it_was_made_for_and_holds_at_the_rest():
    """B9: recorded as by the rule, and counted."""
    dbg = Debugger(loop())
    rule = dbg.always("ok", "approve", when=small)
    stop = dbg.run()

    assert (stop.reason, dbg.state["n"]) == (R.BARRIER, 4)
    assert made_by(dbg) == ["rule: approve when small"] * 3
    assert (rule.used, list(dbg.standing)) == (3, [rule])


def test_a_barrier_that_waits_already_is_decided_by_the_next_verb():
    """B9: nothing moves by making a rule; a step decides, as a run does."""
    for verb in ("step", "run"):
        dbg = Debugger(loop())
        dbg.run()
        dbg.always("ok", Reject("enough"))
        assert dbg.frames[-1].kind == "waiting"
        frame = getattr(dbg, verb)() and dbg.frames[3]

        assert (frame.kind, frame.decision.decision) == ("decision", Reject("enough"))


def test_stepping_to_a_barrier_makes_it_wait_and_the_next_step_decides():
    """B1, B9: a decision is a step of its own."""
    dbg = Debugger(loop())
    dbg.always("ok", Approve())
    kinds = [dbg.step().frame.kind for _ in range(3)]

    assert kinds == ["commit", "waiting", "decision"]
    assert made_by(dbg) == ["rule: approve"]


def test_the_first_rule_that_holds_decides():
    """B9: they are asked in the order in which they were made."""
    dbg = Debugger(loop())
    dbg.always("ok", "approve", when=lambda s: s["n"] < 2)
    dbg.always("ok", "reject")
    dbg.always("ok", Modify("n", 9))

    assert dbg.run().reason is R.COMPLETED
    assert [by.partition(" when")[0] for by in made_by(dbg)] == ["rule: approve", "rule: reject"]
    assert [rule.used for rule in dbg.standing] == [1, 1, 0]


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Modify("n", 7), {"n": 7, "ok.approved": True}),
        (Reroute("done"), {"n": 1}),
        ("reject", {"n": 1, "ok.reject_reason": "rejected"}),
    ],
)
def test_a_rule_makes_any_decision(decision, state):
    """B3, B9."""
    dbg = Debugger(loop())
    dbg.always("ok", decision)
    dbg.step()
    dbg.step()

    assert dbg.step().frame.state == state


def test_a_rule_answers_a_question():
    """B8, B9: with the answer that it was made with."""
    g = GraphBuilder("g").barrier("q", ask=Question("?", choices=["a", "b"]))
    dbg = Debugger(g.start("q").end("q").build())
    dbg.always("q", Answer("b"))

    assert dbg.run().reason is R.COMPLETED
    assert (dbg.state["q.answer"], made_by(dbg)) == ("b", ["rule: answer"])


def test_a_rule_for_a_barrier_inside_sees_its_level_in_every_branch():
    """B5, B9, N4: by its path; the state is that of the branch."""

    def inner(n):
        g = GraphBuilder("in").node("set", lambda ctx: {"n": n}).barrier("ok").edge("set", "ok")
        return g.start("set").end("ok").build()

    par = {"low": inner(1), "high": inner(9)}
    graph = GraphBuilder("g").parallel("par", par, merge=None).start("par").end("par").build()
    dbg = Debugger(graph, {"n": 0})
    dbg.always("par/low/ok", "approve", when=small)
    dbg.always("par/high/ok", "approve", when=small)
    stop = dbg.run()

    assert [one.id for one in stop.pending] == ["par/high/ok#0"]
    assert made_by(dbg) == ["rule: approve when small"]


def test_a_run_through_barriers_asks_the_rules_first():
    """B9: whom a rule does not answer, a person does."""
    dbg = Debugger(loop())
    dbg.user = "ada"
    dbg.always("ok", "approve", when=small)

    def look():
        if dbg.status == "waiting" and len(made_by(dbg)) == 3:
            leave()
            threading.Thread(target=dbg.reject, args=("enough",)).start()

    leave = dbg.subscribe(look)
    stop = asyncio.run(dbg.arun(through_barriers=True))

    assert stop.reason is R.COMPLETED
    assert made_by(dbg) == ["rule: approve when small"] * 3 + ["ada"]


# -- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "step"])
def test_a_condition_that_raises_holds_at_the_barrier_and_the_stop_says_so(verb):
    """B9: nothing is decided; a person may."""
    dbg = Debugger(loop())
    dbg.run()
    dbg.always("ok", "approve", when=lambda s: s["nn"] < 4)
    stop = getattr(dbg, verb)()

    assert (stop.reason, [one.id for one in stop.pending]) == (R.BARRIER, ["ok#0"])
    assert isinstance(stop.error, StandingRuleError)
    assert isinstance(stop.error.__cause__, KeyError)
    assert dbg.approve().frame.decision.by == dbg.user


def test_a_decision_of_a_rule_that_is_refused_holds_as_one_of_a_sink_does():
    """B9: the stop has the refusal, and the barrier goes on waiting."""
    dbg = Debugger(loop())
    dbg.always("ok", Modify(("gone", "deep"), 1))
    stop = dbg.run()

    assert stop.reason is R.BARRIER
    assert "gone" in str(stop.error)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (("okk", "approve"), NoSuchNodeError, "Did you mean 'ok'"),
        (("count", "approve"), NoSuchNodeError, "Barriers: ok"),
        ((3, "approve"), DebuggerError, "barrier is"),
        (("ok", "aprove"), DebuggerError, "Did you mean 'approve'"),
        (("ok", 3), DebuggerError, "decision is"),
        (("ok", Answer(1)), QuestionError, "asks nothing"),
        (("ok", Reroute("gone")), NodeNotFoundError, "gone"),
        (("ok", "approve", 3), DebuggerError, "when is"),
    ],
)
def test_what_is_no_rule_is_refused_and_changes_nothing(given, error, said):
    """B9: at the door, naming what does not fit."""
    dbg = Debugger(loop())
    with pytest.raises(error, match=said):
        dbg.always(*given)

    assert len(dbg.standing) == 0


def test_a_yes_is_no_rule_for_a_question():
    """B8, B9: nor is an answer that it would not take."""
    g = GraphBuilder("g").barrier("q", ask=Question("?", choices=["a", "b"]))
    dbg = Debugger(g.start("q").end("q").build())
    for decision in ("approve", Answer("c")):
        with pytest.raises(QuestionError):
            dbg.always("q", decision)


@pytest.mark.parametrize("when", ["n < 4", "py: n < 4"])
def test_a_condition_may_be_text(when):
    """B9, G10: asked as a function is, and recorded as it was written."""
    dbg = Debugger(loop())
    dbg.always("ok", "approve", when=when)

    assert dbg.run().reason is R.BARRIER
    assert dbg.state["n"] == 4
    assert made_by(dbg) == [f"rule: approve when {when}"] * 3


@pytest.mark.parametrize(
    ("given", "said"), [("mail", r"Answer\('mail'\)"), (7, r"Answer\(7\)"), ("aprove", "'approve'")]
)
def test_an_answer_that_is_given_bare_is_shown_as_what_to_write(given, said):
    """B8, B9: where a barrier asks; a word that is nearly one of ours is that word."""
    g = GraphBuilder("g").barrier("q", ask=Question("?", choices=["mail", "post"]))
    dbg = Debugger(g.start("q").end("q").build())
    with pytest.raises(DebuggerError, match=f"decision is .*{said}"):
        dbg.always("q", given)


# -- the list --------------------------------------------------------------------------------


def test_rules_are_listed_and_revoked():
    """B9: by itself, by its id, by its barrier; what is none is told with what there is."""
    dbg = Debugger(loop())
    rules = [dbg.always("ok", one) for one in ("approve", "reject", Approve(), Reject())]
    dbg.standing.revoke(rules[1])
    dbg.standing.revoke(1)
    assert list(dbg.standing) == rules[2:]
    assert [rule.id for rule in rules] == [1, 2, 3, 4]
    assert repr(rules[2]) == "<StandingRule 3 approve at ok, used 0>"
    assert dbg.standing[-1] is rules[3]
    table = dbg.standing.to_pandas()
    assert list(table.columns) == ["id", "barrier", "decision", "when", "used", "armed"]
    for none in (1, 0, -1, "gone", True, None):
        with pytest.raises(DebuggerError, match=r"3 \(approve at ok\), 4 \(reject at ok\)"):
            dbg.standing.revoke(none)
    dbg.standing.revoke("ok")
    assert repr(dbg.standing) == "(no standing rules)"
    assert dbg.run().reason is R.BARRIER


def test_all_rules_are_revoked_at_once_and_no_number_is_given_twice():
    """B9: as with breakpoints."""
    dbg = Debugger(loop())
    dbg.always("ok", "approve")
    dbg.always("ok", "reject")
    dbg.standing.clear()

    assert len(dbg.standing) == 0
    assert dbg.always("ok", "reject").id == 3
    assert dbg.fork().always("ok", "approve").id == 4


def test_a_fork_has_rules_of_its_own():
    """B9: they go along as stops do, and are revoked apart."""
    dbg = Debugger(loop())
    dbg.always("ok", "approve", when=small)
    dbg.run()
    fork = dbg.fork(1)
    fork.standing.revoke("ok")

    assert fork.run().frame.index == 2
    assert len(dbg.standing) == 1


def test_what_a_rule_decided_is_rewound_to_and_looked_up():
    """R10, B9: a decision that is recorded comes before a rule."""
    dbg = Debugger(loop())
    dbg.always("ok", "approve", when=small)
    dbg.run()
    dbg.reject("enough", then_run=True)
    dbg.standing.revoke(1)
    for node in ("count", "ok", "done"):
        dbg.mode(node, "recorded")
    dbg.always("ok", Reject("never"))
    dbg.rewind(0)

    assert dbg.run().reason is R.COMPLETED
    assert made_by(dbg) == ["rule: approve when small"] * 3 + [dbg.user]


@pytest.mark.parametrize("how", ["store", "file"])
def test_a_reopened_run_has_its_rules_listed_and_off(how, tmp_path):
    """B9: never stored armed; making one like it arms it again, with its count."""
    path = tmp_path / "run.db"
    dbg = Debugger(loop(), store=path if how == "store" else None)
    dbg.always("ok", "reject", when="n > 99")
    dbg.always("ok", "approve", when=small)
    dbg.standing.revoke(1)
    dbg.run()
    if how == "file":
        dbg.save(path := tmp_path / "run.json")
        again = Debugger.load(path, loop())
    else:
        dbg.close()
        again = Debugger.open(SqliteStore(path), graph=loop())
    (rule,) = again.standing

    assert (rule.barrier, rule.condition, rule.used, rule.armed) == ("ok", "small", 3, False)
    assert "not kept armed" in repr(rule)
    assert rule.id == 2
    assert again.frames[3].decision.by == "rule: approve when small"
    if how == "store":
        assert again.run().reason is R.BARRIER
        armed = again.always("ok", "approve", when=small)
        assert (list(again.standing), armed.used, armed.id) == ([armed], 3, 2)


# -- all at once, and by whom ----------------------------------------------------------------


def several():
    """Return a debugger at which two barriers and a question wait."""
    plain = GraphBuilder("p").barrier("ok").start("ok").end("ok").build()
    asks = GraphBuilder("q").barrier("q", ask=Question("?")).start("q").end("q").build()
    par = {"one": plain, "asks": asks, "two": plain}
    graph = GraphBuilder("g").parallel("par", par).start("par").end("par").build()
    dbg = Debugger(graph)
    dbg.run()
    return dbg


def test_all_that_takes_a_yes_is_approved_in_order_and_the_stop_tells_of_the_rest():
    """B5, B8: a question goes on waiting."""
    dbg = several()
    stop = dbg.approve(all=True)

    ids = [frame.decision.barrier_id for frame in dbg.frames if frame.decision]
    assert ids == ["par/one/ok#0", "par/two/ok#0"]
    assert [one.id for one in stop.pending] == ["par/asks/q#0"]
    assert isinstance(stop.error, QuestionError)
    with pytest.raises(QuestionError, match="par/asks/q#0"):
        dbg.approve(all=True)
    dbg.answer("x", then_run=True)
    assert dbg.status == "completed"


def test_one_refusal_tells_of_all_that_ask():
    """B8: in the plural."""
    asks = GraphBuilder("q").barrier("q", ask=Question("?")).start("q").end("q").build()
    graph = GraphBuilder("g").parallel("par", {"a": asks, "b": asks}).start("par").end("par")
    dbg = Debugger(graph.build())
    dbg.run()

    with pytest.raises(QuestionError, match=r"par/a/q#0, par/b/q#0: .* They go on waiting"):
        dbg.approve(all=True)


def test_all_with_one_named_or_with_nothing_that_waits_is_refused():
    """B5: one of the two is meant; and nothing is changed."""
    dbg = several()
    with pytest.raises(DebuggerError, match="all=True"):
        dbg.approve("par/one/ok#0", all=True)
    with pytest.raises(DebuggerError, match="all is True or False"):
        dbg.approve(all="yes")
    assert len(dbg.pending) == 3
    dbg.rewind(0)
    with pytest.raises(DebuggerError, match="No barrier waits"):
        dbg.approve(all=True)
