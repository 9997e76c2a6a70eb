"""What a view is told of the head, step by step, is what it would be told if asked anew."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lellm_nb import Debugger, GraphBuilder, Redactor
from lellm_nb.errors import LellmError
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.model.updates import Updates


def fails_at_first(ctx):
    """Fails until the state says that it may."""
    if not ctx.state.get("may"):
        raise ValueError(f"not with {ctx.state['key']}")


def inner():
    g = GraphBuilder("inner").node("llm", lambda ctx: {"answer": 42}).node("tool", lambda ctx: None)
    return g.edge("llm", "tool").start("llm").end("tool").build()


def story():
    """A subgraph, two branches of which one may fail, a barrier, a loop and a secret."""
    g = GraphBuilder("story")
    g.node("draft", lambda ctx: {"n": ctx.state["n"] + 1, "key": "another-secret"})
    g.subgraph("agent", inner())
    g.parallel(
        "both", {"left": lambda ctx: {"l": 1}, "right": fails_at_first}, on_error="collect_all"
    )
    g.barrier("approve").node("end", lambda ctx: None)
    g.edge("draft", "agent").edge("agent", "both").edge("both", "approve")
    g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
    g.edge("approve", "end").start("draft").end("end")
    state = {"n": 0, "key": "the-secret-words", "may": False}
    return Debugger(g.build(), state, redact=Redactor(paths=["key"]), max_steps=30)


def forked(dbg, at):
    """Another line, that goes on by itself; the debugger on show stays where it is."""
    other = dbg.fork(at, put={"may": True})
    other.step(2)


def first_stop(dbg, act):
    stops = list(dbg.breakpoints)
    if stops:
        act(stops[0])


ACTS = {
    "step": lambda dbg, n: dbg.step(n % 3 + 1),
    "run": lambda dbg, n: dbg.run(),
    "over": lambda dbg, n: dbg.over(),
    "out": lambda dbg, n: dbg.out(),
    "back": lambda dbg, n: dbg.back(n % 2 + 1),
    "run back": lambda dbg, n: dbg.run_back(),
    "rewind": lambda dbg, n: dbg.rewind(n % len(dbg.frames)),
    "retry": lambda dbg, n: dbg.retry(),
    "approve": lambda dbg, n: dbg.approve(),
    "reject": lambda dbg, n: dbg.reject("too short"),
    "join": lambda dbg, n: dbg.resolve_join(("keep", "drop", "retry")[n % 3]),
    "fork": lambda dbg, n: forked(dbg, n % len(dbg.frames)),
    "stop before": lambda dbg, n: dbg.break_at(("draft", "agent/tool", "both/left")[n % 3]),
    "stop after": lambda dbg, n: dbg.break_at("agent", after=True),
    "stop on an edge": lambda dbg, n: dbg.break_on(("draft", "agent")),
    "stop on errors": lambda dbg, n: dbg.break_on_error(),
    "stop where it raises": lambda dbg, n: dbg.break_at("draft", when=lambda s: s["none"]),
    "watch": lambda dbg, n: dbg.watch(("n", "key")[n % 2]),
    "disable": lambda dbg, n: first_stop(dbg, lambda stop: dbg.breakpoints.disable(stop)),
    "enable": lambda dbg, n: first_stop(dbg, lambda stop: dbg.breakpoints.enable(stop)),
    "remove": lambda dbg, n: first_stop(dbg, lambda stop: dbg.breakpoints.remove(stop)),
    "note": lambda dbg, n: dbg.note(n % len(dbg.frames), f"{n} the-secret-words another-secret"),
    "pin": lambda dbg, n: dbg.pin(n % len(dbg.frames), n % 2 == 0),
    "ask": lambda dbg, n: dbg.mode("draft", ("ask", "live")[n % 2]),
    "rename": lambda dbg, n: setattr(dbg, "name", f"run {n}"),
}


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 20)), max_size=14))
@example(acts=[("note", 0), ("step", 0)])  # a secret is known only after it was noted down
@example(acts=[("stop before", 0), ("run", 0), ("disable", 0), ("back", 0)])
def test_the_head_told_by_what_changed_is_the_head_told_anew(acts):
    """No row is stale, whatever was done before; a view that adds up deltas shows the same."""
    dbg = story()
    updates = Updates(dbg)
    shown = updates.snapshot()["head"]

    for act, n in acts:
        with suppress(LellmError):
            ACTS[act](dbg, n)
        delta = updates.delta() or {}
        shown.update(delta.get("head", {}))

        anew = head_rows(dbg, updates.outline)
        assert {key: shown[key] for key in anew} == anew
