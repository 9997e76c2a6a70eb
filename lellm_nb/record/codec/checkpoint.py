"""Checkpoints as bytes, with the exact position."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, cast

from lellm_nb.arguments import flag, refusal, speaking
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, SerializationError
from lellm_nb.graph.graph import built_graph
from lellm_nb.ids import CheckpointId
from lellm_nb.record.checkpoint import Checkpoint, SessionCheckpoint
from lellm_nb.record.codec.graph import fingerprint_form, read_fingerprint
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec, Limits, Problem, unsavable
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.past.captured import known_frames
from lellm_nb.record.past.frame_forms import frames_form, read_frames
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import anywhere
from lellm_nb.state.state import keep, view

__all__ = ["CheckpointCodec", "facts_form", "past_form", "read_facts"]

FORMAT = 1


class CheckpointCodec:
    """Writes a checkpoint as JSON text, and reads it.

    Args:
        limits: What reading refuses to go beyond.
        strict: Whether a value that cannot be written is an error; else a marker stands
            in its place.
        redactor: Takes secrets out of what is written: API keys by default. With
            ``Redactor(patterns={})`` everything is written as it is.
        graph: What the checkpoints are of: it says where in the root's state the inner levels
            stand, for paths of secrets. Without it a path holds there by its end.

    Example:
        >>> from lellm_nb import Checkpoint
        >>> codec = CheckpointCodec()
        >>> codec.decode(codec.encode(Checkpoint("b", "a", {"n": (1, 2)}, 0))).state["n"]
        (1, 2)
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        strict: bool = False,
        redactor: Redactor | None = None,
        graph: Any = None,
    ) -> None:
        if limits is not None and not isinstance(cast("Any", limits), Limits):
            raise refusal(limits, "limits", "Limits", CheckpointStoreError)
        if redactor is not None:
            speaking(redactor, "redactor", CheckpointStoreError, "apply hint", "a Redactor")
        self.codec = Codec(limits, redactor or Redactor())
        self.strict = flag(strict, "strict", CheckpointStoreError)
        self.graph = None if graph is None else built_graph(graph, CheckpointStoreError)

    def encode(self, checkpoint: Checkpoint | SessionCheckpoint) -> bytes:
        """Return a checkpoint as bytes; that of a session with the frames that led to it.

        Raises:
            SerializationError: It is none; or in strict mode: a value cannot be written.
        """
        given: Any = checkpoint
        of_session = isinstance(given, SessionCheckpoint)
        if of_session:
            given = Checkpoint.of_session(given)
        if not isinstance(given, Checkpoint):
            wanted = "a Checkpoint, or a SessionCheckpoint"
            raise refusal(checkpoint, "checkpoint", wanted, SerializationError)
        problems: list[Problem] = []

        def make() -> dict[str, Any]:
            problems.clear()
            form = self._form(given, problems)
            return {**form, "session": True} if of_session else form

        position = given.position
        body, _ = self.codec.written(make, () if position is None else anywhere(position))
        if self.strict and problems:
            raise unsavable(problems)
        return body

    def _form(self, checkpoint: Checkpoint, problems: list[Problem]) -> dict[str, Any]:
        writer = PositionWriter(self.codec, graph=self.graph)
        position = checkpoint.position
        form = facts_form(checkpoint, FORMAT)
        if position is None:
            form["state"] = writer.data(keep(checkpoint.state))
        else:
            form["position"] = writer.write(position)
        form |= past_form(checkpoint, self.codec, problems, self.graph)
        problems += writer.problems
        return form

    def decode(self, data: bytes) -> Checkpoint | SessionCheckpoint:
        """Return the checkpoint of some bytes: of the kind that was written.

        Raises:
            CorruptedCheckpointError: They are none, or damaged.
        """
        if not isinstance(cast("Any", data), bytes | bytearray | memoryview | str):
            raise refusal(data, "data", "the bytes of a checkpoint", CorruptedCheckpointError)
        form = self.codec.parse(data)
        reader = PositionReader(self.codec)
        try:
            if form["lellm_nb"] != "checkpoint" or form["format"] != FORMAT:
                raise ValueError(f"format {form['format']!r} of {form['lellm_nb']!r}")
            position: Position | None = None
            if "position" in form:
                position = reader.read(form["position"])
                state = position.state
            else:
                state = view(reader.data(form["state"]))
            made = read_facts(form, state, position, form, self.codec)
            return SessionCheckpoint.of(made) if form.get("session") else made
        except DAMAGE as error:
            raise CorruptedCheckpointError(
                f"This is no checkpoint: {error_text(error)}."
            ) from error


def facts_form(checkpoint: Checkpoint, version: int) -> dict[str, Any]:
    """Return a checkpoint as JSON data, but for its state and position."""
    return {
        "lellm_nb": "checkpoint",
        "format": version,
        "checkpoint_id": checkpoint.checkpoint_id,
        "current_node": checkpoint.current_node,
        "last_node": checkpoint.last_node,
        "graph_hash": f"{checkpoint.graph_hash:#018x}",
        "created_at": checkpoint.created_at.isoformat(),
        "protected": bool(checkpoint.protected),
    }


def past_form(
    checkpoint: Checkpoint, codec: Codec, problems: list[Problem], graph: Any = None
) -> dict[str, Any]:
    """Return what is kept of how a checkpoint came about: its frames, and the graph's shape."""
    form: dict[str, Any] = {}
    position, last = checkpoint.position, checkpoint.last
    if position is not None and (checkpoint.frames or last is not None):
        captured = [] if checkpoint.frames is None else checkpoint.frames.frames
        known = known_frames(captured if last is None else [*captured, last])
        place = {frame: at for at, frame in enumerate(known)}
        form["past"] = {
            **frames_form(known, position, codec, problems, graph),
            "captured": [place[frame] for frame in captured],
            "last": None if last is None else place[last],
        }
    looked = checkpoint.fingerprint
    if looked is not None:
        form["shape"] = fingerprint_form(looked)
    return form


def read_facts(
    form: Any, state: Any, position: Position | None, past: Any, codec: Codec
) -> Checkpoint:
    """Return the checkpoint of some data; raises what damage does.

    Args:
        state, position: What was read of it.
        past: What `past_form` returned.
    """
    frames: FrameStack | None = None
    last: Frame | None = None
    if position is not None and "past" in past:
        led = past["past"]
        known = read_frames(led, position, codec)
        frames = FrameStack([known[int(at)] for at in led["captured"]])
        last = None if led["last"] is None else known[int(led["last"])]
    return Checkpoint(
        str(form["current_node"]),
        str(form["last_node"]),
        state,
        int(form["graph_hash"], 16),
        CheckpointId(str(uuid.UUID(form["checkpoint_id"]))),
        datetime.datetime.fromisoformat(form["created_at"]),
        bool(form["protected"]),
        position,
        frames,
        last,
        read_fingerprint(past["shape"]) if "shape" in past else None,
    )
