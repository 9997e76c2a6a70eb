"""The boundary of httpx and of httpx2: `Client.send` and `AsyncClient.send` (CALLS.md, K1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from types import ModuleType
from typing import Any

from lellm_nb.calls.credentials import Credentials, remember
from lellm_nb.calls.exchange import Exchange, clean_url, kept_headers
from lellm_nb.calls.wire import recording as wire
from lellm_nb.calls.wire.again import LONGEST, Again
from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.httpx_streams import recorded_stream, served_stream
from lellm_nb.calls.wire.node_here import inside, tape_here
from lellm_nb.calls.wire.patch import Patch
from lellm_nb.calls.wire.recording import AnswerRecording, aleave, leave

__all__ = ["httpx_again", "httpx_patches"]


def httpx_patches(package: ModuleType) -> list[Patch]:
    """Wrap the clients of httpx or of httpx2."""

    def wrapped(send: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(client: Any, request: Any, **options: Any) -> Any:
            tape = tape_here()
            if tape is None or _is_apart(request, "__iter__"):
                return send(client, request, **options)
            return _send(package, send, tape, client, request, options)

        return wrapper

    def async_wrapped(send: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(client: Any, request: Any, **options: Any) -> Any:
            tape = tape_here()
            if tape is None or _is_apart(request, "__aiter__"):
                return await send(client, request, **options)
            return await _asend(package, send, tape, client, request, options)

        return wrapper

    return [
        Patch(package.Client, "send", wrapped),
        Patch(package.AsyncClient, "send", async_wrapped),
    ]


def httpx_again(credentials: Credentials, tape: CallSink, again: Again) -> None:
    """Send a request again, with the client that sent it or one like it."""
    package, client = credentials.package, credentials.client
    with ExitStack() as closing:
        if not isinstance(client, package.Client) or client.is_closed:
            client = closing.enter_context(package.Client(timeout=LONGEST))
        request = package.Request(
            again.method, again.url, headers=again.headers, content=again.body
        )
        response = _send(
            package, package.Client.send, tape, client, request, {"stream": again.stream}
        )
        response.read()


def _send(
    package: ModuleType,
    send: Callable[..., Any],
    tape: CallSink,
    client: Any,
    request: Any,
    options: dict[str, Any],
) -> Any:
    request.read()
    exchange = _exchange(request, options)
    found = wire.begin(tape, exchange)
    if found is not None:
        response = _served(package, tape, exchange, found, client, request)
        for hook in client.event_hooks["response"]:
            hook(response)
        if not exchange.stream:
            response.read()
        return response
    url = str(request.url)
    recording = AnswerRecording(tape, exchange, url)
    try:
        request = _edited(package, tape, exchange, request)
        remember(url, request.headers, package, client)
        with inside():
            response = send(client, request, **options)
    except BaseException as error:
        leave(tape, _raised(package, recording, error))
        raise
    if _streamed(package, recording, response):
        return response
    leave(tape, recording.whole())
    return response


async def _asend(
    package: ModuleType,
    send: Callable[..., Any],
    tape: CallSink,
    client: Any,
    request: Any,
    options: dict[str, Any],
) -> Any:
    await request.aread()
    exchange = _exchange(request, options)
    found = await wire.abegin(tape, exchange)
    if found is not None:
        response = _served(package, tape, exchange, found, client, request)
        for hook in client.event_hooks["response"]:
            await hook(response)
        if not exchange.stream:
            await response.aread()
        return response
    url = str(request.url)
    recording = AnswerRecording(tape, exchange, url)
    try:
        request = _edited(package, tape, exchange, request)
        remember(url, request.headers, package, client)
        with inside():
            response = await send(client, request, **options)
    except BaseException as error:
        await aleave(tape, _raised(package, recording, error))
        raise
    if _streamed(package, recording, response):
        return response
    await aleave(tape, recording.whole())
    return response


def _is_apart(request: Any, reads: str) -> bool:
    """Tell whether a request is none to take down: it becomes a WebSocket, or is refused."""
    return "upgrade" in request.headers or not hasattr(request.stream, reads)


def _exchange(request: Any, options: dict[str, Any]) -> Exchange:
    return Exchange(
        request.method,
        clean_url(str(request.url)),
        kept_headers(request.headers.multi_items(), sent=True),
        request.content,
        stream=bool(options.get("stream")),
        started=time.time(),
    )


def _edited(package: ModuleType, tape: CallSink, exchange: Exchange, request: Any) -> Any:
    """Return the request with the body that it was given in place of its own, if it was."""
    edit = tape.edit(exchange)
    if edit is None:
        return request
    exchange.body = edit(exchange.body)
    exchange.edited, exchange.key = True, None
    left = ("content-length", "transfer-encoding")
    headers = [pair for pair in request.headers.multi_items() if pair[0].lower() not in left]
    return package.Request(
        request.method,
        request.url,
        headers=headers,
        content=exchange.body,
        extensions=request.extensions,
    )


def _answered(recording: AnswerRecording, response: Any, *, packed: bool) -> None:
    headers = kept_headers(response.headers.multi_items(), sent=False)
    recording.answered(response.status_code, headers, packed=packed)


def _streamed(package: ModuleType, recording: AnswerRecording, response: Any) -> bool:
    """Take the answer, or have it taken while it is read: whether that is still to come."""
    try:
        content = response.content
    except package.ResponseNotRead:
        _answered(recording, response, packed=True)
        response.stream = recorded_stream(package, response.stream, recording)
        return True
    _answered(recording, response, packed=False)
    recording.take(content)
    return False


def _raised(
    package: ModuleType, recording: AnswerRecording, error: BaseException
) -> BaseException | None:
    """Take what the client raised, or the answer that a hook made an error of."""
    response = getattr(error, "response", None)
    if not isinstance(response, package.Response):
        return recording.broke(error)
    _answered(recording, response, packed=False)
    with suppress(package.ResponseNotRead):
        recording.take(response.content)
    return recording.whole()


def _served(
    package: ModuleType,
    tape: CallSink,
    exchange: Exchange,
    found: Exchange,
    client: Any,
    request: Any,
) -> Any:
    """Return a response of the client's own kind, or raise what it has raised."""
    wire.serve(tape, exchange, found)
    if found.status is None:
        error: Any = raised_again(found.error, package.TransportError, package)
        if isinstance(error, package.RequestError):
            error.request = request
        raise error
    response = package.Response(
        found.status,
        headers=wire.served_headers(found),
        stream=served_stream(package, found),
        request=request,
        extensions={"http_version": b"HTTP/1.1"},
        default_encoding=getattr(client, "_default_encoding", "utf-8"),
    )
    response.elapsed = timedelta(seconds=found.duration or 0.0)
    return response
