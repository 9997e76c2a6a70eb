"""Drawing without Graphviz: a graph that is nested deep, and a wide one."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.timing import calls

KEY = "drawing"
TITLE = "Drawing: `to_svg` of a graph nested 60 deep, and of a line of nodes"
HOW = "a graph that was just built, which remembers nothing; median of the calls in a process"
COLUMNS = (Column("us", "to_svg", "us"), Column("bytes", "its bytes", "bytes"))
DEBUGGER = "lellm_nb Debugger"


def figures(short: bool) -> list[Figure]:
    """One nested deep, with two nodes and a way back in each level; one long."""
    runs = 1 if short else 5
    return [
        Figure(KEY, DEBUGGER, "nested 60 deep", {"deep": 60, "runs": runs}),
        Figure(KEY, DEBUGGER, "a line of 300 nodes", {"line": 300, "runs": runs}),
    ]


def measure(_subject: str, runs: int, deep: int = 0, line: int = 0) -> dict[str, float]:
    """Draw it, and weigh the picture."""
    made = [_nested(deep) if deep else _line(line) for _ in range(runs + 1)]
    size = len(made[0].to_svg())
    return {"us": calls(lambda: made.pop().to_svg(), runs), "bytes": size}


def _nested(deep: int) -> Any:
    from lellm_nb import GraphBuilder

    graph = GraphBuilder("innermost").node("a", _nothing).start("a").end("a").build()
    for level in range(deep):
        g = GraphBuilder(f"level {level}").node("before", _nothing).subgraph("inside", graph)
        g.node("after", _nothing).edge("before", "inside").edge("inside", "after")
        g.edge_if("after", "before", lambda state: False).node("end", _nothing)
        graph = g.edge_fallback("after", "end").start("before").end("end").build()
    return graph


def _line(nodes: int) -> Any:
    from lellm_nb import GraphBuilder

    g = GraphBuilder("line")
    for i in range(nodes):
        g.node(f"n{i}", _nothing)
        if i:
            g.edge(f"n{i - 1}", f"n{i}")
    return g.start("n0").end(f"n{nodes - 1}").build()


def _nothing(ctx: Any) -> None:
    return None
