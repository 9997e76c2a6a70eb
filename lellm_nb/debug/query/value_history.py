"""Every change of one value along a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.debug.history.stored_values import as_seen, kept_at, kept_items
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.suggest import absent
from lellm_nb.debug.query.not_captured import gap_before, was_not_captured
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys
from lellm_nb.state.compact import MISSING
from lellm_nb.state.sameness import same
from lellm_nb.state.typed import Typed

if TYPE_CHECKING:
    import pandas

__all__ = ["change_table"]

Before = Callable[[Frame], Any]

Found = tuple[list[Frame], list[Any], list[Any]]
"""The frames that changed a value, and the value before and after each."""


class _Absent(NamedTuple):
    """That the value was never there, and what was."""

    state: Any


def change_table(
    frames: Sequence[Frame], before: Before, graph: Any, address: Address
) -> pandas.DataFrame:
    """Return one row per change of a value: who changed it, from what, to what.

    Args:
        before: Gives the compact state that a frame's own level had before the frame.

    Raises:
        MissingKeyError: Nothing on the line had such a key; names the nearest.
    """
    inside = bool(address.level)
    found = _changes_inside(frames, before, address) if inside else _changes(frames, address)
    if isinstance(found, _Absent):
        raise absent(address, found.state, "on this line", frames[-1], graph)
    at, old, new = found
    at = [_source(frame, before, address) for frame in at]
    return table(
        {
            "frame": [f.index for f in at],
            "path": [f.place.path for f in at],
            "node": [f.place.node for f in at],
            "visit": [f.visit for f in at],
            "kind": [f.kind for f in at],
            "old": as_seen(old),
            "new": as_seen(new),
        },
        texts=("path", "node", "kind"),
        counts=("frame", "visit"),
    )


def _source(frame: Frame, before: Before, address: Address) -> Frame:
    """Return what changed a value: a frame, or the steps before it that were not captured."""
    if not frame.gap or frame.parent is None:
        return frame
    inside = bool(address.level)
    old = before(frame) if inside else frame.parent.position.data
    new = frame.level.data if inside else frame.position.data
    gap = gap_before(frame)
    own = frame if inside or frame.level is frame.position else gap
    return gap if was_not_captured(own, address.path, old, new) else frame


def _changes(frames: Iterable[Frame], address: Address) -> Found | _Absent:
    path = address.path
    key, whole = path[0], len(path) == 1
    at: list[Frame] = []
    before: list[Any] = []
    after: list[Any] = []
    frames = iter(frames)
    last: Any = next(frames).position.data
    # whether a state is typed never changes at the root
    plain = whole and type(last) is not Typed
    old: Any = kept_at(last, path)
    ever = old is not MISSING
    for frame in frames:
        data: Any = frame.position.data
        if data is last:  # a failure, a wait, or a step further inside
            continue
        last = data
        new = data.get(key, MISSING) if plain else kept_at(data, path)
        if new is old:
            continue
        if type(new) in _QUICK and type(old) in _QUICK:
            if new == old and type(new) is type(old):
                continue
        elif same(old, new):
            continue
        at.append(frame)
        before.append(old)
        after.append(new)
        old = new
    if not ever and not at:
        return _Absent(_state(last))
    return at, before, after


_QUICK = frozenset({int, str, bool})
"""Types whose values are compared with `==` alone: no NaN, no foreign `__eq__`."""


def _state(data: Any) -> Any:
    return dict(kept_items(data).items())


def _changes_inside(frames: Iterable[Frame], before: Before, address: Address) -> Found | _Absent:
    path = address.path
    at: list[Frame] = []
    old_values: list[Any] = []
    after: list[Any] = []
    keys = LevelKeys()
    meant: dict[str, bool] = {}
    values: dict[str, Any] = {}
    ever = False
    data: Any = None
    for frame in frames:
        level = keys.of(frame)
        if level not in meant:
            meant[level] = address.meant(level)
        if not meant[level]:
            continue
        if level not in values:
            entered = before(frame)
            values[level] = MISSING if entered is None else kept_at(entered, path)
            ever = ever or values[level] is not MISSING
        data, old, new = frame.level.data, values[level], kept_at(frame.level.data, path)
        if not same(old, new):
            at.append(frame)
            old_values.append(old)
            after.append(new)
            values[level] = new
            ever = True
    if not ever:
        return _Absent(None if data is None else _state(data))
    return at, old_values, after
