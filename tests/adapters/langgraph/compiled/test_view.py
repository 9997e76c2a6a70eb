"""A graph of LangGraph in the panel, and in the answer to why a step went where it went."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.adapters.langgraph.shape import shape_of
from lellm_nb.debug.query.route_reason import explain
from lellm_nb.graph.drawing.outline import outline
from lellm_nb.notebook.layout.layout import layout
from lellm_nb.notebook.widget.panel import Panel
from tests.adapters.langgraph.compiled.shaped import joined, loop, map_reduce, nested
from tests.waiting import until


def names(panel):
    """The paths that the panel shows."""
    return [row[0] for row in panel.outline["nodes"]]


def opened(panel):
    """The paths of the composites that are open."""
    return {names(panel)[box[0]] for box in panel.drawing["boxes"]}


def test_every_node_that_may_come_first_or_last_has_that_part():
    """The layout begins with them, and the node's card says it."""
    roles = {node.name: node.role for node in outline(shape_of(joined())).nodes}

    assert roles == {"a": "start", "b": "start", "c": "", "late": "end"}
    assert outline(shape_of(loop())).nodes[0].role == "start end"


def test_what_comes_after_a_graph_is_drawn_below_it():
    """An agent ends at its model, the first node in it: the picture goes by the box."""
    whole = outline(shape_of(nested()))
    drawing = layout(whole, whole.composites())
    boxes = {whole.nodes[n].path: box for n, box in {**drawing.nodes, **drawing.boxes}.items()}
    agent, after = boxes["sub/agent"], boxes["sub/after"]

    assert after[1] >= agent[1] + agent[3]


def test_a_way_that_is_learned_is_drawn_while_the_run_goes_on():
    """The nodes stay the same nodes, so no history is told again."""
    dbg = Debugger(map_reduce(says=False), {"log": []})
    panel = Panel(dbg)
    until(lambda: panel.drawing, "a drawing")
    updates = panel.updates
    dbg.graph.learned("sum", "plan")
    dbg.step()

    until(lambda: any(kind == "goto" for *_, kind, _ in panel.drawing["edges"]), "the new way")
    assert panel.updates is updates


def test_nodes_that_are_learned_are_shown_and_what_was_closed_stays_closed():
    dbg = Debugger(nested(), {"log": [], "n": 0})
    panel = Panel(dbg)
    until(lambda: panel.drawing, "a drawing")
    panel.do(lambda: panel.unfold(names(panel).index("sub/agent"), False))
    until(lambda: opened(panel) == {"sub", "call"}, "a closed box")
    dbg.graph.learn_level("prep", ["x"])
    dbg.step()

    until(lambda: "prep/x" in names(panel), "the new node")
    until(lambda: opened(panel) == {"prep", "sub", "call"}, "its box, open")


@pytest.mark.parametrize(
    ("path", "said", "ways"),
    [
        ("prep", "prep went to sub: an edge leads there", {"prep -> sub": True}),
        ("sub/agent/llm", "sub/agent/llm went to the end", {"llm -> tools": False}),
        ("sub/agent", "sub/agent went to after: an edge leads there", {"agent -> after": True}),
        ("call", "call went to the end", {}),
    ],
)
def test_why_a_step_went_on(path, said, ways):
    """No condition is known, so none is asked; the declared ways are told, and which was taken."""
    dbg = Debugger(nested(), {"log": [], "n": 0})
    dbg.run()
    frame = next(f for f in dbg.frames if f.path == path and f.kind in ("commit", "exit"))
    why = explain(frame, dbg.graph)

    assert why.said == said
    assert {row.edge: row.won for row in why} == ways


def test_why_several_nodes_come_next_and_why_a_way_was_none_of_the_edges():
    dbg = Debugger(map_reduce(says=False), {"log": []})
    dbg.run()
    sent = explain(dbg.frames[1], dbg.graph)
    assert sent.said.startswith("plan went to work: what it returned says so")

    dbg = Debugger(joined(), {"log": []})
    dbg.run()
    both = next(frame for frame in dbg.frames if frame.kind == "join")
    why = explain(both, dbg.graph)
    assert {row.edge for row in why if row.won} == {"a -> c", "b -> c"}
