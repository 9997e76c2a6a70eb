"""The record of one step (SEMANTICS C1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lellm_nb.errors import RunError
from lellm_nb.errors.safe_text import safe_str
from lellm_nb.graph.edge import Route
from lellm_nb.ids import SpanId, TraceId, span_id, step_name
from lellm_nb.record.detail import DecisionRecord, Detail, HasDetail
from lellm_nb.record.frame_table import keys_that_differ, state_table
from lellm_nb.record.place import Place
from lellm_nb.record.position import Position
from lellm_nb.state.frozen import opaque_paths
from lellm_nb.state.mutation import Mutation
from lellm_nb.state.state import content_of, keep, view
from lellm_nb.state.structs.nested import plain_data

if TYPE_CHECKING:
    import pandas

__all__ = ["LEAVING", "RAN", "DecisionRecord", "Detail", "Frame", "Place", "make_frame"]

RAN = frozenset({"commit", "waiting", "exit", "join"})
"""Kinds of frames that are a node's run, each node and visit once: steps of their level."""

LEAVING = frozenset({"exit", "join"})
"""Kinds of frames that bring out of a composite what was written inside."""

_NO_RUN = TraceId("")


class Frame(HasDetail):
    """One step: where, what was written, which way it went, and where it led.

    The constructor makes the seed's four-field frame. Nothing in a frame ever changes.

    Attributes:
        kind: ``start``, ``commit``, ``waiting``, ``decision``, ``exit``, ``join``,
            ``route``, ``edit``, ``input`` or ``error``.
        index: Its place on its line, counted from the root; the start frame is 0.
        visit: How often the node had run in its level's entry, this run included; of an input
            its number.
        position: The whole position it led to.
        level: Its own level within that position.
        route: Which way it went, `None` where it did not.
        parent: The frame before it on its line.
        place: Where it was made; shared by all frames of one node.
        trace_id: The run that made it; empty for a frame that was made by hand.
        own_detail: What only some frames have, or `None`; `detail` is never `None`.
        wrote: The mutations, or the one of them where there is one.

    Example:
        >>> Frame("g", "a", {"n": 1}, 1)
        <Frame 0 commit a>
    """

    __slots__ = (
        *("_time", "index", "kind", "level", "own_detail", "parent", "place"),
        *("position", "route", "trace_id", "visit", "wrote"),
    )

    def __init__(self, graph_id: str, node_id: str, state: Any, cursor: int) -> None:
        level = Position.begin(node_id, keep(state))
        level.step = cursor
        self.place = Place(graph_id, node_id, node_id)
        self.own_detail: Detail | None = None
        self.parent: Frame | None = None
        self.index = 0
        self.kind = "commit"
        self.visit = 1
        self.position = self.level = level
        # a lone mutation stands for itself: most frames have one, and a tuple costs 48 bytes
        self.wrote: Any = ()
        self.route: Route | None = None
        self.trace_id = TraceId("")
        self._time = 0j

    @property
    def graph_id(self) -> str:
        """The name of the level's graph."""
        return self.place.graph_id

    @property
    def node_id(self) -> str:
        """The node's name."""
        return self.place.node

    @property
    def state(self) -> Any:
        """The state of the frame's own level, after the step."""
        return view(self.level.data)

    @property
    def node(self) -> str:
        """The node's name; empty for the start frame."""
        return self.place.node

    @property
    def path(self) -> str:
        """Composites from the outside in, and the node: ``agent/llm``."""
        return self.place.path

    @property
    def static_path(self) -> str:
        """The path without the visits of composites."""
        return self.place.static

    @property
    def cursor(self) -> int:
        """The 1-based step of its level's committed node."""
        return self.level.step

    @property
    def mutations(self) -> tuple[Mutation, ...]:
        """What was written at its level, in order."""
        wrote = self.wrote
        return wrote if type(wrote) is tuple else (wrote,)

    # two numbers in one object: a float each would cost a frame 24 bytes more
    @property
    def started(self) -> float:
        """When it began, in seconds since the epoch."""
        return self._time.real

    @property
    def duration(self) -> float:
        """How long the node ran, in seconds."""
        return self._time.imag

    @property
    def step(self) -> int:
        """The same as `cursor`."""
        return self.cursor

    @property
    def span_id(self) -> SpanId:
        """The id of its step, as in the step's events: all frames of one step share it.

        Example:
            >>> len(Frame("g", "a", {}, 1).span_id)
            16
        """
        failed = self.kind == "error" and self.route is None and self.level.hold is None
        step = self.cursor + failed  # a step that failed has not moved its level on
        return span_id(self.trace_id, step_name(self.place.path, self.visit, step))

    @property
    def root_state(self) -> Any:
        """The state of the outermost graph, after the step."""
        return self.position.state

    @property
    def next_node(self) -> str | None:
        """Where the step led within its level; `None` at the end, or if it stayed."""
        return None if self.route is None else self.route.next_node

    @property
    def changed_keys(self) -> list[str]:
        """The top-level keys that the mutations name, once each.

        A typed state's own mutation names none; for it they are the fields that differ.
        """
        named = [key for m in self.mutations if (key := getattr(m, "key", None))]
        keys = dict.fromkeys(key if isinstance(key, str) else key[0] for key in named)
        if len(named) < len(self.mutations):
            keys |= dict.fromkeys(keys_that_differ(self))
        return list(keys)

    @property
    def opaque(self) -> list[tuple[Any, ...]]:
        """The paths of values that are kept by reference and could change (SEMANTICS S1)."""
        return opaque_paths(plain_data(content_of(self.level.data)))

    @property
    def error(self) -> RunError | None:
        """The failure of an error frame, or of the routing after a commit."""
        return None if self.own_detail is None else self.detail.error

    @property
    def failed(self) -> bool:
        """Whether the run stands still here: a failure that no error route took."""
        return self.own_detail is not None and self.error is not None and self.route is None

    @property
    def gap(self) -> bool:
        """Whether steps before it were not captured: not all that differs is its own doing."""
        return self.own_detail is not None and self.own_detail.gap

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per key of the frame's own level: key, value, type, size, written_by, at.

        `size` counts characters, items or keys. `written_by` is the path of the step that wrote
        the key last (``start`` for the beginning), and `at` its index.

        Example:
            >>> Frame("g", "a", {"n": 1, "log": ["x"]}, 1).to_pandas()[["key", "type", "size"]]
               key  type  size
            0    n   int  <NA>
            1  log  list     1
        """
        return state_table(self)

    df = property(to_pandas, doc="Short for `to_pandas()`.")

    # nothing in a frame ever changes, and behind it stands the whole history
    def __copy__(self) -> Frame:
        return self

    def __deepcopy__(self, memo: Any) -> Frame:
        return self

    def __reduce__(self) -> Any:
        parts = {name: getattr(self, name) for name in Frame.__slots__}
        return _frame_again, ({**parts, "parent": None},)

    def __repr__(self) -> str:
        # tracebacks and asyncio call this, possibly on a half-built frame: short, and never raises
        try:
            what = f"{self.kind} {self.path}".rstrip()
            if self.own_detail is not None and self.own_detail.error is not None:
                return f"<Frame {self.index} {what}: {type(self.own_detail.error).__name__}>"
            begun = list(content_of(self.level.data))[:5] if self.kind == "start" else None
            changed = ", ".join(map(safe_str, self.changed_keys if begun is None else begun))
            before = ", after steps that were not captured" if self.gap else ""
            return f"<Frame {self.index} {what}{f': {changed}' if changed else ''}{before}>"
        except Exception:
            return "<Frame (half built)>"


def _frame_again(parts: dict[str, Any]) -> Frame:
    frame = Frame.__new__(Frame)
    for name, value in parts.items():
        setattr(frame, name, value)
    return frame


def make_frame(
    place: Place,
    kind: str,
    visit: int,
    position: Position,
    level: Position,
    mutations: Any,
    route: Route | None,
    started: float,
    duration: float,
    detail: Detail | None,
) -> Frame:
    """Make a frame of the engine; `index`, `parent` and `trace_id` are the history's to set."""
    frame = Frame.__new__(Frame)
    frame.place = place
    frame.own_detail = detail
    frame.parent = None
    frame.index = 0
    frame.kind = kind
    frame.visit = visit
    frame.position = position
    frame.level = level
    frame.wrote = mutations[0] if len(mutations) == 1 else mutations
    frame.route = route
    frame.trace_id = _NO_RUN
    frame._time = complex(started, duration)
    return frame
