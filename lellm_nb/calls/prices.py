"""What a call costs: by your own prices, by those of genai-prices, or nobody knows (K6)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from lellm_nb.errors import DebuggerError

__all__ = ["Prices", "cost_of"]

_DATED = re.compile(r"[-@:](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview-\d{2}-\d{2,4})$")
"""What models have at the end of their names besides the name: the day they were made, mostly."""

_MAKERS = {"claude-": "anthropic", "gemini-": "google"}
"""How models are called that gateways of OpenAI's kind have too."""

_MILLION = 1_000_000


class Prices:
    """Your own prices, in dollars per million tokens; they win over those that are listed.

    Args:
        own: By model: what input and output cost, and, where it differs, cached input.

    Example:
        >>> prices = Prices({"gpt-4o": (2.5, 10.0)})
        >>> prices.cost_of("openai", ["gpt-4o-2024-08-06"], tokens_in=1000, tokens_out=100)
        0.0035
    """

    def __init__(self, own: Mapping[str, Sequence[float]] | None = None) -> None:
        self.own: dict[str, tuple[float, ...]] = {}
        self.add(own or {})

    def add(self, own: Mapping[str, Sequence[float]]) -> None:
        """Take more prices; a call that was made before costs by them from now on.

        Raises:
            DebuggerError: One of them is not two or three numbers.
        """
        self.own = {**self.own, **{model: _checked(model, price) for model, price in own.items()}}

    def cost_of(
        self,
        provider: str,
        models: Sequence[str],
        *,
        tokens_in: int | None,
        tokens_out: int | None,
        cached: int | None = None,
        written: int | None = None,
        started: float = 0.0,
    ) -> float | None:
        """Return what tokens cost in dollars, `None` where that is not known, never 0 instead.

        Args:
            models: The names of the model, the one to believe first.
            cached, written: Of the input: read from the API's cache, and put into it.
            started: When it was, in seconds since the epoch: listed prices change.
        """
        if tokens_in is None or tokens_out is None or not tokens_in + tokens_out:
            return None
        for model in models:
            price = self._own(model)
            if price is not None:
                full, out, *rest = price
                kept = min(cached or 0, tokens_in) if rest else 0
                spent = (tokens_in - kept) * full + tokens_out * out + sum(kept * p for p in rest)
                return spent / _MILLION
        if _package() is None:
            return None
        counts = (tokens_in, tokens_out, cached, written)
        named = [one for model in models if model for one in ((provider, model), _passed_on(model))]
        found = (_listed(who, model, *counts, started) for who, model in named if who)
        return next((cost for cost in found if cost is not None), None)

    def _own(self, model: str) -> tuple[float, ...] | None:
        own = self.own
        return own.get(model) or own.get(_DATED.sub("", model))


def _passed_on(model: str) -> tuple[str, str]:
    """Return who makes a model that a gateway passes on, and what it is called there."""
    name = model.rpartition("/")[2]
    return next((maker for begins, maker in _MAKERS.items() if name.startswith(begins)), ""), name


def _checked(model: str, price: Sequence[float]) -> tuple[float, ...]:
    given = tuple(price) if isinstance(price, tuple | list) else ()
    numbers = [p for p in given if isinstance(p, int | float) and math.isfinite(p) and p >= 0]
    if len(numbers) != len(given) or len(given) not in (2, 3):
        raise DebuggerError(
            f"The price of {model!r} is two numbers, dollars per million tokens of input and of"
            " output: prices({'gpt-4o': (2.5, 10.0)}). A third is for cached input."
        )
    return tuple(map(float, given))


LISTED = Prices()
"""Without own prices."""


def cost_of(
    provider: str,
    model: str | None,
    tokens_in: int | None,
    tokens_out: int | None,
    cached: int | None = None,
    written: int | None = None,
    *,
    prices: Prices | None = None,
) -> float | None:
    """Return what tokens cost today, by these prices or those listed; `None` if nobody knows."""
    return (prices or LISTED).cost_of(
        provider,
        [model or ""],
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cached=cached,
        written=written,
    )


@lru_cache(maxsize=4096)  # a look-up takes up to 1 ms, and a table asks again at every look
def _listed(
    provider: str,
    model: str,
    tokens_in: int,
    tokens_out: int,
    cached: int | None,
    written: int | None,
    started: float,
) -> float | None:
    listed = _package()
    used = listed.Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cache_read_tokens=cached,
        cache_write_tokens=written,
    )
    when = datetime.fromtimestamp(started, UTC) if started else None
    try:
        found = listed.calc_price(used, model, provider_id=provider, genai_request_timestamp=when)
    except Exception:  # a model that is not listed, or counts that don't fit together
        return None
    return float(found.total_price)


def _package() -> Any:
    """Return the package of the extra `prices`, which takes 0.3 s to load; `None` without it.

    It may be installed at any time: that it is not there is not remembered.
    """
    try:
        return import_module("genai_prices")
    except ImportError:
        return None
