"""Bad input is refused at the door, names the argument, and loses nothing: the whole contract.

One row for each argument of a public call: its name, what would not do, and the call. What a
call of the debugger or of a session refuses leaves the run as it was.
"""

from __future__ import annotations

import asyncio
import datetime
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from lellm_nb import (
    Approve,
    ChannelBarrierSink,
    Checkpoint,
    CheckpointCodec,
    CheckpointPolicy,
    CheckpointScore,
    Debugger,
    Decided,
    DiskSink,
    ExecutionEngine,
    ExecutionSession,
    FolderStore,
    FrameStack,
    GraphBuilder,
    IncrementalSnapshots,
    InMemoryMutationLog,
    InMemoryStore,
    KeyLens,
    MemoryTraceSink,
    MockBarrierSink,
    MutationLogEntry,
    NetworkSink,
    Redactor,
    Reducer,
    ReducerRegistry,
    RetentionPolicy,
    Retry,
    SessionCheckpoint,
    SqliteMutationLog,
    SqliteStore,
    StateDelta,
    StateKey,
    StoreSink,
    register_type,
    to_json,
)
from lellm_nb.errors import LellmError

NAN, INF = math.nan, math.inf
NUMBERS = ["3", -1, True, 1.5, [1], NAN, None]
COUNTS = [*NUMBERS, 0]
SECONDS = ["3", -1, True, [1], NAN, INF, 10**400]
FLAGS = ["no", 2, None, [], 0.5]
NAMES = [None, 3, "", ("a",), b"a"]


class Hostile:
    """Raises whatever it is asked."""

    def __getattr__(self, name):
        raise OSError(name)

    __repr__ = __str__ = __call__ = __len__ = __iter__ = __fspath__ = lambda self: self.what


OBJECTS = [3, "x", object(), object, Hostile()]


async def later(*_: Any) -> bool:
    """A function whose answer is a coroutine, which is always true."""
    return True


def none() -> bool:
    """A function that takes nothing."""
    return True


ASKED = [later, none, 3, [later]]
"""What can't be asked; where a text means something it is left out."""


def node(ctx):
    ctx.put("seen", True)


def half_built():
    """A builder of ``a -> w -> b``, a barrier in the middle."""
    g = GraphBuilder("g").node("a", node).barrier("w").node("b", node)
    return g.edge("a", "w").edge("w", "b").start("a").end("b")


def built():
    return half_built().build()


class Row(NamedTuple):
    """One argument: what would not do, and a call of what is made anew for each value."""

    made: str
    argument: str
    bad: list[Any]
    call: Callable[[Any, Any], Any]


def opened(session, **more):
    return Debugger.from_checkpoint(session.checkpoint(), session.graph, **more)


def restored(session, *more):
    return ExecutionSession.restore(session.checkpoint(), *more)


def entry(**given):
    now = datetime.datetime.now(datetime.UTC)
    facts = {"trace_id": "t", "step": 1, "node_id": "a", "checkpoint_id": None}
    more = {"mutation_index": 0, "mutation": {"Delete": "k"}, "timestamp": now}
    return MutationLogEntry(**{**facts, **more, **given})


BUILDER = [
    Row("builder", "retries", NUMBERS, lambda g, x: g.task(node, name="t", retries=x)),
    Row("builder", "timeout", [*SECONDS, 0], lambda g, x: g.task(node, name="t", timeout=x)),
    Row("builder", "idle_timeout", [*SECONDS, 0], lambda g, x: g.task(node, idle_timeout=x)),
    Row("builder", "retry", [3, "x", Retry], lambda g, x: g.task(node, retry=x)),
    Row("builder", "backoff", [*SECONDS, later], lambda g, x: g.task(node, name="t", backoff=x)),
    Row("builder", "side_effects", FLAGS, lambda g, x: g.task(node, name="t", side_effects=x)),
    Row("builder", "goto", [[n] for n in NAMES], lambda g, x: g.task(node, name="t", goto=x)),
    Row("builder", "goto", [3, {"a": 1}], lambda g, x: g.task(node, name="t", goto=x)),
    Row("builder", "function", [none, 3, "x"], lambda g, x: g.task(x, name="t")),
    Row("builder", "function", [none, lambda a, b: None], lambda g, x: g.node("t", x)),
    Row("builder", "cases", [3, "ab", None], lambda g, x: g.condition("c", x)),
    Row("builder", "case", [3, "ab", ("a",)], lambda g, x: g.condition("c", [x])),
    Row("builder", "target", NAMES, lambda g, x: g.condition("c", [(x, bool)])),
    Row("builder", "condition", [*ASKED, "n ="], lambda g, x: g.condition("c", [("a", x)])),
    Row("builder", "condition", [*ASKED, "n ="], lambda g, x: g.edge_if("a", "b", x)),
    Row("builder", "timeout", [*SECONDS, 0], lambda g, x: g.barrier("c", timeout=x)),
    Row("builder", "default_action", ["maybe", 3], lambda g, x: g.barrier("c", default_action=x)),
    Row("builder", "approve_key", [7, ("a",)], lambda g, x: g.barrier("c", approve_key=x)),
    Row("builder", "reject_key", [7, ("a",)], lambda g, x: g.barrier("c", reject_key=x)),
    Row("builder", "branches", [3, ["a"], None], lambda g, x: g.parallel("p", x)),
    Row("builder", "merge", [*ASKED, "n"], lambda g, x: g.parallel("p", {"x": node}, merge=x)),
    Row("builder", "on_error", [3, "all"], lambda g, x: g.parallel("p", {"x": node}, on_error=x)),
    Row("builder", "graph", [3, None, half_built()], lambda g, x: g.subgraph("s", x)),
    Row("builder", "lens", [3, KeyLens, ["a"]], lambda g, x: g.subgraph("s", built(), lens=x)),
    Row("builder", "max_steps", NUMBERS, lambda g, x: g.subgraph("s", built(), max_steps=x)),
    Row("builder", "leaves", NAMES, lambda g, x: g.edge(x, "b")),
    Row("builder", "leads to", NAMES, lambda g, x: g.edge("a", x)),
    Row("builder", "leads to", NAMES, lambda g, x: g.edge_fallback("a", x)),
    Row("builder", "leads to", NAMES, lambda g, x: g.edge_if("a", x, bool)),
    Row("builder", "leads to", NAMES, lambda g, x: g.on_error("a", x)),
    Row("builder", "max_visits", NUMBERS[:-1], lambda g, x: g.edge("a", "b", max_visits=x)),
    Row("builder", "start", NAMES, lambda g, x: g.start(x)),
    Row("builder", "end", NAMES, lambda g, x: g.end(x)),
    Row("builder", "hash", [*NUMBERS, 1 << 64], lambda g, x: g.canonical_hash(x)),
]

STATE = [
    Row("nothing", "name", NAMES, lambda _, x: StateKey(x, int)),
    Row("nothing", "type", [5, "int", [int]], lambda _, x: StateKey("n", x)),
    Row("nothing", "reducer", ["sum", None, sum], lambda _, x: StateKey("n", int, x)),
    Row("nothing", "key", NAMES, lambda _, x: KeyLens(x)),
    Row("nothing", "fold", [*ASKED, "n"], lambda _, x: Reducer.custom(x)),
    Row("nothing", "fold", [*ASKED, "n"], lambda _, x: Reducer("mine", x)),
    Row("nothing", "reducers", [3, "ab"], lambda _, x: ReducerRegistry(x)),
    Row("nothing", "reducers", [{3: Reducer.SUM}, [3]], lambda _, x: ReducerRegistry(x)),
    Row("nothing", "op", ["append", None, []], lambda _, x: StateDelta("n", x, 1)),
    Row("nothing", "deltas", OBJECTS, lambda _, x: ReducerRegistry().fold({}, [x])),
]

RUN = [
    Row("graph", "max_steps", NUMBERS, lambda g, x: g.run({}, max_steps=x)),
    *(
        Row("graph", each, OBJECTS, lambda g, x, each=each: g.run({}, **{each: x}))
        for each in ("checkpoint", "barrier", "stream", "trace")
    ),
    Row("nothing", "log", OBJECTS, lambda _, x: ExecutionEngine({}, log=x)),
    Row("nothing", "cancel", OBJECTS, lambda _, x: ExecutionEngine({}, cancel=x)),
    Row("graph", "engine", OBJECTS, lambda g, x: g.run_inline(x, 5)),
    Row("graph", "max_steps", NUMBERS, lambda g, x: g.run_inline(ExecutionEngine({}), x)),
    Row("graph", "callback", OBJECTS, lambda g, x: g.run_inline(ExecutionEngine({}), 5, x)),
    Row("nothing", "graph", [*OBJECTS, half_built()], lambda _, x: ExecutionSession({}, x)),
    Row("graph", "clock", OBJECTS, lambda g, x: ExecutionSession({}, g, clock=x)),
    Row("graph", "checkpoint", [*OBJECTS, {}], lambda g, x: ExecutionSession.restore(x, g)),
    Row("session", "mode", OBJECTS, lambda s, x: restored(s, s.graph, x)),
    Row("session", "graph", OBJECTS, lambda s, x: restored(s, x)),
    Row("session", "max_steps", NUMBERS[:-1], lambda s, x: s.run(max_steps=x)),
    Row("session", "barrier", OBJECTS, lambda s, x: s.run(barrier=x)),
    Row("session", "decision", [*OBJECTS, "yes"], lambda s, x: s.decide(x)),
    Row("session", "Frame", OBJECTS, lambda s, x: s.fork(x)),
    Row("channel", "decision", [*OBJECTS, "yes"], lambda c, x: c.decide("w#0", x)),
    Row("channel", "barrier_id", [*NAMES, "w"], lambda c, x: c.decide(x, Approve())),
    Row("channel", "decision", [*OBJECTS, "yes"], lambda c, x: c.decide_wildcard("w", x)),
    Row("channel", "scope", [3, "ever"], lambda c, x: c.decide_wildcard("w", Approve(), x)),
    Row("nothing", "decision", [*OBJECTS, "yes"], lambda _, x: Decided(x)),
    Row("nothing", "decision", OBJECTS, lambda _, x: MockBarrierSink([x])),
]  # fmt: skip

DEBUGGER = [
    Row("graph", "max_steps", NUMBERS, lambda g, x: Debugger(g, {}, max_steps=x)),
    Row("graph", "name", NAMES[1:], lambda g, x: Debugger(g, {}, name=x)),
    Row("graph", "redact", OBJECTS, lambda g, x: Debugger(g, {}, redact=x)),
    Row("graph", "store", [3, object()], lambda g, x: Debugger(g, {}, store=x)),
    Row("nothing", "graph", [*OBJECTS, half_built()], lambda _, x: Debugger(x, {})),
    Row("debugger", "n is", COUNTS, lambda d, x: d.step(x)),
    Row("debugger", "n is", COUNTS, lambda d, x: d.back(x)),
    Row("debugger", "until", [*ASKED, "n.x() > 2"], lambda d, x: d.run(x)),
    Row("debugger", "until", [("b", x) for x in COUNTS[:-2]], lambda d, x: d.run(x)),
    Row("debugger", "until", ASKED, lambda d, x: d.run_back(x)),
    Row("debugger", "through_barriers", FLAGS, lambda d, x: d.start(through_barriers=x).result()),
    Row("debugger", "when", [*ASKED, "n => 2"], lambda d, x: d.break_at("b", when=x)),
    Row("debugger", "visit", ["3", 0, True, NAN], lambda d, x: d.break_at("b", visit=x)),
    Row("debugger", "ignore", NUMBERS, lambda d, x: d.break_at("b", ignore=x)),
    Row("debugger", "after", FLAGS, lambda d, x: d.break_at("b", after=x)),
    Row("debugger", "edge", [3, "ab", ("a",), None], lambda d, x: d.break_on(x)),
    Row("debugger", "what", [later, none, "n > (2"], lambda d, x: d.watch(x)),
    Row("debugger", "mode", OBJECTS, lambda d, x: d.mode("a", x)),
    # a text may be a branch: that is looked at where there is a join
    Row(
        "debugger",
        "how",
        [x for x in OBJECTS if type(x) is not str],
        lambda d, x: d.resolve_join(x),
    ),
    Row("debugger", "then_run", FLAGS, lambda d, x: d.approve(then_run=x)),
    Row("debugger", "reason", NAMES[:2], lambda d, x: d.reject(x)),
    Row("debugger", "decision", [*OBJECTS, "yes"], lambda d, x: d.preview(x)),
    Row("debugger", "name", [3, "", " "], lambda d, x: d.fork(name=x)),
    Row("debugger", "nodes", [3, ["a"]], lambda d, x: d.fork(nodes=x)),
    Row("debugger", "function", [none], lambda d, x: d.fork(nodes={"a": x})),
    Row("debugger", "function", [none], lambda d, x: d.patch({"a": x})),
    Row("debugger", "edges", [3, {"ab": bool}], lambda d, x: d.patch(None, x)),
    Row("debugger", "other", OBJECTS[::2], lambda d, x: d.compare(x)),
    Row("debugger", "text", [3, None], lambda d, x: d.note(1, x)),
    Row("debugger", "on", FLAGS, lambda d, x: d.pin(1, x)),
    Row("debugger", "variants", [3, "ab", None], lambda d, x: d.sweep(0, x)),
    Row("debugger", "n is", COUNTS, lambda d, x: d.sweep(0, [{"n": 2}], x)),
    Row("debugger", "progress", FLAGS, lambda d, x: d.sweep(0, [{"n": 2}], progress=x)),
    Row("debugger", "executor", OBJECTS, lambda d, x: d.sweep(0, [{"n": 2}], executor=x)),
    Row("debugger", "text", [3, "", None], lambda d, x: d.find(x)),
    Row("debugger", "case", FLAGS, lambda d, x: d.find("n", case=x)),
    Row("debugger", "expression", [*ASKED, "n.x()", "py: n ="], lambda d, x: d.evaluate(x)),
    Row("debugger", "expression", ASKED, lambda d, x: d.bisect(x)),
    Row("debugger", "values", [3, "ab", None], lambda d, x: d.supply(x)),
    Row("debugger", "listener", [later, lambda a: a, 3], lambda d, x: d.subscribe(x)),
    Row("debugger", "max_steps", NUMBERS, lambda d, x: setattr(d, "max_steps", x)),
    Row("debugger", "name", NAMES, lambda d, x: setattr(d, "name", x)),
    Row("debugger", "redact", OBJECTS, lambda d, x: setattr(d, "redact", x)),
    Row("debugger", "path", [3, "", None, b"x"], lambda d, x: d.save(x)),
    Row("debugger", "path", [3, "", None, b"x"], lambda d, x: d.export_html(x)),
    Row("nothing", "path", [3, "", None, b"x"], lambda _, x: Debugger.load(x)),
    Row("nothing", "store", [3, "", None, b"x", object()], lambda _, x: Debugger.runs(x)),
    Row("nothing", "what", [3, None, {}, object], lambda _, x: Debugger.from_checkpoint(x)),
    Row("session", "graph", OBJECTS[1:], lambda s, x: Debugger.from_checkpoint(s.checkpoint(), x)),
    Row("session", "mode", OBJECTS, lambda s, x: opened(s, mode=x)),
    Row("session", "store", [3, object(), object], lambda s, x: opened(s, store=x)),
    Row("nothing", "error", [3, "e", ValueError], lambda _, x: Debugger.post_mortem(x)),
    Row("session", "checkpoint", OBJECTS, lambda _, x: Checkpoint.of_session(x)),
    Row("session", "checkpoint", OBJECTS, lambda _, x: SessionCheckpoint.of(x)),
    Row("store", "graph", [*OBJECTS, half_built()], lambda s, x: Debugger.open(s, graph=x)),
    Row("store", "run", NAMES[1:], lambda s, x: Debugger.open(s, x)),
    Row("store", "migrate", [3, none], lambda s, x: Debugger.open(s, graph=built(), migrate=x)),
    Row("store", "redact", OBJECTS, lambda s, x: Debugger.open(s, redact=x)),
    Row("store", "policy", OBJECTS, lambda s, x: Debugger(built(), store=s, policy=x)),
    Row("store", "retention", OBJECTS, lambda s, x: Debugger(built(), store=s, retention=x)),
    Row("store", "policy", OBJECTS, lambda s, x: Debugger.open(s, graph=built(), policy=x)),
    Row("store", "retention", OBJECTS, lambda s, x: Debugger.open(s, graph=built(), retention=x)),
    Row("debugger", "verb", OBJECTS, lambda d, x: d.post(x).result()),
]

KEEP = [
    Row("nothing", "path", [3, "", None, b"x"], lambda _, x: SqliteStore(x)),
    Row("tmp", "synchronous", [3, "OFF"], lambda p, x: SqliteStore(p / "s.db", synchronous=x)),
    Row("tmp", "timeout", SECONDS, lambda p, x: SqliteStore(p / "s.db", timeout=x)),
    Row("tmp", "readonly", FLAGS, lambda p, x: SqliteStore(p / "s.db", readonly=x)),
    Row("tmp", "redact", OBJECTS, lambda p, x: SqliteStore(p / "s.db", redact=x)),
    Row("nothing", "path", [3, "", None, b"x"], lambda _, x: FolderStore(x)),
    Row("tmp", "synchronous", [3, "OFF"], lambda p, x: FolderStore(p / "s", synchronous=x)),
    Row("tmp", "timeout", SECONDS, lambda p, x: FolderStore(p / "s", timeout=x)),
    Row("tmp", "readonly", FLAGS, lambda p, x: FolderStore(p / "s", readonly=x)),
    Row("tmp", "redact", OBJECTS, lambda p, x: FolderStore(p / "s", redact=x)),
    Row("nothing", "path", [3, "", None, b"x"], lambda _, x: SqliteMutationLog(x)),
    Row("nothing", "redact", OBJECTS, lambda _, x: NetworkSink(redact=x)),
    Row("nothing", "folder", [3, "", None, b"x"], lambda _, x: DiskSink(x)),
    Row("tmp", "every", COUNTS, lambda p, x: DiskSink(p, every=x)),
    Row("tmp", "graph", OBJECTS, lambda p, x: DiskSink(p, graph=x)),
    Row("tmp", "graph", OBJECTS, lambda p, x: SqliteMutationLog(p / "log.db", graph=x)),
    Row("store", "checkpoint", OBJECTS, lambda s, x: s.save("t", x)),
    Row("store", "trace_id", NAMES, lambda s, x: s.save(x, Checkpoint("b", "a", {}, 0))),
    Row("store", "keep", NUMBERS, lambda s, x: s.prune("t", x)),
    Row("nothing", "store", OBJECTS, lambda _, x: StoreSink(x, 0)),
    Row("store", "graph_hash", NUMBERS, lambda s, x: StoreSink(s, x)),
    Row("store", "graph", OBJECTS, lambda s, x: StoreSink(s, 0, graph=x)),
    Row("store", "trigger", OBJECTS, lambda s, x: StoreSink(s, 0, trigger=x)),
    Row("store", "retention", OBJECTS, lambda s, x: StoreSink(s, 0, retention=x)),
    Row("nothing", "current_node", [None, 3], lambda _, x: Checkpoint(x, "a", {}, 0)),
    Row("nothing", "graph_hash", NUMBERS, lambda _, x: Checkpoint("b", "a", {}, x)),
    Row("nothing", "trigger", [3, "x", ["often"]], lambda _, x: CheckpointPolicy(x)),
    Row("nothing", "threshold", ["3", True, NAN], lambda _, x: CheckpointScore(threshold=x)),
    Row("nothing", "latest", NUMBERS[:-1], lambda _, x: RetentionPolicy.keep_latest(x)),
    Row("nothing", "age", SECONDS, lambda _, x: RetentionPolicy.keep_for(x)),
    Row("log", "entry", OBJECTS, lambda log, x: log.append(x)),
    Row("log", "from_step", NUMBERS, lambda log, x: log.replay("t", x)),
    Row("nothing", "redact", ["no", 3, Redactor], lambda _, x: to_json(Approve(), x)),
    Row("log", "level", [3, b"a", ("a",)], lambda log, x: log.replay("t", level=x)),
    Row("nothing", "level", [3, None, b"a"], lambda _, x: entry(level=x)),
    Row("log", "keep_from_step", NUMBERS, lambda log, x: log.truncate("t", x)),
    Row("log", "step", NUMBERS, lambda log, x: log.branch_after("t", x)),
    Row("nothing", "step", COUNTS, lambda _, x: entry(step=x)),
    Row("nothing", "timestamp", [3, "now"], lambda _, x: entry(timestamp=x)),
    Row("nothing", "most", COUNTS, lambda _, x: MemoryTraceSink(x)),
    Row("nothing", "threshold", NUMBERS, lambda _, x: IncrementalSnapshots({}, x)),
    Row("nothing", "frame", OBJECTS, lambda _, x: FrameStack().push(x)),
    Row("nothing", "redactor", OBJECTS, lambda _, x: CheckpointCodec(redactor=x)),
    Row("nothing", "graph", OBJECTS, lambda _, x: CheckpointCodec(graph=x)),
    Row("nothing", "checkpoint", OBJECTS, lambda _, x: CheckpointCodec().encode(x)),
    Row("nothing", "data", [3, None], lambda _, x: CheckpointCodec().decode(x)),
    Row("nothing", "paths", [3, [3], [""]], lambda _, x: Redactor(paths=x)),
    Row("nothing", "pattern", [3, {"a": 3}, {"a": "("}], lambda _, x: Redactor(patterns=x)),
    Row("nothing", "cls", [3, "x", None], lambda _, x: register_type(x)),
]

MADE: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda tmp: None,
    "tmp": lambda tmp: tmp,
    "builder": lambda tmp: half_built(),
    "graph": lambda tmp: built(),
    "channel": lambda tmp: ChannelBarrierSink(),
    "store": lambda tmp: InMemoryStore(),
    "log": lambda tmp: InMemoryMutationLog(),
}


def made(kind, tmp):
    """What a row calls: a run stands at the barrier, one frame before it."""
    if kind not in ("session", "debugger"):
        return MADE[kind](tmp)
    if kind == "session":
        session = ExecutionSession({"n": 1}, built())
        asyncio.run(session.run())
        return session
    dbg = Debugger(built(), {"n": 1})
    dbg.run()
    return dbg


def looks(thing):
    """What must be the same after a refusal."""
    if isinstance(thing, Debugger):
        lines, stops = list(thing.lines), list(thing.breakpoints)
        facts = (thing.max_steps, thing.name, thing.modes, thing.busy, thing.status)
        marks = (thing.session.history.notes, thing.session.history.pins)
        return lines, thing.head, list(thing.frames), stops, thing.last_stop, facts, marks
    if isinstance(thing, ExecutionSession):
        return list(thing.history.lines), list(thing.line), thing.head, thing.graph
    if isinstance(thing, GraphBuilder):
        return thing.build().fingerprint, thing.build().canonical_hash
    return thing.waiting if isinstance(thing, ChannelBarrierSink) else thing


def called(row, thing, value):
    """Make the call, and await it where it is one to be awaited."""
    answer = row.call(thing, value)
    if asyncio.iscoroutine(answer):
        asyncio.run(answer)


ROWS = [
    pytest.param(row, value, id=f"{kind}-{i}-{row.argument}-{j}")
    for kind, rows in {
        "builder": BUILDER, "state": STATE, "run": RUN, "debugger": DEBUGGER, "keep": KEEP,
    }.items()
    for i, row in enumerate(rows)
    for j, value in enumerate(row.bad)
]  # fmt: skip


@pytest.mark.parametrize(("row", "value"), ROWS)
def test_bad_input_is_refused_by_the_name_of_its_argument(row, value, tmp_path):
    """An error of ours says which argument, and what would do; nothing is half done."""
    thing = made(row.made, tmp_path)
    before = looks(thing)

    with pytest.raises(LellmError) as refused:
        called(row, thing, value)

    assert row.argument in str(refused.value)
    assert looks(thing) == before
    assert list(tmp_path.iterdir()) == []
    if row.made == "debugger":
        assert thing.approve().frame.kind == "decision"
        assert thing.run().reason.name == "COMPLETED"
