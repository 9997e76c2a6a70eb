"""The five tasks that this debugger has to make short: each a script of less than ten lines."""

from __future__ import annotations

import inspect

import pytest

from lellm_nb import Debugger, GraphBuilder


def bill():
    """A bill of which a step makes the total negative."""
    g = GraphBuilder("bill")
    g.node("price", lambda ctx: {"total": 100})
    g.node("discount", lambda ctx: {"total": ctx.state["total"] - 120})
    g.node("ship", lambda ctx: {"total": ctx.state["total"] + 5})
    return g.edge("price", "discount").edge("discount", "ship").start("price").end("ship").build()


LOADED = []


def report():
    """A report that loads (dearly), parses (wrongly) and sums up."""
    g = GraphBuilder("report")
    g.node("load", lambda ctx: LOADED.append(1) or {"text": "12 apples"})
    g.node("parse", lambda ctx: {"count": int(ctx.state["text"])})
    g.node("sum", lambda ctx: {"summary": f"{ctx.state['count']} in all"})
    return g.edge("load", "parse").edge("parse", "sum").start("load").end("sum").build()


def triage():
    """A ticket that is routed by what it says."""
    g = GraphBuilder("triage").node("read", lambda ctx: {"urgent": "now" in ctx.state["text"]})
    g.node("page", lambda ctx: {"to": "on call"}).node("queue", lambda ctx: {"to": "backlog"})
    g.edge_if("read", "page", lambda s: s["urgent"] and s["paid"]).edge("read", "queue")
    g.node("done", lambda ctx: None).edge("page", "done").edge("queue", "done")
    return g.start("read").end("done").build()


def essay():
    """A draft by a scripted model, a person who approves, and a publisher."""
    g = GraphBuilder("essay").node("plan", lambda ctx: {"prompt": "Write about otters."})
    g.node("draft", lambda ctx: {"draft": f"[{ctx.state['prompt']}]"}).barrier("approve")
    g.node("publish", lambda ctx: {"page": f"<p>{ctx.state['draft']}</p>"})
    g.edge("plan", "draft").edge("draft", "approve").edge("approve", "publish")
    return g.start("plan").end("publish").build()


def find_which_step_broke_a_total():
    dbg = Debugger(bill())
    dbg.run()
    broken = dbg.bisect("total < 0")
    assert broken.node == "discount"
    assert [w.frame.node for w in dbg.who("total")] == ["ship", "discount", "price"]


def make_a_failed_run_succeed_by_fixing_one_function():
    dbg = Debugger(report())
    assert dbg.run().reason.name == "FAILED"
    dbg.patch({"parse": lambda ctx: {"count": int(ctx.state["text"].split()[0])}})
    dbg.retry()
    assert dbg.run().reason.name == "COMPLETED"
    assert dbg.state["summary"] == "12 in all"
    assert LOADED == [1]  # the earlier steps did not run again


def find_why_a_route_was_taken():
    dbg = Debugger(triage(), {"text": "now, please", "paid": False})
    dbg.run()
    why = dbg.why(("read", 1))
    assert (why.winner.target, why[0].result, why[0].reads) == ("queue", False, ("urgent", "paid"))
    assert 's["urgent"] and s["paid"]' in repr(why)
    assert [w.frame.kind for w in dbg.who("paid")] == []  # nobody wrote it: it was given


def try_three_prompts_from_the_middle_of_a_run_and_tabulate():
    dbg = Debugger(essay())
    dbg.run()
    prompts = {"short": "Ten words.", "long": "A thousand words.", "rhymed": "In rhyme."}
    variants = {name: {"prompt": text} for name, text in prompts.items()}
    table = dbg.sweep(("plan", 1), variants, progress=False)
    assert list(table["draft"]) == ["[Ten words.]", "[A thousand words.]", "[In rhyme.]"]


def approve_with_an_edit_and_see_what_changed_downstream():
    dbg = Debugger(essay())
    dbg.run()
    edited = dbg.fork()
    dbg.approve(then_run=True)
    edited.modify("draft", "Otters hold hands.", then_run=True)
    changed = [change.path[0] for change in dbg.compare(edited).diff]
    assert changed == ["draft", "page"]


TASKS = [
    find_which_step_broke_a_total,
    make_a_failed_run_succeed_by_fixing_one_function,
    find_why_a_route_was_taken,
    try_three_prompts_from_the_middle_of_a_run_and_tabulate,
    approve_with_an_edit_and_see_what_changed_downstream,
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_task_is_done_in_less_than_ten_lines(task):
    """Issue 4: each of the five, in a script, and it finds what it is to find."""
    LOADED.clear()
    task()

    lines, _ = inspect.getsourcelines(task)
    assert len(lines) - 1 < 10
