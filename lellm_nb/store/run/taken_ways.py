"""Which ways the runs of a store went, counted by the rows of their frames: no state is read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lellm_nb.arguments import path_of, refusal, speaking
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, LellmError
from lellm_nb.graph.analysis import Finding
from lellm_nb.graph.edge import DECISION_KINDS, TOGETHER
from lellm_nb.graph.ways import all_ways
from lellm_nb.record.codec.graph import read_graph
from lellm_nb.record.codec.limits import DAMAGE, Limits
from lellm_nb.record.codec.values import Codec
from lellm_nb.store.archive import read_archive
from lellm_nb.store.rows import RunRows
from lellm_nb.store.store_at import PathKind, kind_of_path, store_at

__all__ = ["RunWays", "Way", "known_ways", "never_taken", "run_ways"]

CHUNK = 500
"""So many rows are in memory at a time."""

_CODEC = Codec(Limits(size=16 * 1024 * 1024, seconds=1.0))
"""Reads what is said of graphs and steps: none of ours is as large."""

_NO_STEP = ("edit", "start", "input")
"""Kinds of frames that have the way of another, or none."""


class Way(NamedTuple):
    """A way from node to node.

    Attributes:
        source: The path of the node that was left, without visits.
        target: The path of the node that it led to; empty for the end of the level.
        kind: As of a `Route`.
    """

    source: str
    target: str
    kind: str


class RunWays(NamedTuple):
    """The ways that one run went, on all of its lines.

    Attributes:
        run: Its id.
        graph: The name of its graph.
        known: The ways that its graph has, as it was noted when the run began.
        taken: How often each way was taken.
        damaged: Why it could not be read; then nothing of it is counted.
    """

    run: str
    graph: str
    known: tuple[Way, ...] = ()
    taken: Mapping[Way, int] = MappingProxyType({})
    damaged: BaseException | None = None


def run_ways(store: Any, graph: str | None = None) -> Iterator[RunWays]:
    """Walk the runs of a store, newest first, with the ways that each went.

    Args:
        store: A path, or a store of whole runs.
        graph: Only runs of the graph of this name.

    Raises:
        CheckpointStoreError: It is no store, or it cannot be read.
    """
    with _opened(store) as runs:
        for run, name, rows_of in runs:
            if graph is None or name == graph:
                yield _of_run(run, name, rows_of)


def _of_run(run: str, name: str, rows_of: Any) -> RunWays:
    try:
        rows = rows_of()
        known = _noted(rows.facts)
        return RunWays(run, name, known, _taken(rows, known))
    except (LellmError, *DAMAGE, MemoryError) as error:
        return RunWays(run, name, damaged=error)


@contextmanager
def _opened(store: Any) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """Open what is given: the id, the graph's name and the rows of each run, when asked for."""
    if not isinstance(store, (str, os.PathLike)):
        speaking(
            store, "store", CheckpointStoreError, "runs run_rows", "a path, or a store of runs"
        )
        yield _runs_of(store)
        return
    path = path_of(store, "store", CheckpointStoreError)
    kind = kind_of_path(path)
    if kind is PathKind.SNAPSHOTS:
        raise refusal(store, "store", "a store of whole runs", CheckpointStoreError)
    if kind is PathKind.ARCHIVE:
        yield iter([_archived(path)])
        return
    opened = store_at(store, readonly=True)
    try:
        yield _runs_of(opened)
    finally:
        opened.close()


def _archived(path: Path) -> tuple[str, str, Any]:
    rows, _ = read_archive(path)
    return str(rows.trace_id), _graph_of(rows.facts), lambda: rows


def _runs_of(store: Any) -> Iterator[tuple[str, str, Any]]:
    for info in list(store.runs()):
        yield str(info.trace_id), _graph_of(info.facts), lambda id=info.trace_id: store.run_rows(id)


def _graph_of(facts: Any) -> str:
    name = facts.get("graph", "") if isinstance(facts, dict) else ""
    return name if isinstance(name, str) else ""


def _noted(facts: Any) -> tuple[Way, ...]:
    if "outline" not in facts:
        return ()
    return known_ways(read_graph(facts["outline"], 0))


def known_ways(graph: Any) -> tuple[Way, ...]:
    """Return the ways that a graph has, on every level."""
    ways = (
        Way(_at(level, way.source), _at(level, way.target), way.kind)
        for level, way in all_ways(graph)
    )
    return tuple(dict.fromkeys(ways))


def _at(level: str, node: str) -> str:
    return f"{level}/{node}" if level else node


def _taken(rows: RunRows, known: Iterable[Way]) -> Counter[Way]:
    kinds = {(way.source, way.target): way.kind for way in known}
    templates = dict(rows.templates(0))
    found: Counter[Way] = Counter()
    for number, frames in _frames_by_template(rows).items():
        if number not in templates:
            raise CorruptedCheckpointError(f"Template {number} is missing.")
        for way in _ways_of(_CODEC.parse(templates[number]), kinds):
            found[way] += frames
    return found


def _frames_by_template(rows: RunRows) -> Counter[int]:
    found: Counter[int] = Counter()
    for line in rows.lines():
        stop = line.first + rows.length(line.number)
        for start in range(line.first, stop, CHUNK):
            some = rows.frames(line.number, start, min(start + CHUNK, stop))
            found.update(row.template for row in some)
    return found


def _ways_of(form: Any, kinds: Mapping[tuple[str, str], str]) -> Iterator[Way]:
    """Walk the ways that a frame of a template took: several where nodes run side by side.

    Args:
        kinds: Of the ways that are known, by where they lead from and to.
    """
    kind, path, node = str(form["kind"]), str(form["path"]), str(form["node"])
    if kind in _NO_STEP or "to" not in form:
        return
    if kind == "join" and TOGETHER in node:
        return  # of a super-step: each of its tasks has told its own way
    level = str(form.get("level", ""))
    if level.rfind("|") > level.rfind("/"):
        return  # a branch that is one node leads nowhere: its Parallel does
    to, how, _ = form["to"]
    if to is None:
        yield Way(path, "", str(how))
        return
    around = path.rpartition("/")[0]
    targets = [_at(around, target) for target in str(to).split(TOGETHER)]
    for target in targets:
        # the kind of a way to several nodes is that of the first
        alone = str(how) if len(targets) == 1 else kinds.get((path, target), str(how))
        yield Way(path, target, alone)


# -- what a graph has to say of it ---------------------------------------------------------


def never_taken(graph: Any, store: Any) -> list[Finding]:
    """Return what to remark of a graph after its runs: the ways that none of them went.

    Raises:
        CheckpointStoreError: It is no store, or it cannot be read.
    """
    runs, met = 0, set[Way]()
    for one in run_ways(store, graph.name):
        runs += one.damaged is None
        met |= one.taken.keys()
    if not runs:
        return [Finding("info", "no_runs", f"the store has no run of {graph.name}", ())]
    where = "in the one run" if runs == 1 else f"in any of {runs:,} runs"
    return [
        Finding(
            "info",
            "never_taken",
            f"{_KINDS.get(way.kind, way.kind)} {way.source} -> {way.target} was not taken {where}",
            (way.source, way.target),
        )
        for way in known_ways(graph)
        if way not in met
    ]


_KINDS = {
    "normal": "edge",
    "conditional": "conditional edge",
    "fallback": "fallback edge",
    "error": "error route",
    **{kind: f"edge on {kind}" for kind in DECISION_KINDS},
}
