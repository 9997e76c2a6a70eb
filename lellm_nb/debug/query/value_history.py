"""Every change of one value along a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.debug.history.stored_values import as_seen, kept_at, kept_items, same_value
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.suggest import absent
from lellm_nb.engine.scope import Scope, scope_at
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys
from lellm_nb.state.compact import MISSING
from lellm_nb.state.typed import Typed

if TYPE_CHECKING:
    import pandas

__all__ = ["change_table", "level_data_before"]

Found = tuple[list[Frame], list[Any], list[Any]]
"""The frames that changed a value, and the value before and after each."""


class _Absent(NamedTuple):
    """That the value was never there, and what was."""

    state: Any


def change_table(frames: Sequence[Frame], scope: Scope, address: Address) -> pandas.DataFrame:
    """Return one row per change of a value: who changed it, from what, to what.

    Raises:
        MissingKeyError: Nothing on the line had such a key; names the nearest.
    """
    inside = bool(address.level)
    found = _changes_inside(frames, scope, address) if inside else _changes(frames, address)
    if isinstance(found, _Absent):
        raise absent(address, found.state, "on this line", frames[-1], scope.graph)
    at, old, new = found
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
        elif same_value(old, new):
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


def _changes_inside(frames: Iterable[Frame], scope: Scope, address: Address) -> Found | _Absent:
    path = address.path
    at: list[Frame] = []
    before: list[Any] = []
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
            entered = level_data_before(scope, frame)
            values[level] = MISSING if entered is None else kept_at(entered, path)
            ever = ever or values[level] is not MISSING
        data, old, new = frame.level.data, values[level], kept_at(frame.level.data, path)
        if not same_value(old, new):
            at.append(frame)
            before.append(old)
            after.append(new)
            values[level] = new
            ever = True
    if not ever:
        return _Absent(None if data is None else _state(data))
    return at, before, after


def level_data_before(scope: Scope, frame: Frame) -> Any:
    """Return the data of a frame's own level before the frame; `None` where it can't be told.

    A level that is entered by this very frame begins as its lens, or its fork, says.
    """
    if frame.parent is None:
        return None
    root = frame.parent.position
    if frame.level is frame.position:
        return root.data
    try:
        return scope_at(scope, root, frame).level(root).data
    except Exception:  # another graph than the one that ran, or a lens that refuses now
        return None
