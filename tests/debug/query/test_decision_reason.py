"""G8: what a debugger says and shows of the ways out for decisions."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import Approve, Debugger, GraphBuilder, Modify, Reject, Reroute, StopReason
from lellm_nb.errors import NoSuchNodeError
from lellm_nb.notebook.model.barrier_rows import card_row
from lellm_nb.notebook.tabs.route import route_rows
from tests.strategies import note


def graph(**barrier):
    """draft, ask, and then send, drop on a rejection, or late on a timeout; all lead to the end."""
    g = GraphBuilder("g").node("draft", note).barrier("ask", **barrier)
    for name in ("send", "drop", "late"):
        g.node(name, note).edge(name, "end")
    g.node("end", note).edge("draft", "ask").edge("ask", "send")
    g.edge_on("ask", "drop", "reject").edge_on("ask", "late", "timeout")
    return g.edge_if("ask", "end", lambda s: s.get("n", 0) > 9).start("draft").end("end").build()


def asked(**barrier):
    """A debugger that waits at the barrier."""
    dbg = Debugger(graph(**barrier), {"n": 0})
    assert dbg.run().reason is StopReason.BARRIER
    return dbg


def answers(why):
    """What is said of each way out: kind, result, whether it was taken."""
    return [(row.kind, row.result, row.won) for row in why]


def test_why_says_of_each_decision_edge_whether_it_was_for_what_was_decided():
    """G8: and of the others what their conditions say, as ever."""
    dbg = asked()
    dbg.reject("too short")
    rejected = dbg.why(-1)
    other = dbg.fork(at=2)
    other.approve()
    approved = other.why(-1)

    assert answers(rejected) == [
        *[("timeout", False, False), ("reject", True, True)],
        *[("conditional", False, False), ("normal", None, False)],
    ]
    assert rejected.said == "ask went to drop: its edge for the decision, reject: too short"
    assert "> ask -> drop (reject): True" in repr(rejected)
    assert "earlier edge" in rejected[2].note
    assert answers(approved)[1] == ("reject", False, False)
    assert approved.winner.kind == "normal"
    assert list(rejected.to_pandas()["won"]) == [False, True, False, False]


def test_why_of_a_conditional_way_out_of_a_barrier_finds_the_edge_that_won():
    """G8: decision edges are listed before, and are not counted as conditions."""
    dbg = asked()
    dbg.modify("n", 10)

    assert dbg.why(-1).winner.target == "end"
    assert dbg.why(-1).winner.kind == "conditional"


def test_why_of_a_timeout_says_so():
    """G8, B4: the edge for it goes first; that for the default action was not needed."""
    dbg = Debugger(graph(timeout=1e-6), {"n": 0})
    asyncio.run(dbg.arun(through_barriers=True))
    why = dbg.why(3)

    assert answers(why)[:2] == [("timeout", True, True), ("reject", True, False)]
    assert why[1].note == "not asked: an earlier edge had won"
    assert "(by timeout)" in why.said


def test_why_of_an_edit_after_a_decision_is_that_of_the_decision():
    """G8: what is written afterwards changes no way."""
    dbg = asked()
    dbg.reject("no")
    fork = dbg.fork(put={"n": 1})

    assert answers(fork.why(-1))[1] == ("reject", True, True)


def test_a_preview_and_the_card_lead_where_the_decision_would():
    """G8: for each button; a Reroute jumps past the edges."""
    dbg = asked()
    card = card_row(dbg, "ask#0")

    assert dbg.preview(Reject("no")).next_node == "drop"
    assert dbg.preview(Approve()).next_node == "send"
    assert dbg.preview(Modify("n", 10)).next_node == "end"
    assert dbg.preview(Reroute("late")).next_node == "late"
    assert card["previews"]["reject"]["next"] == "drop"
    assert card["previews"]["approve"]["next"] == "send"
    assert dbg.reject("no").frame.next_node == "drop"


def test_the_route_tab_shows_the_edge_for_the_decision():
    """G8: its kind is what was decided."""
    dbg = asked()
    dbg.reject("no")
    rows = route_rows(dbg, dbg.frames[-1])

    assert (rows["kind"], rows["next"]) == ("reject", "drop")
    assert [row["kind"] for row in rows["rows"] if row["won"]] == ["reject"]


@pytest.mark.parametrize("way", ["button", "live"])
def test_a_stop_on_a_decision_edge_is_hit_by_its_decision(way):
    """G8: by a verb, and in a run through barriers."""
    dbg = asked() if way == "button" else Debugger(graph(timeout=1e-6), {"n": 0})
    mark = dbg.break_on(edge=("ask", "drop" if way == "button" else "late"))
    if way == "button":
        stop = dbg.reject("no", then_run=True)
    else:
        stop = asyncio.run(dbg.arun(through_barriers=True))

    assert (stop.reason, stop.breakpoint) == (StopReason.BREAKPOINT, mark)
    assert stop.frame.kind == "decision"


def test_a_decision_edge_cannot_be_patched():
    """G8: it has no condition; the graph stays as it was."""
    dbg = asked()
    with pytest.raises(NoSuchNodeError, match=r"ask -> drop \(on reject\) has no condition"):
        dbg.patch(edges={("ask", "drop"): lambda s: False})
    dbg.patch(edges={("ask", "end"): lambda s: True})

    assert dbg.preview(Reject("no")).next_node == "drop"
    assert dbg.preview(Approve()).next_node == "end"


def test_a_run_that_is_read_without_its_graph_tells_the_same(tmp_path):
    """G8: its outline has the decision edges, its frames the routes; and so has its picture."""
    dbg = asked()
    dbg.reject("no", then_run=True)
    dbg.save(tmp_path / "run.lellm")
    read = Debugger.load(tmp_path / "run.lellm")

    assert [f.route for f in read.frames] == [f.route for f in dbg.frames]
    assert answers(read.why(3))[:2] == answers(dbg.why(3))[:2]
    assert read.graph.fingerprint == dbg.graph.fingerprint
    assert read.graph.to_mermaid() == dbg.graph.to_mermaid()
