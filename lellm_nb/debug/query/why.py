"""Every way out of a step, and how each of them fared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, overload

from lellm_nb.debug.history.typed_table import table
from lellm_nb.record.frame import Frame

if TYPE_CHECKING:
    import pandas

__all__ = ["Asked", "Why"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One way out of a node, and how it fared.

    Attributes:
        edge: ``a -> b``.
        target: Where it leads.
        kind: ``conditional``, ``normal`` or ``fallback``; of a decision edge what it is for:
            ``approve``, ``reject`` or ``timeout``.
        condition: The source text of its condition; empty where it has none.
        result: What the condition said of the committed state; `None` where it has none, or
            where it raises. Of a decision edge, whether that was decided which it is for.
        reads: The keys that the condition reads of that state.
        won: Whether this way was taken.
        note: What else there is to say, in words.
    """

    edge: str
    target: str
    kind: str
    condition: str = ""
    result: bool | None = None
    reads: tuple[str, ...] = ()
    won: bool = False
    note: str = ""

    def __repr__(self) -> str:
        mark = ">" if self.won else " "
        text = f"{mark} {self.edge} ({self.kind})"
        if self.condition:
            told = "raises" if self.result is None else str(self.result)
            text += f": {told}: {' '.join(self.condition.split())}"
        elif self.result is not None:
            text += f": {self.result}"
        if self.reads:
            text += f"  [reads {', '.join(self.reads)}]"
        return text + (f"  ({self.note})" if self.note else "")


class Why(Sequence[Asked]):
    """Every way out of a step, in the order in which they are looked at.

    Attributes:
        frame: The step.
        said: Which way it went and why, in words.
    """

    def __init__(
        self,
        frame: Frame,
        said: str,
        rows: Sequence[Asked],
        look_back: Callable[[], Sequence[int | None]] = tuple,
    ) -> None:
        self.frame = frame
        self.said = said
        self._rows = tuple(rows)
        self._look_back = look_back

    @cached_property
    def held(self) -> tuple[int | None, ...]:
        """For each way, in their order: the nearest earlier frame at which its condition held.

        It is looked for where the condition was refused, in the states that the level had since it
        was entered, the last few thousand of them; `None` where none is found, and for all others.
        Conditions are asked of those states when somebody looks here, and not before.
        """
        found = tuple(self._look_back())
        return (*found, *[None] * (len(self._rows) - len(found)))

    @property
    def winner(self) -> Asked | None:
        """The edge that was taken; `None` where none was, as after a goto."""
        return next((row for row in self._rows if row.won), None)

    @overload
    def __getitem__(self, index: int) -> Asked: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Asked]: ...

    def __getitem__(self, index: int | slice) -> Asked | Sequence[Asked]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a row per edge: edge, target, kind, condition, result, reads, won, note, held."""
        rows = self._rows
        return table(
            {
                "edge": [r.edge for r in rows],
                "target": [r.target for r in rows],
                "kind": [r.kind for r in rows],
                "condition": [r.condition or None for r in rows],
                "result": [r.result for r in rows],
                "reads": [", ".join(r.reads) for r in rows],
                "won": [r.won for r in rows],
                "note": [r.note for r in rows],
                "held": list(self.held),
            },
            texts=("edge", "target", "kind", "condition", "reads", "note"),
            integers=("held",),
        )

    def _repr_html_(self) -> str:
        html = f"<p>{escape(self.said)}</p>"
        if self._rows:
            html += self.to_pandas().to_html(index=False, escape=True, na_rep="")
        return html

    def __repr__(self) -> str:
        rows = [
            repr(row) if index is None else f"{row!r}  (held at frame {index})"
            for row, index in zip(self._rows, self.held, strict=True)
        ]
        return "\n".join([f"frame {self.frame.index}: {self.said}", *rows])
