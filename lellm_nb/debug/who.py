"""Who wrote a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lellm_nb.errors import MissingKeyError, path_text
from lellm_nb.record.frame import Frame
from lellm_nb.state.mutation import Key, Mutation, check_key

if TYPE_CHECKING:
    import pandas

__all__ = ["Write", "Writes", "who_wrote"]


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a value.

    Attributes:
        frame: The frame that wrote it.
        mutation: What it wrote.
    """

    frame: Frame
    mutation: Mutation

    def __repr__(self) -> str:
        text = repr(self.mutation)
        text = text if len(text) <= 120 else f"{text[:119]}…"
        return f"frame {self.frame.index} {self.frame.path} (visit {self.frame.visit}): {text}"


class Writes(list[Write]):
    """Writes, newest first."""

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per write: frame, path, visit, kind, mutation, value."""
        import pandas

        rows = [
            (
                w.frame.index,
                w.frame.path,
                w.frame.visit,
                w.frame.kind,
                type(w.mutation).__name__,
                getattr(w.mutation, "value", None),
            )
            for w in self
        ]
        columns = ["frame", "path", "visit", "kind", "mutation", "value"]
        return pandas.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "(no writes: it is as the run began)"


def who_wrote(head: Frame, key: Any) -> Writes:
    """Return the steps that wrote `key` on the way to `head`, newest first.

    Raises:
        MissingKeyError: Nothing on the way had such a key; names the nearest.
    """
    path = check_key(key)
    found = Writes(
        Write(frame, mutation)
        for frame in _back_from(head)
        if frame.level is frame.position
        for mutation in reversed(frame.mutations)
        if _touches(mutation.key, path)
    )
    top = path if isinstance(path, str) else path[0]
    if not found and top not in head.root_state:
        raise MissingKeyError(
            path,
            head.root_state,
            f"Nothing on the way to frame {head.index} has a key {path_text(path)!r}.",
        )
    return found


def _back_from(head: Frame) -> Iterator[Frame]:
    frame: Frame | None = head
    while frame is not None:
        yield frame
        frame = frame.parent


def _touches(written: Key, asked: Key) -> bool:
    """Tell whether a write at one path changes what is at another."""
    if type(written) is str and type(asked) is str:
        return written == asked
    a = written if isinstance(written, tuple) else (written,)
    b = asked if isinstance(asked, tuple) else (asked,)
    shared = min(len(a), len(b))
    return a[:shared] == b[:shared]
