"""Rows of commits that wrote something at the root's level, and did no more."""

from __future__ import annotations

from typing import Any, NamedTuple

from lellm_nb.graph.edge import Route
from lellm_nb.record.codec.json_text import to_bytes
from lellm_nb.record.codec.positions import PositionWriter
from lellm_nb.record.frame import Frame, Place
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.rows.folding import can_be_folded
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.mutation import Put
from lellm_nb.state.typed import Typed

__all__ = ["PlainRows"]

HEADS = 4096
"""So many keys are remembered as they are written."""


class _PlainWay(NamedTuple):
    """A node and a way out of it; they are held so that their identities stay their own."""

    place: Place
    route: Route
    template: int


class PlainRows:
    """Makes the rows that nearly all steps of a loop have, without what others may need.

    They are the rows that `FrameWriter.row` makes of the same frames.

    Args:
        positions: Writes the mutations.
    """

    def __init__(self, positions: PositionWriter) -> None:
        self.positions = positions
        self._ways: dict[tuple[int, int], _PlainWay] = {}
        self._heads: dict[Any, bytes] = {}

    def learn(self, frame: Frame, template: int) -> None:
        """Take note of the template of a way that a node of the root's level goes."""
        route = frame.route
        edge = None if route is None else route.edge
        counted = edge is not None and edge.max_visits is not None
        if route is not None and frame.kind == "commit" and not counted:
            self._ways[id(frame.place), id(route)] = _PlainWay(frame.place, route, template)

    def row(self, frame: Frame) -> FrameRow | None:
        """Return the row of a frame, or `None` where there may be more to say of it."""
        level, parent = frame.level, frame.parent
        if parent is None or level is not frame.position or frame.own_detail is not None:
            return None
        way = self._ways.get((id(frame.place), id(frame.route)))
        if way is None:
            return None
        before = parent.position
        if (
            level.step != before.step + 1
            or level.node != way.route.next_node
            or level.hold is not None
            or type(before.data) is Typed
        ):
            return None
        wrote = frame.wrote
        number = type(wrote) is Put and type(wrote.kept) is int
        body = self._of_number(wrote.key, wrote.kept) if number else self._body(frame, before.data)
        redactor = self.positions.codec.redactor
        if not body or (redactor is not None and _may_hold(redactor, body)):
            return None
        return FrameRow(way.template, frame.visit, level.step, frame.started, frame.duration, body)

    def _of_number(self, key: Any, value: int) -> bytes:
        """Return the body of a lone Put of a number; empty where it is no plain one."""
        head = self._heads.get(key)
        if head is None:
            if type(key) is not str or not key.isascii():
                return b""
            if len(self._heads) >= HEADS:
                self._heads.clear()
            head = self._heads[key] = to_bytes([[key]])[:-2] + b","
        return b"%b%d]]" % (head, value) if -(2**63) < value < 2**63 else b""

    def _body(self, frame: Frame, before: Any) -> bytes:
        redactor, forms = self.positions.codec.redactor, []
        if redactor is not None and (redactor.on or redactor.paths):
            return b""
        known = len(self.positions.problems)
        for mutation in frame.mutations:
            shares = type(getattr(mutation, "kept", None)) in COMPACT
            if shares or not can_be_folded(mutation, before):
                return b""
            forms.append(self.positions.mutation(mutation))
        if len(self.positions.problems) > known:  # the general way reports them
            del self.positions.problems[known:]
            return b""
        return to_bytes(forms)


def _may_hold(redactor: Redactor, body: bytes) -> bool:
    """Tell whether a row is to be made the general way: there may be a secret in it."""
    met = redactor.met and redactor.met_in_passing()  # in bytes, which the row does not show
    return bool(met or redactor.on or redactor.hint(body))
