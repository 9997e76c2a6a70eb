"""Captured frames as a history: what led to where a run stands, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lellm_nb.ids import TraceId
from lellm_nb.record.detail import Detail
from lellm_nb.record.frame import Frame, Place, make_frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.past.continuity import follows
from lellm_nb.record.position import TO_ROUTE, Position

__all__ = ["Past", "known_frames", "known_past", "leads_from_start", "start_frame"]

_GAP = Detail(gap=True)


class Past(NamedTuple):
    """A history, and where in it a run stands."""

    history: History
    line: Line
    head: Frame


def known_past(
    frames: Sequence[Frame],
    position: Position | None = None,
    *,
    last: Frame | None = None,
    graph: str = "",
    now: float = 0.0,
    trace_id: TraceId | None = None,
) -> Past:
    """Return the history that captured frames are of.

    Frames of a run in this process lead back to its start by themselves: such a history is
    shared, and nothing of it is made anew. Where frames do not lead on to each other, one that is
    not the very next step is marked with a gap; where the start is not known the history begins
    at the first moment that is, and its start is marked as well.

    Args:
        frames: Oldest first.
        position: Where the run stands, if that is known beside the frames.
        last: The frame that led there, if it was none of those that are captured.
        graph: The name of the graph, for a start that is not known.
        now: The time, for moments that are known to be no earlier.

    Example:
        >>> from lellm_nb import GraphBuilder, MemorySink
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
        >>> sink = MemorySink(); result = g.run({"m": 0}, checkpoint=sink)
        >>> past = known_past(sink.frames)
        >>> list(past.line), past.line[0].state
        ([<Frame 0 start: m>, <Frame 1 commit a: n>], State({'m': 0}))
    """
    if last is not None and position is not None and last.position != position:
        last = None  # it was made of another checkpoint
    newest = last if last is not None else frames[-1] if frames else None
    chain = [] if newest is None else chain_of(newest)
    if leads_from_start(chain):
        history = History.after(chain, trace_id)
        line, head = history.lines["main"], chain[-1]
    else:
        known = known_frames(frames if last is None else [*frames, last])
        start = _start_of(known, position, graph, now)
        history, line, head = _made_anew(known, start, trace_id)
    if position is not None and head.position is not position and head.position != position:
        before, head = head, _moment(Place(graph, "", ""), "edit", position, now)
        line = history.add(line, before, head)
    return Past(history, line, head)


def start_frame(graph: str, begun: Position, now: float) -> Frame:
    """Return the frame of a run that begins.

    Args:
        graph: The name of the graph.
    """
    return _moment(Place(graph, "", ""), "start", begun, now, known=True)


def chain_of(frame: Frame) -> list[Frame]:
    """Return a frame and all that led to it, oldest first."""
    chain = []
    at: Frame | None = frame
    while at is not None:
        chain.append(at)
        at = at.parent
    chain.reverse()
    return chain


def leads_from_start(chain: Sequence[Frame]) -> bool:
    """Tell whether frames are a line of a history from its start on."""
    return (
        bool(chain)
        and chain[0].kind == "start"
        and all(frame.index == at for at, frame in enumerate(chain))
    )


def known_frames(frames: Iterable[Frame]) -> list[Frame]:
    """Return frames with what leads to each of them, every one once, oldest first."""
    known: dict[Frame, None] = {}
    for frame in frames:
        new = []
        at: Frame | None = frame
        while at is not None and at not in known:
            new.append(at)
            at = at.parent
        known |= dict.fromkeys(reversed(new))
    return list(known)


def _start_of(known: list[Frame], position: Position | None, graph: str, now: float) -> Frame:
    """Return a start frame of a history's own: the true one where it is known."""
    first = known[0] if known else None
    if first is not None and first.kind == "start":
        return _copied(first, gap=first.gap)
    at = position if first is None else _settled(first)[0]
    assert at is not None, "a past has a frame or a position"
    fresh = first is None and not at.step and at.inner is None and at.hold is None
    when = now if first is None else first.started
    return _moment(Place(graph, "", ""), "start", at, when, known=fresh)


def _made_anew(
    known: list[Frame], start: Frame, trace_id: TraceId | None
) -> tuple[History, Line, Frame]:
    """Make a history of frames that are of none, or of several; they stay as they are."""
    history = History.after([start], trace_id)
    start.trace_id = next((f.trace_id for f in known if f.trace_id), history.trace_id)
    line, head = history.lines["main"], start
    met: dict[Any, list[Frame]] = {}
    for frame in known:
        what = (frame.path, frame.kind, frame.visit, frame.cursor)
        found = [start] if frame.kind == "start" else met.get(what, ())
        position = _settled(frame)[0]
        again = next((one for one in found if one.position == position), None)
        if again is not None:  # a run that was rewound there is kept once more
            head = history.known_as[frame] = again
            line = history.line_of(head) or line
            continue
        unknown = head is start and start.gap
        gap = frame.gap or unknown or not follows(head.position, frame)
        made = history.known_as[frame] = _copied(frame, gap=gap)
        line, head = history.add(line, head, made), made
        made.trace_id = frame.trace_id or history.trace_id
        met.setdefault(what, []).append(made)
    return history, line, head


def _copied(frame: Frame, *, gap: bool) -> Frame:
    position, level = _settled(frame)
    detail = frame.own_detail
    if gap and not frame.gap:
        detail = _GAP if detail is None else detail.after_gap()
    made = make_frame(
        *(frame.place, frame.kind, frame.visit, position, level, frame.mutations, frame.route),
        *(frame.started, frame.duration, detail),
    )
    made.trace_id = frame.trace_id
    return made


def _settled(frame: Frame) -> tuple[Position, Position]:
    """Return where a frame led, whole and at its level.

    A frame of the seed's four fields says which node is committed, and not where it leads: its
    way out is still to be found.
    """
    position, level = frame.position, frame.level
    if level is not position or frame.kind != "commit" or frame.route is not None:
        return position, level
    if level.hold is not None or level.node != frame.node:
        return position, level
    at = Position(level.node, level.data, level.step, level.visits, TO_ROUTE)
    return at, at


def _moment(place: Place, kind: str, at: Position, when: float, *, known: bool = False) -> Frame:
    """Make the frame of a moment of which nothing is known but where the run stood.

    Args:
        known: Whether it is known what was before: nothing.
    """
    return make_frame(place, kind, 0, at, at, (), None, when, 0.0, None if known else _GAP)
