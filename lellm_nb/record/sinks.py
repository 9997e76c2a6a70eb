"""Where the engine tells of commits, and where it asks for decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lellm_nb.arguments import Refuse, refusal, speaking, text
from lellm_nb.errors import CheckpointStoreError, DebuggerError
from lellm_nb.graph.decision import Approve, Decision, check_decision
from lellm_nb.record.frame import Frame
from lellm_nb.record.frame_stack import FrameStack

if TYPE_CHECKING:
    import pandas

__all__ = [
    "BarrierOutcome",
    "BarrierSink",
    "Cancelled",
    "CheckpointSink",
    "Decided",
    "FrameInfo",
    "MemorySink",
    "NoopBarrierSink",
    "NoopCheckpointSink",
    "NoopStepCallback",
    "SessionCheckpointSink",
    "StepCallback",
    "TimedOut",
    "check_sinks",
]


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What a checkpoint sink is told beside the state.

    Attributes:
        node_id: The node just committed.
        step: Its level's cursor, from 1.
        graph_id: The name of its level's graph.
        path: Composites from the outside in, and the node.
        frame: The whole frame; `None` where a sink is called by hand.
    """

    node_id: str
    step: int
    graph_id: str = ""
    path: str = ""
    frame: Frame | None = None


@runtime_checkable
class CheckpointSink(Protocol):
    """Told of every commit, before any later node starts (SEMANTICS R1)."""

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> Any:
        """Take note; an awaitable that is returned is awaited.

        Returns:
            The id under which the commit is kept, where there is one; False where the
            sink decided not to keep it.
        """


class NoopCheckpointSink:
    """Takes no note."""

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> None:
        """Do nothing."""


class MemorySink:
    """Keeps every frame.

    Example:
        >>> sink = MemorySink()
        >>> sink.on_checkpoint({"n": 1}, FrameInfo("a", 1, "g"))
        >>> sink.frames[0].graph_id, sink.frames[0].cursor
        ('g', 1)
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> None:
        """Keep the frame; all four fields of it are filled (SEMANTICS C1)."""
        frame = frame_info.frame
        if frame is None:
            frame = Frame(frame_info.graph_id, frame_info.node_id, state, frame_info.step)
        self.frames.append(frame)

    def into_frames(self) -> list[Frame]:
        """Return the frames, as the seed does."""
        return self.frames

    def to_pandas(self, keys: Any = None) -> pandas.DataFrame:
        """Return one row per frame; see `FrameStack.to_pandas`."""
        return FrameStack(self.frames).to_pandas(keys)

    def __repr__(self) -> str:
        return f"MemorySink({len(self.frames)} frames)"


class SessionCheckpointSink(MemorySink):
    """Pushes every frame on a `FrameStack`, as the seed's session does."""

    def __init__(self, frame_stack: FrameStack, graph_name: str) -> None:
        if not isinstance(frame_stack, FrameStack):
            raise refusal(frame_stack, "frame_stack", "a FrameStack", CheckpointStoreError)
        self.stack = frame_stack
        self.graph_name = graph_name

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> None:
        """Push a frame."""
        frame = frame_info.frame
        if frame is None:
            frame = Frame(self.graph_name, frame_info.node_id, state, frame_info.step)
        self.stack.push(frame)


# -- barriers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision came.

    Attributes:
        by: Who decided, as it is recorded.

    Raises:
        DebuggerError: It is none, or nobody is said to have made it.
    """

    decision: Decision
    by: str = "person"

    def __post_init__(self) -> None:
        check_decision(self.decision, DebuggerError)
        text(self.by, "by", DebuggerError, "who decided, a text that is not empty")


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time was up; the barrier's default action is applied."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The wait was cancelled."""


BarrierOutcome = Decided | TimedOut | Cancelled


@runtime_checkable
class BarrierSink(Protocol):
    """Asked for a decision at every barrier, at every depth (SEMANTICS B6).

    A sink that has `wait_answer(barrier_id, timeout, question, shown)` as well is asked by that
    where a barrier has a `Question`: it is given it, and the values that the barrier shows.
    """

    async def wait_decision(self, barrier_id: str, timeout: float | None) -> BarrierOutcome:
        """Return when there is a decision, or the time is up."""


class NoopBarrierSink:
    """Approves everything, without the warning that no sink at all would give.

    A barrier that asks takes no approval: there the run ends with the refusal (SEMANTICS B8).
    """

    async def wait_decision(self, barrier_id: str, timeout: float | None) -> BarrierOutcome:
        """Approve."""
        return Decided(Approve())


# -- callbacks ------------------------------------------------------------------


@runtime_checkable
class StepCallback(Protocol):
    """Told when a node starts and ends (SEMANTICS R1, R7)."""

    def on_node_start(self, path: str, step: int) -> None:
        """A node is about to run; `step` is its level's cursor to be."""

    def on_node_end(self, path: str, step: int, error: BaseException | None) -> None:
        """A node ran; it is not committed yet. `error` is what it raised."""


class NoopStepCallback:
    """Does nothing."""

    def on_node_start(self, path: str, step: int) -> None:
        """Do nothing."""

    def on_node_end(self, path: str, step: int, error: BaseException | None) -> None:
        """Do nothing."""


# -- the door --------------------------------------------------------------------


_SINKS = {
    "checkpoint": ("on_checkpoint", "a checkpoint sink"),
    "barrier": ("wait_decision", "a barrier sink"),
    "stream": ("emit", "a stream sink"),
    "trace": ("on_start on_frame", "a trace sink"),
    "log": ("append_batch", "a mutation log"),
    "callback": ("on_node_start on_node_end", "a step callback"),
}


def check_sinks(refuse: Refuse, **given: Any) -> None:
    """Look whether what a run is to tell and to ask can be told and asked.

    Args:
        given: By the name of the argument; `None` is none.

    Raises:
        LellmError: One has not the methods that it is called by; names the argument.
    """
    for argument, sink in given.items():
        if sink is not None:
            methods, what = _SINKS[argument]
            speaking(sink, argument, refuse, methods, what)
