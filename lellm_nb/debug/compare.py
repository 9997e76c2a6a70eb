"""Two lines of a run, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lellm_nb.debug.diff import Diff, diff_states
from lellm_nb.record.frame import Frame

if TYPE_CHECKING:
    import pandas

__all__ = ["Comparison", "Pair", "compare_lines"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The frames of one step on both sides; `None` where a side did not take it."""

    left: Frame | None
    right: Frame | None

    @property
    def path(self) -> str:
        """Where the step was."""
        return (self.left or self.right).path  # type: ignore[union-attr]  # one side is there

    @property
    def shared(self) -> bool:
        """Whether both sides are the very same frame."""
        return self.left is self.right

    @property
    def diff(self) -> Diff:
        """What differs in the root state after the step."""
        if self.left is None or self.right is None:
            return Diff(())
        return diff_states(self.left.root_state, self.right.root_state)

    @property
    def same(self) -> bool:
        """Whether both sides took the step, with the same state and route after it."""
        if self.shared:
            return True
        if self.left is None or self.right is None:
            return False
        return self.left.next_node == self.right.next_node and not self.diff


class Comparison:
    """Two lines aligned by path, node and visit.

    Attributes:
        pairs: All aligned steps, in order.
        first_difference: The first pair that is not the same, or `None`.
        first_route: The first pair after which the sides went different ways.
        diff: How the last states differ.
    """

    def __init__(self, names: tuple[str, str], pairs: list[Pair], diff: Diff) -> None:
        self.names = names
        self.pairs = pairs
        self.diff = diff
        self.first_difference = next((p for p in pairs if not p.same), None)
        self.first_route = next(
            (
                p
                for p in pairs
                if p.left is not None
                and p.right is not None
                and p.left.next_node != p.right.next_node
            ),
            None,
        )

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per aligned step; shared frames are folded into none."""
        import pandas

        rows = []
        for pair in self.pairs:
            if pair.shared:
                continue
            sides = [pair.left, pair.right]
            rows.append(
                (
                    pair.path,
                    (pair.left or pair.right).visit,  # type: ignore[union-attr]  # one side is there
                    *(None if f is None else f.index for f in sides),
                    *(None if f is None else f.next_node for f in sides),
                    ", ".join(pair.diff.keys),
                    pair.same,
                )
            )
        left, right = self.names
        columns = ["path", "visit", f"frame_{left}", f"frame_{right}", f"next_{left}"]
        columns += [f"next_{right}", "different_keys", "same"]
        columns = [c.replace(" ", "_") for c in columns]
        table = pandas.DataFrame(rows, columns=columns)
        indexes = [c for c in columns if c.startswith("frame_")]
        return table.astype(dict.fromkeys(indexes, "Int64"))

    def __repr__(self) -> str:
        left, right = self.names
        shared = sum(pair.shared for pair in self.pairs)
        lines = [f"{left} and {right}: {len(self.pairs)} steps, {shared} shared"]
        if self.first_difference is None:
            return f"{lines[0]}, no difference"
        pair = self.first_difference
        sides = " and ".join("-" if f is None else str(f.index) for f in (pair.left, pair.right))
        lines.append(f"first difference: {pair.path} (frames {sides})")
        if pair.left is None or pair.right is None:
            lines.append(f"  only {left if pair.left else right} took this step")
        lines += [f"  {change}" for change in pair.diff]
        if self.first_route is not None and self.first_route.left and self.first_route.right:
            a, b = self.first_route.left.next_node, self.first_route.right.next_node
            lines.append(f"first different route: after {self.first_route.path}: {a} or {b}")
        lines.append("at the end:")
        lines += [f"  {change}" for change in self.diff] or ["  (no difference)"]
        return "\n".join(lines)


def compare_lines(names: tuple[str, str], left: list[Frame], right: list[Frame]) -> Comparison:
    """Align two lines by path, node and visit, up to the frames given."""
    pairs: list[Pair] = []
    common = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        pairs.append(Pair(a, b))
        common += 1
    pairs += _align(left[common:], right[common:])
    ends = [side[-1].root_state for side in (left, right)]
    return Comparison(names, pairs, diff_states(*ends))


def _align(left: list[Frame], right: list[Frame]) -> list[Pair]:
    keys = [[(f.path, f.visit, f.kind) for f in side] for side in (left, right)]
    places = {key: i for i, key in enumerate(keys[1])}
    pairs: list[Pair] = []
    done = 0
    for frame, key in zip(left, keys[0], strict=True):
        at = places.get(key, -1)
        if at < done:
            pairs.append(Pair(frame, None))
            continue
        pairs += [Pair(None, f) for f in right[done:at]]
        pairs.append(Pair(frame, right[at]))
        done = at + 1
    pairs += [Pair(None, f) for f in right[done:]]
    return pairs
