"""The boundary of aiohttp: `ClientSession._request` (CALLS.md, K1)."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import responses as reasons
from inspect import signature
from types import ModuleType
from typing import Any

from lellm_nb.calls.credentials import Credentials, remember
from lellm_nb.calls.exchange import Exchange, clean_url, kept_headers
from lellm_nb.calls.wire import recording as wire
from lellm_nb.calls.wire.again import Again
from lellm_nb.calls.wire.aiohttp_streams import recorded_content, served_content
from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.client_errors import raised_again
from lellm_nb.calls.wire.node_here import inside, tape_here
from lellm_nb.calls.wire.patch import Patch
from lellm_nb.calls.wire.recording import AnswerRecording, aleave
from lellm_nb.calls.wire.request_bodies import body_bytes

__all__ = ["aiohttp_again", "aiohttp_patches"]


def aiohttp_patches(package: ModuleType) -> list[Patch]:
    """Wrap the sessions of aiohttp."""

    def wrapped(request: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(session: Any, method: str, str_or_url: Any, **options: Any) -> Any:
            tape = tape_here()
            sent = None if tape is None else _Sent.of(package, session, method, str_or_url, options)
            if tape is None or sent is None:
                return await request(session, method, str_or_url, **options)
            response = await _send(package, request, tape, session, sent)
            await _checked(session, options, response)
            return response

        return wrapper

    return [Patch(package.ClientSession, "_request", wrapped)]


class _Sent:
    """What a session is asked to send.

    Attributes:
        method, asked: What the session is called with.
        url: Where it goes, whole and with its secrets.
        headers: All of them but those that the session makes itself.
        body: What is known of it.
        options: What the session is called with.
    """

    def __init__(
        self, method: str, asked: Any, url: Any, headers: Any, options: dict[str, Any]
    ) -> None:
        self.method = method.upper()
        self.asked = asked
        self.url = url
        self.headers = headers
        self.body = b""
        self.options = options

    @classmethod
    def of(
        cls, package: ModuleType, session: Any, method: str, asked: Any, options: dict[str, Any]
    ) -> _Sent | None:
        """Return what is sent, `None` for what becomes a WebSocket, or is refused."""
        try:
            url = getattr(session, "_build_url", sys.modules["yarl"].URL)(asked)
            if options.get("params"):
                url = url.extend_query(options["params"])
        except (TypeError, ValueError):
            return None
        headers = sys.modules["multidict"].CIMultiDict(session.headers)
        headers.update(options.get("headers") or {})
        if "upgrade" in headers or url.host is None:
            return None
        if options.get("auth") is not None:
            headers["authorization"] = options["auth"].encode()
        sent = cls(method, asked, url, headers, {**options, "raise_for_status": False})
        sent._take_body(package, session)
        return sent

    def give(self, package: ModuleType, body: bytes) -> None:
        """Have these bytes sent as its body."""
        kind = self.headers.get("content-type", "application/octet-stream")
        self.body = body
        self.options["data"] = package.payload.BytesPayload(body, content_type=kind)

    def _take_body(self, package: ModuleType, session: Any) -> None:
        data, given = self.options.get("data"), self.options.get("json")
        if given is None or data is not None:
            self.body = body_bytes(getattr(data, "_value", data))
            return
        to_bytes = getattr(session, "_json_serialize_bytes", None)
        to_text = getattr(session, "_json_serialize", json.dumps)
        body = to_text(given).encode() if to_bytes is None else to_bytes(given)
        del self.options["json"]  # it was made bytes here, once for both
        self.headers.setdefault("content-type", "application/json")
        self.give(package, body)


def aiohttp_again(credentials: Credentials, tape: CallSink, again: Again) -> None:
    """Send a request again, with a session of its own: the one that sent it has another loop."""
    package = credentials.package
    request = getattr(package.ClientSession, "_request", None)

    async def send() -> None:
        async with package.ClientSession() as session:
            options = {"headers": again.headers, "data": again.body}
            sent = _Sent.of(package, session, again.method, again.url, options)
            if request is not None and sent is not None:
                response = await _send(package, request, tape, session, sent)
                await response.read()

    with ThreadPoolExecutor(1) as pool:  # there may be a loop on this thread
        pool.submit(asyncio.run, send()).result()


async def _send(
    package: ModuleType, request: Callable[..., Any], tape: CallSink, session: Any, sent: _Sent
) -> Any:
    url = str(sent.url)
    headers = kept_headers(sent.headers.items(), sent=True)
    exchange = Exchange(sent.method, clean_url(url), headers, sent.body, started=time.time())
    found = await wire.abegin(tape, exchange)
    if found is not None:
        return _served(package, tape, exchange, found, session, sent)
    recording = AnswerRecording(tape, exchange, url)
    try:
        edit = tape.edit(exchange)
        if edit is not None:
            sent.give(package, edit(exchange.body))
            exchange.body, exchange.edited, exchange.key = sent.body, True, None
        remember(url, sent.headers, package, session)
        with inside():
            response = await request(session, sent.method, sent.asked, **sent.options)
    except BaseException as error:
        await aleave(tape, recording.broke(error))
        raise
    packed = sent.options.get("auto_decompress")
    packed = getattr(session, "auto_decompress", True) if packed is None else packed
    came = kept_headers(response.headers.items(), sent=False)
    recording.answered(response.status, came, packed=not packed)
    exchange.stream = "event-stream" in response.headers.get("content-type", "")
    if response.content.at_eof():
        await aleave(tape, recording.whole())
    else:
        response.content = recorded_content(package, response.content, recording)
    return response


async def _checked(session: Any, options: dict[str, Any], response: Any) -> None:
    """Raise for the status of a response where that is asked for, as the session would."""
    check = options.get("raise_for_status")
    if check is None:
        check = getattr(session, "_raise_for_status", False)
    if callable(check):
        await check(response)
    elif check:
        response.raise_for_status()


def _served(
    package: ModuleType,
    tape: CallSink,
    exchange: Exchange,
    found: Exchange,
    session: Any,
    sent: _Sent,
) -> Any:
    """Return a response of aiohttp's own kind, or raise what it has raised."""
    wire.serve(tape, exchange, found)
    if found.status is None:
        raise raised_again(found.error, package.ClientConnectionError, package)
    loop = asyncio.get_running_loop()
    facts = {
        "writer": None,
        "continue100": None,
        "timer": package.helpers.TimerNoop(),
        "request_info": package.RequestInfo(sent.url, sent.method, sent.headers, sent.url),
        "traces": [],
        "loop": loop,
        "session": session,
        "stream_writer": _Writer(),
    }
    kind = _served_kind(getattr(session, "_response_class", package.ClientResponse))
    wanted = signature(kind).parameters  # not all versions want the same
    response = kind(
        sent.method, sent.url, **{name: fact for name, fact in facts.items() if name in wanted}
    )
    multidict = sys.modules["multidict"]
    headers = multidict.CIMultiDictProxy(multidict.CIMultiDict(wire.served_headers(found)))
    response.begin(found.status, headers, served_content(package, found, loop))
    return response


class _Writer:
    """What stands for the writer of a request that is not sent."""

    output_size = 0


class _Answer:
    """What a response is given in place of a connection."""

    def begin(self, status: int, headers: Any, content: Any) -> None:
        """Take the head of the answer and its body."""
        self.status = status
        self.reason = reasons.get(status, "")
        self.content = content
        self._headers = headers
        self._raw_headers = tuple((k.encode(), v.encode()) for k, v in headers.items())


@cache
def _served_kind(response: type) -> Any:
    """Return a class of ours that is the session's, too."""
    return type(response.__name__, (_Answer, response), {})
