"""What a view is told of maps, of nodes that did not run, and of stops on edges."""

from __future__ import annotations

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.model.node_card import node_rows
from lellm_nb.notebook.model.node_status import FRAME_KINDS
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.tabs.error import TAB
from tests.notebook.model.runs import failing_items


def statuses(updates):
    """The word of each node at the head, by path."""
    updates.snapshot()
    return {updates.outline.nodes[number].path: word for number, word in updates.statuses().items()}


def test_a_node_with_items_is_failed_as_long_as_one_stands_there():
    """P6: that a later item got through does not hide it; when all are through it is done."""
    broken = {"b", "c"}
    dbg = failing_items(broken)
    updates = Updates(dbg)

    dbg.run()
    assert statuses(updates)["each/*/read"] == "failed"

    broken.clear()
    dbg.resolve_join("retry")
    dbg.run()
    assert statuses(updates)["each/*/read"] == "done"


def test_a_node_that_failed_and_is_come_to_again_is_current():
    """Its failure is of the visit before."""
    g = GraphBuilder("loop").node("go", lambda ctx: {"n": ctx.state["n"] + 1})
    g.node("risky", lambda ctx: 1 // (ctx.state["n"] - 1)).node("saved", lambda ctx: None)
    g.edge("go", "risky").on_error("risky", "saved").edge("saved", "go")
    dbg = Debugger(g.start("go").end("risky").build(), {"n": 0})
    updates = Updates(dbg)

    dbg.run(until="saved")
    assert statuses(updates)["risky"] == "failed"

    dbg.run(until="risky")
    assert statuses(updates)["risky"] == "current"


def test_failed_items_are_named_with_why_and_without_advice():
    """P3: the alert has what failed in each; how to mend it stands once, in the tab."""
    dbg = failing_items({"a", "b"})
    frame = dbg.run().frame

    head = Updates(dbg).snapshot()["head"]
    assert head["failure"] == (
        "each failed: 2 branches. each/0/read: ValueError: no a; each/1/read: ValueError: no b"
    )
    rows = TAB.rows(dbg, frame, {})
    assert rows["message"] == "2 of the branches of 'each' failed: each/0, each/1"
    assert "mend the function" in rows["wrapped"]
    assert [(part["where"], part["type"]) for part in rows["parts"]] == [
        ("each/0/read", "ValueError"),
        ("each/1/read", "ValueError"),
    ]


def test_the_visits_of_what_runs_for_each_item_have_its_path():
    """P6: else twelve visits of one node look alike."""
    dbg = failing_items(set())
    dbg.run()
    updates = Updates(dbg)

    rows = node_rows(updates, updates.outline.by_path["each/*/read"], dbg.head)

    assert sorted(row["path"] for row in rows["visits"]) == [
        "each/0/read",
        "each/1/read",
        "each/2/read",
    ]


def test_frames_of_nodes_that_did_not_run_have_a_sign_of_their_own():
    """A mock and a skip are told from a step; a mock that raised is an error like any other."""
    g = GraphBuilder("g").node("a", lambda ctx: 1 / 0).node("b", lambda ctx: 1 / 0)
    g.subgraph("s", GraphBuilder("i").node("x", lambda ctx: 1 / 0).start("x").end("x").build())
    g.node("c", lambda ctx: None).edge("a", "b").edge("b", "s").edge("s", "c")
    dbg = Debugger(g.start("a").end("c").build())
    dbg.mock("a", {"n": 1})
    dbg.mock("s", {"n": 2})
    dbg.mock("c", lambda ctx: 1 / 0)

    dbg.step()
    dbg.skip()
    dbg.run()

    kinds = [FRAME_KINDS[row[1]] for row in Updates(dbg).chunk(0)["rows"]]
    assert kinds == ["start", "mocked", "skipped", "mocked", "error"]


def test_a_stop_on_an_edge_says_if_it_is_on_and_what_it_stops_at():
    """Where the edge is taken, or where it is refused; one that is off is drawn as off."""
    g = GraphBuilder("g").node("a", lambda ctx: None).node("b", lambda ctx: None)
    g.node("c", lambda ctx: None).edge_if("a", "b", "n > 5").edge("a", "c")
    dbg = Debugger(g.start("a").end("c").build())
    updates = Updates(dbg)
    dbg.break_on(("a", "b"), refused=True)
    dbg.breakpoints.disable(dbg.break_on(("a", "c")).id)

    assert updates.snapshot()["head"]["edge_stops"] == [[0, 1, True, True], [0, 2, False, False]]
    ways = node_rows(updates, 0, 0)["ways"]
    assert [(way["stop"], way["said"]) for way in ways] == [
        (False, "stops where refused"),
        (True, "off"),
    ]
