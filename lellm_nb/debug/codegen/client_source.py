"""Clients of models as source that needs no key: their answers are recorded (CALLS.md, K10)."""

from __future__ import annotations

from typing import Any, NamedTuple

from lellm_nb.calls.exchange import clean_url
from lellm_nb.errors.attempt import attempt

__all__ = ["ClientSource", "client_source"]

_KEYED = {
    "openai": ("OpenAI", "AsyncOpenAI"),
    "anthropic": ("Anthropic", "AsyncAnthropic"),
}
"""By module: clients that refuse to be made without a key."""

_PLAIN = {
    "httpx": ("Client", "AsyncClient"),
    "httpx2": ("Client", "AsyncClient"),
    "requests": ("Session",),
}


class ClientSource(NamedTuple):
    """A client as source.

    Attributes:
        module: What has to be imported.
        text: What makes the client.
    """

    module: str
    text: str


def client_source(value: Any) -> ClientSource | None:
    """Return the source of a client as it is without a key; `None` for whatever is none."""
    kind = type(value)
    module, name = kind.__module__.partition(".")[0], kind.__name__
    if name in _KEYED.get(module, ()):
        to = attempt(lambda: clean_url(str(value.base_url)), "")
        more = f", base_url={to!r}" if to else ""
        retries = attempt(lambda: value.max_retries, 2)
        more += f", max_retries={retries}" if type(retries) is int and retries != 2 else ""
        return ClientSource(module, f'{module}.{name}(api_key="offline"{more})')
    if name in _PLAIN.get(module, ()):
        to = attempt(lambda: clean_url(str(value.base_url)), "")
        return ClientSource(module, f"{module}.{name}({f'base_url={to!r}' if to else ''})")
    return None
