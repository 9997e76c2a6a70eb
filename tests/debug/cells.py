"""A notebook to define things in, and to define them again; graphs of what it defines."""

from __future__ import annotations

import itertools
import types

from lellm_nb import GraphBuilder

_count = itertools.count()


class Cells:
    """The namespace of a notebook: `cells("code")` runs a cell, `cells.name` is what it defined."""

    def __init__(self, code: str = "", **given) -> None:
        self._module = types.ModuleType(f"a_notebook_{next(_count)}")
        self._module.__dict__.update(given)
        self(code)

    def __call__(self, code: str) -> None:
        exec(compile(code, "<cell>", "exec", dont_inherit=True), self._module.__dict__)

    def __getattr__(self, name: str):
        return getattr(self._module, name)


def row(**nodes):
    """A graph of nodes, one after another."""
    g = GraphBuilder("g")
    for name, code in nodes.items():
        g.node(name, code)
    for a, b in itertools.pairwise(nodes):
        g.edge(a, b)
    return g.start(next(iter(nodes))).end(next(reversed(nodes))).build()


def only(code):
    """A graph of one node."""
    return row(work=code)


def ran(dbg):
    """What a run writes, from its start on."""
    dbg.rewind(0)
    dbg.run()
    return dict(dbg.state)
