"""What a cell shows of values without being asked for them: what is secret by its place is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.record.frame import Frame
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import (
    ANYWHERE,
    Path,
    level_place,
    written_at,
)
from lellm_nb.state.state import content_of

__all__ = ["Hide"]


class Hide:
    """Takes out of values and texts what the redactor of a debugger calls secret.

    Args:
        redactor: It has paths; without any there is nothing to do here.
        nodes: Those of the outermost graph: they say where the inner levels stand.
    """

    def __init__(self, redactor: Redactor, nodes: Mapping[str, Any]) -> None:
        self.redactor = redactor
        self._nodes = nodes

    def value(self, value: Any, path: Path) -> Any:
        """Return a value as it may be shown; ``agent:key`` names one of an inner level."""
        first = path[0] if path else ""
        if isinstance(first, str) and ":" in first:
            inner = (ANYWHERE, first.rpartition(":")[2], *path[1:])
            value = self.redactor.apply(value, inner)
        return self.redactor.apply(value, path)

    def written(self, frame: Frame, mutation: Any) -> Any:
        """Return what a frame wrote as it may be shown."""
        key = getattr(mutation, "key", None)
        if key is None or not hasattr(mutation, "kept"):
            return mutation
        shown = self.redactor.apply(mutation.kept, written_at(mutation, self.place(frame)))
        return mutation if shown is mutation.kept else mutation.holding(shown)

    def place(self, frame: Frame) -> Path:
        """Return where in the root's state that of a frame's level stands."""
        return level_place(frame, self._nodes)

    def holds(self, value: Any, path: Path) -> bool:
        """Tell whether something at a place, or inside of it, is secret."""
        return self.redactor.apply(value, path) is not value

    def words(self, frame: Frame) -> Callable[[str], str]:
        """Return what makes of a text that was said up to a frame one that may be shown."""
        self.redactor.learn(content_of(frame.position.data))
        if frame.level is not frame.position:
            self.redactor.learn(content_of(frame.level.data), self.place(frame))
        return self.redactor.text
