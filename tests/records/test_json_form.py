"""`lellm_nb.to_json` and `from_json`: every public record as JSON data, and back."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
from enum import Enum

import pytest

import lellm_nb
from lellm_nb import (
    Approve,
    Debugger,
    ExecutionEngine,
    ExecutionTrace,
    GraphBuilder,
    InMemoryMutationLog,
    MemoryTraceSink,
    Modify,
    NoopBarrierSink,
    Put,
    Redactor,
    Reduce,
    Reducer,
    State,
    from_json,
    register_type,
    to_json,
    typed_state,
)
from lellm_nb.errors import CorruptedCheckpointError, LellmError, SerializationError
from lellm_nb.record.frame import Frame
from lellm_nb.records.rows import CHOICES, ROWS
from tests.records.samples import NO_RECORDS, ODD, RETURNED, samples
from tests.strategies import fanned, nested, review, steps


def again(record, **options):
    """A record through its JSON text."""
    return from_json(json.loads(json.dumps(to_json(record, **options))))


def facts(record):
    """What is compared of a record that has no equality of its own."""
    if isinstance(record, BaseException):
        left_out = ("__notes__", "state", "patch", "visit", "attempts", "stopped")
        told = {k: v for k, v in vars(record).items() if k not in left_out}
        return type(record), str(record), told, facts(record.__cause__)
    if type(record).__name__ in ("Frame", "StoredFrame"):
        names = ("kind", "index", "path", "visit", "graph_id", "node", "mutations", "route")
        more = ("started", "duration", "output", "cost", "stream", "decision", "position", "level")
        found = [getattr(record, name) for name in (*names, *more)]
        return [*found, facts(record.error), record.trace_id]
    if isinstance(record, (list, tuple)) and not hasattr(record, "_fields"):
        return [facts(one) for one in record]
    if hasattr(record, "frames") and hasattr(record, "depth"):
        return [facts(one) for one in record.frames]
    if hasattr(record, "_fields"):
        return {name: facts(getattr(record, name)) for name in record._fields}
    if dataclasses.is_dataclass(record):
        names = [f.name for f in dataclasses.fields(record) if f.name != "predicate"]
        return {name: facts(getattr(record, name)) for name in names}
    if type(record).__name__ == "StackLevel":
        return str(record), record.kind, record.status, record.visit, record.state
    if type(record).__name__ == "Why":
        return record.said, facts(record.frame), list(record), record.held
    if type(record).__name__ == "Comparison":
        return record.names, facts(list(record.ends)), facts(record.pairs), repr(record)
    if isinstance(record, (*ODD,)):
        return repr(record)
    return record


# -- every public record ---------------------------------------------------------------------


@pytest.mark.parametrize("record", samples(), ids=lambda r: type(r).__name__)
def test_a_record_comes_back(record):
    """DESIGN: through the text of its JSON data; the same class with the same facts."""
    found = again(record)

    assert type(found) is type(record)
    assert facts(found) == facts(record)
    assert facts(again(found)) == facts(record)


def test_every_public_class_is_a_record_or_is_said_to_be_none():
    """DESIGN: the names of the package, and what a debugger answers with."""
    have = {type(record) for record in samples()}
    public = {getattr(lellm_nb, name) for name in lellm_nb.__all__}
    classes = {cls for cls in {*public, *RETURNED} if isinstance(cls, type)}
    rest = {cls for cls in classes if cls not in have and cls.__name__ not in NO_RECORDS}

    assert {cls.__name__ for cls in rest} == set()
    assert {cls.__name__ for cls in {*ROWS, *CHOICES} - have} == set()


def test_every_error_is_a_record():
    """DESIGN: as facts; also one that needs more than a message to be made."""
    for name in lellm_nb.errors.__all__:
        cls = getattr(lellm_nb.errors, name)
        if not (isinstance(cls, type) and issubclass(cls, LellmError)):
            continue
        if issubclass(cls, BaseExceptionGroup):
            error = ExceptionGroup.__new__(cls, "said", [ValueError("x")])
        else:
            error = cls.__new__(cls)
            error.args = ("said",)
        if isinstance(error, lellm_nb.errors.RunError):
            error.path, error.node, error.visit, error.attempts = "agent/llm", "llm", 2, ()
            error.state = State({"n": 1})

        found = again(error)

        assert type(found) is cls, name
        assert "said" in str(found)
        assert getattr(found, "path", None) == getattr(error, "path", None)


def test_what_is_no_record_says_so():
    """DESIGN: what runs or keeps records is none."""
    dbg = Debugger(steps("a"))
    for given in (dbg, dbg.graph, InMemoryMutationLog(), Redactor(), object(), Debugger, len):
        with pytest.raises(SerializationError, match="is no record"):
            to_json(given)
    with pytest.raises(SerializationError, match="redact is a Redactor"):
        to_json(Approve(), redact="no")


# -- runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [nested, fanned, review])
def test_every_frame_of_a_run_comes_back(make):
    """DESIGN, N2: of nested and parallel ones, in flight and waiting, with their positions."""
    dbg = Debugger(make(), {"topic": "otters"})
    for _ in range(60):
        dbg.step()
        while dbg.status == "waiting":
            dbg.modify("seen", {"by": ("me",)}, dbg.pending[0].id)
    stack = dbg.session.frame_stack

    assert facts(again(dbg.frames)) == facts(list(dbg.frames))
    assert facts(again(stack)) == facts(stack)
    found = again(dbg.session.checkpoint())
    assert found.position == dbg.position
    assert found.state == dbg.state
    assert found.fingerprint == dbg.graph.fingerprint


def test_a_run_with_a_failure_comes_back():
    """DESIGN, R3: the error in the frame and in the stop, with its cause and the state."""

    def fails(ctx):
        ctx.put("half", 1)
        raise ValueError("no luck")

    g = GraphBuilder("g").node("a", fails).start("a").end("a").build()
    stop = Debugger(g, {"n": (1, 2)}).run()
    found = again(stop)

    assert facts(found.error) == facts(stop.error)
    assert found.error.state == {"n": (1, 2)}
    assert type(found.error.__cause__) is ValueError
    assert facts(found.frame) == facts(stop.frame)


def test_a_session_goes_on_from_its_checkpoint_as_data():
    """C2: the position is exact."""
    dbg = Debugger(nested())
    dbg.run()
    kept = again(dbg.session.checkpoint())

    session = lellm_nb.ExecutionSession.restore(kept, nested())

    assert session.waiting == dbg.session.waiting


def test_frames_share_what_did_not_change():
    """DESIGN: a stack of frames costs what changed, and a list that grew is there once."""

    def build(n):
        def say(ctx):
            ctx.append(
                "log", f"a line of text that is no short one, number {len(ctx.state['log'])}"
            )

        g = GraphBuilder("g").node("say", say).node("end", lambda ctx: None)
        g.edge_if("say", "say", lambda s: len(s["log"]) < n).edge("say", "end")
        dbg = Debugger(g.start("say").end("end").build(), {"log": [], "big": ["x" * 50] * 100})
        dbg.run()
        return dbg.session.frame_stack

    small, large = (len(json.dumps(to_json(build(n)))) for n in (100, 400))

    assert large < 5 * small
    assert facts(again(build(100))) != []
    stack = build(60)
    assert facts(again(stack)) == facts(stack)


def test_a_trace_and_a_result_come_back():
    """C8: and the fold of the trace is the final state still."""
    result = review().run({"topic": "o"}, trace=MemoryTraceSink(), barrier=NoopBarrierSink())
    trace = result.trace

    assert ExecutionTrace.from_json(json.loads(json.dumps(trace.to_json()))) == trace
    assert again(trace).final_state == result.state
    assert again(result) == result
    with pytest.raises(CorruptedCheckpointError, match="another record"):
        ExecutionTrace.from_json(to_json(Approve()))


# -- values ----------------------------------------------------------------------------------


@register_type
@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.0


@register_type
class Colour(Enum):
    RED = "red"


VALUES = [
    *((1, (2, [3])), {1, 2}, frozenset({"a"}), b"\x00\xff", 1j, float("nan"), 2**200),
    *(datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC), datetime.timedelta(1), "\ud800"),
    *(Point(1, 2.0), Colour.RED, {"$": "lellm_nb.Approve"}, {(1, 2): 3}, {"$": "&", "v": 1}),
    *([Approve(), Put("a", 1)], {"inside": Modify("k", [1])}, None, ""),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_comes_back_as_what_it_was(value):
    """S9: through the codec that stores use; data that looks like a record stays data."""
    for record in (Put("k", value), Modify("k", value), Frame("g", "a", {"k": value}, 1)):
        assert type(again(record)) is type(record)
    if value == value:
        assert again(Put("k", value)) == Put("k", value)
        assert again(Modify("k", value)) == Modify("k", value)
    found = again(Frame("g", "a", {"k": value}, 1)).state["k"]
    assert found == value or value != value
    assert again(lellm_nb.ToolFinished("1", "t", True, value)).result == value or value != value


def test_arrays_and_tables_come_back():
    """S9, S10: and a DataFrame of the debugger's is data as well."""
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    found = again(Put("k", numpy.arange(6).reshape(2, 3))).value
    assert (found == numpy.arange(6).reshape(2, 3)).all()
    dbg = Debugger(steps("a", "b"))
    dbg.run()

    pandas.testing.assert_frame_equal(again(dbg.frames.to_pandas()), dbg.frames.to_pandas())


def test_a_value_that_cannot_be_written_leaves_a_marker():
    """S7: the record is there all the same."""
    found = again(Frame("g", "a", {"client": object(), "n": 1}, 1))

    assert type(found.state["client"]).__name__ == "Unsaved"
    assert found.state["n"] == 1


def test_a_typed_state_comes_back():
    """S6, S9: as its class, wherever it stands; of a class that is not there as a mapping."""

    @typed_state
    @dataclasses.dataclass
    class Job:
        n: int = 0
        tags: list[str] = dataclasses.field(default_factory=list)

    dbg = Debugger(steps("a"), Job(3, ["x"]))
    record = dbg.session.checkpoint()

    assert again(record).state == Job(3, ["x"])
    assert again(dbg.state) == Job(3, ["x"])
    form = json.loads(json.dumps(to_json(dbg.state)).replace("Job", "Gone"))
    assert dict(from_json(form)) == {"n": 3, "tags": ["x"]}


def test_a_reducer_of_the_users_comes_back_by_its_name():
    """S4: it is there to be looked at, and folds nothing."""

    def longest(old, new):
        return new

    found = again(Reduce("k", 1, Reducer.custom(longest)))

    assert found.reducer.name == "longest"
    with pytest.raises(lellm_nb.errors.ReducerError, match="longest"):
        lellm_nb.state.fold({}, [found])


def test_a_log_of_a_run_is_data():
    """C7: the entries of a replay, a list of records."""
    log = InMemoryMutationLog()
    engine = ExecutionEngine({}, log=log, barrier=NoopBarrierSink())
    asyncio.run(nested().run_inline(engine, 100))
    entries = log.replay(engine.trace_id, level=None)

    assert again(entries) == entries
