"""A frame, its writes and what differs between two states, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from lellm_nb.calls.call_sums import sums_of
from lellm_nb.errors import path_text
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.notebook.frame_protocol import ChangeLike, FrameLike
from lellm_nb.notebook.values.call_sums import sums_row
from lellm_nb.notebook.values.value_rows import short_text, value_row
from lellm_nb.record.redaction.secret_paths import JOINED, SEVERAL, Path

MOST_CHANGES = 200
"""Changes shown of one diff; the rest is counted."""


def kind_of(frame: FrameLike) -> str:
    """Return the frame's kind as plain text."""
    kind = frame.kind
    return str(getattr(kind, "value", kind))


def same_frame(a: FrameLike | None, b: FrameLike | None) -> bool:
    """Say whether two frames are one record, however they were handed out."""
    if a is b:
        return True
    if a is None or b is None:
        return False
    key = getattr(a, "id", None)
    return key is not None and key == getattr(b, "id", None)


def title_row(frame: FrameLike, old_code: bool) -> dict[str, Any]:
    """Return the heading of a frame: which step it was and how long it took.

    Args:
        old_code: Whether the code that made it was replaced since.
    """
    return {
        **how_it_came(frame, old_code),
        "index": frame.index,
        "kind": kind_of(frame),
        "path": frame.path or "",
        "visit": frame.visit or 0,
        "step": frame.step,
        "next": frame.next_node,
        "ms": round((frame.duration or 0) * 1e3, 3),
        "started": frame.started,
        "failed": frame.error is not None,
        "calls": sums_row(sums_of(frame.calls)),
    }


def how_it_came(frame: FrameLike, old_code: bool) -> dict[str, Any]:
    """Return what few frames have: a decision, tries, a cost, or that nothing was run.

    Of one whose node did not run also its kind: a view's row of it says that in place of the kind.
    """
    instead = "mocked" if frame.mocked else "skipped" if frame.skipped else ""
    return {
        "decision": short_text("" if frame.decision is None else safe_str(frame.decision)),
        "tries": len(frame.attempts),
        "recorded": bool(frame.recorded),
        "instead": instead,
        "kind": kind_of(frame) if instead else "",
        "stale": [short_text(safe_str(key), 60) for key in frame.stale],
        "cost": short_text(frame.cost or ""),
        "old_code": old_code,
        "gap": bool(frame.gap),
    }


def mutation_row(mutation: Any) -> dict[str, Any]:
    """Return one mutation: its kind, where it writes, what, and how it is merged."""
    key = getattr(mutation, "key", None)
    return {
        "what": type(mutation).__name__,
        "path": short_text(path_text(key) if key is not None else safe_str(mutation), 200),
        "value": value_row(mutation.value, written_at(mutation))
        if hasattr(mutation, "value")
        else None,
        "reducer": reducer_name(mutation),
    }


def key_path(key: Any) -> Path:
    """Return a mutation's key as a path; one that is about no key has an empty one.

    Example:
        >>> key_path("n"), key_path(("plan", 0)), key_path(None)
        (('n',), ('plan', 0), ())
    """
    return key if isinstance(key, tuple) else () if key is None else (key,)


def written_at(mutation: Any) -> Path:
    """Return where what a mutation writes stands; joined to a list, it may get any index there."""
    path = key_path(getattr(mutation, "key", None))
    if not path or getattr(mutation, "reducer", None) is None:
        return path
    return (*path, SEVERAL if hasattr(mutation, "values") else JOINED)


def reducer_name(mutation: Any) -> str:
    """Return by what rule a mutation is merged, as its author calls it; empty for none."""
    reducer = getattr(mutation, "reducer", None)
    named = getattr(reducer, "value", getattr(reducer, "name", reducer))
    return "" if reducer is None else plain_reducer(safe_str(named))


def plain_reducer(name: str) -> str:
    """Return a reducer's name without what an adapter puts before it.

    Example:
        >>> plain_reducer("channel:add_messages"), plain_reducer("sum")
        ('add_messages', 'sum')
    """
    return name.removeprefix("channel:")


def change_rows(changes: Iterable[ChangeLike]) -> dict[str, Any]:
    """Return the first changes as rows, and how many more there are."""
    listed = list(changes)
    rows = [
        {
            "path": path_text(change.path),
            "kind": str(change.kind),
            "old": None if change.kind == "added" else value_row(change.old, tuple(change.path)),
            "new": None if change.kind == "removed" else value_row(change.new, tuple(change.path)),
        }
        for change in islice(listed, MOST_CHANGES)
    ]
    return {"rows": rows, "more": max(0, len(listed) - MOST_CHANGES)}
