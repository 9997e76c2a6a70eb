"""A graph's outline as data: enough to show a run without its graph, and not to run it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError, ExpressionError, GraphError, StateError
from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.edge import Edge
from lellm_nb.graph.fingerprint import Fingerprint
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.item_branches import EACH, ItemBranches
from lellm_nb.graph.node import Barrier, Condition, Map, Node, Parallel, Subgraph, Task
from lellm_nb.graph.noted_shape import NotedNode, NotedShape
from lellm_nb.graph.placeholder import unknown_code
from lellm_nb.graph.question import Question
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import DEEP
from lellm_nb.state.expression.expression import Expression
from lellm_nb.state.lens import IdentityLens, KeyLens
from lellm_nb.state.merge import MergeMutations
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.registry import ReducerRegistry

__all__ = ["fingerprint_form", "graph_facts", "graph_form", "read_fingerprint", "read_graph"]


def graph_facts(graph: Any) -> dict[str, Any]:
    """Return what is noted of a graph at the beginning of a run."""
    return {
        "graph": graph.name,
        "hash": f"{graph.canonical_hash:#018x}",
        "shape": fingerprint_form(graph.fingerprint),
        "outline": graph_form(graph),
    }


def fingerprint_form(looked: Fingerprint) -> list[Any]:
    """Return a fingerprint as JSON data; see `read_fingerprint`."""
    return [list(looked.nodes), list(looked.ends), list(looked.edges)]


def read_fingerprint(form: Any) -> Fingerprint:
    """Return the fingerprint of what was noted.

    Raises:
        CorruptedCheckpointError: It is damaged.
    """
    try:
        nodes, ends, edges = (tuple(tuple(row) for row in rows) for rows in form)
        return Fingerprint(nodes, ends, edges)
    except DAMAGE as error:
        raise CorruptedCheckpointError(f"A damaged fingerprint: {error}.") from error


def graph_form(graph: Any) -> dict[str, Any]:
    """Return a graph's outline as JSON data: of one of ours, or of a shape of another library's."""
    if not isinstance(graph, Graph):
        return _shape_form(graph)
    form = {
        "name": graph.name,
        "start": graph.start,
        "end": graph.end,
        "nodes": [_node_form(name, node) for name, node in graph.nodes.items()],
        "edges": [[e.source, e.target, e.kind, e.max_visits] for e in graph.edges],
        "errors": dict(graph.error_routes),
        "limits": graph.enforce_max_visits,
    }
    texts = _texts(e.predicate for e in graph.edges)
    return {**form, "texts": texts} if texts else form


def _texts(asked: Iterable[Any]) -> dict[str, str]:
    """Return conditions that are expressions, by their place among others."""
    return {str(i): one.text for i, one in enumerate(asked) if isinstance(one, Expression)}


def _asked(texts: Any, number: int) -> Any:
    """Return a condition: the expression that was stored, if it is one; else what is not known."""
    text = texts.get(str(number)) if isinstance(texts, dict) else None
    if not isinstance(text, str) or "[redacted" in text:  # without its secret it says another thing
        return unknown_code
    try:
        return Expression(text)
    except ExpressionError:
        return unknown_code


def _node_form(name: str, node: Node) -> list[Any]:
    more: dict[str, Any] = {}
    if isinstance(node, Subgraph):
        lens = node.lens
        more = {"graph": graph_form(node.graph), "max_steps": node.max_steps}
        if isinstance(lens, KeyLens):
            more["key"] = lens.key
        elif not isinstance(lens, IdentityLens):
            more["lens"] = True
    elif isinstance(node, Parallel):
        more = {"branches": [_node_form(b, inner) for b, inner in node.branches.items()]}
        more["on_error"] = node.on_error
        if isinstance(node, Map):
            over = None if callable(node.over) else list(parts_of(node.over))
            more |= {"over": over, "into": node.into, "as": node.as_, "limit": node.limit}
    elif isinstance(node, Barrier):
        more = {
            "timeout": node.timeout,
            "default": node.default_action.value,
            "keys": [node.approve_key, node.reject_key],
        }
        if node.show:
            more["show"] = [list(parts_of(key)) for key in node.show]
        if node.ask is not None:
            more["ask"] = _question_form(node.ask)
    elif isinstance(node, Condition):
        more = {"cases": [target for target, _ in node.cases]}
        if texts := _texts(ask for _, ask in node.cases):
            more["texts"] = texts
    elif node.goto:
        more = {"goto": list(node.goto)}
    return [name, node.kind, more]


def _question_form(ask: Question) -> dict[str, Any]:
    form: dict[str, Any] = {"text": ask.text}
    if ask.choices is not None:
        form["choices"], form["labels"] = list(ask.choices), list(ask.labels)
    if ask.schema is not None:
        form["schema"] = ask.schema
    return form


def _read_question(form: Any) -> Question:
    choices, schema = form.get("choices"), form.get("schema")
    if not isinstance(choices, list | None) or not isinstance(schema, dict | None):
        raise ValueError("a question is neither a choice nor a form")
    labels = [str(label) for label in form.get("labels", ())]
    return Question.noted(str(form["text"]), choices, labels, schema)


def _shape_form(graph: Any) -> dict[str, Any]:
    return {
        "shape": 1,
        "name": graph.name,
        "start": graph.start,
        "starts": list(graph.starts),
        "ends": list(graph.ends),
        "keys": list(graph.state_keys),
        "nodes": [_part_form(name, node) for name, node in graph.nodes.items()],
        "edges": [[e.source, e.target, e.kind, e.max_visits] for e in graph.edges],
    }


def _part_form(name: str, node: Any) -> list[Any]:
    more: dict[str, Any] = {}
    if node.graph is not None:
        more = {"graph": _shape_form(node.graph), "shares": node.lens is not None}
    if node.defer:
        more["defer"] = True
    if node.error_handler:
        more["handler"] = node.error_handler
    return [name, more]


def _read_shape(form: Any, hash: int, depth: int) -> NotedShape:
    nodes = [
        NotedNode(
            str(name),
            _read_shape(more["graph"], 0, depth + 1) if "graph" in more else None,
            shares=more.get("shares") is True,
            defer=more.get("defer") is True,
            error_handler=str(more.get("handler", "")),
        )
        for name, more in form["nodes"]
    ]
    known = {node.name for node in nodes}
    edges = [Edge(str(a), str(b), str(kind), None, limit) for a, b, kind, limit in form["edges"]]
    starts, ends, keys = (list(map(str, form[key])) for key in ("starts", "ends", "keys"))
    if depth > DEEP or not known.issuperset(n for e in edges for n in (e.source, e.target)):
        raise ValueError("it nests too deeply, or an edge names no node")
    if not known.issuperset([*starts, *ends]):
        raise ValueError("it begins or ends nowhere")
    name, start = str(form["name"]), str(form["start"])
    return NotedShape(name, nodes, edges, start, starts, ends, keys=keys, hash=hash)


def read_graph(form: Any, hash: int, depth: int = 0) -> Any:
    """Return a graph that has the shape of a stored one, and none of its code.

    Raises:
        CorruptedCheckpointError: The data is damaged.
    """
    try:
        if depth > DEEP:
            raise ValueError("it nests too deeply")
        if isinstance(form, dict) and form.get("shape") == 1:
            return _read_shape(form, hash, depth)
        nodes = {str(row[0]): _read_node(row, depth) for row in form["nodes"]}
        texts = form.get("texts")
        edges = tuple(
            Edge(source, target, kind, _asked(texts, i) if kind == "conditional" else None, limit)
            for i, (source, target, kind, limit) in enumerate(form["edges"])
        )
        ends = [name for edge in edges for name in (edge.source, edge.target)]
        if not {form["start"], form["end"], *ends} <= nodes.keys():
            raise ValueError("an edge names no node")
        return Graph(
            str(form["name"]),
            nodes,
            edges,
            form["start"],
            form["end"],
            reducers=ReducerRegistry(),
            error_routes=form["errors"],
            enforce_max_visits=bool(form["limits"]),
            hash_override=hash,
        )
    except (*DAMAGE, GraphError, StateError) as error:
        raise CorruptedCheckpointError(
            f"A damaged outline of a graph: {error_text(error)}."
        ) from error


def _read_node(row: Any, depth: int) -> Node:
    name, kind, more = row
    if kind == "subgraph":
        lens = KeyLens(str(more["key"])) if "key" in more else IdentityLens()
        inner = read_graph(more["graph"], 0, depth + 1)
        return Subgraph(name, inner, lens, int(more["max_steps"]))
    if kind in ("parallel", "map"):
        branches = {str(b[0]): _read_node(b, depth + 1) for b in more["branches"]}
        rest = (MergeMutations(), str(more["on_error"]))
        if kind == "parallel":
            return Parallel(name, branches, *rest)
        over = unknown_code if more["over"] is None else tuple(more["over"])
        into = None if more["into"] is None else str(more["into"])
        each = ItemBranches(branches[EACH])
        return Map(name, each, *rest, None, over, into, str(more["as"]), more["limit"])
    if kind == "barrier":
        approve, reject = more["keys"]
        default = DefaultAction(more["default"])
        show = tuple(tuple(path) for path in more.get("show", ()))
        ask = _read_question(more["ask"]) if "ask" in more else None
        keys = str(approve), str(reject)
        return Barrier(name, more["timeout"], default, *keys, show, ask)
    if kind == "condition":
        texts = more.get("texts")
        cases = ((str(target), _asked(texts, i)) for i, target in enumerate(more["cases"]))
        return Condition(name, tuple(cases))
    if kind != "task":
        raise ValueError(f"unknown kind {kind!r}")
    return Task(name, unknown_code, tuple(map(str, more.get("goto", ()))))
