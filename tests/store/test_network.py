"""Frames as spans: what a collector gets, and what a dead one does."""

from __future__ import annotations

import base64
import http.server
import socket
import threading

import numpy as np
import pandas as pd
import pytest

from lellm_nb import GraphBuilder, MockBarrierSink, NoopBarrierSink, Redactor, Reject
from lellm_nb.errors import CheckpointStoreError
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


KEY = "sk-proj-" + "aB3" * 12
PASSWORD = "correct horse battery"


class Client:
    """An object that shows its key, as clients do."""

    def __repr__(self):
        return f"Client(api_key={KEY!r})"


def leaky():
    """A graph that says a key and a password wherever something can be said."""
    inner = GraphBuilder("inner")
    inner.node("say", lambda ctx: {"said": PASSWORD})
    g = GraphBuilder(f"graph {KEY}")

    def writes(ctx):
        ctx.put(f"key {KEY}", 1)
        ctx.put("set", {KEY, "b"})
        ctx.put("deep", {"list": [{KEY: (KEY, {PASSWORD})}], "bytes": KEY.encode()})
        ctx.put(("deep", KEY), KEY)
        ctx.put("client", Client())
        ctx.put("array", np.array([KEY, "x"]))
        ctx.put("table", pd.DataFrame({KEY: [PASSWORD]}))
        ctx.append("log", f"signed in with {PASSWORD}")

    def fails(ctx):
        raise ExceptionGroup(f"all with {KEY}", [ValueError(f"no such password: {PASSWORD}")])

    g.node("writes", writes).barrier("ask").subgraph("in", inner.start("say").end("say").build())
    g.node(f"ends {KEY}", lambda ctx: None).node("fails", fails)
    g.edge("writes", "ask").edge("ask", "in").edge("in", f"ends {KEY}").edge(f"ends {KEY}", "fails")
    g.node("over", lambda ctx: None).edge("fails", "over").on_error("fails", "over")
    return g.start("writes").end("over").build()


@pytest.mark.parametrize("values", [False, True])
def test_nothing_that_is_sent_has_a_secret_in_it(collector, values):
    """C13: names, keys, reasons, sets, arrays, objects, errors: all of it in its finished form."""
    url, got = collector
    sink = NetworkSink(
        url, service=f"with {KEY}", values=values, redact=Redactor(paths=["config.password"])
    )
    script = MockBarrierSink([Reject(f"because of {KEY} and {PASSWORD}")])
    state = {"config": {"password": PASSWORD}, "deep": {}, "log": []}
    leaky().run(state, checkpoint=sink, barrier=script)
    assert sink.close()

    sent = b"".join(request.SerializeToString() for request in got)
    assert "no such password: [redacted]" in " ".join(s.status.message for s in spans(got))
    for secret in (KEY, PASSWORD, base64.b64encode(KEY.encode()).decode()[:24]):
        assert secret.encode() not in sent
    assert b"because of [redacted: OpenAI key] and [redacted]" in sent


def test_a_redactor_of_ones_own_is_asked(collector):
    """C13: what is secret may be said, as for any other sink."""
    url, got = collector
    sink = NetworkSink(url, values=True, redact=Redactor(patterns={"badge": r"B-\d{4}"}))
    g = GraphBuilder("g").node("a", lambda ctx: {"who": "B-1234"}).start("a").end("a").build()
    g.run({}, checkpoint=sink)
    assert sink.close()

    assert "[redacted: badge]" in attributes(spans(got)[0])["lellm.value.who"]
    with pytest.raises(CheckpointStoreError, match="redact is a Redactor"):
        NetworkSink(url, redact=3)
