"""What is a sequence of rows is a table as well: typed columns, whose names are identifiers."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, FrameStack, GraphBuilder, MemorySink, MemoryTraceSink
from tests.strategies import nested, review


def tables():
    """Each table by its name, as it is of a run, and without a row where that can be."""
    dbg = Debugger(nested())
    dbg.break_at("plan")
    dbg.break_on_error()
    dbg.run()
    dbg.run()
    none = Debugger(review())
    graph = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
    result = graph.run({}, trace=MemoryTraceSink())
    return {
        "pending": (dbg.pending, none.pending),
        "breakpoints": (dbg.breakpoints, none.breakpoints),
        "stack": (dbg.stack, type(dbg.stack)()),
        "tree": (dbg.tree, None),
        "trace": (result.trace, MemoryTraceSink().trace),
        "result": (result, type(result)({})),
        "who": (dbg.who("log"), None),
        "find": (dbg.find("plan"), dbg.find("nowhere")),
        "diff": (dbg.diff(0, -1), dbg.diff(0, 0)),
        "frames": (dbg.frames, dbg.frames[:0]),
        "frame stack": (dbg.session.frame_stack, FrameStack()),
        "sink": (MemorySink(), None),
        "where": (dbg.where(), None),
    }


@pytest.mark.parametrize("name", list(tables()))
def test_a_sequence_of_rows_is_a_table(name):
    """DESIGN: DataFrame columns are identifiers, and the same with and without rows."""
    full, empty = tables()[name]
    rows = full.to_pandas()

    assert all(column.isidentifier() for column in rows.columns)
    if empty is not None:
        assert len(empty.to_pandas()) == 0
        assert empty.to_pandas().columns.equals(rows.columns)


def test_what_waits_is_a_row_each():
    """B5: with its id, since when, and the frame that made it wait."""
    dbg = Debugger(nested())
    dbg.run()
    [row] = dbg.pending.to_pandas().itertuples()

    assert (row.id, row.path, row.node, row.frame) == (
        "agent/approve#0",
        "agent/approve",
        "approve",
        3,
    )
    assert row.since.timestamp() == pytest.approx(dbg.pending[0].since, abs=1e-3)


def test_an_execution_log_and_a_trace_are_the_same_steps():
    """C8: step, path, time, and whether it went well."""
    graph = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
    result = graph.run({}, trace=MemoryTraceSink())
    log, trace = result.to_pandas(), result.trace.to_pandas()

    assert log["path"].tolist() == trace["path"].tolist() == ["a"]
    assert log.equals(trace.drop(columns="changed_keys"))
    assert trace["changed_keys"].tolist() == ["n"]
    assert trace["start"].dt.tz is not None
