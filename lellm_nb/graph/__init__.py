"""Graphs: nodes, edges, and what a barrier may be answered with. All frozen data."""

from lellm_nb.graph.builder import GraphBuilder
from lellm_nb.graph.decision import (
    Answer,
    Approve,
    Decision,
    DefaultAction,
    Modify,
    Reject,
    Reroute,
)
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Barrier, Condition, Parallel, Subgraph, Task
from lellm_nb.graph.question import Question
from lellm_nb.graph.retry import Retry

__all__ = [
    "Answer",
    "Approve",
    "Barrier",
    "Condition",
    "Decision",
    "DefaultAction",
    "Edge",
    "Graph",
    "GraphBuilder",
    "Modify",
    "Parallel",
    "Question",
    "Reject",
    "Reroute",
    "Retry",
    "Route",
    "Subgraph",
    "Task",
]
