"""A server of models on loopback: OpenAI, Anthropic and Gemini by script, and what it was asked.

Its answers depend on the request alone, but for a number that grows with every request: so a
served answer is told from a live one. What it was asked is the witness of what was sent.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

COOKIE = "session=a-cookie-that-nobody-keeps"


class Asked(NamedTuple):
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body as data."""
        return json.loads(self.body)


class ModelServer(ThreadingHTTPServer):
    """Answers as models do.

    Models of these names behave: ``busy`` says 429 twice, ``broken`` says 400, ``breaks`` breaks
    off in the middle of a stream, ``held`` waits for `release`, before it answers or, in a
    stream, before the last piece.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.arrived = threading.Condition()
        self.release = threading.Event()
        self.tries: Counter[bytes] = Counter()
        self._serving = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._serving.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def count(self) -> int:
        """How many requests have arrived."""
        return len(self.asked)

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.count >= count, timeout=30)

    def take(self, asked: Asked) -> int:
        """Take a request; return its number."""
        with self.arrived:
            self.asked.append(asked)
            self.arrived.notify_all()
            return len(self.asked)

    def end(self) -> None:
        """Go away."""
        self.release.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._take()
        self._whole({"path": self.path, "temperature": 18})

    def do_POST(self) -> None:
        number, body = self._take()
        data = json.loads(body) if body[:1] == b"{" else {}
        model = data.get("model", "")
        if model == "busy":
            self.server.tries[body] += 1
            if self.server.tries[body] % 3:
                return self._whole({"error": {"message": "slow down"}}, 429, "30")
        if model == "broken":
            return self._whole({"error": {"message": "bad schema"}}, 400)
        if model == "held" and not data.get("stream"):
            self.server.release.wait(30)
        self._answer(number, data, model)

    def _answer(self, number: int, data: dict[str, Any], model: str) -> None:
        streamed = bool(data.get("stream"))
        if self.path.startswith("/v1/chat/completions"):
            return (
                self._pieces(_chat_events(number, data), model)
                if streamed
                else self._whole(_chat(number, data))
            )
        if self.path.startswith("/v1/responses"):
            return (
                self._pieces(_response_events(number, data), model)
                if streamed
                else self._whole(_response(number, data))
            )
        if self.path.startswith("/v1/messages"):
            return (
                self._pieces(_message_events(number, data), model)
                if streamed
                else self._whole(_message(number, data))
            )
        if self.path.startswith("/v1/embeddings"):
            return self._whole(_embedding(number, data))
        if "streamGenerateContent" in self.path:
            return self._pieces(_gemini_events(number), model)
        if "generateContent" in self.path:
            return self._whole(_gemini(f"gemini says {number}"))
        return self._whole({"number": number, "path": self.path})

    def _take(self) -> tuple[int, bytes]:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self.server.take(Asked(self.path, headers, body)), body

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("set-cookie", COOKIE)
        self.send_header("x-request-id", f"req_{self.server.count}")

    def _whole(self, data: Any, status: int = 200, retry_after: str = "") -> None:
        raw = json.dumps(data).encode()
        self._head(status, "application/json")
        if "gzip" in self.headers.get("accept-encoding", ""):
            raw = gzip.compress(raw)
            self.send_header("content-encoding", "gzip")
        if retry_after:
            self.send_header("retry-after", retry_after)
            self.send_header("retry-after-ms", "1")  # or the test would wait
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _pieces(self, events: Iterator[str], model: str) -> None:
        self._head(200, "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        said = list(events)
        for at, event in enumerate(said):
            if model == "breaks" and at == 2:
                self.close_connection = True
                self.connection.close()
                return
            if model == "held" and at == len(said) - 1:
                self.server.release.wait(30)
            raw = event.encode()
            self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def _event(data: dict[str, Any], *, named: bool = False) -> str:
    head = f"event: {data['type']}\n" if named else ""
    return f"{head}data: {json.dumps(data)}\n\n"


# -- OpenAI -------------------------------------------------------------------------------------


def _asks_tool(data: dict[str, Any]) -> bool:
    return bool(data.get("tools")) and data["messages"][-1]["role"] == "user"


def _chat_base(number: int, data: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1, "model": data["model"]}


_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def _chat(number: int, data: dict[str, Any]) -> dict[str, Any]:
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    message: dict[str, Any] = {"role": "assistant", "content": f"answer {number}"}
    if _asks_tool(data):
        call = {"id": f"call_{number}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    finish = "tool_calls" if _asks_tool(data) else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {**_chat_base(number, data, "chat.completion"), "choices": [choice], "usage": _USAGE}


def _chat_events(number: int, data: dict[str, Any]) -> Iterator[str]:
    def piece(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({**base, "choices": [choice]})

    base = _chat_base(number, data, "chat.completion.chunk")
    yield piece({"role": "assistant", "content": ""})
    if _asks_tool(data):
        function = {"name": "weather", "arguments": ""}
        first = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        yield piece({"tool_calls": [first]})
        for part in ('{"city":', ' "Paris"}'):
            yield piece({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        yield piece({}, "tool_calls")
    else:
        for word in ("answer ", str(number), "!"):
            yield piece({"content": word})
        yield piece({}, "stop")
    if (data.get("stream_options") or {}).get("include_usage"):
        yield _event({**base, "choices": [], "usage": _USAGE})
    yield "data: [DONE]\n\n"


def _response(number: int, data: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "output_text", "text": f"response {number}", "annotations": []}
    item = {"type": "message", "id": f"msg_{number}", "status": "completed", "role": "assistant"}
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": data["model"],
        "status": "completed",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [{**item, "content": [text]}],
        "usage": {
            "input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 11,
        },
    }


def _response_events(number: int, data: dict[str, Any]) -> Iterator[str]:
    whole = _response(number, data)
    started = {**whole, "status": "in_progress", "output": []}
    yield _event(
        {"type": "response.created", "sequence_number": 0, "response": started}, named=True
    )
    for at, word in enumerate(("response ", str(number))):
        place = {"item_id": f"msg_{number}", "output_index": 0, "content_index": 0, "logprobs": []}
        delta = {"type": "response.output_text.delta", "sequence_number": at + 1, "delta": word}
        yield _event({**delta, **place}, named=True)
    yield _event(
        {"type": "response.completed", "sequence_number": 9, "response": whole}, named=True
    )


def _embedding(_number: int, data: dict[str, Any]) -> dict[str, Any]:
    vector = {"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return {"object": "list", "model": data["model"], "data": [vector], "usage": usage}


# -- Anthropic ------------------------------------------------------------------------------------


def _message(number: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": data["model"],
        "content": [{"type": "text", "text": f"claude says {number}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 21, "output_tokens": 5},
    }


def _message_events(number: int, data: dict[str, Any]) -> Iterator[str]:
    start = {**_message(number, data), "content": [], "stop_reason": None}
    text = {"type": "text", "text": ""}
    ends = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _event({"type": "message_start", "message": start}, named=True)
    yield _event({"type": "content_block_start", "index": 0, "content_block": text}, named=True)
    for word in ("claude ", "says ", str(number)):
        delta = {"type": "text_delta", "text": word}
        yield _event({"type": "content_block_delta", "index": 0, "delta": delta}, named=True)
    yield _event({"type": "content_block_stop", "index": 0}, named=True)
    yield _event(
        {"type": "message_delta", "delta": ends, "usage": {"output_tokens": 5}}, named=True
    )
    yield _event({"type": "message_stop"}, named=True)


# -- Gemini ---------------------------------------------------------------------------------------


def _gemini(text: str) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}


def _gemini_events(number: int) -> Iterator[str]:
    for word in ("gemini ", "says ", str(number)):
        yield f"data: {json.dumps(_gemini(word))}\r\n\r\n"
