"""What the repeats of a sweep have in common: mean and spread, a row for each variant."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import DebuggerError

if TYPE_CHECKING:
    import pandas

__all__ = ["sweep_summary"]

_KINDS = ("mean", "min", "max", "std")


def sweep_summary(runs: pandas.DataFrame) -> pandas.DataFrame:
    """Return mean and spread of all numbers in a sweep's table, one row per variant.

    Args:
        runs: What `Debugger.sweep` returned, or some of its rows.

    Returns:
        Columns ``variant``, ``runs`` (how many), ``completed`` (how many of them), and for every
        column of numbers ``<column>_mean``, ``_min``, ``_max`` and ``_std``; of yes and no the mean
        is the share of yes. Runs that lack a value are left out of its figures, and one run alone
        has no standard deviation.

    Raises:
        DebuggerError: It is no such table.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"m": ctx.state["n"] * 2}).start("a")
        >>> dbg = Debugger(g.end("a").build(), {"n": 0}); stop = dbg.run()
        >>> runs = dbg.sweep(0, {"small": {"n": 1}, "big": {"n": 9}}, n=3, progress=False)
        >>> sweep_summary(runs)[["variant", "runs", "m_mean", "m_std"]]
          variant  runs  m_mean  m_std
        0   small     3     2.0    0.0
        1     big     3    18.0    0.0
    """
    columns = getattr(runs, "columns", ())
    if not {"variant", "repeat", "reason"} <= {*map(str, columns)}:
        raise refusal(runs, "runs", "the table that sweep() returned", DebuggerError)
    groups = [group for _, group in runs.groupby("variant", sort=False)]
    made: dict[str, list[Any]] = {
        "variant": [group["variant"].iloc[0] for group in groups],
        "runs": [len(group) for group in groups],
        "completed": [int((group["reason"] == "COMPLETED").sum()) for group in groups],
    }
    floats = []
    for name in columns:
        if name == "repeat" or not _all_numbers(runs[name]):
            continue
        spread = [group[name].dropna().astype(float) for group in groups]
        for kind in _KINDS:
            floats.append(f"{name}_{kind}")
            made[floats[-1]] = [getattr(values, kind)() for values in spread]
    return table(made, texts=("variant",), counts=("runs", "completed"), floats=floats)


def _all_numbers(column: pandas.Series[Any]) -> bool:
    values = column.dropna()
    return len(values) > 0 and all(isinstance(value, Real) for value in values)
