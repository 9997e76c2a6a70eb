"""A value changed where its content is another one, whatever its `==` says (SEMANTICS S10)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lellm_nb import Debugger, GraphBuilder, StopReason

NAN = float("nan")


def three_writes(first, same, other):
    """A run that writes a value, its like, and another one."""
    g = GraphBuilder("g").node("a", lambda ctx: {"v": first}).node("b", lambda ctx: {"v": same})
    g.node("c", lambda ctx: {"v": other}).edge("a", "b").edge("b", "c").start("a").end("c")
    return Debugger(g.build(), {"v": None})


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        (np.array([1.0, NAN]), np.array([1.0, NAN]), np.array([1.0, 2.0])),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})),
        ([{"score": NAN}], [{"score": NAN * 1}], [{"score": 0.5}]),
        ({"t": pd.Series([1])}, {"t": pd.Series([1])}, {"t": pd.Series([1.5])}),
    ],
)
def test_history_diff_watch_and_compare_agree_on_what_changed(first, same, other):
    """Arrays, tables and NaN in any container: written anew alike, nothing changed."""
    dbg = three_writes(first, same, other)
    dbg.watch("v")
    stops = []
    while (stop := dbg.run()).reason is not StopReason.COMPLETED:
        stops.append(stop.frame.index)
    again = dbg.fork(at=0)
    again.run(until="c")

    assert dbg.history("v")["frame"].tolist() == [1, 3]
    assert stops == [1]
    assert stop.breakpoint is not None, "the last write hits it as well, and ends the run"
    assert not dbg.diff(1, 2)
    assert dbg.diff(2, 3).keys == ["v"]
    assert dbg.compare(again).first_key is None
    assert dbg.frames[2].changed_keys == ["v"], "what was written, alike or not"
