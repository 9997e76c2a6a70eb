"""lellm_nb: a time-travel debugger for agent and workflow graphs, in a notebook cell.

Names are loaded when they are first used, so that importing the package costs next to
nothing; `__init__.pyi` says the same to type checkers, and a test keeps the two in step.
"""

import importlib

__version__ = "0.1.0"

_NAMES = {
    "debug": """
        Debugger Stop StopReason
    """,
    "debug.persist.way_table": """
        paths
    """,
    "debug.verbs.sweep": """
        grid
    """,
    "debug.verbs.sweep_summary": """
        sweep_summary
    """,
    "debug.verbs.variant": """
        Variant
    """,
    "engine": """
        CancellationToken ExecutionEngine GraphResult
    """,
    "graph": """
        Answer Approve Decision DefaultAction Graph GraphBuilder Modify Question Reject Reroute
        Retry
        Route
    """,
    "record": """
        BarrierOutcome BarrierResolved BarrierSink BarrierWaiting Cancelled ChannelBarrierSink
        Checkpoint CheckpointPolicy CheckpointSaved CheckpointScore CheckpointSink
        CheckpointStore CheckpointTrigger Decided Event ExecutionMetadata ExecutionTrace Frame
        FrameInfo FrameStack GraphComplete GraphFailed GraphStart InMemoryMutationLog
        IncrementalSnapshots MemorySink MemoryTraceSink MockBarrierSink MutationLog
        MutationLogEntry NodeEnd NodeRetry NodeStart NodeStream NoopBarrierSink NoopCheckpointSink
        NoopStepCallback Position RetentionPolicy RoundStarted SessionCheckpointSink
        StepCallback StreamChunk StreamSink TextDelta ThinkingDelta TimedOut ToolFinished
        ToolOutput ToolQueued ToolStarted TraceSink TriggerPolicy
    """,
    "session": """
        ExecutionSession GraphHashMode SessionCheckpoint run_step
    """,
    "state": """
        Delete IdentityLens KeyLens LastWriteWins MergeMutations Put Reduce Reducer
        ReducerRegistry State StateDelta StateKey StateLens StateMerge WorkflowState
        typed_state
    """,
    "record.codec.checkpoint": """
        CheckpointCodec
    """,
    "record.redaction.redactor": """
        Redacted Redactor
    """,
    "record.codec.types": """
        Unsaved register_type
    """,
    "state.expression.expression": """
        Expression
    """,
    "state.structs.stored_object": """
        StoredObject
    """,
    "store": """
        DiskSink FolderStore InMemoryStore NetworkSink SqliteMutationLog SqliteStore StoreSink
    """,
    "records.json_form": """
        from_json to_json
    """,
    "notebook.widget.barrier_card": """
        WidgetBarrierSink
    """,
}
"""Where each public name lives."""

_WHERE = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [*sorted(_WHERE), "errors"]


def __getattr__(name: str) -> object:
    if name == "errors":
        return importlib.import_module("lellm_nb.errors")
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"lellm_nb.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: object) -> None:
    """Make ``%lellm`` known: what ``%load_ext lellm_nb`` calls."""
    from lellm_nb.notebook.widget.magics import load_ipython_extension as load

    load(shell)
