"""Why the run stopped, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lellm_nb.errors import path_text
from lellm_nb.errors.error_words import error_words
from lellm_nb.notebook.breakpoint_protocol import WatchLike
from lellm_nb.notebook.debugger_protocol import StopLike, SummaryLike
from lellm_nb.notebook.values.frame_rows import same_frame
from lellm_nb.notebook.values.redaction import at_place
from lellm_nb.notebook.values.value_rows import long_text, short_text
from lellm_nb.record.redaction.secret_paths import ANYWHERE


def stop_text(now: SummaryLike) -> str:
    """Return what made the run stop where it still stands, where the status does not say it."""
    stop = now.last_stop
    if stop is None or now.busy:
        return "" if now.busy else _kept(now.kept_stops)
    stands = stop.head or stop.frame
    if stands is not now.frame and not same_frame(stands, now.frame):
        return ""
    told = []
    reason = str(stop.reason.value)
    hit = stop.breakpoint
    if hit is not None and isinstance(hit, WatchLike):
        told += [f"watch {hit.label}", _watched(stop, hit)]
    elif hit is not None:
        told.append(f"breakpoint {stop.hit_text}")
    elif reason == "cancelled":
        told.append("stopped; a node in flight was dropped")
    elif reason == "limit" and stop.error is None:
        told.append("the limit of steps in one run; Run goes on")
    elif reason == "budget":
        told.append(
            f"the budget holds {short_text(stop.inside, 300)}; Run goes on with as much more"
        )
    elif stop.inside and stop.error is None and stop.call is not None:
        told.append(short_text(stop.inside, 300))
    if stop.error is not None and reason != "failed":
        told.append(long_text(error_words(stop.error), 400))
    why = ": ".join(told)
    code = f"new code: {short_text(', '.join(stop.new_code), 200)}" if stop.new_code else ""
    return " · ".join(filter(None, (why, code, _kept(stop.kept_stops))))


def _kept(stops: Sequence[str]) -> str:
    return f"stops kept: {short_text(', '.join(stops), 200)}" if stops else ""


def _watched(stop: StopLike, watch: WatchLike) -> str:
    """Return what changed at a watch: of a value with others inside, the first of those."""
    level = getattr(watch.what, "level", "")  # where that stands, the watch does not know
    with at_place((ANYWHERE,) if level else ()):
        return _change(stop, watch)


def _change(stop: StopLike, watch: WatchLike) -> str:
    path: tuple[Any, ...] = tuple(getattr(watch.what, "parts", ()))
    inside = [change for change in stop.changes if tuple(change.path) != path]
    if not path or not inside:
        return f"{short_text(stop.old, 60, path)} → {short_text(stop.new, 60, path)}"
    first = min(inside, key=lambda change: change.kind != "changed")
    at = tuple(first.path)
    more = f" (and {len(inside) - 1:,} more)" if inside[1:] else ""
    old, new = (short_text(value, 60, at) for value in (first.old, first.new))
    return (
        f"{path_text(at)}: {old} → {new}{more}"
        if first.kind == "changed"
        else (f"{path_text(at)} {first.kind}{more}")
    )
