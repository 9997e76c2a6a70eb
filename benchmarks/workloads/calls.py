"""What it costs to take down the calls of nodes, to serve and to read them (CALLS.md, Numbers)."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Column, Figure
from benchmarks.timing import median

KEY = "calls"
TITLE = "Calls: one node asks a model over httpx, with the answers at hand"
HOW = (
    "*extra* is what a call, or a chunk of a stream, takes more than in a debugger with"
    " `calls=False`; *served* is a whole call that is looked up; *read* is 100 calls looked at for"
    " the first time; *disk* is the closed SQLite file of 50 calls of a chat that grows by 2 kB"
)
COLUMNS = (
    Column("extra", "extra us", "us"),
    Column("served", "served us", "us"),
    Column("read", "read us", "us"),
    Column("disk", "disk", "bytes"),
)
DEBUGGER = "lellm_nb Debugger"


def figures(short: bool) -> list[Figure]:
    """One for each size, and one for each of the others."""
    calls, runs = (50, 3) if short else (300, 9)
    made = [
        Figure(KEY, DEBUGGER, f"{size} kB sent", {"size": size, "calls": calls, "runs": runs})
        for size in (1, 100)
    ]
    chunks = {"chunks": 20_000 if short else 200_000, "runs": runs}
    made.append(Figure(KEY, DEBUGGER, "a chunk of a stream", chunks))
    made.append(Figure(KEY, DEBUGGER, "100 calls of 5.6 MB", {"reads": 100, "runs": runs}))
    return [*made, Figure(KEY, DEBUGGER, "a chat of 50 calls", {"chat": 50, "runs": 1})]


def measure(
    _subject: str,
    runs: int,
    size: int = 0,
    calls: int = 0,
    chunks: int = 0,
    reads: int = 0,
    chat: int = 0,
) -> dict[str, float]:
    """Measure one case."""
    if chunks:
        return {"extra": _extra(_streaming(chunks), runs) / chunks * 1e6}
    if reads:
        return {"read": median([_read(reads) for _ in range(runs)]) * 1e6}
    if chat:
        return {"disk": _on_disk(chat)}
    node = _asking([_chat(size * 1000)] * calls)
    dbg, _ = _ran(node)
    begun = time.perf_counter()
    dbg.rerun(1)
    served = time.perf_counter() - begun
    return {"extra": _extra(node, runs) / calls * 1e6, "served": served / calls * 1e6}


def _extra(node: Callable[[Any], Any], runs: int) -> float:
    """Return the seconds that a run takes more where its calls are taken down."""
    taken = [(_ran(node)[1], _ran(node, calls=False)[1]) for _ in range(runs)]
    return median([on - off for on, off in taken])


def _ran(node: Callable[[Any], Any], **options: Any) -> tuple[Any, float]:
    from lellm_nb import Debugger, GraphBuilder

    dbg = Debugger(GraphBuilder("g").node("n", node).start("n").end("n").build(), {}, **options)
    begun = time.perf_counter()
    dbg.run()
    return dbg, time.perf_counter() - begun


def _chat(size: int, messages: int = 1) -> bytes:
    text = "word " * (size // messages // 5)
    said = [{"role": "user", "content": f"{n} {text}"} for n in range(messages)]
    return json.dumps({"model": "gpt-4o-mini", "messages": said}).encode()


_ANSWER = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "yes " * 60},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 60, "total_tokens": 70},
    }
).encode()


def _asking(bodies: list[bytes]) -> Callable[[Any], Any]:
    """Return a node that sends these bodies, one after the other."""
    import httpx

    head = {"content-type": "application/json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=head, content=_ANSWER))
    client = httpx.Client(transport=transport)

    def node(ctx: Any) -> None:
        for body in bodies:
            client.post("http://m.test/v1/chat/completions", content=body, headers=head)

    return node


def _streaming(chunks: int) -> Callable[[Any], Any]:
    """Return a node that reads one stream of so many chunks."""
    import httpx

    class Chunks(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(chunks):
                yield b"data: {}\n\n"

    head = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=head, stream=Chunks()))
    client = httpx.Client(transport=transport)

    def node(ctx: Any) -> None:
        with client.stream("POST", "http://m.test/v1/chat/completions", content=b"{}") as answer:
            for _ in answer.iter_raw():
                pass

    return node


def _read(reads: int) -> float:
    dbg, _ = _ran(_asking([_chat(56_000, messages=60)] * reads))
    calls = dbg.frames[1].calls
    begun = time.perf_counter()
    for call in calls:
        assert call.messages
        assert call.tokens_in
    return time.perf_counter() - begun


def _on_disk(chat: int) -> float:
    from lellm_nb import Debugger, GraphBuilder

    bodies = [_chat(2_000 * n, messages=n) for n in range(1, chat + 1)]
    node = _asking(bodies)
    graph = GraphBuilder("g").node("n", node).start("n").end("n").build()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        dbg = Debugger(graph, {}, store=str(Path(folder) / "runs.db"))
        dbg.run()
        dbg.close()
        return float(sum(file.stat().st_size for file in Path(folder).iterdir()))
