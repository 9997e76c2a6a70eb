"""Secrets that were taken out of a store, given again to a run that was reopened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.persist.missing_secrets import levels_with_gaps
from lellm_nb.errors import DebuggerError, listed, path_text
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.edits import edits_of
from lellm_nb.state.mutation import parts_of

__all__ = ["supply"]


def supply(context: DebugContext, values: Mapping[Any, Any]) -> None:
    """Put values where secrets were taken out, so that a reopened run can go on.

    Raises:
        DebuggerError: No secret was taken out at such a place; names those that were.
    """
    session = context.session
    if not isinstance(values, Mapping):
        raise refusal(values, "values", "a mapping of keys to values", DebuggerError)
    from lellm_nb.record.redaction.redactor import Redacted  # a run that is not kept loads no store

    wanted = {
        parts_of(key): value.shown if isinstance(value, Redacted) else value
        for key, value in values.items()
    }
    there = context.storage.missing_secrets(session)
    for key in wanted:
        if not any(path[: len(key)] == key for path in there):
            raise DebuggerError(
                f"Nothing was taken out at {path_text(key)}; secrets are missing at"
                f" {listed(safe_repr(path if len(path) > 1 else path[0]) for path in there)}."
            )
    _hide(context.storage.writer, wanted)
    for level, paths in list(levels_with_gaps(session)):
        put = {key: wanted[key] for key in wanted if any(p[: len(key)] == key for p in paths)}
        session.edit(edits_of(put), level)


def _hide(writer: Any, paths: Iterable[Any]) -> None:
    """From now on take what stands at some paths out of the store, whatever its look."""
    if writer is not None:
        codec = writer.codec
        codec.redactor = codec.redactor.also(paths)
