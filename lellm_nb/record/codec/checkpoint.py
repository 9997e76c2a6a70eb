"""Checkpoints as bytes, with the exact position."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, cast

from lellm_nb.arguments import flag, refusal
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, SerializationError
from lellm_nb.ids import CheckpointId
from lellm_nb.record.checkpoint import Checkpoint
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec, Limits, Problem, unsavable
from lellm_nb.record.position import Position
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.state.state import keep, view

__all__ = ["CheckpointCodec", "facts_form", "read_facts"]

FORMAT = 1


class CheckpointCodec:
    """Writes a checkpoint as JSON text, and reads it.

    Args:
        limits: What reading refuses to go beyond.
        strict: Whether a value that cannot be written is an error; else a marker stands
            in its place.
        redactor: Takes secrets out of what is written; nothing does by default.

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
    ) -> None:
        if limits is not None and not isinstance(cast("Any", limits), Limits):
            raise refusal(limits, "limits", "Limits", CheckpointStoreError)
        self.codec = Codec(limits, redactor)
        self.strict = flag(strict, "strict", CheckpointStoreError)

    def encode(self, checkpoint: Checkpoint) -> bytes:
        """Return a checkpoint as bytes.

        Raises:
            SerializationError: It is none; or in strict mode: a value cannot be written.
        """
        given: Any = checkpoint
        if not isinstance(given, Checkpoint):
            raise refusal(given, "checkpoint", "a Checkpoint", SerializationError)
        problems: list[Problem] = []

        def make() -> dict[str, Any]:
            problems.clear()
            return self._form(checkpoint, problems)

        body, _ = self.codec.written(make)
        if self.strict and problems:
            raise unsavable(problems)
        return body

    def _form(self, checkpoint: Checkpoint, problems: list[Problem]) -> dict[str, Any]:
        writer = PositionWriter(self.codec)
        position = checkpoint.position
        form = facts_form(checkpoint, FORMAT)
        if position is None:
            form["state"] = writer.data(keep(checkpoint.state))
        else:
            form["position"] = writer.write(position)
        problems += writer.problems
        return form

    def decode(self, data: bytes) -> Checkpoint:
        """Return the checkpoint of some bytes.

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
            return read_facts(form, state, position)
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


def read_facts(form: Any, state: Any, position: Position | None) -> Checkpoint:
    """Return the checkpoint of some data, its state and its position; raises what damage does."""
    return Checkpoint(
        str(form["current_node"]),
        str(form["last_node"]),
        state,
        int(form["graph_hash"], 16),
        CheckpointId(str(uuid.UUID(form["checkpoint_id"]))),
        datetime.datetime.fromisoformat(form["created_at"]),
        bool(form["protected"]),
        position,
    )
