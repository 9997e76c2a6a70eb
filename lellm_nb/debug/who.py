"""Who wrote a value: the writes, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.debug.short import shortened, without_keys
from lellm_nb.record.frame import Frame
from lellm_nb.state.mutation import Mutation

if TYPE_CHECKING:
    import pandas

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
    mutation: Mutation
    through: tuple[Frame, ...] = ()

    @property
    def value(self) -> Any:
        """What was written; `None` for a Delete."""
        return getattr(self.mutation, "value", None)

    def __repr__(self) -> str:
        frame = self.frame
        kind = f" {frame.kind}" if frame.kind in ("edit", "decision") else ""
        text = without_keys(repr(self.mutation))
        text = text if len(text) <= 120 else f"{text[:119]}…"
        indent = "  " * len(self.through)
        return f"{indent}frame {frame.index}{kind} {frame.path} (visit {frame.visit}): {text}"


class Writes(Sequence[Write]):
    """Writes, newest first; made one by one when they are looked at.

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
        mutations: list[Mutation],
        through: dict[int, tuple[Frame, ...]],
    ) -> None:
        self._frames = frames
        self._mutations = mutations
        self._through = through

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
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # equal to a list, so unhashable like one

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per write: frame, path, visit, kind, mutation, value, through."""
        from lellm_nb.debug.table import table

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

    def _repr_html_(self) -> str:
        if not self._frames:
            return f"<p>{escape(repr(self))}</p>"
        shown = self.to_pandas() if len(self) <= 60 else Writes(*self._cut(60)).to_pandas()
        values = (without_keys(v) if isinstance(v, str) else v for v in shown["value"])
        shown["value"] = [shortened(value) for value in values]
        html = without_keys(shown.to_html(index=False, escape=True))
        more = len(self) - len(shown)
        return html + (f"<p>… {more:,} older</p>" if more else "")

    def _cut(self, most: int) -> Any:
        return self._frames[:most], self._mutations[:most], self._through

    def __repr__(self) -> str:
        lines = [repr(write) for write in self[:50]]
        if len(self) > 50:
            lines.append(f"… {len(self) - 50:,} older")
        return "\n".join(lines) or "(no writes: it is as the run began)"
