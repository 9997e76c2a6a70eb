"""Columns of values: typed where they can be, and always to be shown (SEMANTICS S10)."""

from __future__ import annotations

import math

import numpy as np

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.debug.history.typed_table import value_column


class Detached:
    """A row whose session is gone."""

    def __repr__(self):
        raise RuntimeError("detached")


def test_a_number_of_more_digits_than_python_writes_can_be_looked_at():
    """Every table and text has it in a few words, and the key beside it as ever."""
    g = GraphBuilder("maths").node("f", lambda ctx: {"x": math.factorial(2000), "y": "beside"})
    dbg = Debugger(g.start("f").end("f").build(), {})
    dbg.run()

    looks = [
        dbg.state,
        dbg.who("x"),
        dbg.history("x"),
        dbg.diff(0, 1),
        dbg.frames[1].to_pandas(),
        dbg.frames.to_pandas(keys=True),
        dbg.evaluate("x"),
        dbg.compare(dbg.fork(at=0)),
        list(dbg.frames[1].mutations),
    ]
    texts = [repr(look) for look in looks]
    assert all("<int of 5,736 digits>" in text or "5,736" in text for text in texts)
    assert sum("beside" in text for text in texts) >= 5
    assert dbg.state["x"] == math.factorial(2000)


def test_a_column_is_typed_where_its_values_have_one_type():
    """And else holds the very values, in a column of objects."""
    arrays = [np.arange(2), np.arange(2)]
    held = object()

    assert str(value_column([1, 2]).dtype) == "int64"
    assert str(value_column([1, None]).dtype) == "Int64"
    assert value_column([held, "a"])[0] is held
    assert value_column(arrays)[1] is arrays[1]


def test_what_refuses_to_be_shown_is_text_in_its_column():
    """The others stay what they are."""
    column = value_column([Detached(), 3])

    assert list(column) == ["<Detached: repr raised RuntimeError>", 3]
