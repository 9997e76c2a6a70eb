"""The workloads, one to a module; the order here is the order of the table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["NAMES", "load"]

NAMES = (
    "w1_chain",
    "w1_long",
    "w2_big_state",
    "w3_append",
    "rebuilt",
    "w4_time_travel",
    "w5_fan_out",
    "map_items",
    "w6_durable",
    "w6_reopening",
    "asking",
    "lines",
    "drawing",
    "import_time",
    "frames_that_lie",
    "sequential",
    "wide_dict",
    "fanout_to_subgraph",
    "react_agent",
    "langgraph",
    "calls",
)


def load(name: str) -> Any:
    """Import a workload: a module that is a `benchmarks.figures.Workload`."""
    return import_module(f"benchmarks.workloads.{name}")
