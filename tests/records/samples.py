"""One record of every public class, and the classes that are none."""

from __future__ import annotations

import datetime

from lellm_nb import (
    Answer,
    Approve,
    BarrierResolved,
    BarrierWaiting,
    Cancelled,
    Checkpoint,
    CheckpointPolicy,
    CheckpointSaved,
    CheckpointScore,
    Debugger,
    Decided,
    Delete,
    ExecutionMetadata,
    ExecutionSession,
    Expression,
    FrameInfo,
    FrameStack,
    GraphBuilder,
    GraphComplete,
    GraphFailed,
    GraphStart,
    MemoryTraceSink,
    Modify,
    MutationLogEntry,
    NodeEnd,
    NodeRetry,
    NodeStart,
    NodeStream,
    Put,
    Redacted,
    Reduce,
    Reducer,
    Reject,
    Reroute,
    RetentionPolicy,
    RoundStarted,
    State,
    StateDelta,
    TextDelta,
    ThinkingDelta,
    TimedOut,
    ToolFinished,
    ToolOutput,
    ToolQueued,
    ToolStarted,
    Unsaved,
    errors,
    run_step,
)
from lellm_nb.debug.breakpoints.registry import Breakpoint, EdgeStop, ErrorStop, Stopper, Watch
from lellm_nb.debug.diff.compare import Comparison, Pair
from lellm_nb.debug.diff.diff import Change, Diff
from lellm_nb.debug.history.tree import Branch
from lellm_nb.debug.query.route_reason import Asked, Why
from lellm_nb.debug.query.search import TextHit
from lellm_nb.debug.query.stack import StackLevel
from lellm_nb.debug.query.writers import Write
from lellm_nb.debug.verbs.decide import Preview
from lellm_nb.graph.edge import Route
from lellm_nb.record import ExecutionTrace, Fan, StateSnapshot, TraceEntry
from lellm_nb.record.codec.details import SavedAttempt
from lellm_nb.record.detail import DecisionRecord
from lellm_nb.record.position import ToRoute, Waiting
from lellm_nb.records.rows import CHOICES
from lellm_nb.session.protocol import FailedJoin, Previewed, RunningNode
from tests.strategies import fanned, nested, review

NOW = datetime.datetime(2026, 11, 20, 9, tzinfo=datetime.UTC)

RETURNED = (
    *(Stopper, Comparison, Pair, Change, Diff, Branch, Asked, Why, TextHit, StackLevel, Write),
    *(Preview, Route, ExecutionTrace, Fan, StateSnapshot, TraceEntry, DecisionRecord, ToRoute),
    *(Waiting, FailedJoin, Previewed, RunningNode, Unsaved, Redacted),
)
"""What a debugger, or a record of a run, answers with."""

NO_RECORDS = frozenset(
    """
    Debugger ExecutionEngine ExecutionSession Graph GraphBuilder Question CancellationToken Redactor
    CheckpointCodec ReducerRegistry StateKey IdentityLens KeyLens StateLens LastWriteWins
    MergeMutations StateMerge WorkflowState IncrementalSnapshots
    BarrierSink ChannelBarrierSink MockBarrierSink NoopBarrierSink WidgetBarrierSink
    CheckpointSink NoopCheckpointSink MemorySink SessionCheckpointSink DiskSink NetworkSink
    StoreSink StreamSink TraceSink MemoryTraceSink StepCallback NoopStepCallback
    CheckpointStore InMemoryStore SqliteStore FolderStore MutationLog InMemoryMutationLog
    SqliteMutationLog Stopper StoredObject Retry Variant
    """.split()
)
"""What runs, keeps, asks or is only spoken to; a base, of which each kind is a record; a value."""

ODD = (Breakpoint, EdgeStop, ErrorStop, Watch)
"""Records without an equality of their own: compared by their repr."""


def samples() -> list:
    """One record of each class, and more where it has several forms."""
    dbg = Debugger(nested())
    stop = dbg.run()
    dbg.break_at("plan", visit=2)
    dbg.watch("log")
    dbg.break_at("plan", when="len(log) > 2")
    dbg.watch("'plan' in log")
    previewed = dbg.preview(Approve())
    parallel = Debugger(fanned())
    parallel.run()
    other = dbg.fork(at=1, put={"log": []})
    other.run()
    waiting = Debugger(review(), {"topic": "otters"})
    waiting.run()
    graph = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
    result = graph.run({"n": 0}, trace=MemoryTraceSink())
    error = errors.NodeExecutionError("a", ValueError("no"), state=State({"n": 1}))
    session = ExecutionSession({}, graph)
    frame = dbg.frames[2]
    return [
        *(
            Approve(),
            Answer({"ok": [1]}),
            Reject("no"),
            Modify(("plan", 0), {"a": (1,)}),
            Reroute("b"),
        ),
        *(Decided(Modify("k", {1, 2})), TimedOut(), Cancelled()),
        *(Put("k", [1]), Put(("k", 0), 1), Delete("k"), Reduce("n", 1, Reducer.SUM)),
        *(Reduce("n", 1), StateDelta("k", "put", (1,), "me"), Reducer.APPEND),
        Expression("total > 100 and name != 'x'"),
        *(State({"n": 1}), State({}), State({"$": 1, "é": 2}), StateSnapshot(State({"n": 0}), ())),
        *(
            GraphStart("t"),
            NodeStart("a/b", "b", 1, 2, "s"),
            NodeEnd("a", "a", 1, 2, "s", 0.5, True),
        ),
        *(NodeRetry("a", "a", 1, 2, OSError("no"), 0.5), NodeStream("a", "a", TextDelta("x"))),
        *(BarrierWaiting("a#0", "a", "a", None), BarrierResolved("a#0", Reject("no"), "me")),
        CheckpointSaved("", "a", 1),
        *(GraphComplete(result), GraphFailed(error, State({"n": 1}))),
        *(
            TextDelta("x"),
            ThinkingDelta("x", True),
            RoundStarted(1),
            ToolQueued("1", "t", {"q": 1}),
        ),
        *(ToolStarted("1", "t"), ToolOutput("1", "x"), ToolFinished("1", "t", False, b"x")),
        *(ExecutionMetadata.heavy(), CheckpointScore(), CheckpointPolicy.minimal()),
        *(RetentionPolicy(3), RetentionPolicy(age=2.5), *(next(iter(c)) for c in CHOICES)),
        *(frame, dbg.frames[0], *parallel.frames, dbg.position, parallel.position),
        *(parallel.position.inner, FrameStack(), dbg.session.frame_stack, session.checkpoint()),
        *(dbg.session.checkpoint(), Waiting("a#0", "a", 2.0), ToRoute(("approve",)), ToRoute()),
        *(Checkpoint("b", "a", State({"n": (1,)}), 2**63), Checkpoint.of(frame, 7)),
        DecisionRecord("a#0", Modify("k", 1), "me", 1.5, None, 1),
        *(DecisionRecord("a#0", "skip", "timeout", 1.5), FrameInfo("a", 1, "g", "a", frame)),
        MutationLogEntry("t", 1, "a/b", None, 0, Put("at", NOW), NOW, "a"),
        *(result, result.trace, *result.trace.entries, *result.execution_log),
        *(frame.route, dbg.graph.routers["agent"].edges[0], dbg.graph.fingerprint),
        *(
            graph.analyze(),
            GraphBuilder("g")
            .node("a", len)
            .node("b", len)
            .start("a")
            .end("a")
            .build()
            .analyze()
            .findings[0],
            *dbg.graph.analyze_cycles(),
        ),
        *(stop, *dbg.pending, *dbg.stack, *parallel.stack, *dbg.tree, *dbg.who("log")),
        *(*dbg.find("plan"), dbg.why(1), *dbg.why(1), dbg.diff(0, 2), *dbg.diff(0, 2)),
        *(dbg.compare(other), dbg.compare(other).pairs[-1], *dbg.breakpoints, ErrorStop()),
        *(
            EdgeStop("a", "b"),
            EdgeStop("a", "b", refused=True),
            previewed,
            Previewed(State({}), State({"n": 1}), None, error),
        ),
        *(FailedJoin("p", ("a",), 2, ("a",), ((("k", 0), ("a", "b")),)),),
        *(RunningNode("a", 1, 2.0, 3, (("f.py", 1, "f"),)), SavedAttempt(1, 0.5, 0.5, None, False)),
        run_step(lambda ctx: {"n": 1}, {"n": 0}),
        *(error, ValueError("x"), errors.DebuggerError("no"), errors.GraphMismatchError(1, 2, "x")),
        errors.MergeConflictError("k", {"a": 1, "b": 2}, path="p"),
        *(Unsaved("m.C", "<C>"), Redacted("[redacted]")),
    ]
