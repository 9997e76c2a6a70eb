"""Headers that are never stored: held in this process alone, to ask again with (CALLS.md, K5)."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

from lellm_nb.calls.exchange import HIDDEN, clean_url
from lellm_nb.errors import DebuggerError

__all__ = ["Credentials", "NoCredentialsError", "forget_credentials", "held", "remember"]
__all__ += ["use_key"]

_LEFT = frozenset(
    {
        *("content-length", "transfer-encoding", "host", "accept-encoding", "connection"),
        "x-stainless-retry-count",
    }
)
"""Headers that belong to one request, and are made anew for the next."""


class NoCredentialsError(DebuggerError, LookupError):
    """Something is to be asked again where nobody has asked in this process.

    Attributes:
        origin: Scheme and host of where it would be sent.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        super().__init__(
            f"Nothing was sent to {origin} in this process, and keys are never stored: run the"
            " node once, or give a key for it: call.use_key(…)."
        )


class Credentials:
    """What went along with the last request to one origin.

    It shows nothing, and is neither copied nor pickled.

    Attributes:
        package: The client's module: httpx2, httpx, requests or aiohttp.
    """

    __slots__ = ("__weakref__", "_client", "_headers", "_url", "package")

    def __init__(self, url: str, headers: Any, package: ModuleType, client: Any) -> None:
        self._url = url
        self._headers = headers  # by reference: the client adds to them when it sends
        self._client: Callable[[], Any] = _nobody if client is None else weakref.ref(client)
        self.package = package

    @property
    def client(self) -> Any:
        """The client that sent it, `None` where it is gone."""
        return self._client()

    def headers(self) -> dict[str, str]:
        """Return the headers to send again, by their names in lower case."""
        headers = {name.lower(): value for name, value in self._headers.items()}
        return {name: value for name, value in headers.items() if name not in _LEFT}

    def whole_url(self, url: str) -> str:
        """Return a URL with the secrets that were taken out of it."""
        asked, had = urlsplit(url), urlsplit(self._url)
        secrets = dict(part.partition("=")[::2] for part in had.query.split("&"))
        pairs = (part.partition("=") for part in asked.query.split("&"))
        query = "&".join(
            name + equals + (secrets.get(name, value) if value == HIDDEN else value)
            for name, equals, value in pairs
        )
        return urlunsplit((asked.scheme, had.netloc, asked.path, query, ""))

    def __repr__(self) -> str:
        return "<credentials, held in this process only>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("credentials are neither copied nor stored")


_held: dict[str, Credentials] = {}


def remember(url: str, headers: Any, package: ModuleType, client: Any) -> None:
    """Hold what goes along with a request until another one goes to the same place.

    Args:
        url: Where it goes, with the secrets in it.
        headers: All of its headers, as a mapping.
        package, client: What sends it.
    """
    _held[_origin(url)] = Credentials(url, headers, package, client)


def use_key(url: str, key: str, provider: str) -> None:
    """Hold a key for where a URL leads, in the header in which the provider wants it.

    Args:
        provider: Who is asked, as `Call.provider` has it.

    Raises:
        DebuggerError: There is no client here that could send anything.
    """
    name, form = _HEADERS.get(provider, ("authorization", "Bearer {}"))
    headers = {name: form.format(key), "content-type": "application/json"}
    if provider == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    _held[_origin(url)] = Credentials(url, headers, _client_package(), None)


_HEADERS = {"anthropic": ("x-api-key", "{}"), "google": ("x-goog-api-key", "{}")}
"""By provider: the header of its key, and how that stands there; a bearer's for all others."""


def _client_package() -> ModuleType:
    names = ("httpx2", "httpx", "requests")
    for name in sorted(names, key=lambda name: name not in sys.modules):
        with suppress(ImportError):
            return import_module(name)
    raise DebuggerError(f"No client is installed that could ask: one of {', '.join(names)}.")


def held(url: str) -> Credentials:
    """Return what went along with the last request to where a URL leads.

    Raises:
        NoCredentialsError: Nothing was sent there in this process.
    """
    origin = _origin(url)
    if origin not in _held:
        raise NoCredentialsError(origin)
    return _held[origin]


def forget_credentials() -> None:
    """Hold nothing any more."""
    _held.clear()


def _nobody() -> None:
    return None


def _origin(url: str) -> str:
    parts = urlsplit(clean_url(url))
    return f"{parts.scheme}://{parts.netloc}"
