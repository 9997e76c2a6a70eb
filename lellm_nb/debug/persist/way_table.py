"""Over many runs: which ways were taken how often, and which never."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lellm_nb.adapters.recognize import foreign_shape, is_foreign
from lellm_nb.arguments import refusal
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import printable
from lellm_nb.graph.shapes.shape import GraphShape
from lellm_nb.store.run.taken_ways import Way, known_ways, run_ways

if TYPE_CHECKING:
    import pandas

__all__ = ["paths"]


def paths(store: Any, graph: Any = None) -> pandas.DataFrame:
    """Return the ways that the runs of a store went, and those that none of them did.

    The rows of frames are counted, and no state is read: a long run takes time, and no more memory
    than a short one. A run that is damaged is left out, with a warning. All lines of
    a run count, what they share once.

    Args:
        store: A path (of a store, or of a file that `Debugger.save` wrote), or a store of runs.
        graph: A graph, or a compiled one of LangGraph: only runs of a graph of this name count, and
            its ways are those that there are. By default those of every graph in the store, as they
            were noted when the runs began.

    Returns:
        One row per way: graph (its name), from and to (paths of nodes; to is missing where the
        level ends), kind (as of a `Route`), taken (how often), runs (in how many of them). Ways
        that were never taken have 0.

    Raises:
        DebuggerError: `graph` is none.
        CheckpointStoreError: It is no store of whole runs, or it cannot be read.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder, InMemoryStore, paths
        >>> g = GraphBuilder("g").node("a", lambda ctx: None).node("b", lambda ctx: None)
        >>> g = g.node("c", lambda ctx: None).edge_if("a", "b", lambda s: s["n"] > 5)
        >>> graph = g.edge("a", "c").edge("b", "c").start("a").end("c").build()
        >>> store = InMemoryStore()
        >>> for n in (1, 2):
        ...     stop = Debugger(graph, {"n": n}, store=store).run()
        >>> paths(store)[["from", "to", "kind", "taken", "runs"]]
          from    to         kind  taken  runs
        0    a     b  conditional      0     0
        1    a     c       normal      2     2
        2    b     c       normal      0     0
        3    c  <NA>          end      2     2
    """
    shape = _shape(graph)
    taken: dict[str, Counter[Way]] = {}
    runs: dict[str, Counter[Way]] = {}
    for one in run_ways(store, None if shape is None else shape.name):
        if one.damaged is not None:
            why = without_keys(error_line(one.damaged))
            caution(printable(f"Run {one.run} is damaged, and left out: {why}"))
            continue
        times, met = (each.setdefault(one.graph, Counter()) for each in (taken, runs))
        known = one.known if shape is None else ()
        times.update(dict.fromkeys(known, 0))
        times.update(one.taken)
        met.update(one.taken.keys())
    if shape is not None:
        times = taken.setdefault(shape.name, Counter())
        taken[shape.name] = Counter({**dict.fromkeys(known_ways(shape), 0), **times})
    rows = [(name, way, n) for name, times in taken.items() for way, n in _in_order(times)]
    return table(
        {
            "graph": [printable(name) for name, _, _ in rows],
            "from": [printable(way.source) for _, way, _ in rows],
            "to": [printable(way.target) or None for _, way, _ in rows],
            "kind": [printable(way.kind) for _, way, _ in rows],
            "taken": [n for _, _, n in rows],
            "runs": [runs.get(name, Counter())[way] for name, way, _ in rows],
        },
        texts=("graph", "from", "to", "kind"),
        counts=("taken", "runs"),
    )


def _in_order(times: Counter[Way]) -> list[tuple[Way, int]]:
    """Return ways by the node that they leave, in the order in which the nodes are met."""
    place = {source: i for i, source in enumerate(dict.fromkeys(way.source for way in times))}
    return sorted(times.items(), key=lambda one: place[one[0].source])


def _shape(graph: Any) -> GraphShape | None:
    if graph is None or isinstance(graph, GraphShape):
        return graph
    if is_foreign(graph):
        return foreign_shape(graph)
    raise refusal(graph, "graph", "a graph, as GraphBuilder.build() returns", DebuggerError)
