"""Who wrote a value: the writes, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.debug.history.short_text import shortened
from lellm_nb.debug.history.typed_table import table, value_column
from lellm_nb.debug.query.not_captured import NotCaptured
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.record.frame import LEAVING, Frame
from lellm_nb.state.mutation import Mutation
from lellm_nb.state.sameness import same

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret

__all__ = ["Write", "Writes"]


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a value.

    Attributes:
        frame: The frame that wrote it.
        mutation: What it wrote, as its own level sees it.
        through: The exits and joins that carried it to the level that was asked about,
            outermost first; empty for a write at that level itself.
    """

    frame: Frame
    mutation: Mutation | NotCaptured
    through: tuple[Frame, ...] = ()

    @property
    def value(self) -> Any:
        """What was written; `None` for a Delete."""
        return getattr(self.mutation, "value", None)

    def __repr__(self) -> str:
        if self.frame.kind == "gap":
            text = without_keys(safe_repr(self.value, READ))
            return f"before frame {self.frame.index}, by steps that were not captured: {text}"
        text = without_keys(safe_repr(self.mutation, READ))
        return self._line(text if len(text) <= 120 else f"{text[:119]}…")

    def _line(self, text: str) -> str:
        frame = self.frame
        kind = f" {frame.kind}" if frame.kind in ("edit", "decision") else ""
        indent = "  " * len(self.through)
        if frame.kind == "input":  # no node wrote it
            return without_keys(f"{indent}frame {frame.index}, sent as input {frame.visit}: {text}")
        at = f"frame {frame.index}{kind} {frame.path} (visit {frame.visit})"
        return without_keys(f"{indent}{at}: {text}")


class Writes(Sequence[Write]):
    """Writes, newest first; made one by one when they are looked at.

    What an exit or a join brought out stands before the steps inside that made it, write by
    write. Shown as text or in a cell, several such writes are one line, and the steps inside follow
    their own exit, where side by side others came in between. What was written by steps
    that nobody captured is a line of its own that names no node: its frame has the kind ``gap``.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
        >>> dbg = Debugger(g.build(), {"n": 0}); dbg.run().frame.index
        1
        >>> dbg.who("n")
        frame 1 a (visit 1): Put('n', 1)
        >>> dbg.who("n")[0].frame.state["n"]
        1
    """

    def __init__(
        self,
        frames: list[Frame],
        mutations: Sequence[Mutation | NotCaptured],
        through: dict[int, tuple[Frame, ...]],
        hide: Hide | None = None,
    ) -> None:
        self._hide = hide
        self._frames = frames
        self._mutations = mutations
        self._through = through

    def hiding(self, hide: Hide | None) -> Writes:
        """Return the same writes; what is secret by its place is not shown of them."""
        return Writes(self._frames, self._mutations, self._through, hide)

    def _may_be_shown(self, at: int) -> Mutation | NotCaptured:
        mutation, hide = self._mutations[at], self._hide
        return mutation if hide is None else hide.written(self._frames[at], mutation)

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Write: ...
    @overload
    def __getitem__(self, index: slice) -> list[Write]: ...

    def __getitem__(self, index: int | slice) -> Write | list[Write]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return Write(self._frames[index], self._mutations[index], self._through.get(index, ()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Writes, list)):
            return NotImplemented
        return same(list(self), list(other))

    __hash__ = None  # type: ignore[assignment]  # equal to a list, so unhashable like one

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per write: frame, path, visit, kind, mutation, value, through."""
        frames, mutations = self._frames, self._mutations
        return table(
            {
                "frame": [f.index for f in frames],
                "path": [f.path for f in frames],
                "visit": [f.visit for f in frames],
                "kind": [f.kind for f in frames],
                "mutation": [type(m).__name__ for m in mutations],
                "value": [getattr(m, "value", None) for m in mutations],
                "through": [
                    " < ".join(f.path for f in reversed(self._through.get(i, ())))
                    for i in range(len(frames))
                ],
            },
            texts=("path", "kind", "mutation", "through"),
            counts=("frame", "visit"),
        )

    def _shown(self, most: int) -> Iterator[tuple[int, int]]:
        """Tell the first write of each line to be shown, and how many writes it stands for."""
        frames, through = self._frames, self._through
        order = _nested(frames, through) if through else range(len(frames))
        size, at = len(order), 0
        for _ in range(most):
            if at == size:
                return
            frame, count = frames[order[at]], 1
            if frame.kind in LEAVING:
                while at + count < size and frames[order[at + count]] is frame:
                    count += 1
            yield order[at], count
            at += count

    def _repr_html_(self) -> str:
        lines = list(self._shown(60))
        if not lines:
            return f"<p>{escape(repr(self))}</p>"
        at, many = [first for first, _ in lines], [count for _, count in lines]
        through = {i: self._through.get(first, ()) for i, first in enumerate(at)}
        frames, mutations = [self._frames[i] for i in at], [self._may_be_shown(i) for i in at]
        shown = Writes(frames, mutations, through).to_pandas()
        names = zip(shown["mutation"], many, strict=True)
        shown["mutation"] = [name if n == 1 else _several(n) for name, n in names]
        values = zip(shown["value"], many, strict=True)
        shown["value"] = value_column(_cell(value) if n == 1 else "" for value, n in values)
        html = without_keys(shown.to_html(index=False, escape=True))
        more = len(self) - sum(many)
        return html + (f"<p>… {more:,} older</p>" if more else "")

    def __repr__(self) -> str:
        lines, told = [], 0
        for first, count in self._shown(50):
            write = replace(self[first], mutation=self._may_be_shown(first))
            lines.append(repr(write) if count == 1 else write._line(_several(count)))
            told += count
        if len(self) > told:
            lines.append(f"… {len(self) - told:,} older")
        return "\n".join(lines) or "(no writes: it is as the run began)"


def _nested(frames: Sequence[Frame], through: Mapping[int, tuple[Frame, ...]]) -> list[int]:
    """Return the order in which what was made inside of a step follows it.

    Side by side, what is inside of one step and of another happens in turn.
    """
    shown = {frame.index for frame in frames}
    below: dict[int | None, list[int]] = {}
    for i in range(len(frames)):
        around = (f.index for f in reversed(through.get(i, ())) if f.index in shown)
        below.setdefault(next(around, None), []).append(i)
    order: list[int] = []
    waiting = below.pop(None, [])[::-1]
    while waiting:
        i = waiting.pop()
        order.append(i)
        if not waiting or frames[waiting[-1]] is not frames[i]:
            waiting += reversed(below.pop(frames[i].index, []))
    return order


READ = 1_000
"""So much of a write is read for its line, which is shorter: a key that is cut looks like none."""


def _several(count: int) -> str:
    return f"{count:,} writes, made inside"


def _cell(value: Any) -> Any:
    return shortened(without_keys(value) if type(value) is str else value)
