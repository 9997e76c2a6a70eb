"""The boundary of requests: `Session.send` (CALLS.md, K1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

from lellm_nb.calls.credentials import Credentials, remember
from lellm_nb.calls.exchange import Exchange, clean_url, kept_headers
from lellm_nb.calls.wire import recording as wire
from lellm_nb.calls.wire.again import LONGEST, Again
from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.node_here import inside, tape_here
from lellm_nb.calls.wire.patch import Patch
from lellm_nb.calls.wire.recording import AnswerRecording, leave
from lellm_nb.calls.wire.request_bodies import body_bytes
from lellm_nb.calls.wire.requests_bodies import RecordedBody, ServedBody

__all__ = ["requests_again", "requests_patches"]


def requests_patches(package: ModuleType) -> list[Patch]:
    """Wrap the sessions of requests."""

    def wrapped(send: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(session: Any, request: Any, **options: Any) -> Any:
            tape = tape_here()
            if tape is None or not isinstance(request, package.PreparedRequest):
                return send(session, request, **options)
            return _send(package, send, tape, session, request, options)

        return wrapper

    return [Patch(package.Session, "send", wrapped)]


def requests_again(credentials: Credentials, tape: CallSink, again: Again) -> None:
    """Send a request again, with the session that sent it or one like it."""
    package = credentials.package
    session = credentials.client or package.Session()
    request = package.Request(again.method, again.url, again.headers, data=again.body).prepare()
    options = session.merge_environment_settings(again.url, {}, again.stream, None, None)
    send = package.Session.send
    response = _send(package, send, tape, session, request, {**options, "timeout": LONGEST})
    _ = response.content  # read to its end, where it comes in pieces


def _send(
    package: ModuleType,
    send: Callable[..., Any],
    tape: CallSink,
    session: Any,
    request: Any,
    options: dict[str, Any],
) -> Any:
    exchange = Exchange(
        request.method,
        clean_url(request.url),
        kept_headers(request.headers.items(), sent=True),
        body_bytes(request.body),
        stream=bool(options.get("stream", session.stream)),
        started=time.time(),
    )
    found = wire.begin(tape, exchange)
    if found is not None:
        return _served(package, tape, exchange, found, session, request, options)
    recording = AnswerRecording(tape, exchange, request.url)
    try:
        request = _edited(tape, exchange, request)
        remember(request.url, request.headers, package, session)
        with inside():
            response = send(session, request, **options)
    except BaseException as error:
        answer = getattr(error, "response", None)
        if not isinstance(answer, package.Response):
            leave(tape, recording.broke(error))
        else:  # a hook made an error of the answer, as `raise_for_status` does
            _answered(recording, answer, packed=False)
            recording.take(answer.content)
            leave(tape, recording.whole())
        raise
    _answered(recording, response, packed=exchange.stream)
    if exchange.stream:
        response.raw = RecordedBody(response.raw, recording)
        return response
    recording.take(response.content)
    leave(tape, recording.whole())
    return response


def _edited(tape: CallSink, exchange: Exchange, request: Any) -> Any:
    """Return the request with the body that it was given in place of its own, if it was."""
    edit = tape.edit(exchange)
    if edit is None:
        return request
    exchange.body = edit(exchange.body)
    exchange.edited, exchange.key = True, None
    request = request.copy()
    request.body = exchange.body
    request.headers.pop("Transfer-Encoding", None)
    request.headers["Content-Length"] = str(len(exchange.body))
    return request


def _answered(recording: AnswerRecording, response: Any, *, packed: bool) -> None:
    headers = kept_headers(response.headers.items(), sent=False)
    recording.answered(response.status_code, headers, packed=packed)


def _served(
    package: ModuleType,
    tape: CallSink,
    exchange: Exchange,
    found: Exchange,
    session: Any,
    request: Any,
    options: dict[str, Any],
) -> Any:
    """Return a response of requests' own kind, or raise what it has raised."""
    wire.serve(tape, exchange, found)
    if found.status is None:
        error: Any = raised_again(found.error, package.ConnectionError, package.exceptions, package)
        error.request = request
        raise error
    build = package.adapters.HTTPAdapter.build_response
    response = build(session.get_adapter(url=request.url), request, ServedBody(found))
    response.elapsed = timedelta(seconds=found.duration or 0.0)
    response = package.hooks.dispatch_hook("response", request.hooks, response, **options)
    if not exchange.stream:
        _ = response.content  # read, as a session does it
    return response
