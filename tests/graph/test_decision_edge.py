"""G8: ways out for a decision, as they are built, compared, looked at and drawn."""

from __future__ import annotations

import re

import pytest

from lellm_nb import Approve, DefaultAction, GraphBuilder, Modify, Reject, Reroute
from lellm_nb.errors import BuildErrors, DecisionEdgeError, NoSuchNodeError, UnknownNodeError
from lellm_nb.graph.decision_edge import kinds_for
from tests.strategies import note


def mail(**options):
    """A builder: draft, human (a barrier), send, drop, and the end; nothing leaves human."""
    g = GraphBuilder("mail", **options).barrier("human")
    for name in ("draft", "send", "drop", "end"):
        g.node(name, note)
    g.edge("draft", "human").edge("send", "end").edge("drop", "end")
    return g.start("draft").end("end")


def problems(builder):
    """What is wrong with a graph."""
    with pytest.raises(BuildErrors) as caught:
        builder.build()
    return list(caught.value.exceptions)


def remarks(graph):
    """The warnings on a graph, by code, with their nodes."""
    return [(found.code, found.nodes) for found in graph.analyze().warnings]


# -- building ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("rejct", "Did you mean 'reject'?"),
        ("modify", "'approve', 'reject', 'timeout'"),
        (Reject, "'approve', 'reject', 'timeout'"),
        (None, "not for None"),
        (["reject"], "not for ['reject']"),
    ],
)
def test_a_word_that_is_no_decision_is_refused_at_once(wrong, hint):
    """G8: the error names the edge, what it was for, and what there is."""
    with pytest.raises(DecisionEdgeError, match=re.escape(hint)) as caught:
        mail().edge_on("human", "drop", wrong)

    error = caught.value
    assert (error.barrier, error.target, error.decision) == ("human", "drop", wrong)


def test_a_decision_edge_leaves_a_barrier_and_nothing_else():
    """G8: a task decides nothing, also where it pauses; nor does a composite with a barrier."""
    inner = GraphBuilder("i").barrier("ask").start("ask").end("ask").build()

    def pausing(ctx):
        ctx.pause("human")

    g = mail().node("pausing", pausing).subgraph("agent", inner)
    found = problems(g.edge_on("pausing", "drop", "reject").edge_on("agent", "drop", "reject"))

    assert [type(error) for error in found] == [DecisionEdgeError] * 2
    assert [error.barrier for error in found] == ["pausing", "agent"]
    assert "'pausing' is a task and no barrier" in str(found[0])


@pytest.mark.parametrize("second", ["drop", "send"])
def test_a_decision_has_one_way_out(second):
    """G8: two edges of one barrier for one decision; another decision is another edge."""
    g = mail().edge_on("human", "drop", "reject").edge_on("human", second, "reject")
    (error,) = problems(g.edge_on("human", "drop", "timeout"))

    assert (error.barrier, error.target, error.decision) == ("human", second, "reject")
    assert "human -> drop is for the same decision already" in str(error)


def test_unknown_nodes_of_a_decision_edge_are_named():
    """G3: both ends, with what may have been meant; all problems in one look."""
    found = problems(mail().edge_on("humn", "dropp", "reject"))

    assert [type(error) for error in found] == [UnknownNodeError] * 2
    assert [error.node for error in found] == ["humn", "dropp"]
    assert "Did you mean 'human'?" in str(found[0])


@pytest.mark.parametrize(
    ("decision", "by", "kinds"),
    [
        (Approve(), "person", ("approve",)),
        (Approve(), "no sink", ("approve",)),
        (Modify("n", 1), "person", ("approve",)),
        (Reject("no"), "person", ("reject",)),
        (Reject("timeout"), "timeout", ("timeout", "reject")),
        (Approve(), "timeout", ("timeout", "approve")),
        (DefaultAction.SKIP, "timeout", ("timeout",)),
        ("skip", "timeout", ("timeout",)),
        (Reroute("send"), "person", ()),
    ],
)
def test_which_edges_a_decision_may_take(decision, by, kinds):
    """G8: Modify counts as approve; a timeout takes its own edge, else its default action's."""
    assert kinds_for(decision, by) == kinds


# -- comparing ---------------------------------------------------------------------------


def test_in_the_hash_a_decision_edge_counts_as_a_conditional_one():
    """G6, G8: so that both forms of one graph are the same graph."""
    on = mail().edge("human", "send").edge_on("human", "drop", "reject").build()
    when = mail().edge("human", "send").edge_if("human", "drop", note).build()
    plain = mail().edge("human", "send").edge("human", "drop").build()

    assert on.canonical_hash == when.canonical_hash != plain.canonical_hash


def test_a_fingerprint_says_which_decision_edges_differ():
    """G7, G8: by the word of the decision; their order decides nothing, so it is no difference."""
    plain = mail().edge("human", "send").build().fingerprint
    one = mail().edge_on("human", "drop", "reject").edge("human", "send").build().fingerprint
    other = mail().edge("human", "send").edge_on("human", "drop", "reject").build().fingerprint
    limit = mail().edge("human", "send").edge_on("human", "drop", "reject", max_visits=2)

    assert plain.diff(one) == "edge `human -> drop` (reject) new"
    assert one.diff(plain) == "edge `human -> drop` (reject) gone"
    assert one.diff(other) == ""
    assert "limit now 2, was none" in other.diff(limit.build().fingerprint)


def test_a_decision_edge_has_no_condition_to_patch():
    """G8: refused in words; the state has no say in it."""
    graph = mail().edge("human", "send").edge_on("human", "drop", "reject").build()

    with pytest.raises(NoSuchNodeError, match=r"human -> drop \(on reject\) has no condition"):
        graph.patched(edges={("human", "drop"): lambda state: True})
    with pytest.raises(NoSuchNodeError, match="There is no conditional edge 'human -> send'"):
        graph.patched(edges={("human", "send"): lambda state: True})


# -- analyze -----------------------------------------------------------------------------


@pytest.mark.parametrize("add", ["edge", "edge_fallback"])
def test_a_rejection_that_leads_where_an_approval_leads_is_warned_of(add):
    """G8: reject can mean send, and somebody should say so."""
    graph = getattr(mail(), add)("human", "send").build()
    (found,) = graph.analyze().warnings

    assert (found.level, found.code, found.nodes) == (
        *("warning", "reject_leads_on", ("human", "send")),
    )
    assert "rejecting human leads to send, as approving it does" in found.message


@pytest.mark.parametrize(
    "leave",
    [
        lambda g: g.edge("human", "send").edge_on("human", "drop", "reject"),
        lambda g: g.edge("human", "drop").edge_on("human", "send", "approve"),
        lambda g: g.edge("human", "send").edge_on("human", "drop", "timeout"),
        lambda g: g.edge("human", "send").edge_if("human", "drop", lambda state: False),
        lambda g: g.condition("which", [("drop", lambda s: False)]).edge("human", "which"),
        lambda g: g.end("human"),
        lambda g: g,
    ],
)
def test_a_barrier_with_a_way_of_its_own_for_a_rejection_is_not_warned_of(leave):
    """G8: a decision edge, a condition, a Condition that comes next; nor one that leads nowhere."""
    assert "reject_leads_on" not in [code for code, _ in remarks(leave(mail()).build())]


def test_a_decision_edge_counts_in_cycles_and_for_what_can_be_reached():
    """G4: as any other edge; its limit protects the cycle."""
    free = mail().edge("human", "send").edge_on("human", "draft", "reject").build()
    limited = mail().edge("human", "send").edge_on("human", "draft", "reject", max_visits=3)
    reached = mail().edge("human", "send").edge_on("human", "drop", "reject").build()

    assert [(c.nodes, c.protected) for c in free.analyze_cycles()] == [(("human", "draft"), False)]
    assert [c.protected for c in limited.build().analyze_cycles()] == [True]
    assert [f.nodes for f in free.analyze().infos if f.code == "unreachable"] == [("drop",)]
    assert not reached.analyze().findings


# -- drawing -----------------------------------------------------------------------------


def test_the_decision_stands_beside_its_edge_in_every_drawing():
    """G8: Mermaid, Graphviz, SVG; a limit stands there as well."""
    g = mail().edge("human", "send").edge_on("human", "drop", "reject", max_visits=2)
    graph = g.edge_on("human", "send", "timeout").build()
    svg = graph.to_svg()

    assert "-.->|reject, max 2|" in graph.to_mermaid()
    assert "-.->|timeout|" in graph.to_mermaid()
    assert 'label="reject, max 2" style=dashed' in graph.to_graphviz().source
    assert re.findall(r"<text class='e'[^>]*>(\w+)<", svg) == ["reject", "timeout"]
    assert svg.count("class='conditional'") == 2


def test_decisions_that_lead_the_same_way_stand_side_by_side_in_a_picture():
    """G8: their lines lie on each other, and their words do not."""
    g = mail().edge("human", "send").edge_on("human", "drop", "reject")
    svg = g.edge_on("human", "drop", "timeout").build().to_svg()

    assert re.findall(r"<text class='e'[^>]*>([^<]+)<", svg) == ["reject, timeout"]
