"""What watches say of themselves, and stops of what changed."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from tests.strategies import chain, note, order_desk, priced, steps

# -- what is nowhere so far -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("total", "Did you mean 'agent:total' or ('job', 'total')?"),
        ("job:total", "Did you mean 'agent:total' or ('job', 'total')?"),
        ("agent#2:total", "Did you mean 'agent:total'?"),
        ("agent:totl", "Did you mean 'total'?"),
        ("book:total", "Did you mean 'agent:total' or ('job', 'total')?"),
        (("job", "totl"), "Did you mean 'total'?"),
    ],
)
def test_a_watch_on_what_looks_like_another_key_warns(what, hint):
    """It is set, for a key may come; but it may well never be hit."""
    dbg = priced()

    with pytest.warns(UserWarning, match="waits for one") as caught:
        watch = dbg.watch(what)
    assert hint in str(caught[0].message)
    assert caught[0].filename == __file__
    assert f"(nothing has this key yet. {hint})" in repr(watch)


@pytest.mark.parametrize("what", ["nonsense", ("nonsense", 1)])
def test_a_watch_on_a_new_key_says_so_until_it_is_hit(what, recwarn):
    """A key that comes later is no mistake, so nothing warns."""

    def says(ctx):
        ctx.put("nonsense", [1, 2])

    dbg = Debugger(chain(says), {})
    watch = dbg.watch(what)

    assert "(nothing has this key yet), hits 0" in repr(watch)
    assert "nothing has this key yet" in repr(dbg.fork(0).breakpoints)
    dbg.run()
    assert repr(watch).endswith("changes, hits 1>")
    assert not recwarn


@pytest.mark.parametrize("what", ["job", "customer", ("job", "total"), "agent:total", "agent:job"])
def test_a_watch_on_what_is_there_says_nothing(what, recwarn):
    """Also where it is further on along the line, and in a level that no step has entered."""
    dbg = priced() if what != "agent:job" else Debugger(order_desk(), {"lines": [1]})
    dbg.rewind(0)

    assert "yet" not in repr(dbg.watch(what))
    assert not recwarn


# -- what changed, in words -----------------------------------------------------------------


def test_a_stop_at_a_watch_says_what_changed_inside_the_value():
    """A big value that hardly changes: the paths, as a diff prints them."""
    dbg = priced()
    dbg.watch("job")
    dbg.rewind(1)
    stop = dbg.run()

    assert (stop.old["total"], stop.new["total"]) == (0, 50)
    assert repr(stop) == (
        "Stop(WATCH, frame 9 agent, breakpoint=when job changes, job.total: 0 -> 50 (and 4 more))"
    )
    assert str(stop.changes[0]) == "+ job.priced[0]: 100"
    assert stop.what_changed == "job.total: 0 -> 50 (and 4 more)"


def test_what_changed_names_the_level():
    """As watches are set: ``level:key``."""
    dbg = priced()
    dbg.watch("agent:total")
    dbg.rewind(1)

    assert dbg.run().what_changed == "agent:total: 0 -> 100"


def test_what_changed_of_a_predicate_and_of_a_long_text():
    """In one short line, whatever it is."""

    def rewrite(ctx):
        ctx.put("text", ctx.state["text"].replace("line", "new line"))

    def is_new(state):
        return "new" in state["text"]

    dbg = Debugger(chain(rewrite), {"text": "line\n" * 60})
    dbg.watch(is_new)
    assert dbg.run().what_changed == "is_new: False -> True"
    dbg.breakpoints.clear()
    dbg.rewind(0)
    dbg.watch("text")
    told = dbg.run().what_changed
    assert told.startswith("text: {+new +}line")
    assert "\n" not in told
    assert len(told) <= 160


def test_nothing_changed_where_no_watch_was_hit():
    """A stop for another reason, or for a condition that raised."""
    dbg = Debugger(steps("a"))
    assert not dbg.run().changes
    dbg.rewind(0)
    dbg.watch(lambda s: 1 / 0)
    stop = dbg.run()

    assert stop.what_changed == ""
    assert "its condition raised" in repr(stop)


def test_a_stop_on_errors_has_no_condition():
    """What raised is the node, and the stop is no reason to disable anything."""
    g = GraphBuilder("g").node("a", lambda ctx: 1 / 0).node("mend", note)
    dbg = Debugger(g.on_error("a", "mend").start("a").end("mend").build())
    dbg.break_on_error()

    assert "condition" not in repr(dbg.run())


# -- a condition that looks up what is nowhere -----------------------------------------------


def desk(**state):
    """A level inside, and a barrier after it."""
    agent = GraphBuilder("pricing").node("price", lambda ctx: {"total": 3})
    g = GraphBuilder("desk").subgraph(
        "agent", agent.start("price").end("price").build(), lens="job"
    )
    g.barrier("ok").edge("agent", "ok").start("agent").end("ok")
    return Debugger(g.build(), {"customer": "Ada", "job": {}, **state})


@pytest.mark.parametrize(
    "asked",
    [
        lambda dbg: dbg.break_at("agent", when="custmer == 'Ada'"),
        lambda dbg: dbg.break_at("agent/price", when="totl > 3"),
        lambda dbg: dbg.always("ok", "approve", when="custmer == 'Ada'"),
        lambda dbg: dbg.run(until="custmer == 'Eve'"),
        lambda dbg: dbg.run_back(until="custmer == 'Eve'"),
        lambda dbg: dbg.watch("custmer == 'Ada'"),
    ],
)
def test_a_condition_on_what_looks_like_another_key_warns(asked):
    """G10: what is absent is None, so it would silently never hold; its node's level counts."""
    dbg = desk()
    dbg.run()

    said = "What is absent is None.* Did you mean '(customer|total)'"
    with pytest.warns(UserWarning, match=said) as caught:
        asked(dbg)
    assert caught[0].filename == __file__


def test_a_condition_on_what_is_there_or_may_come_says_nothing(recwarn):
    """G10: nor one on a level that was not entered, which may hold anything."""
    dbg = desk()
    dbg.break_at("agent/price", when="custmer == 'Ada'")
    dbg.always("ok", "approve", when="customer == 'Ada' and brand_new")
    dbg.run(until="customer == 'Eve' or frame.visit > 99")

    assert not recwarn
