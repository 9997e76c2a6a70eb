"""Rows back to frames: what a row says, and the positions that rows lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lellm_nb.errors import CorruptedCheckpointError, LellmError
from lellm_nb.graph.edge import Edge, Route
from lellm_nb.graph.item_branches import EACH
from lellm_nb.record.codec.decisions import read_hold
from lellm_nb.record.codec.details import read_detail
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader
from lellm_nb.record.codec.typed_states import folded_rest, rest_after
from lellm_nb.record.frame import RAN, Detail, Place
from lellm_nb.record.level_key import steps_of
from lellm_nb.record.position import Fan, Position, SuperStep
from lellm_nb.record.rows.entered import begin_branches, begin_items
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.state.compact import draft, whole
from lellm_nb.state.mutation import Mutation, Put, apply
from lellm_nb.state.typed import Typed

__all__ = ["FrameFacts", "FrameReader"]


class _Template(NamedTuple):
    kind: str
    graph: str
    path: str
    node: str
    steps: tuple[tuple[str, str], ...]
    route: Route | None


class FrameFacts(NamedTuple):
    """What a row says of its frame by itself, without the frames before it."""

    kind: str
    place: Place
    visit: int
    cursor: int
    started: float
    duration: float
    mutations: tuple[Mutation, ...]
    route: Route | None
    detail: Detail | None
    steps: tuple[tuple[str, str], ...]
    entered: Any
    hold: Any
    counter: str
    result: Any
    native: Any = None


def _steps_in(template: _Template, path: str) -> tuple[tuple[str, str], ...]:
    """Return the way to the level of a frame: where the template says ``*``, as in its path."""
    if not any(EACH in step for step in template.steps):
        return template.steps
    names = [segment.partition("#")[0] for segment in path.split("/")]
    return tuple(
        (names[i] if node == EACH else node, names[i + 1] if branch == EACH else branch)
        for i, (node, branch) in enumerate(template.steps)
    )


def _edge(form: Any) -> Edge:
    source, target, kind, limit = form
    return Edge(str(source), str(target), str(kind), None, limit)


class FrameReader:
    """Reads rows, and folds them into positions.

    Args:
        positions: Reads positions, states and mutations.
        calls: Reads what nodes asked.
    """

    def __init__(
        self, positions: PositionReader, calls: Callable[[Any], Any] | None = None
    ) -> None:
        self.positions = positions
        self._calls = calls
        self.codec = positions.codec
        self._templates: dict[int, _Template] = {}
        self._places: dict[tuple[str, str, str], Place] = {}
        self._orders: dict[Any, dict[str, int]] = {}

    def add_template(self, number: int, body: bytes) -> None:
        """Make a template known.

        Raises:
            CorruptedCheckpointError: It is damaged.
        """
        form = self.codec.parse(body)
        try:
            route = None
            if "to" in form:
                next_node, kind, tried = form["to"]
                edge = _edge(form["edge"]) if "edge" in form else None
                pairs = tuple((str(label), bool(answer)) for label, answer in tried)
                route = Route(next_node, str(kind), pairs, edge)
            self._templates[number] = _Template(
                str(form["kind"]),
                str(form["graph"]),
                str(form["path"]),
                str(form["node"]),
                tuple(steps_of(form.get("level", ""))),
                route,
            )
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged template: {error_text(error)}.") from error

    def knows(self, number: int) -> bool:
        """Tell whether a template is known."""
        return number in self._templates

    def facts(self, row: FrameRow) -> FrameFacts:
        """Return what a row says of its frame.

        Raises:
            CorruptedCheckpointError: It is damaged, or its template is missing.
        """
        return self.facts_of(row, self.codec.parse(row.body))

    def facts_of(self, row: FrameRow, form: Any) -> FrameFacts:
        """Return the same of a row of which the body is read already.

        Raises:
            CorruptedCheckpointError: As for `facts`.
        """
        template = self._templates.get(row.template)
        if template is None:
            raise CorruptedCheckpointError(f"Template {row.template} is missing.")
        try:
            more: dict[str, Any] = form if isinstance(form, dict) else {}
            forms = form if isinstance(form, list) else more["m"]
            mutations = tuple([self.positions.mutation(m) for m in forms])
            path = more.get("p", template.path)
            place = self._place(template, path)
            steps = template.steps if place.path == template.path else _steps_in(template, path)
            detail = None
            if "k" in more:
                detail = read_detail(more["k"], self.codec.value, self._calls)
            return FrameFacts(
                template.kind,
                place,
                int(row.visit),
                int(row.cursor),
                float(row.started),
                float(row.duration),
                mutations,
                template.route,
                detail,
                steps,
                more.get("e"),
                read_hold(more.get("h")),
                str(more.get("c", "")),
                (more["s"], more["x"], more.get("r")) if "s" in more else None,
                more.get("n"),
            )
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged frame: {error_text(error)}.") from error

    def _place(self, template: _Template, path: Any) -> Place:
        if not isinstance(path, str):
            raise TypeError("a path is text")
        node = template.node
        if node == EACH and template.path.endswith(f"/{EACH}"):
            node = path.rpartition("/")[2]
        name = (template.graph, path, node)
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = Place(template.graph, path, node, template.path)
        return place

    # -- folding ---------------------------------------------------------------

    def fold(self, root: Position, facts: FrameFacts) -> tuple[Position, Position]:
        """Return the position after a frame, and the frame's own level in it.

        Raises:
            CorruptedCheckpointError: The frame does not fit the position before it.
        """
        try:
            if facts.kind == "error" and facts.route is None:
                return root, self._found(root, facts)
            made: list[Position] = []
            after = self._replaced(root, facts, 0, list(facts.entered or ()), made)
            return after, made[0]
        except LellmError as error:
            raise CorruptedCheckpointError(
                f"A frame does not fit the one before: {error}"
            ) from error
        except DAMAGE as error:
            raise CorruptedCheckpointError(
                f"A frame does not fit the one before: {error_text(error)}."
            ) from error

    def level_of(self, root: Position, facts: FrameFacts) -> Position:
        """Return a frame's level within the position that it led to."""
        try:
            return self._found(root, facts)
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged position: {error_text(error)}.") from error

    def _found(self, root: Position, facts: FrameFacts) -> Position:
        level = root
        entered = list(facts.entered or ())
        segments = facts.place.path.split("/")
        for (_, branch), segment in zip(facts.steps, segments, strict=False):
            if isinstance(level.inner, SuperStep):
                task = level.inner.entered_by(segment)
                if task is None:
                    raise ValueError(f"no task {segment!r}")
                level = task
            inner = level.inner if level.inner is not None else self._enter(level, entered.pop(0))
            level = inner if isinstance(inner, Position) else inner.branches[branch]
        return level

    def _replaced(
        self, level: Position, facts: FrameFacts, i: int, entered: list[Any], made: list[Position]
    ) -> Position:
        if i == len(facts.steps):
            made.append(self._after(level, facts))
            return made[0]
        inner = level.inner if level.inner is not None else self._enter(level, entered.pop(0))
        if isinstance(inner, Position):
            return level.holding(self._replaced(inner, facts, i + 1, entered, made))
        branch = facts.steps[i][1]
        branches = inner.branches.copy()
        old = branches[branch]
        new = self._replaced(old, facts, i + 1, entered, made)
        branches[branch] = new
        closed = new.node is None and old.node is not None
        where = (facts.steps[: i + 1][:-1], facts.steps[i][0])
        order = self._orders.get(where)
        if order is None or branch not in order or len(order) != len(branches):
            order = self._orders[where] = {name: n for n, name in enumerate(branches)}
        turn = (order[branch] + 1) % len(branches)
        return level.holding(Fan(branches, turn, inner.open - closed, inner.items))

    def _enter(self, level: Position, form: Any) -> Position | Fan:
        word = form[0]
        if word == "fan":
            return begin_branches([str(name) for name in form[1]], level.data)
        if word == "map":
            return begin_items(self.positions.items(form[1]), level.data)
        if word == "one":
            only = self.positions.items(form[2])
            data = apply(level.data, (Put(str(only.key), only.values[0]),))
            return Fan.begin({str(form[1]): data})
        start = str(form[1])
        if word == "same":
            return Position.begin(start, level.data, inner=True)
        if word == "key":
            return Position.begin(start, dict(whole(level.data.get(form[2])) or {}), inner=True)
        if word != "data":
            raise ValueError(f"unknown way in {word!r}")
        return Position.begin(start, self.positions.data(form[2]), inner=True)

    def _after(self, level: Position, facts: FrameFacts) -> Position:
        kind, route, mutations = facts.kind, facts.route, facts.mutations
        writes = bool(mutations) or facts.result is not None
        data = self._applied(level.data, facts) if writes else level.data
        wrote = level.wrote
        if wrote is not None and mutations:
            wrote = wrote.extended(mutations)
        step, visits = level.step, level.visits
        if kind == "edit":
            return Position(level.node, data, step, visits, level.hold, level.inner, wrote)
        node = level.node if route is None else route.next_node
        hold = facts.hold
        if kind in RAN or kind == "error":
            visits, _ = visits.record(step, level.node or "")
            if kind == "commit" and hold is not None and hasattr(hold, "name"):
                visits.also(step, f"#{hold.name}")
            step += 1
        if kind == "input":  # counted as no node is
            visits = visits.plus(step, "")
        if facts.counter:
            visits = visits.plus(step, facts.counter)
        return Position(node, data, step, visits, hold, None, wrote)

    def _applied(self, data: Any, facts: FrameFacts) -> Any:
        content = data.data if isinstance(data, Typed) else data
        new = draft(content)
        rest: Any = None
        if facts.result is None:
            for m in facts.mutations:
                m.write(new)
        else:
            pairs, gone, rest = facts.result
            for key, value in pairs:
                name = self.codec.value(key)
                new[name] = self.positions.kept(value, name)
            for key in gone:
                name = self.codec.value(key)
                if name in new:
                    del new[name]
        if not isinstance(data, Typed):
            return new
        if facts.result is None:
            return data.holding(new, folded_rest(data, [str(m.key) for m in facts.mutations]))
        return data.holding(new, rest_after(data, rest or {}, self.codec))
