"""What a request is found by: method, URL and body, in the form without secrets (K3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lellm_nb.calls.exchange import Exchange

__all__ = ["canonical", "key_maker", "request_key", "without_host"]


def request_key(exchange: Exchange, make: Callable[[Exchange], str]) -> str:
    """Return what a request is found by; it is made once."""
    if exchange.key is None:
        exchange.key = make(exchange)
    return exchange.key


def key_maker(
    clean: Callable[[Any], Any] = lambda value: value, *, any_host: bool = False
) -> Callable[[Exchange], str]:
    """Return what makes keys.

    Args:
        clean: Takes secrets out of JSON data and text, so that what is stored without them is
            found all the same.
        any_host: Whether it does not matter at which host a path is asked.

    Example:
        >>> make = key_maker()
        >>> one = Exchange("POST", "http://m/v1", (), b'{"a": 1, "b": 2}')
        >>> two = Exchange("POST", "http://m/v1", (), b'{"b":2,"a":1}')
        >>> make(one) == make(two)
        True
    """

    def make(exchange: Exchange) -> str:
        url = without_host(exchange.url) if any_host else exchange.url
        head = f"{exchange.method} {clean(url)}\n".encode()
        return blake2b(head + canonical(exchange, clean), digest_size=16).hexdigest()

    return make


def without_host(url: str) -> str:
    """Return the path and the query of a URL.

    Example:
        >>> without_host("http://127.0.0.1:8000/v1/models?page=2")
        '/v1/models?page=2'
    """
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path, parts.query, ""))


def canonical(exchange: Exchange, clean: Callable[[Any], Any]) -> bytes:
    """Return the body of a request in one form for all that mean the same."""
    body, kind = exchange.body, dict(exchange.headers).get("content-type", "")
    if "json" in kind or body[:1] in (b"{", b"["):
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            pass
        else:
            return json.dumps(clean(data), sort_keys=True, separators=(",", ":")).encode()
    if "boundary=" in kind:
        mark = kind.partition("boundary=")[2].partition(";")[0].strip(' "')
        return body.replace(mark.encode(), b"boundary")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    return str(clean(text)).encode()
