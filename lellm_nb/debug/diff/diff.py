"""What differs between two states, as a tree of paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, overload

from lellm_nb.debug.diff.sequence_diff import aligned
from lellm_nb.debug.diff.text_diff import TextDiff
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.errors import path_text
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import fields_text, has_kind, safe_pairs, safe_repr, safe_str
from lellm_nb.state.compact import COMPACT, Tail, real, whole
from lellm_nb.state.sameness import same
from lellm_nb.state.state import keep
from lellm_nb.state.structs.nested import opened
from lellm_nb.state.structs.struct import struct_of
from lellm_nb.state.typed import is_typed

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret

__all__ = ["Change", "Diff", "diff_data", "diff_states", "telling"]


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

    @property
    def text(self) -> TextDiff | None:
        """What changed inside a text, `None` where it is not two texts."""
        if self.kind != "changed" or type(self.old) is not str or type(self.new) is not str:
            return None
        return TextDiff(self.old, self.new)

    __repr__ = fields_text

    def __str__(self) -> str:
        where, shown = path_text(self.path), self._shown()
        if self.kind == "added":
            return f"+ {where}: {_short(self.new)}"
        if self.kind == "removed":
            return f"- {where}: {_short(self.old)}"
        if shown._long:
            return f"~ {where}: {shown.text}"
        return f"~ {where}: {_short(self.old)} -> {_short(self.new)}"

    def _shown(self) -> Change:
        """Return the difference of two texts without API keys in them."""
        if self.text is None:
            return self
        return replace(self, old=without_keys(self.old), new=without_keys(self.new))

    def under(self, *above: Any) -> Change:
        """Return the same difference with its path inside another one."""
        return replace(self, path=(*above, *self.path))

    def at_level(self, level: str) -> Change:
        """Return the same difference with the name of its level before the key: ``agent:plan``."""
        first, *below = self.path
        return replace(self, path=(f"{level}:{first}", *below)) if level else self

    @property
    def _long(self) -> bool:
        return self.text is not None and len(self.old) + len(self.new) > LONG

    def _html(self) -> str:
        mark = {"added": "+", "removed": "-"}.get(self.kind, "~")
        where = f"{mark} {escape(path_text(self.path))}"
        old = "" if self.kind == "added" else f"<del>{escape(_short(self.old))}</del>"
        new = "" if self.kind == "removed" else f"<ins>{escape(_short(self.new))}</ins>"
        shown = self._shown()
        what = shown.text._repr_html_() if shown._long and shown.text else f"{old} {new}"
        return f"<tr><td><code>{where}</code></td><td>{what}</td></tr>"


LONG = 60
"""Two texts that are longer together are shown by what changed inside."""


READ = 1_000
"""So much of a value is read for its text, which is shorter: a key that is cut looks like none."""


def _short(value: Any, most: int = 80) -> str:
    text = without_keys(safe_repr(value, READ))
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Diff(Sequence[Change]):
    """Differences in the order of the keys; empty when the states are equal.

    Example:
        >>> diff_states({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3, 4]})
        ~ b[1]: 2 -> 3
        + b[2]: 4
    """

    def __init__(self, changes: Sequence[Change], hide: Hide | None = None) -> None:
        self._changes = tuple(changes)
        self._hide = hide

    def hiding(self, hide: Hide | None) -> Diff:
        """Return the same differences; what is secret by its place is not shown of them."""
        return Diff(self._changes, hide)

    def line(self, change: Change) -> str:
        """Return one of them in words, as it may be shown."""
        told = str(self._may_be_shown(change))
        return told if self._hide is None else self._hide.redactor.text(told)

    def _may_be_shown(self, change: Change) -> Change:
        hide = self._hide
        if hide is None:
            return change
        old, new = (hide.value(value, change.path) for value in (change.old, change.new))
        return replace(change, old=old, new=new)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...

    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diff) and same(other._changes, self._changes)

    __hash__ = None  # type: ignore[assignment]  # holds values that may be unhashable

    @property
    def keys(self) -> list[str]:
        """The top-level keys that differ, once each."""
        return list(dict.fromkeys(safe_str(change.path[0]) for change in self._changes))

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per difference: path, kind, old, new."""
        from lellm_nb.debug.history.typed_table import table

        return table(
            {
                "path": [path_text(c.path) for c in self],
                "kind": [c.kind for c in self],
                "old": [c.old for c in self],
                "new": [c.new for c in self],
            },
            texts=("path", "kind"),
        )

    def _repr_html_(self) -> str:
        rows = "".join(self._may_be_shown(c)._html() for c in self._changes[:MOST])
        more = len(self) - MOST
        rows = rows if self._hide is None else self._hide.redactor.text(rows)
        html = f"<table>{without_keys(rows)}</table>"
        return html + (f"<p>… {more:,} more</p>" if more > 0 else "")

    def __repr__(self) -> str:
        lines = [self.line(change) for change in self._changes[:MOST]]
        if len(self) > MOST:
            lines.append(f"… {len(self) - MOST:,} more")
        return without_keys("\n".join(lines)) or "(no difference)"


MOST = 200
"""So many differences are shown."""


def telling(changes: Iterable[Change]) -> list[Change]:
    """Return changes with those first that went from one value to another: they tell most."""
    return sorted(changes, key=lambda change: change.kind != "changed")


def diff_states(old: Any, new: Any) -> Diff:
    """Compare two states, or any two values, down to where they differ.

    What is shared costs nothing; an item that came into the middle of a list is one added
    item, where the list is not changed in too many places to tell. Of two typed states the
    fields are compared.
    """
    if old is not new and is_typed(old) and is_typed(new):
        old, new = keep(old).data, keep(new).data
    changes: list[Change] = []
    _walk((), old, new, changes)
    return Diff(changes)


def diff_data(old: Any, new: Any) -> Diff:
    """Compare the kept data of two levels, without making real what did not change."""
    if old is new:
        return Diff(())
    sides = [dict(kept_items(data).items()) for data in (old, new)]
    return diff_states(*sides)


def _walk(path: tuple[Any, ...], old: Any, new: Any, into: list[Change]) -> None:
    if old is new:
        return
    if type(old) in COMPACT or type(new) in COMPACT:
        if type(new) is Tail and new.grew_from(old):
            into.extend(
                Change((*path, i), "added", None, real(item))
                for i, item in enumerate(new.since(len(old)), len(old))
            )
            return
        old, new = whole(old), whole(new)
    fields, others = opened(old), opened(new)
    if fields is not old and others is not new and struct_of(old) is struct_of(new):
        met = len(into)
        _walk_keys(path, fields, others, into)
        if len(into) > met:
            return
    if has_kind(old, Mapping) and has_kind(new, Mapping):
        _walk_keys(path, old, new, into)
    elif has_kind(old, (list, tuple)) and _kind(old) is _kind(new):
        _walk_items(path, old, new, into)
    elif not same(old, new):
        into.append(Change(path, "changed", real(old), real(new)))


def _walk_keys(path: tuple[Any, ...], old: Any, new: Any, into: list[Change]) -> None:
    try:
        before, after = dict(safe_pairs(old)), dict(safe_pairs(new))
    except Exception:  # a key of the user's that has no hash any more
        into.append(Change(path, "changed", real(old), real(new)))
        return
    for key, value in before.items():
        if key in after:
            _walk((*path, key), value, after[key], into)
        else:
            into.append(Change((*path, key), "removed", real(value)))
    into.extend(Change((*path, k), "added", None, real(after[k])) for k in after if k not in before)


def _kind(value: Any) -> type | None:
    return next((kind for kind in (list, tuple) if has_kind(value, kind)), None)


def _walk_items(path: tuple[Any, ...], old: Any, new: Any, into: list[Change]) -> None:
    for tag, i1, i2, j1, j2 in aligned(old, new):
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        for k in range(both):
            _walk((*path, j1 + k), old[i1 + k], new[j1 + k], into)
        into.extend(Change((*path, i), "removed", real(old[i])) for i in range(i1 + both, i2))
        into.extend(Change((*path, j), "added", None, real(new[j])) for j in range(j1 + both, j2))
