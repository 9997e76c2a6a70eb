"""A compiled graph made ready to be driven: with our saver, and nothing of the user's changed."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from langchain_core.runnables.config import merge_configs
from langgraph.channels import UntrackedValue
from langgraph.pregel import Pregel
from langgraph.pregel.protocol import StreamProtocol
from langgraph.runtime import Runtime

from lellm_nb.adapters.langgraph.checks import returns_streamed
from lellm_nb.adapters.langgraph.driving.cached import HeardCache
from lellm_nb.adapters.langgraph.driving.gate import Porter, gate_of
from lellm_nb.adapters.langgraph.driving.inside import clean_context, speaker
from lellm_nb.adapters.langgraph.position.channels import KeptUntracked

__all__ = ["App"]


def prepared(graph: Any) -> Any:
    """Return a graph in which every value is kept and no static interrupt stops it by itself."""
    channels, nodes = dict(graph.channels), dict(graph.nodes)
    for key, channel in channels.items():
        if isinstance(channel, UntrackedValue):
            channels[key] = KeptUntracked(channel.typ, key)
            channels[key].guard = channel.guard
    for name, node in nodes.items():
        if isinstance(node.bound, Pregel):
            inner = prepared(node.bound)
            if inner is not node.bound:
                nodes[name] = node.copy({"bound": inner, "subgraphs": [inner]})
    update: dict[str, Any] = {}
    if any(channels[key] is not graph.channels[key] for key in channels):
        update["channels"] = channels
    if any(nodes[name] is not graph.nodes[name] for name in nodes):
        update["nodes"] = nodes
    if graph.cache is not None:
        update["cache"] = HeardCache(graph.cache)
    if graph.interrupt_before_nodes:
        update["interrupt_before_nodes"] = []
    if graph.interrupt_after_nodes:
        update["interrupt_after_nodes"] = []
    return graph.copy(update=update) if update else graph


_STREAM, _RUNTIME = "__pregel_stream", "__pregel_runtime"
"""Where a graph finds the stream and the runtime of what runs around it.

One that finds both writes its chunks there, as do all that are called inside of it, and nobody
has to look for chunks while tasks run: asking for a stream costs a fifth of a step.
"""


def _unheard(chunk: Any) -> None:
    """Take a chunk that no task of a drive writes."""


class App:
    """A graph with what it is called with.

    Args:
        compiled: The user's graph.
        config: The user's, with callbacks and all.
        context: The run's context, where the graph has a schema for one.
        stream: Whether models stream what they write.
    """

    def __init__(self, compiled: Any, config: Any, context: Any, *, stream: bool) -> None:
        self.compiled = compiled
        self.graph = prepared(compiled)
        self.config = dict(config or {})
        own = dict(self.config.get("configurable") or {})
        own.pop("checkpoint_id", None)  # an addressed checkpoint has LangGraph fork and rename
        runtime: Runtime[Any] = Runtime(store=self.graph.store, stream_writer=speaker(_unheard))
        heard = {_STREAM: StreamProtocol(_unheard, set()), _RUNTIME: runtime}
        self.config["configurable"] = {"thread_id": "lellm", **own, **heard}
        self.context = context
        self.stream = stream
        self.limit = int(self.config.get("recursion_limit", 25))

    def of(self, compiled: Any) -> App:
        """Return the same call of another graph."""
        return App(compiled, self.config, self.context, stream=self.stream)

    def call(self, porter: Porter, limit: int) -> tuple[Any, dict[str, Any]]:
        """Return the config and the options of one go.

        Args:
            porter: Who tasks ask, by a handler that comes first, so that nobody else hears of a
                task that is held.
            limit: The super-steps after which LangGraph itself gives up.
        """
        own: Any = self.config
        given: Any = own.get("callbacks") or ()
        others = getattr(given, "handlers", given)
        streams = self.stream and returns_streamed()
        gate = gate_of(porter, stream=streams, others=list(others))
        merged: Any = ({"callbacks": [gate]}, own, {"recursion_limit": limit})
        # where a node calls this, LangChain would mix in what that node was called with
        config: Any = clean_context(copy_context()).run(merge_configs, *merged)
        by_mode = self.stream and not streams
        options: dict[str, Any] = {"stream_mode": ["messages"] if by_mode else []}
        if self.context is not None:
            options["context"] = self.context
        return config, options
