"""All cases by name: the graphs that every part of the adapter is tested with."""

from __future__ import annotations

from collections.abc import Callable

from tests.adapters.langgraph import (
    graphs,
    graphs_calling,
    graphs_channels,
    graphs_failing,
    graphs_functional,
    graphs_interrupts,
    graphs_nesting,
    graphs_unkept,
)
from tests.adapters.langgraph.case import Case

__all__ = ["CASES"]

CASES: dict[str, Callable[[], Case]] = {
    **graphs.CASES,
    **graphs_interrupts.CASES,
    **graphs_nesting.CASES,
    **graphs_calling.CASES,
    **graphs_channels.CASES,
    **graphs_unkept.CASES,
    **graphs_failing.CASES,
    **graphs_functional.CASES,
}
"""Each call makes a case anew, with a count of its own."""
