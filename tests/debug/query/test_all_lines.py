"""Questions to every line of the tree, and expressions as columns of the frames' table."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError, MissingKeyError, NoSuchNodeError
from tests.debug.breakpoints.graphs import twice_inside
from tests.debug.graphs import looping
from tests.strategies import finish_debugger, nested


def forked():
    """A run of three steps, a line with another value from its second frame on, and one of that."""
    dbg = Debugger(looping(3))
    dbg.run()
    fork = dbg.fork(at=1, put={"n": 40})
    fork.run()
    fork.fork(at=2, put={"n": 50}, name="deep")
    return dbg


# -- evaluate ----------------------------------------------------------------------------


def test_an_expression_is_asked_of_each_line_and_of_shared_frames_once():
    """Contract: every frame of the tree is one row, with the line that it was made on."""
    table = forked().evaluate("py: state.get('n', 0)", lines="all")

    assert list(zip(table["line"], table.index, table["value"], strict=True)) == [
        *(("main", 0, 0), ("main", 1, 1), ("main", 2, 2), ("main", 3, 3), ("main", 4, 3)),
        *(("fork 1", 2, 40), ("fork 1", 3, 41), ("fork 1", 4, 41), ("deep", 3, 50)),
    ]
    assert list(table.columns) == ["line", "value", "error"]
    assert table["line"].dtype == "string"


def test_the_current_line_has_no_such_column():
    """As it was: one line, one column."""
    dbg = forked()

    assert list(dbg.evaluate("1").columns) == ["value", "error"]
    assert dbg.evaluate("1", lines="current").equals(dbg.evaluate("1"))
    assert len(dbg.branch("deep").evaluate("1")) == 4


def test_the_frames_of_a_level_on_every_line():
    """`level` and `lines` go together; an error is of its row."""
    dbg = Debugger(twice_inside(), {"part": {"n": 0}})
    dbg.run()
    dbg.fork(at=1, put={"m": 1}).run()
    table = dbg.evaluate("n", level="agent", lines="all")

    assert set(table["line"]) == {"main", "fork 1"}
    assert list(table[table["line"] == "main"]["value"]) == [1, 2, 3, 4]
    with pytest.raises(NoSuchNodeError):
        dbg.evaluate("n", level="agend", lines="all")


def test_lines_of_a_store_are_all_there(file):
    """A run that was opened again has the same rows."""
    dbg = Debugger(looping(3), store=file)
    dbg.run()
    dbg.fork(at=1, put={"n": 40}).run()
    rows = dbg.evaluate("n", lines="all")
    hits = dbg.find("40", lines="all").to_pandas()
    dbg.close()
    again = Debugger.open(file)

    assert again.evaluate("n", lines="all").equals(rows)
    assert again.find("40", lines="all").to_pandas().equals(hits)


@pytest.mark.parametrize("lines", ["every", "", None, True, ["all"], "main"])
def test_what_is_no_choice_of_lines(lines):
    """Bad input names the argument and what would do."""
    dbg = forked()
    for ask in (dbg.evaluate, dbg.find):
        with pytest.raises(DebuggerError, match="lines is 'current' or 'all', not"):
            ask("n", lines=lines)


# -- find --------------------------------------------------------------------------------


def test_a_text_is_found_on_every_line():
    """A hit says its line; without `lines` only the current one is looked through."""
    dbg = forked()
    hits = dbg.find("50", lines="all")

    assert [(hit.line, hit.frame.index, hit.where) for hit in hits] == [("deep", 3, "value")]
    assert repr(hits) == "frame 3 of deep add n: 50"
    assert list(hits.to_pandas()["line"]) == ["deep"]
    assert not dbg.find("50")
    assert [hit.line for hit in dbg.branch("deep").find("50")] == [""]
    assert "line" not in dbg.branch("deep").find("50").to_pandas()


def test_what_lines_share_is_found_once():
    """Nested, parallel: as often as on a line of its own."""
    dbg = Debugger(nested(), {"topic": "otters"})
    finish_debugger(dbg)
    alone = dbg.find("otters")
    dbg.fork(at=0)

    assert len(dbg.find("otters", lines="all")) == len(alone) > 0


# -- columns -----------------------------------------------------------------------------


def test_expressions_are_columns_of_the_table():
    """An error is its text in the row; numbers are a typed column where there is none."""
    dbg = Debugger(looping(3))
    dbg.run()
    table = dbg.frames.to_pandas(
        keys=["n"],
        evaluate={"ten": "n * 10", "kind_of": lambda frame: frame.kind, "size": "len(state)"},
    )

    told, *tens = table["ten"]
    assert told.startswith("TypeError: unsupported operand")
    assert tens == [10, 20, 30, 30]
    assert list(table["kind_of"])[:2] == ["start", "commit"]
    assert table["size"].dtype == "int64"
    assert list(table.columns)[-4:] == ["n", "ten", "kind_of", "size"]
    assert list(dbg.frames[2:4].to_pandas(evaluate={"n2": "n"})["n2"]) == [2, 3]


def test_df_is_short_for_the_table():
    """Of the frames, and of one frame."""
    dbg = Debugger(looping(2))
    dbg.run()

    assert dbg.frames.df.equals(dbg.frames.to_pandas())
    assert dbg.frames[1:].df.equals(dbg.frames[1:].to_pandas())
    assert dbg.frames[2].df.equals(dbg.frames[2].to_pandas())


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("n", "evaluate is a mapping of names to expressions, not 'n'"),
        (["n"], "evaluate is a mapping"),
        ({"": "n"}, "the name of a column is text"),
        ({3: "n"}, "the name of a column is text"),
        ({"path": "n"}, "There is a column 'path' already"),
        ({"n": "n"}, "There is a column 'n' already"),
        ({"x": "n +* 2"}, "can't be read at column"),
        ({"x": 3}, "An expression is text, or a function"),
    ],
)
def test_columns_that_cannot_be_made(wanted, says):
    """Bad input, before a single frame is asked."""
    dbg = Debugger(looping(2))
    dbg.run()
    with pytest.raises(DebuggerError, match=says):
        dbg.frames.to_pandas(keys=["n"], evaluate=wanted)
    with pytest.raises(MissingKeyError):
        dbg.frames.to_pandas(keys=["m"], evaluate={"x": "n"})
