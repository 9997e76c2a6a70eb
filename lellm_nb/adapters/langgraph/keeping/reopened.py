"""A LangGraph run that was kept: gone on with from what a store has of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lellm_nb.adapters.langgraph.driving.app import App
from lellm_nb.adapters.langgraph.keeping.parts import LangGraphParts
from lellm_nb.adapters.langgraph.keeping.stored_types import declare_schemas
from lellm_nb.adapters.langgraph.position.facts import GraphFacts
from lellm_nb.adapters.langgraph.position.level import At
from lellm_nb.adapters.langgraph.position.standing import Standing
from lellm_nb.adapters.langgraph.shape import LangGraphShape, shape_of
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.graph.walk import graph_at, levels
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line
from lellm_nb.session.head import Head

__all__ = ["Reopening"]


Stands = Callable[["Reopening", History, Line, Frame], Head]


class Reopening:
    """A compiled graph with which a kept run is gone on with.

    Args:
        stands: Makes the session that stands at a frame of what was read.
        compiled: The user's graph.
        config, context, stream: As for a new run.

    Attributes:
        graph: Its shape.
        app, facts: The graph with what it is called with, and what it says of its levels.
        parts: How positions are made of what a store has of them.
    """

    def __init__(
        self,
        stands: Stands,
        compiled: Any,
        *,
        config: Any = None,
        context: Any = None,
        stream: bool = True,
    ) -> None:
        self._stands = stands
        self.graph: LangGraphShape = shape_of(compiled)
        self.app = App(compiled, config, context, stream=stream)
        declare_schemas(self.app.graph)
        self.facts = GraphFacts(self.app.graph, self.app.compiled)
        self.parts = LangGraphParts(Standing(self.facts), [0])

    def session(self, history: History, line: Line, head: Frame, *, learned: Any) -> Head:
        """Return a session that stands at a frame of what was read.

        Args:
            learned: The graph as the run had come to know it.

        Raises:
            CheckpointStoreError: It is no run of a graph of LangGraph.
        """
        # where the head alone is damaged it is looked at, and gone on from an earlier frame
        if not any(isinstance(frame.position.native, At) for frame in (head, line[0])):
            raise CheckpointStoreError(
                "This is no run of a graph of LangGraph: give the graph that it is of."
            )
        relearn(self.graph, learned)
        return self._stands(self, history, line, head)


def relearn(shape: LangGraphShape, learned: Any) -> None:
    """Teach a graph what an earlier run of it had come to know."""
    for path, level in levels(learned):
        prefix = f"{path}/" if path else ""
        own = _level(shape, path)
        known = {} if own is None else own.nodes
        handled = [n.removesuffix(".error") for n in level.nodes if n.endswith(".error")]
        for name in handled:
            if f"{name}.error" not in known:
                shape.learn_handler(f"{prefix}{name}")
        if path:
            shape.learn_level(path, [name for name in level.nodes if name not in known])
        for edge in level.edges:
            if edge.kind == "goto":
                shape.learned(f"{prefix}{edge.source}", edge.target)


def _level(shape: LangGraphShape, path: str) -> Any:
    try:
        return graph_at(shape, path)
    except KeyError:  # a graph that only a run tells of
        return None
