"""Drawing what is nested deeply: the work grows with the graph, and no stack runs out."""

from __future__ import annotations

import sys

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.graph.drawing.layered import layered, visible
from lellm_nb.graph.drawing.outline import outline
from lellm_nb.graph.walk import level_keys, levels, nodes
from lellm_nb.notebook.layout.layout import layout
from tests.strategies import chain, note


def nest(depth):
    """A graph in a graph in a graph, each in a branch or with a node beside it."""
    graph = chain(note, name="g0")
    for i in range(depth):
        g = GraphBuilder(f"g{i + 1}").node("first", note)
        if i % 2:
            g.parallel("in", {"left": note, "right": graph})
        else:
            g.subgraph("in", graph, lens="k")
        graph = g.edge("first", "in").start("first").end("in").build()
    return graph


def calls(work):
    """How many functions of Python's are called while something is done."""
    count = 0

    def counting(frame, event, arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "draw",
    [
        lambda graph: graph.to_svg(),
        lambda graph: graph.to_mermaid(),
        lambda graph: graph.to_graphviz().source,
        lambda graph: layout(outline(graph), outline(graph).composites()),
        lambda graph: layered(visible(outline(graph), set())),
        lambda graph: graph.fingerprint,
    ],
)
def test_twice_as_deep_is_about_twice_the_work(draw):
    """A level is looked at once, however many there are around it."""
    draw(nest(4))  # what is imported late is imported now
    shallow, deep = (calls(lambda d=depth: draw(nest(d))) for depth in (20, 40))

    assert deep < 4 * shallow


def test_no_graph_is_too_deep_to_be_drawn():
    """Deeper than Python's stack."""
    graph = nest(sys.getrecursionlimit())

    assert graph.to_svg().count(">first</text>") == sys.getrecursionlimit()
    assert graph.to_mermaid().count('"first"') == sys.getrecursionlimit()
    assert len(graph.fingerprint.ends) == len(list(levels(graph))) == sys.getrecursionlimit() + 1
    assert len(list(nodes(graph))) == len(outline(graph).nodes)
    assert len(list(level_keys(graph))) > sys.getrecursionlimit()
    assert "first" in graph.to_mermaid()
    assert repr(graph.analyze()) == "(nothing to remark)"


def test_boxes_hold_what_is_inside_of_them():
    """Outer before inner, and no node stands outside of the box around it."""
    whole = outline(nest(6))
    drawing = layered(visible(whole, whole.composites()))

    assert list(drawing.boxes) == sorted(drawing.boxes)
    for number, (x, y, w, h) in [*drawing.nodes.items(), *drawing.boxes.items()]:
        parent = whole.nodes[number].parent
        if parent >= 0:
            left, top, width, height = drawing.boxes[parent]
            assert left < x
            assert x + w < left + width
            assert top < y
            assert y + h < top + height


def test_a_run_that_is_nested_deeply_can_be_saved_and_read(tmp_path):
    """As deep as a position may be."""
    dbg = Debugger(nest(120))
    dbg.run()
    dbg.save(tmp_path / "deep.lellm")
    read = Debugger.load(tmp_path / "deep.lellm")

    assert read.state == dbg.state
    assert read.graph.fingerprint == dbg.graph.fingerprint
