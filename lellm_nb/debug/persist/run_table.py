"""The runs of a store, a line each: what is known of them without reading them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import path_of, speaking
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import CheckpointStoreError, DebuggerError, LellmError
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import printable, safe_str
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.details import read_error
from lellm_nb.record.codec.limits import DAMAGE, Limits
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.position import Fan, Position, SuperStep, Waiting, open_at
from lellm_nb.store.archive import read_archive
from lellm_nb.store.disk import DiskSink
from lellm_nb.store.rows import RunInfo, RunRows
from lellm_nb.store.run.run_reader import RunReader
from lellm_nb.store.run.run_totals import read_totals
from lellm_nb.store.store_at import PathKind, kind_of_path, store_at

if TYPE_CHECKING:
    import pandas

__all__ = ["RunSummary", "run_summaries", "run_table"]

_BROKEN = (LellmError, *DAMAGE, MemoryError)
"""What a damaged run raises, whoever reads it."""

_CODEC = Codec(Limits(size=16 * 1024 * 1024, seconds=1.0))
"""Reads what stands of a run's head: none of ours is as large."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run, as far as its head and what is noted of it tell.

    Attributes:
        run: Its id; any text, if a stranger wrote the file.
        name: For people.
        when: When it began, in seconds since the epoch; of single checkpoints when the newest
            was made. `None` where that is not known.
        turns: How many inputs it was given, the first included.
        frames: How many frames it has on all lines; of single checkpoints, and of the snapshots
            of a `DiskSink`, how many there are.
        status: ``ready, waiting, paused, failed`` or ``completed`` where it stands; ``damaged``
            where that cannot be read, empty where the store does not say.
        error: Why it failed, or what is damaged; empty where nothing is.
        tokens: The token costs that its nodes set, and the tokens of their calls, in all; `None`
            where they are not known.
        cost: What its calls cost in dollars, in all; `None` where a price is not known.
        graph: The name of its graph.
        owner: Who writes it now, in words; empty where nobody does.
    """

    run: str
    name: str
    when: float | None
    turns: int | None
    frames: int | None
    status: str
    error: str = ""
    tokens: float | None = None
    cost: float | None = None
    graph: str = ""
    owner: str = ""


def run_table(store: Any) -> pandas.DataFrame:
    """Return the runs of a store as rows; see `Debugger.runs`."""
    runs = run_summaries(store)
    return table(
        {
            "run": [one.run for one in runs],
            "name": [one.name for one in runs],
            "when": [one.when for one in runs],
            "turns": [one.turns for one in runs],
            "frames": [one.frames for one in runs],
            "status": [one.status or None for one in runs],
            "error": [one.error or None for one in runs],
            "tokens": [one.tokens for one in runs],
            "cost": [one.cost for one in runs],
        },
        texts=("run", "name", "status", "error"),
        integers=("turns", "frames"),
        floats=("tokens", "cost"),
        times=("when",),
    )


def run_summaries(store: Any) -> list[RunSummary]:
    """Return the runs of a store, newest first; one that is damaged is one that says so.

    Raises:
        DebuggerError: It is no store, and no path.
        CheckpointStoreError: The file cannot be read.
    """
    if isinstance(store, (str, os.PathLike)):
        return _of_path(path_of(store, "store", DebuggerError))
    speaking(store, "store", DebuggerError, "runs", "a path, or a store")
    infos = list(store.runs())
    found = [_of_info(store, info) for info in infos]
    alone = list(_of_checkpoints(store, {info.trace_id for info in infos}))
    if alone:
        found = sorted([*found, *alone], key=lambda one: one.when or 0.0, reverse=True)
    return found


def _of_path(path: Path) -> list[RunSummary]:
    kind = kind_of_path(path)
    if kind is PathKind.ARCHIVE:
        rows, name = read_archive(path)
        first = rows.frames(0, 0, 1)[0]
        frames = sum(rows.length(line.number) for line in rows.lines())
        info = RunInfo(rows.trace_id, name, first.started, frames, rows.facts)
        return [_summary(info, rows)]
    if kind is PathKind.SNAPSHOTS:
        taken = len(DiskSink(path).snapshots())
        return [RunSummary(path.name, path.name, None, None, taken, "")]
    store = store_at(path, readonly=True)
    try:
        return run_summaries(store)
    finally:
        store.close()


def _of_info(store: Any, info: RunInfo) -> RunSummary:
    if not hasattr(store, "run_rows"):
        return _listed(info, "")
    try:
        rows = store.run_rows(info.trace_id)
    except _BROKEN as error:
        return _damaged(info, error)
    return _summary(info, rows)


def _summary(info: RunInfo, rows: RunRows) -> RunSummary:
    try:
        status, why = _standing(rows)
        totals = read_totals(rows, info.frames)
    except _BROKEN as error:
        return _damaged(info, error)
    return _listed(info, status, why, totals.turns, totals.tokens, totals.cost)


def _damaged(info: RunInfo, error: BaseException) -> RunSummary:
    return _listed(info, "damaged", _line(error))


def _listed(
    info: Any,
    status: str,
    error: str = "",
    turns: int | None = None,
    tokens: float | None = None,
    cost: float | None = None,
) -> RunSummary:
    return RunSummary(
        _text(info.trace_id),
        _text(info.name),
        _number(info.created),
        turns,
        info.frames if type(info.frames) is int else None,
        status,
        error,
        tokens,
        cost,
        _text(info.facts.get("graph", "")) if isinstance(info.facts, dict) else "",
        _text(info.owner),
    )


def _text(given: Any) -> str:
    """Return a text of somebody else's as it may be shown: terminals are not steered by it."""
    return printable(safe_str(given, 500))


def _line(error: BaseException) -> str:
    return printable(without_keys(error_line(error)))


def _number(given: Any) -> float | None:
    plain = type(given) in (int, float) and abs(given) < 1e11  # some thousand years
    return float(given) if plain and math.isfinite(given) else None


# -- where it stands -------------------------------------------------------------------


def _standing(rows: RunRows) -> tuple[str, str]:
    """Return the status of a run, and why it failed.

    The last row says it, but where branches are beside it or somebody wrote there: then the
    position is folded, from the last one that is stored whole.
    """
    number, index = _head(rows)
    [row] = rows.frames(number, index, index + 1)
    template = _template(rows, row.template)
    kind, level = template["kind"], template.get("level", "")
    ends = "to" in template and template["to"][0] is None
    body: Any = _CODEC.parse(row.body)
    more = body if isinstance(body, dict) else {}
    if "err" in more.get("k", {}):
        failure = read_error(more["k"]["err"], _CODEC.value)
        return "failed", _line(failure)
    if "|" not in level and kind not in ("start", "edit", "input") and "n" not in more:
        if "to" in template:
            return ("completed" if ends and not level else "paused"), ""
        if isinstance(more.get("h"), list) and not level:  # inside, tasks may be open beside it
            return "waiting", ""
    head = RunReader(rows, codec=_CODEC).head
    return _status(head.position, begins=index == 0 or kind == "input"), ""


def _head(rows: RunRows) -> tuple[int, int]:
    """Return where a run stands: the number of the line that the frame is on, and its index."""
    lines = {line.number: line for line in rows.lines()}
    noted = {key: body for kind, key, body in rows.marks() if kind == "head"}
    number, index = _CODEC.parse(noted[""]) if "" in noted else (0, None)
    line = lines[number]
    if index is None:
        index = line.first + rows.length(number) - 1
    if type(index) is not int or index < 0:
        raise TypeError("a head stands at a frame")
    while index < line.first:
        line = lines[line.base]
    return line.number, index


def _template(rows: RunRows, number: int) -> Any:
    for found, body in rows.templates(number):
        if found == number:
            return _CODEC.parse(body)
        break
    raise CheckpointStoreError(f"Template {number} is missing.")


def _status(position: Position, *, begins: bool = False) -> str:
    if position.node is None:
        return "completed"
    if _is_held(position):
        return "waiting"
    return "ready" if begins else "paused"


def _is_held(level: Position) -> bool:
    """Tell whether nothing in a level can move without a decision."""
    if isinstance(level.hold, Waiting):
        return True
    if isinstance(level.inner, SuperStep):
        tasks = [task for _, task in open_at(level)]
        return bool(tasks) and all(map(_is_held, tasks))
    if isinstance(level.inner, Position):
        return level.inner.node is not None and _is_held(level.inner)
    if not isinstance(level.inner, Fan):
        return False
    going = [one for _, one in level.inner.branches.items() if one.node is not None]
    return bool(going) and all(map(_is_held, going))


# -- checkpoints only --------------------------------------------------------------------


def _of_checkpoints(store: Any, known: set[Any]) -> Iterator[RunSummary]:
    """Walk the runs of which a store has single checkpoints, and not the whole."""
    for trace in store.traces() if hasattr(store, "traces") else ():
        if trace in known:
            continue
        try:
            kept = len(store.list(trace))
            latest = store.load_latest(trace)
        except _BROKEN as error:
            yield RunSummary(_text(trace), "", None, None, None, "damaged", _line(error))
            continue
        if latest is not None:
            yield _of_checkpoint(trace, latest, kept)


def _of_checkpoint(trace: Any, latest: Checkpoint, kept: int) -> RunSummary:
    position = latest.position
    if position is not None:
        status = _status(position)
    else:
        status = "paused" if latest.current_node else "completed"
    return RunSummary(_text(trace), "", latest.created_at.timestamp(), None, kept, status)
