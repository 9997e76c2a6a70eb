"""G6: the canonical hash."""

from __future__ import annotations

import pytest

from lellm_nb.errors import GraphError
from tests.graph.graphs import built
from tests.strategies import chain, note, steps

GOLDEN = [
    (["a"], [], 0x089C4607B5459BD0),
    (["a", "b"], [("edge", "a", "b")], 0xC400A722DFF1A224),
    (["a", "b"], [("edge_if", "a", "b")], 0xFECF004287A4B933),
    (["a", "b"], [("edge_fallback", "a", "b")], 0xFEBE054287964E7F),
    (["a", "b", "c"], [("edge_if", "a", "b"), ("edge_if", "a", "c")], 0x0BA60E5815D1791E),
]


def hashed(names, edges):
    """The canonical hash of a graph given as data."""
    g = built(*names)
    for kind, a, b in edges:
        more = [lambda s: True] if kind == "edge_if" else []
        getattr(g, kind)(a, b, *more)
    return g.start(names[0]).end(names[-1]).build().canonical_hash


@pytest.mark.parametrize(("names", "edges", "golden"), GOLDEN)
def test_the_canonical_hash_is_the_golden_one(names, edges, golden):
    """G6: FNV-1a over names and edges, the same in every language."""
    assert hashed(names, edges) == golden


def test_the_canonical_hash_does_not_depend_on_the_order():
    """G6: names and edge texts are sorted."""
    names, edges, golden = GOLDEN[-1]

    assert hashed(names[::-1], edges[::-1]) == golden


def test_the_canonical_hash_does_not_depend_on_code():
    """G6: new code for a node is the same graph."""

    def other(ctx):
        return {"n": 2}

    graph = steps("a", "b")

    assert graph.patched({"a": other}).canonical_hash == graph.canonical_hash


def test_the_builder_may_override_the_canonical_hash():
    """G6: any 64-bit number, and nothing else."""
    g = built("a").start("a").end("a")

    assert g.canonical_hash(7).build().canonical_hash == 7
    assert g.canonical_hash(2**64 - 1).build().patched({"a": note}).canonical_hash == 2**64 - 1
    with pytest.raises(GraphError):
        g.canonical_hash(2**64)
    with pytest.raises(GraphError):
        g.canonical_hash(-1)


def test_names_outside_ascii_are_hashed_as_utf_8():
    """G6: FNV-1a over the UTF-8 text."""
    text = 'é,ü|é->ü""'.encode()
    expected = 0xCBF29CE484222325
    for byte in text:
        expected = (expected ^ byte) * 0x100000001B3 % 2**64

    assert hashed(["é", "ü"], [("edge", "é", "ü")]) == expected


def test_patching_keeps_names_and_edges():
    """G7: new functions, the same shape; an unknown name lists those that are there."""

    def a(ctx):
        return {"n": 2}

    graph = chain(a, name="g")

    assert graph.patched({"a": lambda ctx: {"n": 3}}).run().state == {"n": 3}
    assert graph.run().state == {"n": 2}
    with pytest.raises(LookupError, match="Nodes: a"):
        graph.patched({"b": a})
    with pytest.raises(LookupError, match="There is no conditional edge"):
        graph.patched(edges={("a", "b"): lambda s: True})
