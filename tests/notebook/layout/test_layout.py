"""The graph as numbers and as a picture: outline, layout, SVG."""

from __future__ import annotations

import logging
from xml.etree import ElementTree

import pytest

from lellm_nb import GraphBuilder
from lellm_nb.graph.drawing.layered import layered, visible
from lellm_nb.graph.drawing.outline import outline
from lellm_nb.graph.drawing.svg import graph_svg
from lellm_nb.notebook.layout import layout as layout_module
from lellm_nb.notebook.layout.layout import layout


def agent_graph():
    inner = GraphBuilder("inner")
    inner.node("llm", lambda ctx: None).node("tool", lambda ctx: None)
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("outer")
    g.node("plan", lambda ctx: None)
    g.subgraph("agent", inner.build())
    g.parallel("both", {"left": lambda ctx: None, "right": lambda ctx: None})
    g.barrier("approve").node("publish", lambda ctx: None)
    g.edge("plan", "agent").edge("agent", "both").edge("both", "approve")
    g.edge_if("approve", "plan", lambda s: False).edge("approve", "publish")
    return g.start("plan").end("publish").build()


def test_an_outline_names_every_node_at_every_depth_once():
    """A row of history can then name any node by a small number."""
    found = outline(agent_graph())

    paths = [node.path for node in found.nodes]
    assert len(paths) == len(set(paths))
    assert {"plan", "agent", "agent/llm", "both/left", "both/right", "publish"} <= set(paths)
    assert [found.by_path[path] for path in paths] == list(range(len(paths)))


def test_a_path_with_visits_finds_its_node():
    """Entering a composite again changes its path, not the node in the picture."""
    found = outline(agent_graph())

    assert found.find("agent#2/llm") == found.by_path["agent/llm"]
    assert found.find("approve#0") == found.by_path["approve"]
    assert found.find("nowhere") == -1


def test_entering_a_composite_makes_its_start_or_its_branches_current():
    """Entering is no step, so the position names only the composite."""
    found = outline(agent_graph())

    def names(path):
        return [found.nodes[n].path for n in found.entries(found.by_path[path])]

    assert names("agent") == ["agent/llm"]
    assert names("both") == ["both/left", "both/right"]
    assert names("plan") == ["plan"]


@pytest.fixture(params=["graphviz", "layered"])
def engine(request, monkeypatch):
    """Each layout in turn, with nothing remembered."""
    if request.param == "graphviz":
        pytest.importorskip("pygraphviz")
    else:
        monkeypatch.setattr(layout_module, "find_spec", lambda _name: None)
    monkeypatch.setattr(layout_module, "_cache", type(layout_module._cache)())
    return request.param


def test_every_layout_places_all_that_is_visible(engine):
    """Which layout is at hand changes the look, never what is shown."""
    whole = outline(agent_graph())

    closed = layout(whole, set())
    opened = layout(whole, whole.composites())

    assert closed.engine == opened.engine == engine
    assert set(closed.nodes) == {n for n, node in enumerate(whole.nodes) if node.parent < 0}
    assert set(opened.nodes) | set(opened.boxes) == set(range(len(whole.nodes)))
    assert len(opened.edges) == len(whole.edges)
    for x, y, w, h in [*opened.nodes.values(), *opened.boxes.values()]:
        assert min(x, y) >= -1
        assert x + w <= opened.width + 1
        assert y + h <= opened.height + 1


def test_the_way_from_start_to_end_leads_down(engine):
    """An edge that closes a loop is the one that goes up."""
    whole = outline(agent_graph())

    drawing = layout(whole, set())

    tops = [drawing.nodes[whole.by_path[p]][1] for p in ("plan", "agent", "approve", "publish")]
    assert tops == sorted(tops)
    assert len(set(tops)) == len(tops)


def test_a_layout_is_done_once_for_a_topology(monkeypatch):
    """Other names over the same nodes and edges need no second layout."""
    calls = []
    monkeypatch.setattr(layout_module, "_cache", type(layout_module._cache)())
    monkeypatch.setattr(layout_module, "_from_graphviz", lambda *job: calls.append(job))

    first = layout(outline(agent_graph()), set())
    second = layout(outline(agent_graph()), set())

    assert first is second
    assert len(calls) == 1


def test_a_broken_graphviz_leaves_the_plain_layout(monkeypatch, caplog, tmp_path):
    """The picture may be plainer; it is never missing."""
    broken = tmp_path / "worker.py"
    broken.write_text("raise SystemExit('no plugin')")
    monkeypatch.setattr(layout_module, "_WORKER", broken)
    monkeypatch.setattr(layout_module, "_cache", type(layout_module._cache)())

    with caplog.at_level(logging.INFO):
        drawing = layout(outline(agent_graph()), set())

    assert drawing.engine == "layered"
    assert drawing.nodes


def test_a_layout_carries_no_text_of_the_user():
    """Names are put in by the page as text, so no drawing can smuggle markup."""
    g = GraphBuilder("g").node("<script>alert(1)", lambda ctx: None)
    whole = outline(g.start("<script>alert(1)").end("<script>alert(1)").build())

    assert "script" not in str(layout(whole, set()).as_json())


def test_the_plain_layout_is_quick_enough_for_a_thousand_nodes():
    """It stands in for Graphviz at every size."""
    g = GraphBuilder("long")
    for i in range(1000):
        g.node(f"n{i}", lambda ctx: None)
    for i in range(999):
        g.edge(f"n{i}", f"n{i + 1}")
    whole = outline(g.start("n0").end("n999").build())

    assert len(layered(visible(whole, set())).nodes) == 1000


def test_a_still_picture_is_wellformed_and_inert():
    """Whatever a node is called, the picture parses and links nowhere."""
    name = "<img src=x onerror=alert(1)>\"'&\x07"
    g = GraphBuilder("g").node(name, lambda ctx: None).start(name).end(name)

    root = ElementTree.fromstring(graph_svg(g.build()))

    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "style", "rect", "defs", "marker", "path", "text"}
    assert not [a for e in root.iter() for a in e.attrib if a.startswith("on") or "href" in a]
    assert any("onerror" in (element.text or "") for element in root.iter())


def test_an_empty_picture_of_one_node_is_still_a_picture():
    """The smallest graph draws like any other."""
    g = GraphBuilder("one").node("a", lambda ctx: None).start("a").end("a").build()

    assert graph_svg(g).count("<text") == 1


def test_a_graph_in_a_cell_draws_itself_as_an_image():
    """Names are data: in the picture, in the image's text, and nowhere as markup."""
    hostile = '"><img src=x onerror=alert(1)>'
    g = GraphBuilder(hostile).node("<script>alert(1)<", lambda ctx: None)
    graph = g.start("<script>alert(1)<").end("<script>alert(1)<").build()

    bundle = graph._repr_mimebundle_()

    assert bundle["text/html"].count("<") == 1
    assert bundle["image/svg+xml"] == graph.to_svg()
    root = ElementTree.fromstring(graph.to_svg())
    assert {child.tag.rpartition("}")[2] for child in root.iter()} <= {
        "svg", "style", "defs", "marker", "path", "rect", "text",
    }  # fmt: skip


def test_a_huge_graph_in_a_cell_is_a_line():
    """A picture of thousands of nodes would be megabytes in the notebook."""
    g = GraphBuilder("big")
    for i in range(301):
        g.node(f"n{i}", lambda ctx: None)
    for i in range(300):
        g.edge(f"n{i}", f"n{i + 1}")

    assert list(g.start("n0").end("n300").build()._repr_mimebundle_()) == ["text/plain"]
