"""Where secrets were taken out of a store: a reopened run has gaps there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lellm_nb.session.protocol import OpenLevel, Session
from lellm_nb.state.state import content_of

__all__ = ["levels_with_gaps"]


def levels_with_gaps(session: Session) -> Iterator[tuple[OpenLevel, list[tuple[Any, ...]]]]:
    """Walk the levels that lack a secret, with where it was."""
    from lellm_nb.record.redaction.redactor import Redacted, redacted_paths

    if not Redacted.met:
        return
    for level in session.open_levels():
        paths = redacted_paths(content_of(level.data))
        if paths:
            yield level, paths
