"""A stored moment of a run, and the stores that keep them (SEMANTICS C3, C5)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from lellm_nb.arguments import refusal, whole
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError
from lellm_nb.graph.shapes.fingerprint import Fingerprint
from lellm_nb.ids import CheckpointId, TraceId
from lellm_nb.record.frame import Detail, Frame, Place, make_frame
from lellm_nb.record.frame_stack import FrameStack
from lellm_nb.record.position import Position, Waiting
from lellm_nb.state.state import State, keep

__all__ = ["Checkpoint", "CheckpointStore", "SessionCheckpoint"]


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
        frames: What is kept of the frames that led there, oldest first: the last one of a
            single step, all that was captured of a session.
        last: The frame that led there, where there is one that no sink would have seen.
        fingerprint: What the graph looked like, where that is known.

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
    frames: FrameStack | None = field(default=None, compare=False, repr=False)
    last: Frame | None = field(default=None, compare=False, repr=False)
    fingerprint: Fingerprint | None = field(default=None, compare=False, repr=False)

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
            _root_node(frame),
            frame.root_state,
            graph_hash,
            protected=frame.kind in ("waiting", "decision"),
            position=frame.position,
            frames=FrameStack([_alone(frame)]),
        )

    @classmethod
    def of_session(cls, checkpoint: SessionCheckpoint) -> Checkpoint:
        """Make the checkpoint of a session's: the same moment, with all that led there.

        Raises:
            CheckpointStoreError: It is no checkpoint of a session.

        Example:
            >>> from lellm_nb import ExecutionSession, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: None).start("a").end("a").build()
            >>> one = ExecutionSession({"n": 1}, g).checkpoint()
            >>> kept = Checkpoint.of_session(one)
            >>> kept.current_node, kept.state, SessionCheckpoint.of(kept).position is one.position
            ('a', State({'n': 1}), True)
        """
        given: Any = checkpoint
        if not isinstance(given, SessionCheckpoint):
            raise refusal(given, "checkpoint", "a SessionCheckpoint", CheckpointStoreError)
        return cls(
            given.current_node,
            given.last_node,
            given.state,
            given.graph_hash,
            given.checkpoint_id,
            given.created_at,
            given.protected,
            given.position,
            given.frames,
            given.last,
            given.fingerprint,
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


@dataclass(frozen=True, slots=True)
class SessionCheckpoint:
    """A session's stored form: state, frames, graph hash, and the exact position (C2).

    Every store and codec takes one as it takes a `Checkpoint`; `Checkpoint.of_session` and
    `SessionCheckpoint.of` make one kind of the other.

    Attributes:
        state: The root state.
        frames: The captured frames that led here, oldest first.
        graph_hash: The canonical hash of the graph.
        position: The exact position.
        fingerprint: What the graph looked like, where that is known: says what another one has
            differently.
        last: The frame that led here, where it is known: an edit, say, which no sink sees.
        checkpoint_id: A uuid, under which a store keeps it.
        created_at: UTC.
        protected: Whether retention must leave it alone.
    """

    state: Any
    frames: FrameStack
    graph_hash: int
    position: Position
    fingerprint: Fingerprint | None = field(default=None, compare=False, repr=False)
    last: Frame | None = field(default=None, compare=False, repr=False)
    checkpoint_id: CheckpointId = field(default_factory=_new_id, compare=False, repr=False)
    created_at: datetime.datetime = field(default_factory=_now, compare=False, repr=False)
    protected: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> SessionCheckpoint:
        """Make a session's checkpoint of one that a store kept.

        One that was kept in the JSON form alone says which node is next and nothing of counters:
        these begin anew.

        Raises:
            CheckpointStoreError: It is no checkpoint.
        """
        given: Any = checkpoint
        if not isinstance(given, Checkpoint):
            raise refusal(given, "checkpoint", "a Checkpoint", CheckpointStoreError)
        position = given.position
        if position is None:
            position = Position.begin(given.current_node, keep(given.state))
            position.node = given.current_node or None
        frames = FrameStack() if given.frames is None else given.frames
        last = given.last
        if last is None and not frames and given.last_node:
            last = _frame_of(given.last_node, position, given.created_at.timestamp())
        return cls(
            given.state,
            frames,
            given.graph_hash,
            position,
            given.fingerprint,
            last,
            given.checkpoint_id,
            given.created_at,
            given.protected,
        )

    @property
    def current_node(self) -> str:
        """The next node; empty where the run has ended."""
        return self.position.node or ""

    @property
    def last_node(self) -> str:
        """The node just finished, of the root; empty where that is not known."""
        last = self.last or self.frames.current()
        return "" if last is None else _root_node(last)


def _root_node(frame: Frame) -> str:
    return frame.path.partition("/")[0].partition("#")[0]


def _frame_of(node: str, position: Position, when: float) -> Frame:
    """Return the frame of a step of which nothing is known but its node, and where it led."""
    hold = position.hold
    waits = isinstance(hold, Waiting) and hold.path == node
    visit = max(1, position.visits.count(node, position.step))
    return make_frame(
        *(Place("", node, node), "waiting" if waits else "commit", visit, position, position),
        *((), None, when, 0.0, Detail(gap=True)),
    )


def _alone(frame: Frame) -> Frame:
    """Return a frame without those before it, which a checkpoint of one step is not to keep."""
    if frame.parent is None or frame.parent.kind == "start":
        return frame
    made = make_frame(
        *(frame.place, frame.kind, frame.visit, frame.position, frame.level, frame.mutations),
        *(frame.route, frame.started, frame.duration, frame.own_detail),
    )
    made.index, made.trace_id = frame.index, frame.trace_id
    return made


@runtime_checkable
class CheckpointStore(Protocol):
    """Where checkpoints are kept, per run; plain methods."""

    def save(self, trace_id: TraceId, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; saving one id twice keeps one, at its place.

        Stores of this package take a `SessionCheckpoint` as well, and keep it as a checkpoint.
        """

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
