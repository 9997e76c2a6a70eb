"""S8: wherever a state is read, what C code does to what was read changes no frame."""

from __future__ import annotations

import copy
import dataclasses
import heapq
from typing import Any

from lellm_nb import Debugger, GraphBuilder, Reducer, typed_state
from tests.strategies import chain

CONTENT = {
    "queue": [5, 7],
    "plan": {"steps": [3, 4]},
    "messages": [{"role": "user", "parts": ["hi"]}],
    "n": 1,
}


def spoil(state: Any) -> bool:
    """Write past the guard of everything in a state."""
    heapq.heappop(state["queue"])
    list.append(state["plan"]["steps"], 9)
    dict.clear(state["messages"][0])
    return True


def test_conditions_watches_and_breakpoints_change_nothing():
    """S8: what asks a state is given copies that nobody else gets."""
    g = GraphBuilder("g")
    g.node("a", lambda ctx: {"n": 2}).node("b", lambda ctx: {"m": ctx.state["queue"][0]})
    g.edge_if("a", "b", spoil).start("a").end("b")
    dbg = Debugger(g.build(), copy.deepcopy(CONTENT))
    dbg.break_at("b", when=lambda s: spoil(s) and False)
    dbg.watch(lambda s: spoil(s) and False)
    stop = dbg.run()

    assert stop.error is None
    assert dbg.frames[0].state == CONTENT
    assert dbg.state == {**CONTENT, "n": 2, "m": 5}


def test_a_cell_that_writes_past_the_guard_changes_nothing():
    """S8: the state, a frame's state, a value in an expression, a watch's values, a diff."""

    def node(ctx):
        return {"queue": [1, 2, 3]}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))
    dbg.watch("queue")
    stop = dbg.run()
    spoil(dbg.state)
    spoil(dbg.frames[0].state)
    held = dbg.frames[1].root_state["queue"]
    heapq.heappop(held)
    list.clear(stop.old)
    list.clear(stop.new)
    list.clear(dbg.frames[1].mutations[0].value)
    dbg.evaluate("py: __import__('heapq').heappop(queue)")
    for row in dbg.history("queue").to_dict("records"):
        list.clear(row["new"])
    for change in dbg.diff(0, 1):
        spoiled = [v for v in (change.old, change.new) if isinstance(v, list)]
        any(list.clear(v) for v in spoiled)

    assert dbg.frames[0].state == CONTENT
    assert dbg.state == {**CONTENT, "queue": [1, 2, 3]}
    assert dbg.frames[1].mutations[0].value == [1, 2, 3]


def test_merge_functions_reducers_and_branches_change_nothing():
    """S8, P1: no branch sees what another did to its copies."""

    def quiet(ctx):
        return {"seen": list(ctx.state["queue"])}

    def merge(states):
        return {"lengths": [len(s["queue"]) for s in states.values() if spoil(s)]}

    def reduce(ctx):
        ctx.reduce("queue", [9], Reducer.custom(lambda old, new: heapq.heappop(old) and old + new))

    g = GraphBuilder("g").parallel("par", {"one": quiet, "two": quiet}, merge=merge)
    g.node("reduce", reduce).edge("par", "reduce")
    dbg = Debugger(g.start("par").end("reduce").build(), copy.deepcopy(CONTENT))

    assert dbg.run().error is None
    assert dbg.frames[0].state == CONTENT
    assert dbg.state["lengths"] == [1, 1]
    assert dbg.state["queue"] == [7, 9]


def test_a_branch_that_writes_past_the_guard_fails_alone():
    """S8, P3: its sibling reads what was committed."""
    seen = []

    def loud(ctx):
        heapq.heappop(ctx.state["queue"])

    def quiet(ctx):
        seen.append(list(ctx.state["queue"]))

    g = GraphBuilder("g").parallel("par", {"loud": loud, "quiet": quiet}).start("par").end("par")
    dbg = Debugger(g.build(), {"queue": [5, 7]})
    stop = dbg.run()

    assert stop.error.path == "par/loud"
    assert all(each == [5, 7] for each in seen)
    assert dbg.state == {"queue": [5, 7]}


def test_the_fields_of_a_typed_state_are_copies_as_well():
    """S6, S8: memory and the next step agree."""

    @typed_state
    @dataclasses.dataclass
    class Planner:
        queue: list[int]
        n: int = 0

    def plan(ctx):
        heapq.heappop(ctx.state.queue)
        ctx.put("n", 1)

    def look(ctx):
        ctx.put("n", len(ctx.state.queue))

    dbg = Debugger(chain(plan, look), Planner([5, 7]))
    dbg.run()

    assert [frame.state.queue for frame in dbg.frames][:1] == [[5, 7]]
    assert dbg.state.queue == [5, 7]
