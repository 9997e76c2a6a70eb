"""What a store that keeps whole runs writes and reads: rows, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from lellm_nb.ids import TraceId
from lellm_nb.record.rows.frame_row import FrameRow

__all__ = ["Batch", "LineRow", "RunInfo", "RunRows", "RunStore"]


class LineRow(NamedTuple):
    """A line: its number, its name, and where it was forked; `base` is -1 for the first."""

    number: int
    name: str
    base: int
    first: int


@dataclass
class Batch:
    """What one commit writes, all or nothing.

    Attributes:
        frames: ``(line, index, row)``.
        anchors: ``(line, index, body)``: whole positions.
        templates: ``(number, body)``.
        lines: New lines, or lines with a new name.
        values: ``(number, body)``: large values, written once.
        items: ``(list, start, body)``: pieces of long lists.
        marks: ``(kind, key, body)``: what else is known of the run; `None` takes it away.
    """

    frames: list[tuple[int, int, FrameRow]] = field(default_factory=list)
    anchors: list[tuple[int, int, bytes]] = field(default_factory=list)
    templates: list[tuple[int, bytes]] = field(default_factory=list)
    lines: list[LineRow] = field(default_factory=list)
    values: list[tuple[int, bytes]] = field(default_factory=list)
    items: list[tuple[int, int, bytes]] = field(default_factory=list)
    marks: list[tuple[str, str, bytes | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            (self.frames or self.marks or self.lines or self.anchors or self.templates)
            or self.values
            or self.items
        )

    def add(self, other: Batch) -> None:
        """Take another batch in, after this one."""
        self.frames += other.frames
        self.anchors += other.anchors
        self.templates += other.templates
        self.lines += other.lines
        self.values += other.values
        self.items += other.items
        self.marks += other.marks


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as a store lists it.

    Attributes:
        trace_id: Its id.
        name: For people.
        created: Seconds since the epoch.
        frames: How many it has, on all lines.
        facts: What was noted at its beginning: the graph, its hash and shape.
        owner: Who writes it now, in words; empty where nobody does.
    """

    trace_id: TraceId
    name: str
    created: float
    frames: int
    facts: dict[str, Any]
    owner: str = ""


class RunRows(Protocol):
    """The rows of one run. Every method may raise a `CheckpointStoreError`."""

    trace_id: TraceId

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted at the run's beginning."""

    def write(self, batch: Batch) -> None:
        """Write all of a batch, durably, or nothing of it."""

    def write_frame(self, line: int, index: int, row: FrameRow) -> None:
        """Write one frame, durably."""

    def lines(self) -> list[LineRow]:
        """Return the lines in the order in which they began."""

    def length(self, line: int) -> int:
        """Return how many frames a line has of its own."""

    def frames(self, line: int, start: int, stop: int) -> list[FrameRow]:
        """Return the rows of a line from index `start` to before `stop`."""

    def anchor(self, line: int, index: int) -> tuple[int, bytes] | None:
        """Return index and body of a line's last anchor at or before an index."""

    def anchors(self, line: int) -> list[int]:
        """Return the indexes at which a line has anchors."""

    def templates(self, first: int) -> list[tuple[int, bytes]]:
        """Return the templates from a number on."""

    def value(self, number: int) -> bytes:
        """Return the body of a large value."""

    def items(self, number: int, stop: int) -> list[tuple[int, bytes]]:
        """Return the pieces of a long list that begin before `stop`, in order."""

    def last_number(self) -> int:
        """Return the highest number of a value or list, 0 where there is none."""

    def marks(self) -> list[tuple[str, str, bytes]]:
        """Return what else is known of the run."""

    def claim(self, force: bool = False) -> None:
        """Become the one who writes the run.

        Raises:
            CheckpointStoreError: Somebody else is; names them.
        """

    def release(self, given_up: bool = False) -> None:
        """Stop being the one who writes the run; nothing happens where somebody else is.

        Args:
            given_up: Whether there is something left that the store did not take. Whoever
                writes it after all claims the run again, unless somebody else had it meanwhile.
        """


@runtime_checkable
class RunStore(Protocol):
    """A store that keeps whole runs: every frame of every line."""

    def begin_run(self, trace_id: TraceId, name: str, facts: dict[str, Any]) -> RunRows:
        """Start a run and become its writer."""

    def run_rows(self, trace_id: TraceId) -> RunRows:
        """Return the rows of a run.

        Raises:
            CheckpointNotFoundError: There is no such run.
        """

    def runs(self) -> list[RunInfo]:
        """Return the runs, newest first."""

    def drop_run(self, trace_id: TraceId) -> bool:
        """Drop a run; tell whether it was there."""
