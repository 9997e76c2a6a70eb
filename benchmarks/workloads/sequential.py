"""sequential, of LangGraph's suite: a line of nodes that do nothing."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import Figure
from benchmarks.shapes import Chain, Node
from benchmarks.workloads import suite

KEY = "sequential"
TITLE = "LangGraph's suite, sequential: a line of 10 or 1,000 no-op nodes, a checkpoint at each"
HOW = suite.HOW
COLUMNS = suite.COLUMNS


def figures(short: bool) -> list[Figure]:
    """Ten nodes, and a thousand."""
    return suite.figures(KEY, {"10": {"nodes": 10}, "1,000": {"nodes": 1000}}, short)


async def noop(_: Any) -> None:
    """Do nothing."""


def measure(subject: str, nodes: int, runs: int) -> dict[str, float]:
    """Time whole runs."""
    line = tuple(Node(f"node_{i}", noop, noop) for i in range(nodes))
    work = Chain(line, {"messages": []}, nodes, loop=False, append=frozenset({"messages"}))
    return suite.time_and_weigh(subject, lambda module, **how: module.prepare(work, **how), runs)
