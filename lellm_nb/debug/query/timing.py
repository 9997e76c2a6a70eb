"""Where the time went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lellm_nb.calls.call_sums import CallSums, spent_by
from lellm_nb.debug.history.frame_table import spent_columns
from lellm_nb.debug.history.typed_table import table
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.level_key import joins_tasks
from lellm_nb.record.position import Waiting

if TYPE_CHECKING:
    import pandas

__all__ = ["timing_table"]


class _Node:
    """What is known of one node."""

    def __init__(self, frame: Frame) -> None:
        self.path = frame.static_path
        self.visits = 0
        self.failures = 0
        self.total = 0.0
        self.longest = 0.0
        self.inside = 0.0
        self.spent = CallSums()
        self.waited = 0.0


def timing_table(frames: Iterable[Frame]) -> pandas.DataFrame:
    """Return one row per node that ran, the slowest first."""
    nodes: dict[str, _Node] = {}
    waiting: dict[str, float] = {}
    for frame in frames:
        if not frame.path or joins_tasks(frame):
            continue
        node = nodes.get(frame.static_path)
        if node is None:
            node = nodes[frame.static_path] = _Node(frame)
        node.visits += frame.kind in RAN
        node.failures += frame.kind == "error"
        node.total += frame.duration
        node.longest = max(node.longest, frame.duration)
        if frame.own_detail is not None:
            node.spent = node.spent.plus(spent_by(frame))
        hold = frame.level.hold
        if isinstance(hold, Waiting) and frame.kind in RAN:
            waiting[hold.barrier_id] = frame.started + frame.duration
        elif frame.decision is not None:
            since = waiting.pop(frame.decision.barrier_id, frame.started)
            node.waited += max(0.0, frame.started - since)
    for node in list(nodes.values()):
        above = node.path.rpartition("/")[0]
        while above:
            if above in nodes:
                nodes[above].inside += node.total
            above = above.rpartition("/")[0]
    return _table(sorted(nodes.values(), key=lambda n: -(n.total + n.inside)))


def _table(nodes: list[_Node]) -> pandas.DataFrame:
    whole = sum(n.total for n in nodes)
    runs = [max(1, n.visits + n.failures) for n in nodes]
    return table(
        {
            "path": [n.path for n in nodes],
            "node": [n.path.rpartition("/")[2] for n in nodes],
            "visits": [n.visits for n in nodes],
            "failures": [n.failures for n in nodes],
            "total": [n.total for n in nodes],
            "mean": [n.total / r for n, r in zip(nodes, runs, strict=True)],
            "max": [n.longest for n in nodes],
            "share": [n.total / whole if whole else 0.0 for n in nodes],
            "inside": [n.inside for n in nodes],
            "waited": [n.waited for n in nodes],
            **spent_columns(n.spent for n in nodes),
        },
        texts=("path", "node"),
        counts=("visits", "failures", "calls"),
        integers=("tokens_in", "tokens_out"),
        floats=("total", "mean", "max", "share", "inside", "waited", "cost", "paid"),
    )
