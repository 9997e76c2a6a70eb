"""A figure: one subject on one case of one workload, and how its columns are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["Column", "Figure", "Result", "Workload"]


@dataclass(frozen=True)
class Column:
    """One number of a figure.

    Attributes:
        key: Its name in what `measure` returns.
        head: What stands above it.
        kind: ``us``, ``x``, ``bytes``, ``count`` or ``text``.
    """

    key: str
    head: str
    kind: str


@dataclass(frozen=True)
class Figure:
    """What one process measures.

    Attributes:
        options: Passed to the workload's `measure`; JSON-able.
        processes: How many fresh processes at most; 0 is what the command was told.
    """

    workload: str
    subject: str
    case: str
    options: dict[str, Any] = field(default_factory=dict)
    processes: int = 0


@dataclass
class Result:
    """What came of a figure.

    Attributes:
        values: Medians over the processes.
        runs: What each process said.
        problem: Why there is nothing to show: ``not installed``, or the last line of an error.
    """

    figure: Figure
    values: dict[str, Any] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


class Workload(Protocol):
    """What a module of `workloads` offers."""

    KEY: str
    TITLE: str
    HOW: str
    COLUMNS: tuple[Column, ...]

    def figures(self, short: bool) -> list[Figure]:
        """Return every figure, in the order of the table."""

    def measure(self, subject: str, **options: Any) -> dict[str, Any]:
        """Measure one, in a process of its own."""
