"""Telling the world of a run: sinks, callbacks, events (SEMANTICS R7).

One that raises is reported and switched off; the run goes on.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from lellm_nb.engine.scope import Site
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.ids import CheckpointId, SpanId, TraceId, new_trace_id, span_id, step_name
from lellm_nb.record.events import (
    BarrierResolved,
    BarrierWaiting,
    CheckpointSaved,
    Event,
    NodeEnd,
    NodeRetry,
    NodeStart,
    NodeStream,
)
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys
from lellm_nb.record.mutation_log import entries_of
from lellm_nb.record.position import Position, Waiting
from lellm_nb.record.sinks import FrameInfo

__all__ = ["Publisher"]

log = logging.getLogger("lellm_nb")


class _Commit:
    """A commit on its way into the log.

    Attributes:
        saved: The id under which a sink keeps it, or empty.
        told: Whether the sink has come back: what branches commit meanwhile has to wait for it.
    """

    __slots__ = ("frame", "saved", "step", "told")

    def __init__(self, frame: Frame, step: int) -> None:
        self.frame = frame
        self.step = step
        self.saved: str | None = None
        self.told = False


class Publisher:
    """Everyone who wants to know of a run.

    Args:
        sink: A `CheckpointSink`.
        callback: A `StepCallback`.
        stream: A `StreamSink`.
        trace: A `TraceSink`.
        mutations: A `MutationLog`, filled at every commit.
        on_event: Called with every control event and stream chunk, in order.

    Attributes:
        start: The frame of the start, until it is the first frame's parent; `None` for no sink.
    """

    def __init__(
        self,
        *,
        sink: Any = None,
        callback: Any = None,
        stream: Any = None,
        trace: Any = None,
        mutations: Any = None,
        on_event: Callable[[Event], None] | None = None,
        trace_id: TraceId | None = None,
    ) -> None:
        self.sink = sink
        self.callback = callback
        self.stream = stream
        self.trace = trace
        self.mutations = mutations
        self.on_event = on_event
        self.trace_id = trace_id or new_trace_id()
        self.start: Frame | None = None
        self._commits = 0
        self._levels = LevelKeys()
        self._unlogged: deque[_Commit] = deque()

    def _tell(self, part: str, call: Callable[[Any], Any]) -> Any:
        """Call one of the parts, if it is there and has not failed."""
        listener = getattr(self, part)
        if listener is None:
            return None
        try:
            return call(listener)
        except Exception:
            self._switch_off(part)
            return None

    def _switch_off(self, part: str) -> None:
        log.exception("%s %s failed; it is switched off", part, safe_repr(getattr(self, part), 80))
        setattr(self, part, None)

    def _event(self, event: Event) -> None:
        self._tell("on_event", lambda listener: listener(event))

    def _span(self, site: Site, level: Position, visit: int) -> SpanId:
        return span_id(self.trace_id, step_name(site.place.path, visit, level.step + 1))

    # -- nodes -----------------------------------------------------------------

    def began(self, position: Position) -> None:
        """The run begins."""
        self._tell("trace", lambda trace: trace.on_start(self.trace_id, position.state))
        if hasattr(type(self.mutations), "began"):  # what a log need not have
            self._tell("mutations", lambda mutations: mutations.began(position.state))

    def node_started(self, site: Site, level: Position) -> None:
        """A node is about to run."""
        path, step = site.place.path, level.step + 1
        self._tell("callback", lambda callback: callback.on_node_start(path, step))
        if self.on_event is not None:
            visit = site.next_visit(level)
            span = self._span(site, level, visit)
            self._event(NodeStart(path, site.name, visit, step, span))

    def node_ended(
        self, site: Site, level: Position, duration: float, error: BaseException | None
    ) -> None:
        """A node ran, and is not committed yet."""
        path, step = site.place.path, level.step + 1
        self._tell("callback", lambda callback: callback.on_node_end(path, step, error))
        if self.on_event is not None:
            visit = site.next_visit(level)
            span = self._span(site, level, visit)
            self._event(NodeEnd(path, site.name, visit, step, span, duration, error is None))

    def retrying(self, event: NodeRetry) -> None:
        """A node failed, and is tried again after a pause."""
        if hasattr(type(self.trace), "on_retry"):  # what a trace sink need not have
            self._tell("trace", lambda trace: trace.on_retry(event))
        if self.on_event is not None:
            self._event(event)

    def chunk(self, site: Site, chunk: Any) -> None:
        """A node emitted a chunk."""
        self._tell("stream", lambda stream: stream.emit(chunk))
        if self.on_event is not None:
            self._event(NodeStream(site.place.path, site.name, chunk))

    # -- frames ----------------------------------------------------------------

    async def committed(self, frame: Frame) -> None:
        """A step was committed: the checkpoint, then the log, then the events."""
        frame.trace_id = self.trace_id
        self._commits += 1
        self._tell("trace", lambda trace: trace.on_frame(frame))
        if frame.kind == "route":
            return
        if self.mutations is None or not frame.mutations:
            saved = await self._checkpoint(frame)
        else:
            saved = await self._kept_and_logged(frame)
        hold = frame.level.hold
        if self.on_event is None:
            return
        if saved is not None:
            self._event(CheckpointSaved(saved, frame.node, frame.cursor))
        if isinstance(hold, Waiting):
            self._event(BarrierWaiting(hold.barrier_id, hold.path, hold.name, hold.timeout))
        if frame.decision is not None:
            made = frame.decision
            self._event(BarrierResolved(made.barrier_id, made.decision, made.by))

    async def _kept_and_logged(self, frame: Frame) -> str | None:
        """Tell the sink, then the log: which commit wrote what, and under which id it is kept."""
        commit = _Commit(frame, self._commits)
        self._unlogged.append(commit)
        try:
            commit.saved = await self._checkpoint(frame)
        finally:  # the log has every commit, also one whose sink never came back
            commit.told = True
            self._log()
        return commit.saved

    def _log(self) -> None:
        """Write the commits that their sink has been told of, in the order in which they came."""
        while self._unlogged and self._unlogged[0].told:
            done = self._unlogged.popleft()
            kept = CheckpointId(done.saved) if done.saved else None
            entries = entries_of(done.frame, self.trace_id, done.step, kept, self._levels)
            self._tell("mutations", lambda mutations: mutations.append_batch(entries))  # noqa: B023  # called at once

    async def _checkpoint(self, frame: Frame) -> str | None:
        """Tell the sink; return the id it kept the commit under, `None` if it did not."""
        if self.sink is None:
            return None
        if self.start is not None:
            frame.parent, self.start = self.start, None
        info = FrameInfo(frame.node, frame.cursor, frame.graph_id, frame.path, frame)
        told = self._tell("sink", lambda sink: sink.on_checkpoint(frame.state, info))
        if hasattr(told, "__await__"):
            try:
                told = await told
            except Exception:
                self._switch_off("sink")
        if self.sink is None or told is False:
            return None
        return told if isinstance(told, str) else ""

    def failed(self, frame: Frame) -> None:
        """A step failed and was not committed; no checkpoint is made of it."""
        frame.trace_id = self.trace_id
        self._tell("trace", lambda trace: trace.on_frame(frame))
