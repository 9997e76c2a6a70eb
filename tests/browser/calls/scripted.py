"""A server of models for pictures and tests in the browser: a function says what it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Says = Callable[[dict[str, Any]], Any]
"""Given the request, returns a message, a status of an error, or the words of a stream."""


class Scripted(ThreadingHTTPServer):
    """Answers chat completions as a function says; anything else it answers with itself.

    Attributes:
        asked: What it was asked, in order.
        go: In a stream each word after the first waits for a release of it, if it is `gated`.
    """

    daemon_threads = True

    def __init__(self, says: Says, *, gated: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.says = says
        self.go = threading.Semaphore(0 if gated else 1_000_000)
        self.asked: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.server.asked.append(data)
        if "messages" not in data:
            return self._whole({"ok": True, "got": data, "path": self.path})
        said = self.server.says(data)
        if isinstance(said, int):
            return self._whole({"error": {"message": f"the model said {said}"}}, said)
        if isinstance(said, list):
            return self._stream(said, data)
        finish = "tool_calls" if said.get("tool_calls") else "stop"
        choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": finish}
        self._whole({**_base(data), "choices": [choice], "usage": _usage(data, said)})

    def _whole(self, data: Any, status: int = 200) -> None:
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, words: list[str], data: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for at, word in enumerate(words):
            if at:
                self.server.go.acquire()
            self._event({"choices": [{"index": 0, "delta": {"content": word}}]}, data)
        self.server.go.acquire()
        ends = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        self._event({**ends, "usage": _usage(data, "".join(words))}, data)
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, more: dict[str, Any], data: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps({**_base(data), **more})}\n\n".encode())

    def _chunk(self, raw: bytes) -> None:
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()


def _base(data: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": data["model"]}


def _usage(data: dict[str, Any], said: Any) -> dict[str, int]:
    sent, got = (len(json.dumps(part)) // 4 for part in (data["messages"], said))
    return {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}
