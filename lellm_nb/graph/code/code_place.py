"""Where a graph holds code of the user's, and how other code is put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lellm_nb.errors import NoSuchNodeError
from lellm_nb.graph.code.code_name import Code, code_of
from lellm_nb.graph.code.code_version import note_user
from lellm_nb.graph.node import (
    Condition,
    Custom,
    Node,
    Parallel,
    Subgraph,
    Task,
    make_node,
    recomposed,
)
from lellm_nb.graph.walk import graph_at
from lellm_nb.state.lens import IdentityLens, KeyLens
from lellm_nb.state.merge import FunctionMerge

__all__ = ["EDGE", "PATCHED", "REDUCER", "TOOL", "CodePlace", "code_places", "code_places_of"]
__all__ += ["condition_at", "named_code", "note_users", "with_code"]

NODE, CASE, EDGE, MERGE, LENS = "", "case", "edge", "merge", "lens"
BACKOFF, RETRY, REDUCER, TOOL = "backoff", "retry", "reducer", "tool"
PATCHED = (NODE, MERGE, LENS)
"""What `patch` exchanges where it is given the path of a node."""


class CodePlace(NamedTuple):
    """One place of code in a graph, or in a nest of graphs.

    Attributes:
        path: Of the node; of a condition, the node that it leads away from; of a reducer, the
            node that its graph starts with.
        part: Empty for what a node runs; ``"edge"`` or ``"case"`` for a condition of an edge or
            of a Condition; ``"merge"`` of a Parallel, ``"lens"`` of a subgraph, ``"backoff"`` of
            a node with retries, ``"retry"`` of one whose `Retry` asks a function of the error,
            ``"reducer"`` of a graph's key, ``"tool"`` of a node of tools.
        target: Where the condition leads; the reducer's key, or the tool's name.
        number: Which of the graph's edges, or of the Condition's cases, it is.

    Example:
        >>> str(CodePlace("agent/llm")), str(CodePlace("agent/llm", "edge", "done"))
        ('agent/llm', 'agent/llm -> done')
    """

    path: str
    part: str = NODE
    target: str = ""
    number: int = 0

    @property
    def is_condition(self) -> bool:
        """Whether it decides which way is taken, and is run after its node."""
        return self.part in (CASE, EDGE)

    @property
    def leads(self) -> bool:
        """Whether it makes what the frames of its node show, beside what the node runs."""
        return self.part in (CASE, EDGE, MERGE, LENS, TOOL)

    def at(self, path: str) -> CodePlace:
        """Return the same place, seen from another graph of the nest."""
        return CodePlace(path, self.part, self.target, self.number)

    def __str__(self) -> str:
        if self.is_condition:
            return f"{self.path} -> {self.target}"
        if self.part == REDUCER:
            return f"reducer of {self.target}"
        if self.part == TOOL:
            return f"tool {self.target} of {self.path}"
        return f"{self.part} of {self.path}" if self.part else self.path


def code_places(graph: Any) -> Iterator[tuple[CodePlace, Any]]:
    """Walk the code of a graph, but not of the graphs inside of it."""
    for name, node in graph.nodes.items():
        yield from _in_node(name, node)
    for number, edge in enumerate(graph.edges):
        predicate = getattr(edge, "predicate", None)
        if predicate is not None:
            yield CodePlace(edge.source, EDGE, edge.target, number), predicate
    for key, reducer in graph.reducers.items():
        if not reducer.ready_made:
            yield CodePlace(graph.start, REDUCER, key), reducer.function


def code_places_of(node: Any) -> Iterator[tuple[CodePlace, Any]]:
    """Walk the code of one node, but not of what is inside of it."""
    return ((place, code) for place, code in _in_node("", node) if not place.path)


def _in_node(path: str, node: Any) -> Iterator[tuple[CodePlace, Any]]:
    if isinstance(node, Task):
        yield CodePlace(path), node.fn
        if callable(node.backoff):
            yield CodePlace(path, BACKOFF), node.backoff
        if node.retry is not None and callable(node.retry.on):
            yield CodePlace(path, RETRY), node.retry.on
    elif isinstance(node, Custom):
        yield CodePlace(path), node.target
    elif isinstance(node, Condition):
        for number, (target, predicate) in enumerate(node.cases):
            yield CodePlace(path, CASE, target, number), predicate
    elif isinstance(node, Subgraph):
        if type(node.lens) not in (IdentityLens, KeyLens):
            yield CodePlace(path, LENS), node.lens
    elif isinstance(node, Parallel):
        own = type(node.merge) is FunctionMerge
        yield CodePlace(path, MERGE), node.merge.function if own else node.merge
        for name, branch in node.branches.items():
            yield from _in_node(f"{path}/{name}", branch)
    elif getattr(node, "fn", None) is not None:  # of another engine
        yield CodePlace(path), node.fn


def condition_at(graph: Any, source: str, target: str) -> CodePlace:
    """Return the place of the condition of an edge, or of a case of a Condition.

    Raises:
        NoSuchNodeError: There is none.
    """
    level, slash, node = source.rpartition("/")
    known = []
    try:
        places = [place for place, _ in code_places(graph_at(graph, level))]
    except KeyError:
        places = []
    for place in places:
        if place.is_condition:
            if (place.path, place.target) == (node, target.rpartition("/")[2]):
                return place.at(source)
            known.append(f"{level}{slash}{place}")
    name = f"{source} -> {target}"
    asked = [edge.described for edge in getattr(graph, "edges", ()) if edge.for_decision]
    asked = [each for each in asked if each.startswith(f"{name} ")]
    problem = f"Edge {asked[0]} has no condition to replace." if asked else ""
    raise NoSuchNodeError(name, known, problem, kind="conditional edge")


def note_users(graph: Any) -> None:
    """Take note of whose code the functions of a graph are that was just built."""
    same = hash((graph.name, *graph.nodes))
    for place, value in code_places(graph):
        note_user(value, same, str(place))


def named_code(graph: Any, before: Mapping[CodePlace, Code]) -> dict[CodePlace, Code]:
    """Return the code of a graph that is found again by a name.

    Args:
        before: The same of the graph that this one was made of: what stayed means what it
            meant then.
    """
    found: dict[CodePlace, Code] = {}
    for place, value in graph.named_places:
        code = before.get(place)
        if code is None or code.value is not value:
            code = code_of(value, code)
        if code is not None:
            found[place] = code
    return found


def with_code(node: Node, path: str, codes: Mapping[CodePlace, Any]) -> Node:
    """Return a node, or a composite, with other code in it.

    Args:
        path: Of the node.
        codes: By their places, of which the paths begin with that of the node.

    Raises:
        NoSuchNodeError: Nothing is there.
    """
    below: dict[str, dict[CodePlace, Any]] = {}
    for place, code in codes.items():
        rest = place.path[len(path) + 1 :]
        if not rest:
            node = _PUT[place.part](node, place, code)
        elif isinstance(node, Subgraph):
            below.setdefault("", {})[place.at(rest)] = code
        elif isinstance(node, Parallel):
            below.setdefault(rest.partition("/")[0], {})[place] = code
        else:
            raise NoSuchNodeError(rest, (), f"Node {node.name!r} has nothing inside.")
    if isinstance(node, Subgraph) and below:
        return replace(node, graph=node.graph.recoded(below[""]))
    if isinstance(node, Parallel) and below:
        branches = dict(node.branches)
        for name, inside in below.items():
            if name not in branches:
                raise NoSuchNodeError(name, branches)
            branches[name] = with_code(branches[name], f"{path}/{name}", inside)
        return replace(node, branches=branches)
    return node


def _put_code(node: Any, place: CodePlace, code: Any) -> Node:
    composite = recomposed(node, code)
    if composite is not None:
        return composite
    if isinstance(node, Task) and callable(code):
        return replace(node, fn=code)
    made = make_node(node.name, code)
    if isinstance(node, Custom) and isinstance(made, Custom):
        return replace(node, target=code)
    return made


def _put_case(node: Condition, place: CodePlace, code: Any) -> Node:
    cases = list(node.cases)
    cases[place.number] = (place.target, code)
    return replace(node, cases=tuple(cases))


def _put_merge(node: Parallel, place: CodePlace, code: Any) -> Node:
    own = type(node.merge) is FunctionMerge
    return replace(node, merge=FunctionMerge(code) if own else code)


def _put_lens(node: Subgraph, place: CodePlace, code: Any) -> Node:
    return replace(node, lens=code)


def _put_backoff(node: Task, place: CodePlace, code: Any) -> Node:
    retry = None if node.retry is None else replace(node.retry, backoff=code)
    return replace(node, backoff=code, retry=retry)


def _put_retry(node: Task, place: CodePlace, code: Any) -> Node:
    return node if node.retry is None else replace(node, retry=replace(node.retry, on=code))


_PUT: Mapping[str, Callable[[Any, CodePlace, Any], Node]] = {
    NODE: _put_code,
    CASE: _put_case,
    MERGE: _put_merge,
    LENS: _put_lens,
    BACKOFF: _put_backoff,
    RETRY: _put_retry,
}
