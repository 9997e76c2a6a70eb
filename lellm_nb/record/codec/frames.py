"""Frames as rows: what changed, not what exists.

A row has a few numbers and a body of JSON. What repeats from frame to frame (the path,
the kind, the level, the way out) is in a *template* that rows name by number. Positions
are not in rows: they are folded from the rows since the last *anchor*, a whole position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lellm_nb.graph.item_branches import EACH
from lellm_nb.graph.walk import branches_of, inside
from lellm_nb.record.codec.decisions import hold_form
from lellm_nb.record.codec.details import detail_form
from lellm_nb.record.codec.positions import LargeValues, PositionWriter
from lellm_nb.record.codec.typed_states import rest_of
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.level_key import LevelKeys, level_at, steps_of, without_visits
from lellm_nb.record.native.native_rows import NativeWriter
from lellm_nb.record.native.parts import AS_STORED, NativeParts
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.record.redaction.secret_paths import level_place
from lellm_nb.record.rows.entered import MapItems
from lellm_nb.record.rows.folding import can_be_folded, enter, is_foreseen, kept_of, writes_all
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.record.rows.plain_rows import PlainRows
from lellm_nb.state.compact import MISSING
from lellm_nb.state.typed import Typed

__all__ = ["FrameWriter"]


class FrameWriter:
    """Makes rows of frames.

    Args:
        codec: Writes the values.
        graph: The graph that runs: it knows what a level was entered with.
        first: The number of the first new template.
        large: Where containers that were made again share what they have in common.
        parts: Takes apart what an engine keeps beside positions.
        calls: Writes what nodes asked.
    """

    def __init__(
        self,
        codec: Codec,
        graph: Any,
        first: int = 0,
        large: LargeValues | None = None,
        parts: NativeParts = AS_STORED,
        calls: Callable[[Any], Any] | None = None,
    ) -> None:
        self.codec = codec
        self._calls = calls
        self.graph = graph
        self.positions = PositionWriter(codec, large)
        self.natives = NativeWriter(parts, self.positions)
        self.made: list[tuple[int, bytes]] = []
        self._next = first
        self._templates: dict[Any, int] = {}
        self._routes: dict[int, Any] = {}
        self.plain = PlainRows(self.positions)
        self._keys = LevelKeys()
        self._key = ""

    @property
    def problems(self) -> list[Any]:
        """What could not be written so far."""
        return self.positions.problems

    def row(self, frame: Frame) -> tuple[FrameRow, bool]:
        """Return a frame's row, and whether an anchor must follow because it can't be folded.

        A secret that is taken out of a row can't be folded either. New templates are added
        to `made`.
        """
        sure = True

        def make() -> Any:
            nonlocal sure
            forms, sure = self._body(frame)
            return forms

        positions, redactor = self.positions, self.codec.redactor
        if redactor is not None and redactor.paths:  # nobody else asks where a level stands
            positions.prefix = level_place(frame, self._places)
        body, hidden = self.codec.written(make, positions.prefix)
        key = self._key if frame.level is not frame.position else ""
        row = FrameRow(
            self._template(frame, key),
            frame.visit,
            frame.cursor,
            frame.started,
            frame.duration,
            body,
        )
        return row, not sure or hidden

    def _body(self, frame: Frame) -> tuple[Any, bool]:
        """Return a row's body as JSON data, and whether the frame can be folded from it."""
        level, parent = frame.level, frame.parent
        write = self.positions.mutation
        forms = [write(m) for m in frame.mutations]
        more: dict[str, Any] = {}
        if level is frame.position:
            before: Position | None = None if parent is None else parent.position
        else:
            key, before = self._inner(frame, parent, more)
            self._key = without_visits(key)
        sure = before is not None and self._predicted(frame, before, more) and not frame.gap
        detail = frame.own_detail
        if detail is not None:
            more["k"] = detail_form(detail, self._value, self.codec.redactor, self._calls)
        if frame.path != frame.static_path:
            more["p"] = frame.path
        native = self.natives.form(frame)
        if native is not None:
            more["n"] = native
            sure = sure and is_foreseen(frame, before)
        if not more:
            return forms, sure
        more["m"] = forms
        return more, sure

    def _value(self, value: Any, name: Any) -> Any:
        # a path is of the level's state; a name is of what stands beside it
        path = (*self.positions.prefix, *name) if type(name) is tuple else (name,)
        return self.codec.plain(value, self.positions.problems, path)

    # -- what a reader will fold -----------------------------------------------

    def _predicted(self, frame: Frame, before: Position, more: dict[str, Any]) -> bool:
        """Note what a fold can't know of the level after; tell whether the rest is foreseen."""
        kind, level, route = frame.kind, frame.level, frame.route
        if kind == "error" and route is None:
            return True
        if isinstance(before.inner, SuperStep) or isinstance(level.inner, SuperStep):
            return False  # only the engine knows which tasks are open
        if kind == "edit":
            foreseen = level.node == before.node and level.step == before.step
        else:
            counts = kind in RAN or kind == "error"
            node = before.node if route is None else route.next_node
            foreseen = level.node == node and level.step == before.step + counts
            if level.hold is not None:
                more["h"] = hold_form(level.hold)
            edge = None if route is None else route.edge
            if edge is not None and edge.max_visits is not None:
                key = edge.counter
                if level.visits.count(key, level.step) > before.visits.count(key, before.step):
                    more["c"] = key
        data = before.data
        if not all(can_be_folded(mutation, data) for mutation in frame.mutations) or (
            frame.position.native is not None and not writes_all(frame, data)
        ):
            self._note_result(frame, before, more)
        return foreseen

    def _note_result(self, frame: Frame, before: Position, more: dict[str, Any]) -> None:
        """Write what keys hold after a step that only the user's own code can repeat."""
        old, new = kept_of(before.data), kept_of(frame.level.data)
        changed = {k: v for k, v in new.items() if old.get(k, MISSING) is not v}
        more["s"] = [[k, self.positions.kept(v, k)] for k, v in changed.items()]
        more["x"] = [k for k in old if k not in new]
        if isinstance(frame.level.data, Typed):
            more["r"] = rest_of(frame.level.data, self.codec)

    def _inner(
        self, frame: Frame, parent: Frame | None, more: dict[str, Any]
    ) -> tuple[str, Position | None]:
        """Return the key of an inner level and the level before; note what was entered."""
        key = self._keys.of(frame)
        if level_at(frame.position, key) is not frame.level:
            found = self._key_by_graph(frame)
            if found is None:
                return key, None
            key = found
        if parent is None:
            return key, None
        level, within = parent.position, frame.position
        entered: list[Any] = []
        nodes = self._nodes
        for name, branch in steps_of(key):
            node = nodes.get(name)
            inner = level.inner
            if level.node != name or isinstance(inner, SuperStep):
                return key, None
            if inner is None:
                made = enter(node, level, within.inner, branch, frame.level)
                if made is None:
                    return key, None
                inner, form = made
                if form[0] == "map":
                    entered_items: Any = getattr(inner, "items", None)
                    form = [*form, self.positions.items(node, entered_items)]
                elif form[0] == "one":
                    only = MapItems((form[-1]["item"],), form[2])
                    form = [*form[:2], self.positions.items(node, only)]
                elif isinstance(form[-1], dict):
                    form = [*form[:-1], self.positions.data(form[-1]["data"])]
                entered.append(form)
            if isinstance(inner, Fan):
                if branch not in inner.branches:
                    return key, None
                level = inner.branches[branch]
            else:
                level = inner
            within = _led_to(within, branch)
            nodes = inside(node)
        if entered:
            more["e"] = entered
        return key, level

    def _key_by_graph(self, frame: Frame) -> str | None:
        """Return the key of a level that was entered and failed before its first commit."""
        nodes = self._nodes
        key, item = "", False
        names = [part.partition("#") for part in frame.path.split("/")]
        i = 0
        while i < len(names) - 1:
            node = nodes.get(names[i][0])
            key += "/" + ("#" if item else "") + "".join(names[i])
            i += 1
            nodes, item = inside(node), getattr(node, "kind", "") == "map"
            if branches_of(node):
                key += f"|{'#' if item else ''}{names[i][0]}"
            elif not nodes:
                return None
        return key

    @property
    def _places(self) -> Mapping[str, Any]:
        known = self.graph if self.positions.graph is None else self.positions.graph
        return getattr(known, "nodes", {})

    @property
    def _nodes(self) -> Mapping[str, Any]:
        return getattr(self.graph, "nodes", {})

    # -- templates -------------------------------------------------------------

    def _template(self, frame: Frame, key: str) -> int:
        route = frame.route
        way: Any = None
        if route is not None:
            shared = route.edge is not None or route.kind == "end"
            way = id(route) if shared else (route.kind, route.next_node)
        name = (frame.static_path, frame.graph_id, key, frame.kind, way)
        number = self._templates.get(name)
        if number is None:
            if route is not None:
                self._routes[id(route)] = route  # so that its id stays its own
            number = self._templates[name] = self._next
            self._next += 1
            body, _ = self.codec.written(lambda: self._template_form(frame, key))
            self.made.append((number, body))
            if not key:
                self.plain.learn(frame, number)
        return number

    def _template_form(self, frame: Frame, key: str) -> dict[str, Any]:
        form: dict[str, Any] = {
            "kind": frame.kind,
            "graph": frame.graph_id,
            "path": frame.static_path,
            "node": EACH if frame.static_path.endswith(f"/{EACH}") else frame.node,
        }
        if key:
            form["level"] = key
        route = frame.route
        if route is not None:
            form["to"] = [route.next_node, route.kind, [list(pair) for pair in route.tried]]
            if route.edge is not None:
                edge = route.edge
                form["edge"] = [edge.source, edge.target, edge.kind, edge.max_visits]
        return form


def _led_to(level: Any, branch: str) -> Any:
    """Return the level inside of one after a step; the same where nothing is inside any more."""
    inner = level.inner
    if isinstance(inner, Fan):
        return inner.branches.get(branch, level)
    return level if inner is None else inner
