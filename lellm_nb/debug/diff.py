"""What differs between two states, as a tree of paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.errors import path_text

if TYPE_CHECKING:
    import pandas

__all__ = ["Change", "Diff", "diff_states"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: Keys and indexes from the top.
        kind: ``added``, ``removed`` or ``changed``.
        old, new: The value on each side; `None` where it is not there.
    """

    path: tuple[Any, ...]
    kind: str
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        where = path_text(self.path)
        if self.kind == "added":
            return f"+ {where}: {_short(self.new)}"
        if self.kind == "removed":
            return f"- {where}: {_short(self.old)}"
        return f"~ {where}: {_short(self.old)} -> {_short(self.new)}"


def _short(value: Any, most: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Diff(Sequence[Change]):
    """Differences in the order of the keys; empty when the states are equal.

    Example:
        >>> diff_states({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3, 4]})
        ~ b[1]: 2 -> 3
        + b[2]: 4
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = tuple(changes)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...

    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diff) and other._changes == self._changes

    __hash__ = None  # type: ignore[assignment]  # holds values that may be unhashable

    @property
    def keys(self) -> list[str]:
        """The top-level keys that differ, once each."""
        return list(dict.fromkeys(str(change.path[0]) for change in self._changes))

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per difference: path, kind, old, new."""
        import pandas

        rows = [(path_text(c.path), c.kind, c.old, c.new) for c in self._changes]
        return pandas.DataFrame(rows, columns=["path", "kind", "old", "new"])

    def __repr__(self) -> str:
        return "\n".join(map(str, self._changes)) or "(no difference)"


def diff_states(old: Any, new: Any) -> Diff:
    """Compare two states, or any two values, down to where they differ."""
    changes: list[Change] = []
    _walk((), old, new, changes)
    return Diff(changes)


def _walk(path: tuple[Any, ...], old: Any, new: Any, into: list[Change]) -> None:
    if old is new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old:
            if key in new:
                _walk((*path, key), old[key], new[key], into)
            else:
                into.append(Change((*path, key), "removed", old[key]))
        into.extend(Change((*path, k), "added", None, new[k]) for k in new if k not in old)
    elif isinstance(old, list) and isinstance(new, list):
        for i, (a, b) in enumerate(zip(old, new, strict=False)):
            _walk((*path, i), a, b, into)
        into.extend(Change((*path, i), "removed", old[i]) for i in range(len(new), len(old)))
        into.extend(Change((*path, i), "added", None, new[i]) for i in range(len(old), len(new)))
    elif not _equal(old, new):
        into.append(Change(path, "changed", old, new))


def _equal(old: Any, new: Any) -> bool:
    try:
        return bool(old == new) and type(old) is type(new)
    except Exception:  # an array's == is no truth value; a foreign __eq__ may raise anything
        return False
