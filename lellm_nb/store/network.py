"""Frames as OpenTelemetry spans, sent to a collector (optional: ``pip install lellm-nb[otel]``)."""

from __future__ import annotations

import importlib
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

from lellm_nb.arguments import flag, refusal, seconds, text
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.ids import TraceId, new_trace_id
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import Path, level_place, written_at
from lellm_nb.record.sinks import FrameInfo
from lellm_nb.state.mutation import Put, Reduce, parts_of
from lellm_nb.state.state import content_of
from lellm_nb.store.arguments import checked_redactor

__all__ = ["NetworkSink"]

log = logging.getLogger("lellm_nb")

LONGEST = 4096
"""So many characters of a value are sent."""


class NetworkSink:
    """A checkpoint sink that sends each frame as a span, by OTLP over HTTP in protobuf.

    Spans go into a queue and are sent from a thread of their own: a slow or dead collector
    never holds a run. When the queue is full, spans are dropped and the run is not.

    Args:
        endpoint: Where the collector listens: ``http://localhost:4318/v1/traces``.
        service: What the run is called there.
        trace_id: The trace's id; a fresh one by default.
        values: Whether what was written goes along, without secrets; else only its keys.
        headers: Sent with every request.
        timeout: Seconds one request may take.
        redact: What is secret in whatever is sent; API keys by default.
        graph: The graph that runs, for paths of secrets in its inner levels.

    Raises:
        CheckpointStoreError: The packages of the extra ``otel`` are not installed, or an argument
            does not fit; names it.
    """

    def __init__(
        self,
        endpoint: str = "http://localhost:4318/v1/traces",
        *,
        service: str = "lellm_nb",
        trace_id: TraceId | None = None,
        values: bool = False,
        headers: dict[str, str] | None = None,
        timeout: float = 5.0,
        redact: Redactor | None = None,
        graph: Graph | None = None,
    ) -> None:
        self.redact = checked_redactor(redact) or Redactor()
        self.endpoint = text(endpoint, "endpoint", CheckpointStoreError, "the collector's address")
        text(service, "service", CheckpointStoreError)
        seconds(timeout, "timeout", CheckpointStoreError)
        self.trace_id = trace_id or new_trace_id()
        if not re.fullmatch("[0-9a-f]{32}", str(self.trace_id)):
            raise refusal(trace_id, "trace_id", "32 hex digits", CheckpointStoreError)
        self.values = flag(values, "values", CheckpointStoreError)
        self._codec = Codec(redactor=self.redact)
        self.graph = None if graph is None else built_graph(graph, CheckpointStoreError)
        # looked up by name: an extra, which nobody else has to install
        try:
            self._trace = importlib.import_module("opentelemetry.trace")
            sdk = importlib.import_module("opentelemetry.sdk.trace")
            export = importlib.import_module("opentelemetry.sdk.trace.export")
            resources = importlib.import_module("opentelemetry.sdk.resources")
            otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        except ImportError as error:
            raise CheckpointStoreError(
                "NetworkSink needs OpenTelemetry: pip install 'lellm-nb[otel]'."
            ) from error
        exporter = otlp.OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=timeout)
        self._sender = _Sender(exporter, export.SpanExportResult.SUCCESS)
        self._given = 0
        self._queue = export.BatchSpanProcessor(self._sender, schedule_delay_millis=200)
        resource = resources.Resource.create({"service.name": self.redact.text(service)})
        self._provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(self._queue)
        self._tracer = self._provider.get_tracer("lellm_nb")
        context = self._trace.SpanContext(
            trace_id=int(self.trace_id, 16),
            span_id=int(self.trace_id[:16], 16) or 1,
            is_remote=True,
            trace_flags=self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED),
        )
        self._parent = self._trace.set_span_in_context(self._trace.NonRecordingSpan(context))

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> bool:
        """Put a frame into the queue; False, since nothing is kept that could be loaded."""
        frame = frame_info.frame
        if frame is None:
            return False
        begun = int(frame.started * 1e9)
        self._meet_secrets(frame)
        span = self._tracer.start_span(
            self._clean(frame.path or frame.kind),
            context=self._parent,
            start_time=begun,
            attributes={self._clean(name): self._clean(v) for name, v in _facts_of(frame).items()},
        )
        if self.values:
            for name, shown in self._values(frame):
                span.set_attribute(f"lellm.value.{self._clean(name)}", shown)
        if frame.decision is not None:
            span.set_attribute("lellm.decision", self._clean(safe_str(frame.decision)))
        if frame.error is not None:
            shown = self._clean(error_line(frame.error))
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, shown))
        self._given += 1
        span.end(end_time=begun + int(frame.duration * 1e9))
        return False

    def _clean(self, said: Any) -> Any:
        """Return a text, or each of several, as it may be sent; what is no text has no secret."""
        if isinstance(said, list):
            return [self._clean(one) for one in said]
        return self.redact.text(said) if isinstance(said, str) else said

    def _meet_secrets(self, frame: Frame) -> None:
        """Learn what stands at secret paths: it may be said in an error or a reason as well."""
        if not self.redact.paths:
            return
        self.redact.learn(content_of(frame.position.data))
        for _, path, value in self._written(frame):
            self.redact.apply(value, path)

    def _values(self, frame: Frame) -> Iterator[tuple[str, str]]:
        for key, path, value in self._written(frame):
            text = self._clean(self._codec.dumps(value, path=path).decode())
            yield ".".join(map(safe_str, parts_of(key))), text[:LONGEST]

    def _written(self, frame: Frame) -> Iterator[tuple[Any, Path, Any]]:
        """Yield what was written: its key, and where in the root's state it stands."""
        place = level_place(frame, getattr(self.graph, "nodes", {}))
        for mutation in frame.mutations:
            if isinstance(mutation, (Put, Reduce)):
                yield mutation.key, written_at(mutation, place), mutation.kept

    def close(self, timeout: float = 2.0) -> bool:
        """Send what is in the queue; tell whether all of it went within `timeout` seconds."""
        # on a thread: the queue waits for its collector however short the time is
        flush = threading.Thread(target=self._provider.force_flush, daemon=True)
        flush.start()
        flush.join(timeout)
        sent = self._sender.taken == self._given
        if not sent:
            log.warning("not all spans were taken by %s", self.endpoint)
        return sent

    def __repr__(self) -> str:
        return f"NetworkSink({self.endpoint!r})"


def _facts_of(frame: Frame) -> dict[str, Any]:
    """Return what is sent of every frame: where, what kind of step, and which keys it wrote."""
    made: dict[str, Any] = {
        "lellm.graph": frame.graph_id,
        "lellm.path": frame.path,
        "lellm.kind": frame.kind,
        "lellm.step": frame.cursor,
        "lellm.visit": frame.visit,
        "lellm.changed_keys": list(frame.changed_keys),
    }
    if frame.route is not None:
        made["lellm.next_node"] = frame.next_node or "(end)"
    if frame.cost:
        made["lellm.cost"] = float(frame.cost)
    return made


class _Sender:
    """An exporter that counts what the collector took: the queue says of everything that it went.

    Attributes:
        taken: How many spans were taken.
    """

    def __init__(self, exporter: Any, success: Any) -> None:
        self._exporter = exporter
        self._success = success
        self.taken = 0

    def export(self, spans: Any) -> Any:
        """Send some."""
        result = self._exporter.export(spans)
        if result is self._success:
            self.taken += len(spans)
        return result

    def force_flush(self, timeout_millis: int = 30000) -> Any:
        """Send what the exporter itself holds back."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()
