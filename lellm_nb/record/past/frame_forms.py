"""Frames beside a checkpoint as JSON data: what changed from each to the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.ids import TraceId
from lellm_nb.record.codec.frame_reader import FrameReader
from lellm_nb.record.codec.frames import FrameWriter
from lellm_nb.record.codec.json_text import to_bytes
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec, Problem
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.level_key import LevelKeys, level_at
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.secret_paths import place_of
from lellm_nb.record.rows.frame_row import FrameRow
from lellm_nb.state.typed import Typed

__all__ = ["frames_form", "read_frames"]

WORK = 50_000_000
"""So many keys are copied at most while frames are folded: more is no run, but an attack."""


def frames_form(
    frames: Sequence[Frame],
    position: Position,
    codec: Codec,
    problems: list[Problem],
    graph: Any = None,
) -> dict[str, Any]:
    """Return frames as JSON data.

    Args:
        frames: Oldest first; where one's parent is not the one before it, it has none.
        position: That of the checkpoint, which is not written again.
        problems: Gets what could not be written.
        graph: Says where in the root's state the inner levels stand, for paths of secrets.
    """
    writer = FrameWriter(codec, None)
    writer.positions.graph = graph
    hides = codec.redactor is not None and codec.redactor.on
    rows: list[Any] = []
    apart: list[int] = []
    anchors: list[list[Any]] = []
    levels: list[list[Any]] = []
    keys = LevelKeys()
    before: Frame | None = None
    positions = PositionWriter(codec, graph=graph)
    for at, frame in enumerate(frames):
        row, unsure = writer.row(frame)
        rows.append([*row[:5], json.loads(row.body)])
        linked = before is not None and frame.parent is before
        if not linked:
            apart.append(at)
        if frame.position is position:
            anchors.append([at, None])
        elif unsure or hides or not linked:  # what a secret was taken out of cannot be folded
            anchors.append([at, positions.write(frame.position)])
        inner = frame.level is not frame.position
        if inner and level_at(frame.position, keys.of(frame)) is not frame.level:
            # what failed at the first step inside: where it stood is no part of the position
            place = place_of(frame.static_path, getattr(graph, "nodes", {}))
            levels.append([at, PositionWriter(codec).write(frame.level, place)])
        before = frame
    problems += positions.problems + writer.problems
    traces = [str(frame.trace_id) for frame in frames if frame.trace_id]
    return {
        "templates": [[number, json.loads(body)] for number, body in writer.made],
        "rows": rows,
        "apart": apart,
        "anchors": anchors,
        "levels": levels,
        "first": frames[0].index if frames else 0,
        "trace": traces[-1] if traces else "",
    }


def read_frames(form: Any, position: Position, codec: Codec) -> list[Frame]:
    """Return the frames of JSON data, linked as they were.

    Raises:
        CorruptedCheckpointError: The data is damaged.
    """
    try:
        return _read(form, position, codec)
    except DAMAGE as error:
        raise CorruptedCheckpointError(f"Damaged frames: {error_text(error)}.") from error


def _read(form: Any, position: Position, codec: Codec) -> list[Frame]:
    reader = FrameReader(PositionReader(codec))
    for number, body in form["templates"]:
        reader.add_template(int(number), to_bytes(body))
    anchors = {int(at): anchor for at, anchor in form["anchors"]}
    levels = {int(at): reader.positions.read(level) for at, level in form["levels"]}
    apart = set(map(int, form["apart"]))
    trace, first, work = TraceId(str(form["trace"])), int(form["first"]), 0
    made: list[Frame] = []
    for at, (template, visit, cursor, started, duration, body) in enumerate(form["rows"]):
        row = FrameRow(template, visit, cursor, started, duration, b"")
        facts = reader.facts_of(row, body)
        before = made[-1] if made and at not in apart else None
        if at in anchors:
            anchor = anchors[at]
            root = position if anchor is None else reader.positions.read(anchor)
            level = levels.get(at) or reader.level_of(root, facts)
        elif at in levels and before is not None:
            root, level = before.position, levels[at]
        elif before is None:
            raise ValueError(f"frame {at} hangs nowhere")
        else:
            root, level = reader.fold(before.position, facts)
            work += len(level.data.data if isinstance(level.data, Typed) else level.data)
            if work > WORK:
                raise CorruptedCheckpointError("Folding the frames is beyond the limit.")
        frame = make_frame(
            *(facts.place, facts.kind, facts.visit, root, level, facts.mutations, facts.route),
            *(facts.started, facts.duration, facts.detail),
        )
        frame.index, frame.parent, frame.trace_id = first + at, before, trace
        made.append(frame)
    return made
