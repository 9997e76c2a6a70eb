"""What a run leaves behind: positions, frames, the tree of them, and who is told."""

from lellm_nb.record.frame import DecisionRecord, Frame, FrameStack
from lellm_nb.record.history import History, Line
from lellm_nb.record.position import Fan, Position, Waiting
from lellm_nb.record.sinks import (
    BarrierOutcome,
    BarrierSink,
    Cancelled,
    CheckpointSink,
    Decided,
    FrameInfo,
    MemorySink,
    NoopBarrierSink,
    NoopCheckpointSink,
    NoopStepCallback,
    SessionCheckpointSink,
    StepCallback,
    TimedOut,
)

__all__ = [
    "BarrierOutcome",
    "BarrierSink",
    "Cancelled",
    "CheckpointSink",
    "Decided",
    "DecisionRecord",
    "Fan",
    "Frame",
    "FrameInfo",
    "FrameStack",
    "History",
    "Line",
    "MemorySink",
    "NoopBarrierSink",
    "NoopCheckpointSink",
    "NoopStepCallback",
    "Position",
    "SessionCheckpointSink",
    "StepCallback",
    "TimedOut",
    "Waiting",
]
