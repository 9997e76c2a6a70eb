"""Frames as spans: what a collector gets, and what a dead one does."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from lellm_nb import GraphBuilder, NoopBarrierSink
from tests.strategies import nested, steps

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

from lellm_nb.store.network import NetworkSink  # noqa: E402  # after it is known to be there


@pytest.fixture
def collector():
    """A collector on loopback, which decodes the official messages."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            import gzip

            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.headers["Content-Type"] == "application/x-protobuf"
            got.append(service.ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
    server.shutdown()
    server.server_close()


def spans(got):
    """All spans that came."""
    return [
        span
        for request in got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def attributes(span):
    """A span's attributes as a dict of text."""
    made = {}
    for pair in span.attributes:
        value = pair.value
        kind = value.WhichOneof("value")
        made[pair.key] = (
            [v.string_value for v in value.array_value.values]
            if kind == "array_value"
            else getattr(value, kind)
        )
    return made


def test_every_frame_is_a_span_of_one_trace(collector):
    """With path, kind, step, keys and way out; times are the frame's."""
    url, got = collector
    sink = NetworkSink(url)
    nested().run({}, checkpoint=sink, barrier=NoopBarrierSink())
    assert sink.close()

    found = sorted(spans(got), key=lambda span: span.start_time_unix_nano)
    assert {span.trace_id.hex() for span in found} == {sink.trace_id}
    paths = [attributes(span)["lellm.path"] for span in found]
    assert paths.count("plan") == 2
    assert "agent#2/tool" in paths
    first = attributes(next(s for s in found if s.name == "plan"))
    assert first["lellm.changed_keys"] == ["log"]
    assert first["lellm.next_node"] == "agent"
    assert all(s.end_time_unix_nano >= s.start_time_unix_nano > 0 for s in found)
    assert got[0].resource_spans[0].resource.attributes[0].key


def test_values_go_along_only_when_asked_and_without_secrets(collector):
    """Keys by default."""
    url, got = collector
    key = "sk-proj-" + "aB3" * 12
    g = GraphBuilder("g").node("a", lambda ctx: {"key": key, "n": 1}).start("a").end("a").build()
    plain, full = NetworkSink(url), NetworkSink(url, values=True)
    g.run({}, checkpoint=plain)
    plain.close()
    assert "lellm.value.n" not in attributes(spans(got)[0])

    g.run({}, checkpoint=full)
    full.close()

    found = attributes(spans(got)[-1])
    assert found["lellm.value.n"] == "1"
    assert key not in str(got)
    assert "[redacted: OpenAI key]" in found["lellm.value.key"]


def test_a_dead_collector_neither_holds_nor_loses_the_run():
    """It takes the connection and never answers, for longer than a test may take."""
    with socket.create_server(("127.0.0.1", 0)) as dead:
        sink = NetworkSink(f"http://127.0.0.1:{dead.getsockname()[1]}/v1/traces", timeout=3600)
        result = steps("a", "b", "c").run({}, checkpoint=sink)

        assert result.state["log"] == ["a", "b", "c"]
        assert sink.close(timeout=0.1) is False


def test_where_nobody_listens_the_run_ends_as_it_would():
    sink = NetworkSink("http://127.0.0.1:9/v1/traces", timeout=0.2)

    assert steps("a").run({}, checkpoint=sink).state["log"] == ["a"]
    assert sink.close(timeout=30) is False
