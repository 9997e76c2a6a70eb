"""A stored moment of a run, and the stores that keep them (SEMANTICS C3, C5)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from lellm_nb.arguments import refusal, whole
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position
from lellm_nb.state.state import State

__all__ = ["Checkpoint", "CheckpointStore"]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _new_id() -> CheckpointId:
    return CheckpointId(str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run stood, and with which state.

    Attributes:
        current_node: The next node; empty where the run has ended.
        last_node: The node just finished; empty before the first.
        state: The root state.
        graph_hash: The canonical hash of the graph.
        checkpoint_id: A uuid.
        created_at: UTC.
        protected: Whether retention must leave it alone: a barrier, a pin, a fork point.
        position: The exact position, where it is known.

    Raises:
        CheckpointStoreError: A node is no name, or the hash no number.

    Example:
        >>> one = Checkpoint("b", "a", State({"n": 1}), 0x1F)
        >>> one.to_json()["graph_hash"]
        '0x000000000000001f'
        >>> Checkpoint.from_json(one.to_json()) == one
        True
    """

    current_node: str
    last_node: str
    state: Any
    graph_hash: int
    checkpoint_id: CheckpointId = field(default_factory=_new_id)
    created_at: datetime.datetime = field(default_factory=_now)
    protected: bool = field(default=False, compare=False)
    position: Position | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("current_node", "last_node"):
            if not isinstance(getattr(self, name), str):
                wanted = "a node's name, or empty"
                raise refusal(getattr(self, name), name, wanted, CheckpointStoreError)
        whole(self.graph_hash, "graph_hash", CheckpointStoreError)

    @classmethod
    def of(cls, frame: Frame, graph_hash: int) -> Checkpoint:
        """Make the checkpoint of a frame."""
        return cls(
            frame.position.node or "",
            frame.path.partition("/")[0].partition("#")[0],
            frame.root_state,
            graph_hash,
            protected=frame.kind in ("waiting", "decision"),
            position=frame.position,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; the position is not part of it."""
        from lellm_nb.record.redaction.redactor import Redacted, to_plain

        state = self.state if isinstance(self.state, Mapping) else self.state.snapshot()
        content = dict(state) if isinstance(state, Mapping) else state
        return {
            "checkpoint_id": self.checkpoint_id,
            "current_node": self.current_node,
            "last_node": self.last_node,
            "state": to_plain(content) if Redacted.met else content,
            "graph_hash": f"{self.graph_hash:#018x}",
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def from_json(cls, form: Any) -> Checkpoint:
        """Read the JSON form.

        Raises:
            CorruptedCheckpointError: It is not one.
        """
        from lellm_nb.record.codec.limits import DAMAGE, error_text
        from lellm_nb.record.redaction.redactor import from_plain

        try:
            created = datetime.datetime.fromisoformat(form["created_at"])
            return cls(
                str(form["current_node"]),
                str(form["last_node"]),
                State(from_plain(form["state"])),
                int(form["graph_hash"], 16),
                CheckpointId(str(uuid.UUID(form["checkpoint_id"]))),
                created,
            )
        except DAMAGE as error:
            raise CorruptedCheckpointError(
                f"This is no checkpoint: {error_text(error)}."
            ) from error


@runtime_checkable
class CheckpointStore(Protocol):
    """Where checkpoints are kept, per run; plain methods."""

    def save(self, trace_id: TraceId, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; saving one id twice keeps one, at its place."""

    def load(self, checkpoint_id: CheckpointId) -> Checkpoint:
        """Return a checkpoint.

        Raises:
            CheckpointNotFoundError: There is none under that id.
        """

    def load_latest(self, trace_id: TraceId) -> Checkpoint | None:
        """Return a run's newest checkpoint, `None` where it has none."""

    def list(self, trace_id: TraceId) -> list[CheckpointId]:
        """Return a run's checkpoint ids, newest first."""

    def delete(self, checkpoint_id: CheckpointId) -> bool:
        """Drop a checkpoint; tell whether it was there."""

    def prune(self, trace_id: TraceId, keep: int) -> int:
        """Drop all but the newest `keep` and the protected; return how many went."""
