"""`dbg.stack`: every open level of every branch, as paths and as a table."""

from __future__ import annotations

import copy
import json
import pickle
import threading

from lellm_nb import Debugger, GraphBuilder, typed_state
from tests.session.toy_engine import Conveyor
from tests.strategies import chain, fanned, nested, note, steps


def rows(dbg, *columns):
    """The table of a stack, as tuples of some columns."""
    table = dbg.stack.to_pandas()
    return list(zip(*(table[name].tolist() for name in columns), strict=True))


def test_the_stack_is_the_list_of_its_paths():
    """DESIGN: text like before: compared, joined, written as JSON, copied."""
    dbg = Debugger(nested())
    dbg.run()
    stack = dbg.stack

    assert stack == ["agent", "agent/approve"]
    assert stack[-1].rpartition("/")[2] == "approve"
    assert (
        json.loads(json.dumps(stack)) == copy.deepcopy(stack) == pickle.loads(pickle.dumps(stack))
    )
    assert "agent/approve" in stack
    assert isinstance(stack, list)


def test_a_level_says_where_it_stands():
    """DESIGN: graph, node, visit, step, kind, status, and what it waits for."""
    dbg = Debugger(nested())
    dbg.run()
    outer, inner = dbg.stack

    assert (outer.graph, outer.node, outer.visit, outer.step) == ("outer", "agent", 1, 1)
    assert (outer.kind, outer.status, outer.waits_for) == ("inside", "open", "")
    assert (inner.graph, inner.node, inner.visit, inner.step) == ("agent graph", "approve", 1, 2)
    assert (inner.kind, inner.status, inner.waits_for) == ("decide", "waiting", "agent/approve#0")
    assert inner.state == dbg.frames[-1].state
    assert inner.state_keys == ["log"]
    assert outer.path == str(outer)


def test_every_branch_has_its_levels():
    """DESIGN, P1: also one that is about to be entered, and none that has ended."""
    dbg = Debugger(fanned())
    dbg.step()
    entering = dbg.stack
    assert entering == [
        *("par", "par/a", "par/check", "par/check/look", "par/deep", "par/deep/one"),
    ]
    assert [level.entered for level in entering] == [True, False, False, False, False, False]
    assert entering.to_pandas()["graph"].tolist() == [
        *("fanned", "fanned", "fanned", "check graph", "fanned", "branch graph")
    ]

    dbg.run()

    assert dbg.stack == ["par", "par/check", "par/check/ok"]
    assert rows(dbg, "kind", "status") == [
        ("inside", "open"),
        ("inside", "open"),
        ("decide", "waiting"),
    ]


def test_a_composite_that_is_entered_again_has_its_visit():
    """N2, B2: in the paths of what is inside; the ids are those of `pending`."""
    dbg = Debugger(nested())
    dbg.run()
    dbg.approve()
    dbg.run()

    assert dbg.stack == ["agent", "agent#2/approve"]
    assert dbg.stack[0].visit == 2
    assert [level.waits_for for level in dbg.stack if level.waits_for] == [
        waits.id for waits in dbg.pending
    ]


def test_the_stack_of_every_frame_is_the_way_to_what_is_next():
    """The law of both forms: where one place can move, the stack is that move's own."""
    dbg = Debugger(nested())
    dbg.run()
    for frame in list(dbg.frames):
        dbg.rewind(frame)
        assert dbg.stack == list(dbg.session.next_move().stack)
        assert all(isinstance(level, str) for level in dbg.stack)


def test_nothing_is_open_at_the_end():
    """DESIGN: an empty stack is an empty table with the same columns."""
    dbg = Debugger(steps("a"))
    before = dbg.stack.to_pandas()
    dbg.run()

    assert dbg.stack == []
    assert dbg.stack.to_pandas().columns.equals(before.columns)
    assert "nothing is open" in dbg.stack._repr_html_()


def test_what_failed_and_what_is_to_be_routed_says_so():
    """R3, R4: the level stands where it stood."""

    def fails(ctx):
        raise ValueError("no")

    dbg = Debugger(chain(fails))
    dbg.run()
    assert rows(dbg, "path", "kind", "status") == [("fails", "run", "failed")]

    g = GraphBuilder("g").node("a", note).node("b", note).edge_if("a", "b", lambda s: False)
    dbg = Debugger(g.start("a").end("b").build())
    dbg.run()
    assert rows(dbg, "path", "kind", "visit") == [("a", "route", 1)]


def test_a_node_that_asks_waits():
    """R10: its question is what it waits for."""
    dbg = Debugger(steps("a", "b"))
    dbg.mode("a", "ask")
    dbg.run()

    assert dbg.stack[0].waits_for == dbg.pending[0].id
    assert dbg.stack[0].status == "waiting"


def test_a_pause_in_a_branch_waits_under_its_own_name():
    """B2: the id of the pause, at the path of the branch."""

    def pauses(ctx):
        ctx.pause("look")

    g = GraphBuilder("g").parallel("par", {"a": pauses, "b": note})
    dbg = Debugger(g.start("par").end("par").build())
    dbg.run()

    assert dbg.stack == ["par", "par/a"]
    assert dbg.stack[1].waits_for == "par/a/look#0" == dbg.pending[0].id


def test_a_running_node_is_seen_from_another_thread():
    """DESIGN: looking works while a run is going on."""
    begun, goes_on = threading.Event(), threading.Event()

    def waits(ctx):
        begun.set()
        goes_on.wait(30)

    dbg = Debugger(chain(waits))
    handle = dbg.start()
    begun.wait(30)
    try:
        assert [level.status for level in dbg.stack] == ["running"]
    finally:
        goes_on.set()
    handle.result()


def test_a_lens_that_raises_does_not_raise_from_the_stack():
    """Looking never raises: the level around it is told."""
    inner = GraphBuilder("i").node("x", note).start("x").end("x").build()

    class Broken:
        def get(self, outer):
            raise ValueError("no such part")

        def set(self, outer, inner):
            return outer

    g = GraphBuilder("g").subgraph("agent", inner, lens=Broken()).start("agent").end("agent")
    dbg = Debugger(g.build())

    assert dbg.stack == ["agent"]
    assert dbg.stack[0].kind == "inside"


def test_a_typed_state_is_what_it_is():
    """S6: the level's state comes as its class, its keys are the fields."""
    import dataclasses

    @typed_state
    @dataclasses.dataclass
    class Job:
        n: int = 0

    dbg = Debugger(steps("a"), Job(3))

    assert dbg.stack[0].state == Job(3)
    assert dbg.stack[0].state_keys == ["n"]


def test_another_engine_gives_a_stack_by_its_moves():
    """DESIGN: the protocol's places and positions are enough."""
    dbg = Debugger(Conveyor("belt", {"cut": lambda s: {"n": 1}, "glue": lambda s: {}}, {"n": 0}))

    assert dbg.stack == ["cut"]
    assert rows(dbg, "graph", "node", "kind", "status") == [("belt", "cut", "run", "next")]


def test_no_value_of_a_state_is_markup():
    """DESIGN: and no key of it is a secret that is shown."""
    secret = "sk-" + "a1" * 16
    dbg = Debugger(steps("a"), {"<b>": 1, secret: 2})
    html = dbg.stack._repr_html_()

    assert "<b>" not in html
    assert secret not in html
