"""lellm_nb: a time-travel debugger for agent and workflow graphs, in a notebook cell."""

from lellm_nb import errors
from lellm_nb.debug import Debugger, Stop, StopReason
from lellm_nb.engine import CancellationToken, ExecutionEngine, GraphResult
from lellm_nb.graph import (
    Approve,
    Decision,
    DefaultAction,
    Graph,
    GraphBuilder,
    Modify,
    Reject,
    Reroute,
    Route,
)
from lellm_nb.record import (
    BarrierOutcome,
    BarrierSink,
    Cancelled,
    CheckpointSink,
    Decided,
    Frame,
    FrameInfo,
    FrameStack,
    MemorySink,
    NoopBarrierSink,
    NoopCheckpointSink,
    NoopStepCallback,
    Position,
    SessionCheckpointSink,
    StepCallback,
    TimedOut,
)
from lellm_nb.session import ExecutionSession, GraphHashMode, SessionCheckpoint
from lellm_nb.state import Delete, Put, Reduce, Reducer, ReducerRegistry, State, StateKey

__version__ = "0.1.0"

__all__ = [
    "Approve",
    "BarrierOutcome",
    "BarrierSink",
    "CancellationToken",
    "Cancelled",
    "CheckpointSink",
    "Debugger",
    "Decided",
    "Decision",
    "DefaultAction",
    "Delete",
    "ExecutionEngine",
    "ExecutionSession",
    "Frame",
    "FrameInfo",
    "FrameStack",
    "Graph",
    "GraphBuilder",
    "GraphHashMode",
    "GraphResult",
    "MemorySink",
    "Modify",
    "NoopBarrierSink",
    "NoopCheckpointSink",
    "NoopStepCallback",
    "Position",
    "Put",
    "Reduce",
    "Reducer",
    "ReducerRegistry",
    "Reject",
    "Reroute",
    "Route",
    "SessionCheckpoint",
    "SessionCheckpointSink",
    "State",
    "StateKey",
    "StepCallback",
    "Stop",
    "StopReason",
    "TimedOut",
    "WidgetBarrierSink",
    "errors",
]


def __getattr__(name: str) -> object:
    if name == "WidgetBarrierSink":  # widgets are loaded when used
        from lellm_nb.notebook.barrier_sink import WidgetBarrierSink

        return WidgetBarrierSink
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: object) -> None:
    """Make ``%lellm`` known: what ``%load_ext lellm_nb`` calls."""
    from lellm_nb.notebook.extension import load_ipython_extension as load

    load(shell)
