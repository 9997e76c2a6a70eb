"""A session's stored form, and whether it fits a graph (SEMANTICS C2)."""

from __future__ import annotations

from enum import Enum

from lellm_nb.arguments import member
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import CheckpointStoreError, GraphMismatchError
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.node import Parallel, Subgraph
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.record.checkpoint import SessionCheckpoint
from lellm_nb.record.position import Fan, Position

__all__ = ["GraphHashMode", "SessionCheckpoint", "check_exists", "check_graph"]
__all__ += ["forced_text"]


class GraphHashMode(Enum):
    """What to do with a checkpoint of a graph of another shape."""

    STRICT = "strict"
    FORCE = "force"


def check_graph(
    expected: int, looked: Fingerprint | None, graph: Graph, mode: GraphHashMode
) -> str:
    """Return what a graph has differently from that of a checkpoint, in words.

    Args:
        expected: The hash of the checkpoint's graph.
        looked: What that looked like, where it is known.

    Raises:
        CheckpointStoreError: The mode is none.
        GraphMismatchError: It has another hash, and the mode is STRICT.
    """
    mode = member(mode, "mode", CheckpointStoreError, GraphHashMode)
    if expected == graph.canonical_hash:
        return ""
    changed = "" if looked is None else looked.diff(graph.fingerprint) or "only the hash"
    if mode is GraphHashMode.STRICT:
        raise GraphMismatchError(expected, graph.canonical_hash, changed)
    return changed or f"the hash was {expected:#018x} and is {graph.canonical_hash:#018x}"


def forced_text(changed: str) -> str:
    """Say that a run goes on with another graph."""
    return f"The run goes on with another graph than it began with. What changed: {changed}."


def check_exists(scope: Scope, position: Position) -> None:
    """Look whether every level of a position is in a graph.

    Raises:
        CheckpointStoreError: One is not; names it.
    """
    if position.node is None:
        return
    node = scope.graph.nodes.get(position.node)
    inner = position.inner
    kind = {Position: Subgraph, Fan: Parallel}.get(type(inner), object)
    if node is None or not isinstance(node, kind):
        raise CheckpointStoreError(
            f"The checkpoint stands at {scope.prefix}{position.node!r}, which this graph does"
            f" not have. Nodes there: {', '.join(scope.graph.nodes)}."
        )
    site = scope.site(position.node)
    if isinstance(inner, Position):
        check_exists(scope.child(site, position), inner)
    elif inner is not None:
        for name, branch in inner.branches.items():
            if name not in site.node.branches:
                raise CheckpointStoreError(
                    f"The checkpoint has a branch {site.place.path}/{name}, which this graph"
                    " does not have."
                )
            check_exists(scope.child(site, position, name), branch)
