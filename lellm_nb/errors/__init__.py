"""Every named failure, under one base.

An error says what failed, where, and what to try; the same facts are its
attributes, so that a notebook can highlight them. One module for each layer that
fails; all of them are imported from here.
"""

from __future__ import annotations

from lellm_nb.errors.base import LellmError, nearest
from lellm_nb.errors.base import closest as closest
from lellm_nb.errors.base import did_you_mean as did_you_mean
from lellm_nb.errors.base import listed as listed
from lellm_nb.errors.base import path_text as path_text
from lellm_nb.errors.base import sentence as sentence
from lellm_nb.errors.build import (
    BuildErrors,
    DecisionEdgeError,
    DuplicateNodeError,
    EmptyParallelError,
    FallbackLoopError,
    GraphError,
    InvalidNodeError,
    MissingEndError,
    MissingStartError,
    UnknownNodeError,
)
from lellm_nb.errors.debug import (
    BusyError,
    CallDiffersError,
    ConditionNotStoredError,
    DebuggerError,
    NoInputError,
    NoSuchFrameError,
    NoSuchNodeError,
    NotRecordedError,
    NotWaitingError,
    QuestionError,
    RedactedValueError,
    StandingRuleError,
)
from lellm_nb.errors.keep import (
    CheckpointNotFoundError,
    CheckpointStoreError,
    CorruptedCheckpointError,
    GraphMismatchError,
    SerializationError,
)
from lellm_nb.errors.run import (
    BarrierCancelledError,
    ChangedNodeError,
    EdgeError,
    GivenUpError,
    InvalidGraphError,
    LoopLimitError,
    MergeConflictError,
    NodeExecutionError,
    NodeNotFoundError,
    NotSentError,
    ParallelError,
    RunCancelledError,
    RunError,
    StepsExceededError,
    UnroutedError,
)
from lellm_nb.errors.run import innermost as innermost
from lellm_nb.errors.state import (
    ExpressionError,
    MissingKeyError,
    ReadOnlyStateError,
    ReducerError,
    StateError,
    StateTypeError,
)

__all__ = [
    "BarrierCancelledError",
    "BuildErrors",
    "BusyError",
    "CallDiffersError",
    "ChangedNodeError",
    "CheckpointNotFoundError",
    "CheckpointStoreError",
    "ConditionNotStoredError",
    "CorruptedCheckpointError",
    "DebuggerError",
    "DecisionEdgeError",
    "DuplicateNodeError",
    "EdgeError",
    "EmptyParallelError",
    "ExpressionError",
    "FallbackLoopError",
    "GivenUpError",
    "GraphError",
    "GraphMismatchError",
    "InvalidGraphError",
    "InvalidNodeError",
    "LellmError",
    "LoopLimitError",
    "MergeConflictError",
    "MissingEndError",
    "MissingKeyError",
    "MissingStartError",
    "NoInputError",
    "NoSuchFrameError",
    "NoSuchNodeError",
    "NodeExecutionError",
    "NodeNotFoundError",
    "NotRecordedError",
    "NotSentError",
    "NotWaitingError",
    "ParallelError",
    "QuestionError",
    "ReadOnlyStateError",
    "RedactedValueError",
    "ReducerError",
    "RunCancelledError",
    "RunError",
    "SerializationError",
    "StandingRuleError",
    "StateError",
    "StateTypeError",
    "StepsExceededError",
    "UnknownNodeError",
    "UnroutedError",
    "nearest",
]

for _error in [globals()[name] for name in __all__]:
    _error.__module__ = __name__  # as people import it: in tracebacks, and where it is stored
