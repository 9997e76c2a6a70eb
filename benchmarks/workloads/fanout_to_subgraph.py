"""fanout_to_subgraph, of LangGraph's suite: branches that are graphs of 12 node runs."""

from __future__ import annotations

from random import Random

from benchmarks.figures import Figure
from benchmarks.workloads import suite

KEY = "fanout_to_subgraph"
TITLE = (
    "LangGraph's suite, fanout_to_subgraph: 10 or 100 branches of 12 node runs over a"
    " 1,000-letter subject"
)
HOW = (
    suite.HOW + ". LangGraph and Burr keep nothing of the inner steps here; pydantic-graph 1.x"
    " has no branches: its one node gathers inner runs"
)
COLUMNS = suite.COLUMNS


def figures(short: bool) -> list[Figure]:
    """Ten subjects, and a hundred."""
    return suite.figures(KEY, {"10": {"branches": 10}, "100": {"branches": 100}}, short)


def measure(subject: str, branches: int, runs: int) -> dict[str, float]:
    """Time whole runs."""
    pick = Random(12)
    letters = "abcdefghijklmnopqrstuvwxyz"
    subjects = ["".join(pick.choices(letters, k=1000)) for _ in range(branches)]
    return suite.time_and_weigh(subject, lambda module, **how: module.jokes(subjects, **how), runs)
