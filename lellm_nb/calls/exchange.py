"""One request of an HTTP client, and what came back: bytes, kept as they are (CALLS.md, K1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from lellm_nb.errors.key_patterns import without_keys

__all__ = ["FUNCTION", "Exchange", "Headers", "clean_url", "clean_words", "is_secret"]
__all__ += ["kept_headers"]

FUNCTION = "CALL"
"""The method of what is no request: a function that was called (K4)."""

Headers = tuple[tuple[str, str], ...]
"""Names in lower case and values, in the order in which they came."""

_SENT = frozenset(
    {
        *("accept", "content-type", "anthropic-version", "anthropic-beta", "openai-beta"),
        *("mcp-session-id", "mcp-protocol-version", "x-stainless-retry-count"),
    }
)
_RECEIVED = frozenset(
    {
        *("content-type", "content-encoding", "retry-after", "retry-after-ms", "x-should-retry"),
        *("request-id", "x-request-id", "openai-processing-ms", "openai-version"),
        "mcp-session-id",
    }
)
_SECRET = frozenset(
    {
        *("key", "apikey", "appid", "token", "sig", "signature", "secret", "password", "passwd"),
        *("pwd", "auth", "authorization", "credential", "credentials", "code", "session"),
    }
)
_PUBLIC = frozenset({"page", "next", "continuation"})  # what goes before a token that is no secret
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

HIDDEN = "hidden"
"""What stands in a URL where a secret was."""


def kept_headers(headers: Iterable[tuple[str, str]], *, sent: bool) -> Headers:
    """Return the headers that are worth keeping; no other leaves the client (K5).

    Args:
        headers: Names and values as the client has them.
        sent: Whether they are a request's.

    Example:
        >>> kept_headers([("Authorization", "Bearer x"), ("Accept", "*/*")], sent=True)
        (('accept', '*/*'),)
    """
    found = []
    for name, value in headers:
        low = name.lower()
        if low in (_SENT if sent else _RECEIVED) or (not sent and low.startswith("x-ratelimit")):
            found.append((low, value))
    return tuple(found)


def is_secret(name: str) -> bool:
    """Tell whether the value of a parameter or header of this name is a secret.

    Example:
        >>> is_secret("api_key"), is_secret("accessToken"), is_secret("X-Amz-Signature")
        (True, True, True)
        >>> is_secret("keyword"), is_secret("pageToken"), is_secret("encoding")
        (False, False, False)
    """
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(_SECRET) and words.isdisjoint(_PUBLIC)


def clean_url(url: str) -> str:
    """Return a URL without who asks and without secret values of its query (K5).

    Example:
        >>> clean_url("https://me:pw@api.test/v1/models?key=AIza1&q=a%20b#top")
        'https://api.test/v1/models?key=hidden&q=a%20b'
    """
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={HIDDEN}" if value and is_secret(unquote_plus(name)) else f"{name}{equals}{value}"
        for name, equals, value in (part.partition("=") for part in parts.query.split("&"))
    )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def clean_words(words: str, url: str) -> str:
    """Return what a client says of a request without what `clean_url` takes out of its URL.

    Example:
        >>> clean_words("no answer from /t?key=AIza1", "https://api.test/t?key=AIza1")
        'no answer from /t?key=hidden'
    """
    parts = urlsplit(url)
    pairs = [part.partition("=")[::2] for part in parts.query.split("&")]
    secrets = [value for name, value in pairs if is_secret(unquote_plus(name))]
    secrets += parts.netloc.rpartition("@")[0].partition(":")[::2]
    for secret in (one for one in secrets if len(one) > 3):  # a short one is a part of any word
        words = words.replace(secret, HIDDEN).replace(unquote_plus(secret), HIDDEN)
    return words


class Exchange:
    """One request and its answer: one attempt of a call.

    Nothing is understood here and nothing is hashed: recording one costs next to nothing.

    Attributes:
        method, url: Where it went; the URL without secrets.
        headers, body: What was sent; of the headers those that are worth keeping.
        stream: Whether the answer was asked for in pieces.
        status: The status of the answer; `None` while there is none, or where none came.
        response_headers: Those of the answer that are worth keeping.
        chunks: The body of the answer as it came: seconds since it began, and bytes.
        started: When it was sent, in seconds since the epoch.
        duration: Seconds until the answer was whole; `None` while it is not.
        error: What the client raised instead, as ``Name: words``; empty where it did not.
        cut: Whether the answer was left, or broke off, before it was whole.
        served: Whether it was looked up instead of sent.
        answered: Whether the answer was given by hand (`rerun(answer=…)`).
        source: Of one that was served: the index of the frame it came from, if that is known.
        stale: Whether what was served answers another request (``miss="drift"``).
        edited: Whether it was not sent as the node wrote it.
        late: Whether it was sent after its node had ended.
        value: Of a function that was called in place of a request: what it returned.
        hidden: Whether a secret was taken out of the answer where it was stored: it is not served.
        key: What it is found by; made when it is asked for first, see `matching`.
        asked: Of one that was edited: the key of what the node wrote.
    """

    __slots__ = (
        *(
            "answered",
            "asked",
            "body",
            "chunks",
            "cut",
            "duration",
            "edited",
            "error",
            "headers",
            "hidden",
        ),
        *("key", "late", "method", "response_headers", "served", "source", "stale", "started"),
        *("status", "stream", "url", "value"),
    )

    def __init__(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
        *,
        stream: bool = False,
        started: float = 0.0,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.stream = stream
        self.started = started
        self.status: int | None = None
        self.response_headers: Headers = ()
        self.chunks: list[tuple[float, bytes]] = []
        self.duration: float | None = None
        self.error = ""
        self.cut = False
        self.served = False
        self.answered = False
        self.source: int | None = None
        self.stale = False
        self.edited = False
        self.late = False
        self.value: Any = None
        self.hidden = False
        self.key: str | None = None
        self.asked: str | None = None

    @property
    def content(self) -> bytes:
        """The body of the answer so far."""
        return b"".join([piece for _, piece in self.chunks])

    @property
    def first(self) -> float | None:
        """Seconds until the first piece of the answer came."""
        return self.chunks[0][0] if self.chunks else None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.duration is not None

    @property
    def unanswered(self) -> bool:
        """Whether it was left before an answer came: there is nothing to serve."""
        return self.cut and self.status is None

    @property
    def failed(self) -> bool:
        """Whether a client would try again: no answer came, or one that says so."""
        status = self.status
        if status is None:
            return bool(self.error)
        return bool(self.error) or status in (408, 409, 429) or status >= 500

    def header(self, name: str) -> str:
        """Return a header of the answer, empty where it has none."""
        return dict(self.response_headers).get(name, "")

    def answered_by(self, other: Exchange) -> None:
        """Take over the answer of a recorded one."""
        self.status = other.status
        self.response_headers = other.response_headers
        self.chunks = other.chunks
        self.duration = other.duration
        self.error = other.error
        self.cut = other.cut
        self.value = other.value
        self.source = other.source

    def __repr__(self) -> str:
        # what was sent and what came may hold secrets: neither is shown here
        came = self.error.partition(":")[0] or self.status or "…"
        return without_keys(f"<Exchange {self.method} {self.url} {came}>")

    def facts(self) -> Mapping[str, Any]:
        """Return everything but the bytes and the value, by name."""
        left = ("asked", "body", "chunks", "key", "value")
        return {name: getattr(self, name) for name in Exchange.__slots__ if name not in left}
