"""A compiled LangGraph graph as the debugger's front ends ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from types import MappingProxyType
from typing import Any

from langgraph.constants import START
from langgraph.pregel import Pregel

from lellm_nb.adapters.langgraph.compiled.following import followed_code, named_places
from lellm_nb.adapters.langgraph.compiled.nesting import called_graph, tasks_of
from lellm_nb.adapters.langgraph.compiled.nodes import LangGraphNode, function_of
from lellm_nb.adapters.langgraph.compiled.patching import recompiled
from lellm_nb.adapters.langgraph.compiled.wiring import Wiring, handlers_of, wiring_of
from lellm_nb.adapters.langgraph.position.channels import reducers_of, visible_channels
from lellm_nb.errors import GraphError
from lellm_nb.graph.analysis import Analysis, about_reach, after_runs
from lellm_nb.graph.code.code_name import Code
from lellm_nb.graph.code.code_place import CodePlace, note_users
from lellm_nb.graph.drawing.drawn_shape import DrawnShape
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.shapes.canonical_hash import canonical_hash
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.graph.walk import levels, node_at
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["LangGraphShape", "shape_of"]


class LangGraphShape(DrawnShape):
    """What a compiled graph looks like, with every graph in it; made by `shape_of`.

    It learns while the graph runs: which way a `Command` or a `Send` went, and what is in a graph
    that a function calls. What it has learned is no part of its hash and its fingerprint. Readers
    may look at any time: what changes is replaced, and never half made.

    Attributes:
        name: For people, and for `frame.graph_id`.
        compiled: The graph; `None` of one that was met at run time only.
        called: Whether a function calls it, so that nothing in it can be exchanged from outside.
        nodes: Name to node; neither START nor END is one.
        edges: Those that are declared, then those that were learned.
        start: The node that START leads to; empty where there are several, or a function chooses.
        starts, ends: All nodes that START may lead to, and those after which it may be at its end.
        state_keys: The names of the channels that are its state.
        reducers: The rules of the channels that do not just hold what was written last.
        code: The code in it that is followed by a name (SEMANTICS G9); graphs inside have theirs.
        version: Grows with everything that is learned, in any graph of the nest.
    """

    end = ""
    error_routes: Mapping[str, str] = MappingProxyType({})
    enforce_max_visits = False

    def __init__(
        self,
        name: str,
        nodes: Iterable[LangGraphNode],
        wiring: Wiring,
        compiled: Any = None,
        *,
        called: bool = False,
    ) -> None:
        self.name = name
        self.compiled = compiled
        self.called = called
        self.nodes: Mapping[str, LangGraphNode] = MappingProxyType({n.name: n for n in nodes})
        self.edges = (*wiring.edges, *map(_to_handler, filter(self._shows_handler, self.nodes)))
        self.start = "" if wiring.routed or len(wiring.starts) != 1 else wiring.starts[0]
        self._wiring = wiring
        self.state_keys = () if compiled is None else visible_channels(compiled)
        self.reducers = ReducerRegistry() if compiled is None else reducers_of(compiled)
        self.canonical_hash = canonical_hash(self.nodes, self.edges)
        self.fingerprint = Fingerprint.of(self)
        self.code: Mapping[CodePlace, Code] = {}
        self.version = 0
        self._lessons: list[tuple[str, tuple[Any, ...]]] = []
        self._learning = RLock()

    @property
    def starts(self) -> tuple[str, ...]:
        return self._wiring.starts

    @property
    def ends(self) -> tuple[str, ...]:
        return self._wiring.ends

    def _shows_handler(self, name: str) -> bool:
        return bool(self.nodes[name].error_handler) and _handler_name(name) in self.nodes

    def level(self, path: str) -> Any:
        """Return the compiled graph of the level at a path; `None` where it is not known.

        Args:
            path: Of the node that the graph is in, without visits; empty for the outermost.
        """
        found = self._shape_at(path)
        return None if found is None else found.compiled

    def _shape_at(self, path: str) -> LangGraphShape | None:
        if not path:
            return self
        found: LangGraphShape | None = getattr(node_at(self, path), "graph", None)
        return found

    # -- learning ----------------------------------------------------------------

    def learned(self, source: str, target: str) -> bool:
        """Take note that a run went from one node to another; tell whether no edge said so.

        Args:
            source: A path; what it has of visits is left out of account.
            target: A name in the same graph.
        """
        level, _, name = source.rpartition("/")
        name = name.partition("#")[0]
        with self._learning:
            graph = self._shape_at(level)
            if graph is None or not {name, target} <= graph.nodes.keys():
                return False
            if any((edge.source, edge.target) == (name, target) for edge in graph.edges):
                return False
            graph.edges = (*graph.edges, Edge(name, target, "goto"))
            return self._noted("learned", source, target)

    def learn_level(self, path: str, names: Iterable[str]) -> bool:
        """Take note of nodes that ran inside of a node; tell whether they were not known.

        Args:
            path: Of the node that they ran in.
        """
        names = list(names)
        with self._learning:
            node = node_at(self, path)
            if node is None:
                return False
            graph: LangGraphShape | None = node.graph
            known = {} if graph is None else graph.nodes
            fresh = [name for name in dict.fromkeys(names) if name not in known]
            if not fresh:
                return False
            made = [LangGraphNode(name, tasks_of(node.fn).get(name)) for name in fresh]
            if graph is None:
                node.graph = LangGraphShape(node.name, made, Wiring(), called=True)
            else:
                graph.nodes = MappingProxyType({**graph.nodes, **{n.name: n for n in made}})
            return self._noted("learn_level", path, names)

    def learn_handler(self, path: str) -> bool:
        """Take note that a node's error handler ran; tell whether it was not there to see.

        Args:
            path: Of the node that failed.
        """
        with self._learning:
            graph, node = self._shape_at(path.rpartition("/")[0]), node_at(self, path)
            if graph is None or node is None or _handler_name(node.name) in graph.nodes:
                return False
            made = _handler(graph.compiled, node.name, node.error_handler)
            graph.nodes = MappingProxyType({**graph.nodes, made.name: made})
            graph.edges = (*graph.edges, _to_handler(node.name))
            return self._noted("learn_handler", path)

    def _noted(self, what: str, *given: Any) -> bool:
        self._lessons.append((what, given))
        self.version += 1
        return True

    # -- other code --------------------------------------------------------------

    @property
    def named_places(self) -> Sequence[tuple[CodePlace, Any]]:
        """The code in it that a name may lead to, now or later."""
        return named_places(self)

    def patched(
        self,
        nodes: Mapping[str, Any] | None = None,
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> LangGraphShape:
        """Return the same graph, compiled anew with other functions in it.

        Args:
            nodes: Path (``sub/llm``) to the function, or the Runnable, that replaces its own.
            edges: Nothing: which way LangGraph goes is up to functions that it keeps to itself.

        Raises:
            NoSuchNodeError: There is no such node.
            GraphError: It is in a graph that a function calls, or edges were given.
        """
        for source, target in edges or ():
            raise GraphError(
                f"The way {source} -> {target} is chosen inside of LangGraph, which has no"
                f" condition to replace: patch node {source!r}, or reroute at a barrier."
            )
        return self.recoded({CodePlace(path): code for path, code in (nodes or {}).items()})

    def recoded(self, codes: Mapping[CodePlace, Any]) -> LangGraphShape:
        """Return the same graph with other code at some places of it, or of graphs inside.

        Raises:
            NoSuchNodeError, GraphError: As for `patched`.
        """
        made = shape_of(recompiled(self, codes))
        before = {path: level.code for path, level in levels(self)}
        for path, level in levels(made):
            level.code = followed_code(level, before.get(path, {}))
        for what, given in list(self._lessons):
            getattr(made, what)(*given)
        return made

    # -- looking -----------------------------------------------------------------

    def analyze(self, runs: Any = None) -> Analysis:
        """Return what looks odd: nodes that no edge leads to, where all of them are declared.

        Args:
            runs: As for `Graph.analyze`.
        """
        found = () if self._wiring.open else about_reach(self)
        say = "no edge that is declared leads to node {}: only a Command or a Send can"
        said = Analysis(tuple(replace(odd, message=say.format(*odd.nodes)) for odd in found))
        return after_runs(self, said, runs)

    def __repr__(self) -> str:
        size = f"{len(self.nodes)} nodes, {len(self.edges)} edges"
        return f"<LangGraphShape {self.name!r}: {size}>"


def shape_of(compiled: Any) -> LangGraphShape:
    """Return the shape of a compiled graph: of a `StateGraph`, an ``@entrypoint``, a raw `Pregel`.

    Example:
        >>> from langgraph.graph import MessagesState, StateGraph
        >>> g = StateGraph(MessagesState).add_node("a", lambda s: None).add_edge(START, "a")
        >>> shape = shape_of(g.compile(name="agent"))
        >>> shape, list(shape.nodes), shape.start, shape.state_keys
        (<LangGraphShape 'agent': 1 nodes, 0 edges>, ['a'], 'a', ('messages',))
    """
    made = _shape(compiled, (), called=False)
    for _, level in levels(made):
        note_users(level)
        level.code = followed_code(level, {})  # what the names mean now
    return made


def _shape(compiled: Any, around: tuple[Any, ...], *, called: bool) -> LangGraphShape:
    wiring, handlers = wiring_of(compiled), handlers_of(compiled)
    shared = {h for h in handlers.values() if list(handlers.values()).count(h) > 1}
    nodes = []
    for key, node in compiled.nodes.items():
        if key == START or key in handlers.values():
            continue
        handler = handlers.get(key, "")
        graph = _inside(key, node, (*around, compiled), called)
        made = LangGraphNode(key, node.bound, key, graph=graph, error_handler=handler)
        made.defer = key in wiring.deferred
        nodes.append(made)
        if handler and handler not in shared:
            nodes.append(_handler(compiled, key, handler))
    name = str(getattr(compiled, "name", "") or "LangGraph")
    return LangGraphShape(name, nodes, wiring, compiled, called=called)


def _inside(name: str, node: Any, around: tuple[Any, ...], called: bool) -> LangGraphShape | None:
    """Return the graph inside of a node: that which it is, or calls, or the tasks it calls."""
    if isinstance(node.bound, Pregel):
        return _shape(node.bound, around, called=called)
    graph = called_graph(node, around)
    if graph is not None:
        return _shape(graph, around, called=True)
    tasks = tasks_of(function_of(node.bound))
    nodes = [LangGraphNode(task, function) for task, function in tasks.items()]
    return LangGraphShape(name, nodes, Wiring(), called=True) if nodes else None


def _handler_name(name: str) -> str:
    return f"{name}.error"


def _handler(compiled: Any, name: str, handler: str) -> LangGraphNode:
    nodes = {} if compiled is None else compiled.nodes
    bound = nodes[handler].bound if handler in nodes else None
    return LangGraphNode(_handler_name(name), bound, handler)


def _to_handler(name: str) -> Edge:
    return Edge(name, _handler_name(name), "error")
