"""What a run has come to in all, noted beside its frames so that nobody has to add it up."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from lellm_nb.calls.prices import LISTED
from lellm_nb.record.codec.limits import DAMAGE
from lellm_nb.record.codec.values import Codec, to_bytes
from lellm_nb.record.frame import Frame
from lellm_nb.store.rows import RunRows

__all__ = ["TOTALS", "Counter", "RunTotals", "read_totals"]

TOTALS = "totals"
"""The kind of the mark, under an empty key."""

FEW = 2_000
"""So many frames of a run that has no note are added up when it is listed."""


class RunTotals(NamedTuple):
    """Of all frames on all lines, each once.

    Attributes:
        tokens: The token costs that nodes set, and what their calls took, but for those that
            were served; `None` where they are not known.
        turns: The inputs it was given, the first included.
        asked: What calls took of each model: provider, model, tokens in, out, and cached; `None`
            for what an API does not tell.
    """

    tokens: float | None = 0.0
    turns: int = 1
    asked: tuple[tuple[str, str, int | None, int | None, int], ...] = ()

    def with_frame(self, frame: Frame) -> RunTotals:
        """Return what it comes to with one frame more."""
        cost = frame.cost
        known = type(cost) in (int, float) and math.isfinite(cost)
        tokens = (self.tokens or 0.0) + cost if known else self.tokens
        asked = {one[:2]: one for one in self.asked}
        for call in frame.calls:
            if call.served or not call.model:
                continue
            of = call.provider, call.model
            _, _, came, went, cached = asked.get(of, (*of, 0, 0, 0))
            took, gave = call.tokens_in, call.tokens_out
            tokens = (tokens or 0.0) + (took or 0) + (gave or 0)
            asked[of] = (*of, _plus(came, took), _plus(went, gave), cached + (call.cached or 0))
        return RunTotals(tokens, self.turns + (frame.kind == "input"), tuple(asked.values()))

    @property
    def cost(self) -> float | None:
        """What its calls cost in dollars; `None` where no model was asked, or a price is unknown.

        It is worked out where somebody looks: prices are loaded then, and not while it runs.
        """
        costs = [
            LISTED.cost_of(provider, [model], tokens_in=came, tokens_out=went, cached=cached)
            for provider, model, came, went, cached in self.asked
        ]
        return sum(filter(None, costs)) if costs and None not in costs else None

    def form(self) -> list[Any]:
        """Return it as JSON data."""
        more = [[list(one) for one in self.asked]] if self.asked else []
        return [self.tokens, self.turns, *more]


def _plus(so_far: int | None, more: int | None) -> int | None:
    return None if so_far is None or more is None else so_far + more


def _asked(
    provider: Any, model: Any, came: Any, went: Any, cached: Any
) -> tuple[str, str, int | None, int | None, int]:
    took, gave = (None if one is None else int(one) for one in (came, went))
    return str(provider), str(model), took, gave, int(cached)


class Counter:
    """Adds up what a run comes to as its frames are written."""

    def __init__(self) -> None:
        self._so_far: RunTotals | None = RunTotals()

    @classmethod
    def resumed(cls, rows: RunRows) -> Counter:
        """Return the one of a run that goes on; where nothing is noted, nobody knows."""
        made = cls()
        made._so_far = noted(rows)
        return made

    def after(self, frame: Frame) -> bytes | None:
        """Return the note to be written with a frame, where it adds something or is the first."""
        before, kind = self._so_far, frame.kind
        if before is None or (frame.own_detail is None and kind not in ("start", "input")):
            return None
        self._so_far = after = before.with_frame(frame)
        return to_bytes(after.form()) if after != before or kind == "start" else None


def noted(rows: RunRows) -> RunTotals | None:
    """Return what is noted of a run; `None` where nothing is, as in files of before."""
    for kind, key, body in rows.marks():
        if kind == TOTALS and not key:
            tokens, turns, *more = Codec().parse(body)
            if type(tokens) not in (int, float, type(None)) or type(turns) is not int:
                raise TypeError("totals are two numbers")
            asked = tuple(_asked(*one) for one in more[0]) if more else ()
            return RunTotals(None if tokens is None else float(tokens), turns, asked)
    return None


def read_totals(rows: RunRows, frames: int) -> RunTotals:
    """Return what a run has come to; without a note, and with many frames, what is not known.

    Args:
        frames: How many frames it has.
    """
    found = noted(rows)
    if found is not None:
        return found
    if frames > FEW:
        return RunTotals(None)
    codec = Codec()
    tokens = 0.0
    for line in rows.lines():
        stop = line.first + rows.length(line.number)
        for row in rows.frames(line.number, line.first, stop):
            if b'"cost":' in row.body:
                tokens += _cost(codec, row.body)
    return RunTotals(tokens)


def _cost(codec: Codec, body: bytes) -> float:
    try:
        cost = codec.parse(body)["k"]["cost"]
    except DAMAGE:  # a text that looks like one
        return 0.0
    return float(cost) if type(cost) in (int, float) else 0.0
