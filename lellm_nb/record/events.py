"""The control plane: events of a run, lossless and in order (SEMANTICS R7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lellm_nb.errors.safe_text import fields_text
from lellm_nb.ids import SpanId, TraceId

__all__ = [
    "BarrierResolved",
    "BarrierWaiting",
    "CheckpointSaved",
    "Event",
    "GraphComplete",
    "GraphFailed",
    "GraphStart",
    "NodeEnd",
    "NodeRetry",
    "NodeStart",
    "NodeStream",
]


@dataclass(frozen=True, slots=True)
class GraphStart:
    """The run begins; comes exactly once."""

    trace_id: TraceId


@dataclass(frozen=True, slots=True)
class NodeStart:
    """A node is about to run; `step` is its level's cursor to be."""

    path: str
    node: str
    visit: int
    step: int
    span_id: SpanId


@dataclass(frozen=True, slots=True)
class NodeEnd:
    """A node ran; `duration` is in seconds. It is committed only if `ok`."""

    path: str
    node: str
    visit: int
    step: int
    span_id: SpanId
    duration: float
    ok: bool


@dataclass(frozen=True, slots=True)
class NodeRetry:
    """A node failed and will be tried again; comes before the pause (SEMANTICS R8).

    Attributes:
        attempt: The number of the try that follows, from 2.
        error: What the try before raised.
        delay: Seconds of the pause before it.

    Example:
        >>> NodeRetry("fetch", "fetch", 1, 2, ConnectionError("busy"), 0.5).attempt
        2
    """

    path: str
    node: str
    visit: int
    attempt: int
    error: BaseException
    delay: float

    __repr__ = fields_text


@dataclass(frozen=True, slots=True)
class NodeStream:
    """A node emitted a chunk."""

    path: str
    node: str
    chunk: Any

    __repr__ = fields_text


@dataclass(frozen=True, slots=True)
class BarrierWaiting:
    """A barrier waits for a decision; `timeout` is in seconds."""

    barrier_id: str
    path: str
    node: str
    timeout: float | None


@dataclass(frozen=True, slots=True)
class BarrierResolved:
    """A barrier was decided, and by whom."""

    barrier_id: str
    decision: Any
    by: str

    __repr__ = fields_text


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A sink was told of a commit; `checkpoint_id` is its store's, or empty."""

    checkpoint_id: str
    node: str
    step: int


@dataclass(frozen=True, slots=True)
class GraphComplete:
    """The run came to its end; the last event."""

    result: Any

    __repr__ = fields_text


@dataclass(frozen=True, slots=True)
class GraphFailed:
    """The run could not go on; the last event. `state` is the last committed one."""

    error: BaseException
    state: Any

    __repr__ = fields_text


Event = (
    GraphStart
    | NodeStart
    | NodeEnd
    | NodeRetry
    | NodeStream
    | BarrierWaiting
    | BarrierResolved
    | CheckpointSaved
    | GraphComplete
    | GraphFailed
)
