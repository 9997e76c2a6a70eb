"""What differs between two frames of a nest, level by level."""

from __future__ import annotations

from lellm_nb.debug.diff.diff import Diff, diff_data
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Session

__all__ = ["level_diff"]


def level_diff(a: Frame, b: Frame, session: Session) -> Diff:
    """Return what differs between two frames, as a tree of paths.

    Names mean the root state. Where a frame is of an inner level, what differs in that level
    comes after it, under ``level:key``.
    """
    ends = a, b
    changes = list(diff_data(*(frame.position.data for frame in ends)))
    inner = {f.static_path.rpartition("/")[0]: f for f in ends if f.level is not f.position}
    for level, inside in inner.items():
        sides = [session.data_at(frame, inside) for frame in ends]
        if None not in sides:
            changes += [change.at_level(level) for change in diff_data(*sides)]
    return Diff(changes)
