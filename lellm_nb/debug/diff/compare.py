"""Two lines, or two runs, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from lellm_nb.debug.diff.diff import Diff, diff_data
from lellm_nb.debug.diff.running_diff import SameSoFar
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, label_of

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret

__all__ = ["Comparison", "Pair", "compare_lines"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The frames of one step on both sides; `None` where a side did not take it.

    Attributes:
        keys: The keys of the step's own level that differ after it, an inner level's with
            its name before them: ``agent:plan``.
    """

    left: Frame | None
    right: Frame | None
    keys: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Where the step was."""
        return self._one.path

    @property
    def visit(self) -> int:
        """Which visit of its node it was."""
        return self._one.visit

    @property
    def _one(self) -> Frame:
        one = self.left or self.right
        assert one is not None
        return one

    @property
    def shared(self) -> bool:
        """Whether both sides are the very same frame."""
        return self.left is self.right

    @property
    def diff(self) -> Diff:
        """What differs in the state of the step's own level after it, named as in `keys`."""
        if self.left is None or self.right is None:
            return Diff(())
        level = label_of(LevelKeys().of(self.left))
        changes = diff_data(self.left.level.data, self.right.level.data)
        return Diff([change.at_level(level) for change in changes])

    @property
    def same_route(self) -> bool:
        """Whether both sides went on the same way, as far as both were there."""
        if self.left is None or self.right is None:
            return True
        return self.left.next_node == self.right.next_node

    @property
    def same(self) -> bool:
        """Whether both sides took the step, with the same state and route after it."""
        if self.left is self.right:
            return True
        both = self.left is not None and self.right is not None
        return both and not self.keys and self.same_route

    def __repr__(self) -> str:
        sides = " and ".join("-" if f is None else str(f.index) for f in (self.left, self.right))
        kind = self._one.kind
        what = self.path if kind in ("commit", "exit", "join") else f"{kind} {self.path}".strip()
        visit = f"visit {self.visit}, " if self.visit > 1 else ""
        return f"{what} ({visit}frames {sides})"


class Comparison:
    """Two lines aligned by path, node and visit.

    Attributes:
        names: What the two sides are called.
        parts: Of each side that is not compared as a whole: up to which of its frames.
        line: The name of the line that both sides are on, empty where they are on two.
        pairs: All aligned steps, in order.
        ends: The last frame of each side.
        first_difference: The first pair that is not the same, or `None`.
        first_route: The first pair after which the sides went different ways.
        first_key: The first pair after which a key differs, and the name of the key.
        hide: What is secret by its place, and is not shown of it.
    """

    def __init__(self, names: tuple[str, str], pairs: list[Pair], ends: Sequence[Frame]) -> None:
        self.names = names
        self.parts = ("", "")
        self.line = ""
        self.pairs = pairs
        self.ends = ends
        self.hide: Hide | None = None
        self.first_difference = next((p for p in pairs if not p.same), None)
        self.first_route = next((p for p in pairs if not p.same_route), None)
        self.first_key = next(((p, p.keys[0]) for p in pairs if p.keys), None)

    @cached_property
    def diff(self) -> Diff:
        """How the last root states differ."""
        left, right = self.ends
        return diff_data(left.position.data, right.position.data)

    def to_pandas(self, equal: bool = True) -> pandas.DataFrame:
        """Return one row per step.

        Args:
            equal: Whether the steps that are the same on both sides get a row as well.

        Returns:
            path, visit, the frame and the next node on each side, different_keys, same (both
            sides took the step, with the same state and route after it) and shared (it is
            the very same frame). What is not the same is ``table[~table["same"]]``.
        """
        left, right = (re.sub(r"\W", "_", name) for name in self.names)
        pairs = [pair for pair in self.pairs if equal or not pair.same]
        sides = {left: [p.left for p in pairs], right: [p.right for p in pairs]}
        return table(
            {
                "path": [p.path for p in pairs],
                "visit": [p.visit for p in pairs],
                **{f"frame_{n}": [f and f.index for f in side] for n, side in sides.items()},
                **{f"next_{n}": [f and f.next_node for f in side] for n, side in sides.items()},
                "different_keys": [", ".join(p.keys) for p in pairs],
                "same": [p.same for p in pairs],
                "shared": [p.shared for p in pairs],
            },
            texts=("path", f"next_{left}", f"next_{right}", "different_keys"),
            integers=(f"frame_{left}", f"frame_{right}"),
            counts=("visit",),
        )

    def __repr__(self) -> str:
        left, right = (f"{n}{part}" for n, part in zip(self.names, self.parts, strict=True))
        both = f"; both are the line {self.line!r}" if self.line else ""
        lines = [f"{left} and {right}: {self._counted}{both}", *self._findings()]
        return without_keys("\n".join(lines))

    @property
    def _counted(self) -> str:
        shared = sum(pair.shared for pair in self.pairs)
        equal = sum(pair.same for pair in self.pairs) - shared
        text = f"{len(self.pairs):,} steps, {shared:,} shared"
        text += f", {equal:,} equal" if equal else ""
        return text if self.first_difference is not None else f"{text}, no difference"

    def _findings(self) -> Iterator[str]:
        if self.first_difference is None:
            return
        yield f"first difference: {self.first_difference!r}{self._only(self.first_difference)}"
        if self.first_route is not None:
            pair = self.first_route
            assert pair.left is not None
            assert pair.right is not None
            ways = f"{pair.left.next_node or 'the end'} or {pair.right.next_node or 'the end'}"
            yield f"first different route: after {pair!r}: {ways}"
        if self.first_key is not None:
            pair, key = self.first_key
            yield f"first different key: {key}, after {pair!r}"
            yield from (f"  {line}" for line in self._lines(pair.diff))
        yield from self._runs()
        yield "at the end:"
        yield from [f"  {line}" for line in self._lines(self.diff)] or ["  (no difference)"]

    def _lines(self, diff: Diff) -> list[str]:
        shown = diff.hiding(self.hide)
        return [shown.line(change) for change in shown[:MOST]]

    def _only(self, pair: Pair) -> str:
        if pair.left is not None and pair.right is not None:
            return ""
        return f": only {self.names[pair.left is None]} took this step"

    def _runs(self) -> Iterator[str]:
        """Tell the steps in order, with what is equal folded into one line."""
        shown = told = 0
        for what, group in groupby(self.pairs, self._what):
            run = list(group)
            if what in ("shared", "equal"):
                yield f"  = {_span(run)}, {what}"
                told += len(run)
                continue
            for pair in run[: MOST - shown]:
                shown += 1
                told += 1
                keys = f": {', '.join(pair.keys)}" if pair.keys else ""
                yield f"  {what} {pair!r}{keys}"
            if shown >= MOST and not all(pair.same for pair in self.pairs[told:]):
                yield f"  … {len(self.pairs) - told:,} more; to_pandas() has every step"
                return

    def _what(self, pair: Pair) -> str:
        if pair.same:
            return "shared" if pair.shared else "equal"
        return "~" if pair.left is not None and pair.right is not None else "-+"[pair.left is None]

    def _repr_html_(self) -> str:
        rows = self.to_pandas(equal=False).head(60).to_html(index=False, escape=True, na_rep="")
        lines = "\n".join([*repr(self).splitlines()[:1], *self._findings()])
        html = f"<pre>{escape(lines)}</pre>{rows if self.first_difference is not None else ''}"
        return without_keys(html)


MOST = 12
"""So many differences of one kind are shown in text."""


def _span(run: list[Pair]) -> str:
    if len(run) == 1:
        return repr(run[0])
    first, last = run[0], run[-1]
    return f"{len(run):,} steps from {first!r} to {last!r}"


def compare_lines(
    names: tuple[str, str], left: Sequence[Frame], right: Sequence[Frame]
) -> Comparison:
    """Align two lines by path, node and visit, and tell where they differ."""
    left, right = list(left), list(right)
    if re.sub(r"\W", "_", names[0]) == re.sub(r"\W", "_", names[1]):
        names = (f"{names[0]} left", f"{names[1]} right")
    common = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        common += 1
    pairs = [Pair(frame, frame) for frame in left[:common]]
    pairs += _compared(left[common:], right[common:])
    return Comparison(names, pairs, (left[-1], right[-1]))


def _compared(left: list[Frame], right: list[Frame]) -> Iterator[Pair]:
    keys = LevelKeys()
    by_level: list[dict[str, list[Frame]]] = [{}, {}]
    for frames, levels in zip((left, right), by_level, strict=True):
        for frame in frames:
            levels.setdefault(keys.of(frame), []).append(frame)
    so_far: dict[str, SameSoFar] = {}
    for a, b in _aligned(left, right):
        if a is None or b is None:
            yield Pair(a, b)
            continue
        level = keys.of(a)
        known = so_far.get(level)
        if known is None:
            prefix = f"{label_of(level)}:" if level else ""
            known = SameSoFar(by_level[0][level], by_level[1].get(level, []), prefix)
            so_far[level] = known
        yield Pair(a, b, known.keys(a, b))


def _aligned(left: list[Frame], right: list[Frame]) -> Iterator[tuple[Frame | None, Frame | None]]:
    """Pair the frames of one path, visit and kind; what has no partner stands where it was."""
    places = {key: i for i, key in enumerate(_names(right))}
    partners = [places.pop(key, -1) for key in _names(left)]
    lonely = set(places.values())
    done = 0
    for frame, partner in zip(left, partners, strict=True):
        if partner >= done:
            yield from ((None, right[j]) for j in range(done, partner) if j in lonely)
            done = partner + 1
        yield frame, (right[partner] if partner >= 0 else None)
    yield from ((None, right[j]) for j in range(done, len(right)) if j in lonely)


def _names(frames: list[Frame]) -> Iterator[tuple[str, int, str, int]]:
    seen: dict[tuple[str, int, str], int] = {}
    for frame in frames:
        key = (frame.path, frame.visit, frame.kind)
        seen[key] = again = seen.get(key, 0) + 1
        yield (*key, again)
