"""What a view is told of the head: why the run stands there, and what a press would do."""

from __future__ import annotations

import asyncio

from lellm_nb import Debugger, GraphBuilder, Retry
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.widget.panel import Panel
from tests.waiting import until


def make(**options):
    g = GraphBuilder("count").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: {"n": 2})
    return Debugger(g.edge("a", "b").start("a").end("b").build(), {}, **options)


def told(dbg):
    return Updates(dbg).snapshot()["head"]


def test_a_view_says_what_stopped_the_run():
    """A breakpoint, a watch with both values, and the limit; nothing when it has moved on."""
    dbg = make()
    dbg.break_at("b")
    dbg.run()
    assert told(dbg)["stop"] == "breakpoint before b"

    dbg.watch("n")
    dbg.run()
    assert told(dbg)["stop"] == "watch when n changes: 1 → 2"

    dbg.back()
    assert told(dbg)["stop"] == ""
    limited = make(max_steps=1)
    limited.run()
    assert told(limited)["stop"] == "the limit of steps in one run; Run goes on"


def test_a_watch_on_what_has_more_inside_says_what_changed_there():
    """The beginning of a large value is the same before and after."""
    first = {"words": ["a"] * 50, "n": 1}
    g = GraphBuilder("job").node("a", lambda ctx: {"job": {**first, "n": 2, "m": 1}})
    dbg = Debugger(g.start("a").end("a").build(), {"job": first})
    dbg.watch("job")

    dbg.run()

    assert told(dbg)["stop"] == "watch when job changes: job.n: 1 → 2 (and 1 more)"


def test_a_condition_that_raises_is_said():
    """Behind a button there is no cell that shows the Stop."""
    dbg = make()
    dbg.break_at("b", when=lambda state: state["nothing"])

    dbg.post("run").result(10)

    assert "'nothing'" in told(dbg)["stop"]


def test_what_holds_a_run_behind_a_button_is_an_alert():
    """LIMIT by an edge, a condition that raised, a secret to be given again: never silence."""
    dbg = make()
    dbg.break_at("b", when=lambda state: state["nothing"])
    panel = Panel(dbg)

    panel._heard(panel, {"do": "run"}, [])

    until(lambda: panel.updates.extra["alert"], "the alert", pace=0.005)
    assert "'nothing'" in panel.updates.extra["alert"]["text"]


def test_commands_of_either_kind_are_remembered():
    """`last_stop` is what the command that moved last came back with."""
    dbg = make()
    assert dbg.last_stop is None
    stop = dbg.step()
    assert dbg.last_stop is stop
    stop = dbg.back()
    assert dbg.last_stop is stop
    stop = asyncio.run(dbg.arun())
    assert dbg.last_stop is stop


def test_a_run_that_was_opened_for_reading_offers_no_way_forward(tmp_path):
    """Looking and going back work; what needs the graph says how to get it."""
    kept = make(store=tmp_path / "runs.db")
    kept.step()
    assert not kept.reading
    kept.close()

    reader = Debugger.open(tmp_path / "runs.db")

    head = told(reader)
    assert reader.reading
    for name in ("step", "over", "into", "out", "run", "retry", "fork"):
        assert head[f"button:{name}"][0] is False
        assert "graph=" in head[f"button:{name}"][1]
    assert head["button:back"][0] is True


def test_a_node_that_is_tried_again_is_told_while_it_waits():
    """R8: which try comes next, of how many, after what, and when; nothing once the run is over."""
    failing = [True]

    def call(ctx):
        if failing:
            raise ConnectionError("<b>refused</b>")

    g = GraphBuilder("in")
    g.task(call, name="call", retry=Retry(backoff=3600, cap=None, jitter=False))
    g = GraphBuilder("g").subgraph("agent", g.start("call").end("call").build())
    dbg = Debugger(g.start("agent").end("agent").build(), {})
    updates = Updates(dbg)
    assert updates.snapshot()["head"]["retries"] == []

    handle = dbg.start()
    ((number, attempt, of, error, at),) = until(
        lambda: updates.snapshot()["head"]["retries"], "a pause", pace=0.01
    )
    now = dbg.session.clock.wall()
    failing.clear()
    dbg.pause()
    handle.result(10)

    assert updates.outline.nodes[number].path == "agent/call"
    assert (attempt, of, error) == (2, 3, "ConnectionError: <b>refused</b>")
    assert now < at <= now + 3600
    assert updates.delta()["head"]["retries"] == []
